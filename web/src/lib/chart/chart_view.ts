// SPDX-License-Identifier: Apache-2.0
// One uPlot on a ChartModel. The x axis is seconds since a per-chart base (a midnight), so that nanoseconds stay exact when zoomed;
// the base never leaves this file and overlay.ts sees times through ToX.
import uPlot from 'uplot';
import { FirstValue, IsRevised, LowerBound, type ChartModel, type Point, type WindowRow } from '../model/chart.ts';
import { FormatValue } from '../format.ts';
import { FormatClock, kNsPerSecond, type Ns } from '../time.ts';
import { DrawAbove, DrawBelow, kStripRoomPx, type OverlayDrawn, type Palette, type RevisionMode } from './overlay.ts';

export interface Hover {
  row: WindowRow;
  /** Position of its point in CSS pixels, relative to the chart's root. */
  x: number;
  y: number;
}

export interface ChartViewEvents {
  OnHover(hover: Hover | null): void;
  OnZoom(from: Ns, to: Ns): void;
  OnZoomReset(): void;
  OnDrawn(drawn: OverlayDrawn): void;
}

const kDay = 86_400n * kNsPerSecond;
const kRingMs = 600;
const kTickSeconds = [
  1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400,
];

function ReadPalette(root: HTMLElement): Palette {
  const style = getComputedStyle(root);
  const token = (name: string): string => style.getPropertyValue(name).trim();
  return {
    bg: token('--bg-2'), fg: token('--fg'), muted: token('--muted'), grid: token('--grid'), line: token('--line'), raw: token('--s2'),
    ghost: token('--ghost'), delta: token('--delta'), wm: token('--wm'), prov: token('--prov'), band: token('--band'),
    hover: token('--hover'), font: `${Math.round(11 * devicePixelRatio)}px ${style.fontFamily}`,
  };
}

export class ChartView {
  readonly #root: HTMLElement;
  readonly #model: ChartModel;
  readonly #events: ChartViewEvents;
  #plot: uPlot | null = null;
  #palette: Palette;
  #base: Ns = 0n;
  #mode: RevisionMode = 'compare';
  #hovered: WindowRow | null = null;
  #rings = new Map<Ns, number>();
  #ring_started = new Map<Ns, number>();
  #last_rings: readonly Ns[] = [];
  #observer: ResizeObserver;
  #frame = 0;

  constructor(root: HTMLElement, model: ChartModel, events: ChartViewEvents) {
    this.#root = root;
    this.#model = model;
    this.#events = events;
    this.#palette = ReadPalette(root);
    this.#observer = new ResizeObserver(() => {
      this.#plot?.setSize({ width: root.clientWidth, height: root.clientHeight });
    });
    this.#observer.observe(root);
  }

  Close(): void {
    this.#observer.disconnect();
    cancelAnimationFrame(this.#frame);
    this.#plot?.destroy();
    this.#plot = null;
  }

  /** Draws the model as it is now. */
  Update(mode: RevisionMode): void {
    this.#mode = mode;
    if (this.#model.just_revised !== this.#last_rings) this.#StartRings(this.#model.just_revised);
    const base = (this.#model.range.from / kDay) * kDay;
    if (this.#plot === null || base !== this.#base) {
      this.#base = base;
      this.#Build();
    } else {
      this.#plot.setData(this.#Data());
    }
    if (this.#hovered !== null) {
      const row = this.#model.rows[LowerBound(this.#model.rows, this.#hovered.time)];
      this.#SetHovered(row !== undefined && row.time === this.#hovered.time ? row : null);
    }
  }

  /** Colours changed. */
  Restyle(): void {
    this.#palette = ReadPalette(this.#root);
    if (this.#plot !== null) this.#Build();
  }

  /** Moves the keyboard's cursor by rows; `first` and `last` jump. */
  MoveCursor(step: number | 'first' | 'last'): void {
    const rows = this.#model.Shown(this.#model.rows);
    if (rows.length === 0) return;
    let index = rows.length - 1;
    if (step === 'first') index = 0;
    else if (step !== 'last' && this.#hovered !== null) index = LowerBound(rows, this.#hovered.time) + step;
    this.#SetHovered(rows[Math.max(0, Math.min(index, rows.length - 1))] ?? null);
    this.#plot?.redraw(false, false);
  }

  ClearCursor(): void {
    this.#SetHovered(null);
    this.#plot?.redraw(false, false);
  }

  readonly #ToX = (time: Ns): number => Number(time - this.#base) / 1e9;
  #ToTime(x: number): Ns {
    return this.#base + BigInt(Math.round(x * 1e9));
  }

  #Data(): uPlot.AlignedData {
    const table = (points: readonly Point[]): uPlot.AlignedData => [points.map((p) => this.#ToX(p.time)), points.map((p) => p.value)];
    const { raw, avg } = this.#model;
    return uPlot.join([table(this.#model.Shown(raw)), table(this.#model.Shown(avg))]);
  }

  #Build(): void {
    this.#plot?.destroy();
    this.#plot = new uPlot(this.#Options(), this.#Data(), this.#root);
    this.#plot.over.addEventListener('mouseleave', () => {
      this.#SetHovered(null);
      this.#plot?.redraw(false, false);
    });
    this.#plot.over.addEventListener('dblclick', () => this.#events.OnZoomReset());
  }

  #Options(): uPlot.Options {
    const palette = this.#palette;
    const axis = { stroke: palette.muted, font: `11px ${getComputedStyle(this.#root).fontFamily}` };
    const grid = { stroke: palette.grid, width: 1 };
    return {
      width: this.#root.clientWidth,
      height: this.#root.clientHeight,
      legend: { show: false },
      padding: [10, 12, 0, 0],
      cursor: {
        y: false,
        points: { size: 7 },
        drag: { x: true, y: false, setScale: false },
        focus: { prox: 24 },
      },
      scales: {
        x: { time: false, range: () => [this.#ToX(this.#model.range.from), this.#ToX(this.#model.range.to)] },
        y: { range: (u, min, max) => this.#YRange(u, min, max) },
      },
      axes: [
        {
          ...axis, grid, ticks: { ...grid, size: 5 }, size: 34, space: 80, incrs: kTickSeconds,
          values: (_u, splits) => splits.map((x) => FormatClock(this.#ToTime(x))),
        },
        {
          ...axis, grid, ticks: { show: false }, size: 54, gap: 8, space: 36,
          // The room for the strip goes below the data; a percentage has no ticks down there.
          filter: (_u, splits) => splits.map((y) => (y < 0 && this.#model.raw.every((p) => p.value >= 0) ? null : y)),
          values: (_u, splits) => splits.map((y) => (y === null ? '' : FormatValue(y).replace(/(\.\d*?)0+$/, '$1').replace(/\.$/, ''))),
        },
      ],
      series: [
        {},
        { label: 'raw', stroke: WithAlpha(palette.raw, 0.45), width: 1, points: { show: true, size: 3, space: 0, width: 0, fill: WithAlpha(palette.raw, 0.55) } },
        { label: 'avg', stroke: palette.line, width: 2, spanGaps: true, points: { show: true, size: 6, space: 0, fill: palette.line, width: 0 } },
      ],
      hooks: {
        drawAxes: [(u) => DrawBelow(u, this.#Overlay())],
        draw: [(u) => this.#events.OnDrawn(DrawAbove(u, this.#Overlay()))],
        setCursor: [(u) => this.#OnCursor(u)],
        setSelect: [(u) => this.#OnSelect(u)],
      },
    };
  }

  #Overlay() {
    return {
      model: this.#model, palette: this.#palette, mode: this.#mode, hovered: this.#hovered, rings: this.#rings, ToX: this.#ToX,
    };
  }

  /** Holds the first published values too, and leaves the strip its own room. */
  #YRange(u: uPlot, data_min: number | null, data_max: number | null): uPlot.Range.MinMax {
    let min = data_min ?? Infinity;
    let max = data_max ?? -Infinity;
    if (this.#mode !== 'off') {
      for (const row of this.#model.rows) {
        const first = IsRevised(row) ? FirstValue(row) : null;
        if (first === null) continue;
        min = Math.min(min, first);
        max = Math.max(max, first);
      }
    }
    if (!Number.isFinite(min) || !Number.isFinite(max)) return [0, 1];
    const span = max > min ? max - min : Math.max(Math.abs(max), 1) * 0.2;
    const height = Math.max(60, u.height - 60);
    return [min - span * (0.06 + kStripRoomPx / height), max + span * (0.08 + 16 / height)];
  }

  #OnCursor(u: uPlot): void {
    const left = u.cursor.left ?? -1;
    if (left < 0) return; // the keyboard's choice stays
    const time = this.#ToTime(u.posToVal(left, 'x'));
    const rows = this.#model.Shown(this.#model.rows);
    const after = LowerBound(rows, time);
    const candidates = [rows[after - 1], rows[after]].filter((row) => row !== undefined);
    const distance = (row: WindowRow): number => Math.abs(u.valToPos(this.#ToX(row.time), 'x') - left);
    candidates.sort((a, b) => distance(a) - distance(b));
    const nearest = candidates[0];
    const hovered = nearest !== undefined && distance(nearest) < 40 ? nearest : null;
    if (hovered === this.#hovered) return;
    this.#SetHovered(hovered);
    u.redraw(false, false);
  }

  #OnSelect(u: uPlot): void {
    const { left, width } = u.select;
    if (width < 4) return;
    this.#events.OnZoom(this.#ToTime(u.posToVal(left, 'x')), this.#ToTime(u.posToVal(left + width, 'x')));
    u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  }

  #SetHovered(row: WindowRow | null): void {
    this.#hovered = row;
    const plot = this.#plot;
    if (row === null || row.value === null || plot === null) {
      this.#events.OnHover(null);
      return;
    }
    this.#events.OnHover({
      row,
      x: plot.over.offsetLeft + plot.valToPos(this.#ToX(row.time), 'x'),
      y: plot.over.offsetTop + plot.valToPos(row.value, 'y'),
    });
  }

  #StartRings(times: readonly Ns[]): void {
    this.#last_rings = times;
    if (matchMedia('(prefers-reduced-motion: reduce)').matches || times.length > 50) return;
    const now = performance.now();
    for (const time of times) this.#ring_started.set(time, now);
    cancelAnimationFrame(this.#frame);
    const step = (at: number): void => {
      for (const [time, started] of this.#ring_started) {
        const progress = Math.max(0, at - started) / kRingMs;
        if (progress < 1) this.#rings.set(time, progress);
        else {
          this.#rings.delete(time);
          this.#ring_started.delete(time);
        }
      }
      this.#plot?.redraw(false, false);
      if (this.#ring_started.size > 0) this.#frame = requestAnimationFrame(step);
    };
    if (times.length > 0) this.#frame = requestAnimationFrame(step);
  }
}

function WithAlpha(hex: string, alpha: number): string {
  const m = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(hex);
  if (m === null) return hex;
  return `rgba(${[m[1], m[2], m[3]].map((part) => parseInt(part ?? '0', 16)).join(',')},${alpha})`;
}
