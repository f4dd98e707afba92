// SPDX-License-Identifier: Apache-2.0
// One uPlot on a ChartData. The x scale is seconds since a per-chart base, so that nanoseconds stay exact when zoomed; the base never
// leaves this folder.
import uPlot from 'uplot';
import { FirstValue, LowerBound, type WindowRow } from '../model/chart.ts';
import {
  BaseOf, ExtentOf, FromX, JoinParts, kEmptyChart, LowerIndex, NearestIndex, PartsOf, ToX, ToXs, ValueRange, type Axis, type ChartData, type Part, type Y,
} from '../model/panel_chart.ts';
import { kMarkedLinesMax, RevisedRows, SameSeries, ShownRows, type RevisedRow, type RevisionMode } from '../model/revisions.ts';
import type { Ns } from '../time.ts';
import { AxesOf } from './axes.ts';
import { DrawAbove, DrawBelow, kStripRoomPx, RingKey, ScaleOf, type DrawnMarks, type MarksInput } from './marks.ts';
import { ReadPalette, WithAlpha, type Palette } from './palette.ts';
import { BarPaths, PointPaths } from './paths.ts';

/** What the cursor is at. */
export interface Hover {
  line: number;
  at: Ns;
  value: Y;
  /** The window, on a view's line. */
  row: WindowRow | null;
  /** Every line's value there. */
  items: { line: number; value: number }[];
  /** CSS pixels, relative to the chart's root. */
  x: number;
  y: number;
}

export interface PanelEvents {
  OnHover(hover: Hover | null): void;
  /** The point under the cursor was pressed. */
  OnPick(): void;
  OnZoom(from: Ns, to: Ns): void;
  OnZoomReset(): void;
  OnDrawn(drawn: DrawnMarks): void;
  OnCrosshair(at: Ns | null): void;
}

const kRingMs = 600;
const kRingsMax = 50;
const kDashes = [[6, 3], [2, 3], [8, 3, 2, 3]];
const kNearPx = 40;

export class PanelView {
  readonly #root: HTMLElement;
  readonly #events: PanelEvents;
  #palette: Palette;
  #plot: uPlot | null = null;
  #data: ChartData = kEmptyChart;
  #mode: RevisionMode = 'off';
  #hidden: ReadonlySet<number> = new Set();
  #base: Ns = 0n;
  #xs: readonly Float64Array[] = [];
  #parts: Part[] = [];
  #revised: RevisedRow[] = [];
  #shape = '';
  /** Of the data as it is: it is asked for several times a frame. */
  #values = new Map<Axis, { min: number; max: number } | null>();
  #hover: Hover | null = null;
  #focused: number | null = null;
  #rings = new Map<string, number>();
  #ring_started = new Map<string, number>();
  #frame = 0;
  #observer: ResizeObserver;

  constructor(root: HTMLElement, events: PanelEvents) {
    this.#root = root;
    this.#events = events;
    this.#palette = ReadPalette(root);
    this.#observer = new ResizeObserver(() => {
      if (root.clientWidth === 0 || root.clientHeight === 0) return;
      if (this.#plot === null) this.#Draw();
      else {
        this.#plot.setSize({ width: root.clientWidth, height: root.clientHeight });
        this.#Draw(); // the room of the strip is a share of the height
      }
    });
    this.#observer.observe(root);
  }

  Close(): void {
    this.#observer.disconnect();
    cancelAnimationFrame(this.#frame);
    this.#plot?.destroy();
    this.#plot = null;
  }

  Update(data: ChartData, mode: RevisionMode, hidden: ReadonlySet<number>): void {
    const before = this.#data;
    this.#data = data;
    this.#mode = mode;
    this.#hidden = hidden;
    this.#base = BaseOf(data);
    this.#xs = data.lines.map(({ x }) => ToXs(x, this.#base));
    this.#parts = PartsOf(data, this.#base, this.#xs);
    this.#revised = RevisedRows(data);
    this.#values.clear();
    this.#StartRings(before);
    this.#Draw();
    if (this.#hover !== null) this.#SetHover(this.#Again(this.#hover));
  }

  /** Colours changed. */
  Restyle(): void {
    this.#palette = ReadPalette(this.#root);
    this.#shape = '';
    this.#Draw();
  }

  /** The cursor of another chart. */
  ShowCrosshair(at: Ns | null): void {
    const plot = this.#plot;
    if (plot === null) return;
    const left = at === null ? -10 : plot.valToPos(ToX(at, this.#base), 'x');
    plot.setCursor({ left: left < 0 || left > plot.over.clientWidth ? -10 : left, top: at === null ? -10 : 1 }, false);
  }

  /** Moves the keyboard's cursor along its line; `first` and `last` jump. */
  MoveCursor(step: number | 'first' | 'last'): void {
    const line = this.#hover?.line ?? this.#StartLine();
    if (line === null) return;
    const { from, to } = this.#Span(line);
    if (from >= to) return;
    let index = to - 1;
    if (step === 'first') index = from;
    else if (step !== 'last' && this.#hover !== null) index = this.#IndexOf(line, this.#hover.at) + step;
    this.#SetHover(this.#HoverAt(line, Math.max(from, Math.min(index, to - 1))));
  }

  /** Moves it to the next line that is shown, at the same x. */
  MoveLine(step: number): void {
    const lines = this.#data.lines.map((_, i) => i).filter((i) => !this.#hidden.has(i) && this.#Span(i).from < this.#Span(i).to);
    const at = this.#hover === null ? -1 : lines.indexOf(this.#hover.line);
    const line = lines[(at + step + lines.length) % Math.max(1, lines.length)];
    if (line === undefined) return;
    if (this.#hover === null) return this.MoveCursor('last');
    const near = NearestIndex(this.#xs[line] as Float64Array, ToX(this.#hover.at, this.#base));
    this.#SetHover(this.#HoverAt(line, near));
  }

  ClearCursor(): void {
    this.#SetHover(null);
  }

  Focus(line: number | null): void {
    this.#focused = line;
    this.#plot?.redraw(false, false);
  }

  // ---- the cursor ----

  #StartLine(): number | null {
    const shown = this.#data.lines.map((line, i) => ({ line, i })).filter(({ i }) => !this.#hidden.has(i));
    return (shown.find(({ line }) => line.rows !== null && line.x.length > 0) ?? shown.find(({ line }) => line.x.length > 0))?.i ?? null;
  }

  /** Indices of the points of a line that the range shows. */
  #Span(line: number): { from: number; to: number } {
    const xs = this.#xs[line] ?? new Float64Array(0);
    const extent = ExtentOf(this.#data);
    if (extent === null) return { from: 0, to: 0 };
    return { from: LowerIndex(xs, ToX(extent.from, this.#base)), to: LowerIndex(xs, ToX(extent.to, this.#base) + (this.#data.range === null ? 1e-9 : 0)) };
  }

  #IndexOf(line: number, at: Ns): number {
    return NearestIndex(this.#xs[line] as Float64Array, ToX(at, this.#base));
  }

  #RowAt(line: number, at: Ns): WindowRow | null {
    const rows = this.#data.lines[line]?.rows ?? [];
    const row = rows[LowerBound(rows, at)];
    return row !== undefined && row.time === at ? row : null;
  }

  #HoverAt(line: number, index: number): Hover | null {
    const plot = this.#plot;
    const own = this.#data.lines[line];
    const at = own?.x[index];
    if (plot === null || own === undefined || at === undefined) return null;
    const x = ToX(at, this.#base);
    const value = own.value[index] ?? null;
    const left = plot.valToPos(x, 'x');
    const items = this.#data.lines.flatMap((other, i) => {
      if (this.#hidden.has(i)) return [];
      const xs = this.#xs[i] as Float64Array;
      const near = i === line ? index : NearestIndex(xs, x);
      const y = near < 0 ? null : (other.value[near] ?? null);
      return y === null || Math.abs(plot.valToPos(xs[near] as number, 'x') - left) > 6 ? [] : [{ line: i, value: y }];
    });
    const y = value === null ? plot.over.clientHeight / 2 : plot.valToPos(value + (own.lift?.[index] ?? 0), ScaleOf(own.axis));
    return { line, at, value, row: this.#RowAt(line, at), items, x: plot.over.offsetLeft + left, y: plot.over.offsetTop + y };
  }

  #Again(hover: Hover): Hover | null {
    const index = this.#data.lines[hover.line] === undefined || this.#hidden.has(hover.line) ? -1 : this.#IndexOf(hover.line, hover.at);
    const { from, to } = index < 0 ? { from: 0, to: 0 } : this.#Span(hover.line);
    return index < from || index >= to || this.#data.lines[hover.line]?.x[index] !== hover.at ? null : this.#HoverAt(hover.line, index);
  }

  /** The point nearest to the mouse: windows first, since they have something to tell. */
  #Nearest(plot: uPlot, left: number, top: number): Hover | null {
    const x = plot.posToVal(left, 'x');
    let best: { line: number; index: number; score: number } | null = null;
    for (const [line, own] of this.#data.lines.entries()) {
      if (this.#hidden.has(line)) continue;
      const xs = this.#xs[line] as Float64Array;
      const index = NearestIndex(xs, x);
      if (index < 0) continue;
      const dx = Math.abs(plot.valToPos(xs[index] as number, 'x') - left);
      if (dx > kNearPx) continue;
      const value = own.value[index] ?? null;
      const dy = value === null ? kNearPx : Math.abs(plot.valToPos(value + (own.lift?.[index] ?? 0), ScaleOf(own.axis)) - top);
      const score = dx + dy / 50 - (own.rows === null ? 0 : kNearPx);
      if (best === null || score < best.score) best = { line, index, score };
    }
    return best === null ? null : this.#HoverAt(best.line, best.index);
  }

  #SetHover(hover: Hover | null): void {
    const before = this.#hover;
    this.#hover = hover;
    if (before?.line !== hover?.line || before?.row !== hover?.row) this.#plot?.redraw(false, false);
    this.#events.OnHover(hover);
  }

  #OnCursor(u: uPlot): void {
    const left = u.cursor.left ?? -1;
    if (left < 0) return; // the keyboard's choice stays
    this.#events.OnCrosshair(FromX(u.posToVal(left, 'x'), this.#base));
    const hover = this.#Nearest(u, left, u.cursor.top ?? 0);
    if (hover?.line === this.#hover?.line && hover?.at === this.#hover?.at) return;
    this.#SetHover(hover);
  }

  #OnSelect(u: uPlot): void {
    const { left, width } = u.select;
    if (width < 4) return;
    if (this.#data.axis === 'time') this.#events.OnZoom(FromX(u.posToVal(left, 'x'), this.#base), FromX(u.posToVal(left + width, 'x'), this.#base));
    u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  }

  // ---- drawing ----

  #Draw(): void {
    if (this.#root.clientWidth === 0 || this.#root.clientHeight === 0) return;
    const { xs, ys } = JoinParts(this.#parts);
    const table = [xs, ...ys] as unknown as uPlot.AlignedData;
    const shape = this.#Shape();
    if (this.#plot !== null && shape === this.#shape) {
      this.#plot.setData(table);
      return;
    }
    this.#shape = shape;
    this.#plot?.destroy();
    const plot = new uPlot(this.#Options(), table, this.#root);
    this.#plot = plot;
    plot.over.addEventListener('mouseleave', () => {
      this.#events.OnCrosshair(null);
      this.#SetHover(null);
    });
    plot.over.addEventListener('dblclick', () => this.#events.OnZoomReset());
    let pressed_x = 0;
    plot.over.addEventListener('mousedown', (event) => (pressed_x = event.clientX));
    plot.over.addEventListener('click', (event) => {
      if (Math.abs(event.clientX - pressed_x) < 4 && this.#hover !== null) this.#events.OnPick();
    });
  }

  /** What makes another plot of it, and not only other data in it. */
  #Shape(): string {
    const lines = this.#data.lines.map(({ style, token, axis, dotted, lift }) => [style, token, axis, dotted === true, lift !== undefined]);
    const extent = ExtentOf(this.#data);
    const dated = extent === null ? 0 : Number((extent.to - extent.from) / 172_800_000_000_000n) > 0;
    return JSON.stringify([this.#data.axis, String(this.#base), dated, lines, this.#parts.map(({ line, kind }) => [line, kind, this.#Sparse(line)]), [...this.#hidden], this.#data.axis === 'text' ? this.#data.labels : 0]);
  }

  #Sparse(line: number): boolean {
    const { from, to } = this.#Span(line);
    return to - from <= 1 || this.#root.clientWidth / (to - from) >= 6;
  }

  #Options(): uPlot.Options {
    const palette = this.#palette;
    const extent = ExtentOf(this.#data) ?? { from: 0n, to: 1n };
    return {
      width: this.#root.clientWidth,
      height: this.#root.clientHeight,
      legend: { show: false },
      padding: [10, this.#data.lines.some((line) => line.axis === 'right') ? 0 : 12, 0, 0],
      cursor: { y: false, points: { show: false }, drag: { x: true, y: false, setScale: false }, x: true },
      scales: {
        x: { time: false, range: () => this.#XRange() },
        y: { range: (u) => this.#YRange(u, 'left') },
        y2: { range: (u) => this.#YRange(u, 'right') },
      },
      axes: AxesOf({ data: this.#data, base: this.#base, palette, extent, LowestValue: () => this.#Values('left')?.min ?? 0 }),
      series: [{}, ...this.#parts.map((part) => this.#Series(part))],
      hooks: {
        drawAxes: [(u) => DrawBelow(u, this.#Input())],
        draw: [(u) => this.#events.OnDrawn(DrawAbove(u, this.#Input()))],
        setCursor: [(u) => this.#OnCursor(u)],
        setSelect: [(u) => this.#OnSelect(u)],
      },
    };
  }

  #Series({ line: index, kind }: Part): uPlot.Series {
    const line = this.#data.lines[index];
    if (line === undefined) return {};
    const colour = this.#palette.Token(line.token);
    const sparse = this.#Sparse(index);
    const raw_beside = line.rows === null && this.#data.lines.some((other) => other.rows !== null);
    const common: uPlot.Series = { label: line.name, scale: ScaleOf(line.axis), show: !this.#hidden.has(index), auto: false, points: { show: false } };
    if (kind === 'filled') return { ...common, stroke: colour, width: 1.5, dash: [1.5, 3], spanGaps: false };
    if (line.style === 'points') return { ...common, fill: WithAlpha(colour, raw_beside ? 0.4 : 0.75), paths: PointPaths(raw_beside || !sparse ? 3 : 5) };
    if (line.style === 'bars' && line.lift !== undefined) return { ...common, fill: colour, paths: BarPaths(0, 1, () => this.#BarStep()) };
    if (line.style === 'bars') {
      const bars = this.#data.lines.map((other, i) => ({ other, i })).filter(({ other, i }) => other.style === 'bars' && !this.#hidden.has(i));
      return { ...common, fill: WithAlpha(colour, 0.85), paths: BarPaths(bars.findIndex(({ i }) => i === index), bars.length, () => this.#BarStep()) };
    }
    const dash = line.dotted === true ? [1.5, 3] : kind === 'provisional' ? [3.5, 3.5] : index >= 4 ? kDashes[index % kDashes.length] : undefined;
    return {
      ...common, stroke: raw_beside ? WithAlpha(colour, 0.55) : colour, width: raw_beside ? 1 : sparse ? 2 : 1.5, ...(dash === undefined ? {} : { dash }),
      ...(line.style === 'area' && kind === 'values' ? { fill: line.lift === undefined ? WithAlpha(colour, 0.16) : `color-mix(in srgb, ${colour} 45%, ${this.#palette.bg})` } : {}),
      points: {
        // The provisional end begins at the last final point, which has its own.
        ...(kind === 'provisional' ? { filter: (u: uPlot, series: number, show: boolean) => (show ? this.#AfterJoint(u, series, index) : null) } : {}),
        show: sparse && line.dotted !== true, size: raw_beside ? 3 : 6, space: 0, width: kind === 'provisional' ? 1.5 : 0, fill: kind === 'provisional' ? this.#palette.bg : colour, stroke: colour },
    };
  }

  /** Indices of the points of a provisional end but its joint, if it has one. */
  #AfterJoint(u: uPlot, series: number, line: number): number[] {
    const ys = u.data[series] as unknown as ArrayLike<Y | undefined>;
    const out: number[] = [];
    for (let i = 0; i < ys.length; i += 1) if (ys[i] != null) out.push(i);
    return this.#parts.some((part) => part.line === line && part.kind === 'values') ? out.slice(1) : out;
  }

  /** The least distance of two bars. */
  #BarStep(): number {
    if (this.#data.axis === 'text') return 1;
    let step = Infinity;
    this.#data.lines.forEach(({ style }, i) => {
      const xs = this.#xs[i];
      if (style !== 'bars' || xs === undefined) return;
      for (let k = 1; k < xs.length; k += 1) {
        const by = (xs[k] as number) - (xs[k - 1] as number);
        if (by > 0 && by < step) step = by;
      }
    });
    const extent = ExtentOf(this.#data);
    return Number.isFinite(step) ? step : extent === null ? 1 : Number(extent.to - extent.from) / 1e9;
  }

  #Input(): MarksInput {
    return {
      data: this.#data, base: this.#base, palette: this.#palette, mode: this.#mode, revised: this.#revised, hidden: this.#hidden,
      hovered: this.#hover === null || this.#hover.row === null ? null : { line: this.#hover.line, row: this.#hover.row }, focused: this.#focused, rings: this.#rings,
    };
  }

  #XRange(): uPlot.Range.MinMax {
    const extent = ExtentOf(this.#data);
    if (extent === null) return [0, 1];
    return [ToX(extent.from, this.#base), ToX(extent.to, this.#base)];
  }

  #Values(axis: Axis): { min: number; max: number } | null {
    const known = this.#values.get(axis);
    if (known !== undefined) return known;
    const [from, to] = this.#XRange();
    const found = ValueRange(this.#parts.filter(({ line }) => !this.#hidden.has(line)), this.#data.lines, axis, from ?? 0, to ?? 1);
    this.#values.set(axis, found);
    return found;
  }

  /** Holds the first published values too, near thresholds, and leaves the strip its own room. */
  #YRange(u: uPlot, axis: Axis): uPlot.Range.MinMax {
    const values = this.#Values(axis);
    let min = values?.min ?? Infinity;
    let max = values?.max ?? -Infinity;
    const own_rows = this.#data.lines.some((line, i) => line.rows !== null && line.axis === axis && !this.#hidden.has(i));
    if (this.#mode !== 'off') {
      for (const { line, row } of this.#revised) {
        const first = this.#data.lines[line]?.axis === axis && !this.#hidden.has(line) ? FirstValue(row) : null;
        if (first === null) continue;
        min = Math.min(min, first);
        max = Math.max(max, first);
      }
    }
    if (!Number.isFinite(min) || !Number.isFinite(max)) return [0, 1];
    const plain = max - min;
    if (axis === 'left') {
      for (const { value } of this.#data.thresholds) {
        if (value > max + plain || value < min - plain) continue;
        min = Math.min(min, value);
        max = Math.max(max, value);
      }
    }
    const span = max > min ? max - min : Math.max(Math.abs(max), 1) * 0.2;
    const height = Math.max(60, u.height - 60);
    const grounded = min === 0 && this.#data.lines.some(({ style, axis: side }) => side === axis && (style === 'bars' || style === 'area'));
    const strip = this.#mode !== 'off' && own_rows ? kStripRoomPx / height : 0;
    const fixed = axis === 'left' ? this.#data.y : undefined;
    return [fixed?.min ?? min - span * ((grounded ? 0 : 0.06) + strip), fixed?.max ?? max + span * (0.08 + (this.#data.watermark === null ? 0 : 16 / height))];
  }

  // ---- revisions that just came ----

  #StartRings(before: ChartData): void {
    const reduced = matchMedia('(prefers-reduced-motion: reduce)').matches || document.documentElement.dataset['motion'] === 'reduced';
    if (reduced || this.#mode === 'off') return;
    const keys: string[] = [];
    this.#data.lines.forEach((line, index) => {
      const old = before.lines[index];
      if (line.rows === null || old?.rows == null || old.rows === line.rows || !SameSeries(old, line)) return;
      const known = new Map(old.rows.map((row) => [row.time, row.revision]));
      for (const row of ShownRows(line, this.#data)) {
        const revision = known.get(row.time);
        if (revision !== undefined && revision > 0n && revision < row.revision) keys.push(RingKey(index, row.time));
      }
    });
    if (keys.length === 0 || keys.length > kRingsMax || this.#data.lines.length > kMarkedLinesMax) return;
    const now = performance.now();
    for (const key of keys) this.#ring_started.set(key, now);
    cancelAnimationFrame(this.#frame);
    const step = (at: number): void => {
      for (const [key, started] of this.#ring_started) {
        const progress = Math.max(0, at - started) / kRingMs;
        if (progress < 1) this.#rings.set(key, progress);
        else {
          this.#rings.delete(key);
          this.#ring_started.delete(key);
        }
      }
      this.#plot?.redraw(false, false);
      if (this.#ring_started.size > 0) this.#frame = requestAnimationFrame(step);
    };
    this.#frame = requestAnimationFrame(step);
  }
}
