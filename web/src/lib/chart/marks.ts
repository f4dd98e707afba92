// SPDX-License-Identifier: Apache-2.0
// What a chart draws beside its lines: the area that is not final yet, the watermark, revised windows with their first value, the
// strip at the bottom that shows where revisions happened, thresholds. Pure drawing: it reads and changes nothing.
import type uPlot from 'uplot';
import { FormatChange } from '../format.ts';
import { FirstValue, type WindowRow } from '../model/chart.ts';
import { ToX, type Axis, type ChartData } from '../model/panel_chart.ts';
import { kMarkedLinesMax, ShownRows, TimesRevised, type RevisedRow, type RevisionMode } from '../model/revisions.ts';
import { FormatTimestamp, type Ns } from '../time.ts';
import type { Palette } from './palette.ts';

export interface MarksInput {
  data: ChartData;
  base: Ns;
  palette: Palette;
  mode: RevisionMode;
  revised: readonly RevisedRow[];
  /** Lines that are not shown. */
  hidden: ReadonlySet<number>;
  hovered: RevisedRow | null;
  /** The line whose band is drawn where there are too many for marks. */
  focused: number | null;
  /** `line/time` -> 0..1, how far the ring of a revision that just came has opened. */
  rings: ReadonlyMap<string, number>;
}

export interface DrawnMarks {
  /** Windows shown as revised: by a mark, or by band and strip. */
  revised: number;
  /** Marks of their own. */
  marks: number;
  dense: boolean;
  watermark_x: number | null;
}

/** Height of the heat strip and of the room that the y scale leaves for it, CSS pixels. */
export const kStripPx = 9;
export const kStripRoomPx = 14;

const kDenseWindowPx = 6;
const kDeltaRoomPx = 62;

const X = (u: uPlot, input: MarksInput, at: Ns): number => u.valToPos(ToX(at, input.base), 'x', true);
export const ScaleOf = (axis: Axis): 'y' | 'y2' => (axis === 'right' ? 'y2' : 'y');
const Y = (u: uPlot, input: MarksInput, line: number, y: number): number => u.valToPos(y, ScaleOf(input.data.lines[line]?.axis ?? 'left'), true);

export const RingKey = (line: number, time: Ns): string => `${line}/${time}`;

/** Whether windows are too narrow for marks of their own. */
export function IsDense(u: uPlot, input: MarksInput): boolean {
  for (const line of input.data.lines) {
    const row = line.rows?.[0];
    if (row !== undefined) return X(u, input, row.window_end) - X(u, input, row.window_start) < kDenseWindowPx * devicePixelRatio;
  }
  return false;
}

function Clipped(u: uPlot, above: number, draw: () => void): void {
  const { ctx, bbox } = u;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top - above, bbox.width, bbox.height + above);
  ctx.clip();
  draw();
  ctx.restore();
}

/** Below the lines: the area right of the watermark and the window under the cursor. */
export function DrawBelow(u: uPlot, input: MarksInput): void {
  const { ctx, bbox } = u;
  const { data, palette, hovered } = input;
  Clipped(u, 0, () => {
    if (data.watermark !== null && data.axis === 'time') {
      const left = Math.max(bbox.left, X(u, input, data.watermark));
      const edge = bbox.left + bbox.width;
      // What came after the time that is shown is not late, nor provisional: it is not there yet.
      const right = data.as_of === undefined ? edge : Math.min(edge, X(u, input, data.as_of));
      if (left < right) {
        ctx.fillStyle = palette.prov;
        ctx.fillRect(left, bbox.top, right - left, bbox.height);
      }
      if (right < edge && right >= bbox.left) {
        ctx.fillStyle = palette.Token('--accent');
        ctx.fillRect(right - devicePixelRatio / 2, bbox.top, devicePixelRatio, bbox.height);
      }
    }
    if (hovered !== null) {
      const left = X(u, input, hovered.row.window_start);
      ctx.fillStyle = palette.hover;
      ctx.fillRect(left, bbox.top, X(u, input, hovered.row.window_end) - left, bbox.height);
    }
  });
}

/** Above the lines. */
export function DrawAbove(u: uPlot, input: MarksInput): DrawnMarks {
  const { data, mode, hovered, hidden } = input;
  const drawn: DrawnMarks = { revised: 0, marks: 0, dense: IsDense(u, input), watermark_x: null };
  const revised = input.revised.filter(({ line }) => !hidden.has(line));
  const lines_with_rows = data.lines.filter((line, i) => line.rows !== null && !hidden.has(i)).length;
  Clipped(u, 4, () => {
    DrawThresholds(u, input);
    if (mode !== 'off') {
      drawn.revised = revised.length;
      DrawStrip(u, input, revised, drawn.dense);
      const many = lines_with_rows > kMarkedLinesMax;
      const focused = input.focused ?? hovered?.line ?? null;
      if (many) DrawBand(u, input, revised.filter(({ line }) => line === focused));
      else if (drawn.dense) DrawBand(u, input, revised);
      else {
        for (const mark of revised) {
          DrawMark(u, input, mark, mode === 'compare' ? 'with-first' : 'current-only');
          drawn.marks += 1;
        }
        if (mode === 'compare') DrawDeltas(u, input, revised);
      }
    }
    // Under the cursor the comparison shows in every mode.
    const own = hovered === null ? undefined : revised.find(({ line, row }) => line === hovered.line && row.time === hovered.row.time);
    if (own !== undefined) DrawMark(u, input, own, 'with-first');
    DrawRings(u, input, revised, drawn.dense);
  });
  drawn.watermark_x = data.axis === 'time' ? DrawWatermark(u, input) : null;
  return drawn;
}

function DrawMark(u: uPlot, input: MarksInput, { line, row }: RevisedRow, what: 'with-first' | 'current-only'): void {
  if (row.value === null) return;
  const { palette } = input;
  const { ctx } = u;
  const px = devicePixelRatio;
  const x = X(u, input, row.time);
  const y = Y(u, input, line, row.value);
  const first = FirstValue(row);
  if (what === 'with-first' && first !== null) {
    const y_first = Y(u, input, line, first);
    ctx.strokeStyle = palette.delta;
    ctx.lineWidth = 2 * px;
    ctx.beginPath();
    ctx.moveTo(x, y_first);
    ctx.lineTo(x, y);
    ctx.stroke();
    ctx.beginPath();
    ctx.arc(x, y_first, 3.5 * px, 0, 2 * Math.PI);
    ctx.fillStyle = palette.bg;
    ctx.fill();
    ctx.strokeStyle = palette.ghost;
    ctx.lineWidth = 1.75 * px;
    ctx.stroke();
  }
  const r = 5.25 * px;
  ctx.beginPath();
  ctx.moveTo(x, y - r);
  ctx.lineTo(x + r, y);
  ctx.lineTo(x, y + r);
  ctx.lineTo(x - r, y);
  ctx.closePath();
  ctx.fillStyle = palette.delta;
  ctx.fill();
  ctx.strokeStyle = palette.bg;
  ctx.lineWidth = 1.25 * px;
  ctx.stroke();
}

/** The difference beside a mark, where its neighbours leave room. */
function DrawDeltas(u: uPlot, input: MarksInput, revised: readonly RevisedRow[]): void {
  const { ctx, bbox } = u;
  const { palette } = input;
  const px = devicePixelRatio;
  const places = revised.flatMap(({ line, row }) => (row.value === null ? [] : [{ x: X(u, input, row.time), line, row, value: row.value }]));
  ctx.font = `600 ${Math.round(10.5 * px)}px ${palette.font_family}`;
  ctx.textBaseline = 'middle';
  ctx.textAlign = 'left';
  for (const { x, line, row, value } of places) {
    const first = FirstValue(row);
    const crowded = places.some((other) => other.row !== row && other.x - x > -4 * px && other.x - x < kDeltaRoomPx * px);
    const text = first === null ? '' : FormatChange(first, value);
    // What is too small to be seen needs no figure; the card has it.
    if (first === null || crowded || text.includes('e') || x + kDeltaRoomPx * px > bbox.left + bbox.width) continue;
    const y = Y(u, input, line, value) + (value > first ? -1 : 1) * 10 * px;
    ctx.lineWidth = 3 * px;
    ctx.strokeStyle = palette.bg;
    ctx.strokeText(text, x + 7 * px, y);
    ctx.fillStyle = palette.delta;
    ctx.fillText(text, x + 7 * px, y);
  }
}

/** The area between first and current value, broken where a window was not revised. */
function DrawBand(u: uPlot, input: MarksInput, revised: readonly RevisedRow[]): void {
  const { ctx } = u;
  ctx.fillStyle = input.palette.band;
  interface Corner { x: number; first: number; current: number; row: WindowRow }
  const Fill = (run: readonly Corner[]): void => {
    const [one] = run;
    if (one === undefined) return;
    if (run.length === 1) {
      const half = Math.max(1, (X(u, input, one.row.window_end) - X(u, input, one.row.window_start)) / 2);
      ctx.fillRect(one.x - half, Math.min(one.first, one.current), 2 * half, Math.abs(one.first - one.current));
      return;
    }
    ctx.beginPath();
    run.forEach(({ x, first }, i) => (i === 0 ? ctx.moveTo(x, first) : ctx.lineTo(x, first)));
    for (const { x, current } of [...run].reverse()) ctx.lineTo(x, current);
    ctx.closePath();
    ctx.fill();
  };
  let run: Corner[] = [];
  let line_of_run = -1;
  for (const { line, row } of revised) {
    const first = FirstValue(row);
    if (first === null || row.value === null) continue;
    const before = run.at(-1);
    if (before !== undefined && (line !== line_of_run || before.row.window_end < row.window_start)) {
      Fill(run);
      run = [];
    }
    line_of_run = line;
    run.push({ x: X(u, input, row.time), first: Y(u, input, line, first), current: Y(u, input, line, row.value), row });
  }
  Fill(run);
}

/** One cell a window, or two pixels where windows are narrower; several lines are summed. */
function DrawStrip(u: uPlot, input: MarksInput, revised: readonly RevisedRow[], dense: boolean): void {
  const { ctx, bbox } = u;
  const px = devicePixelRatio;
  const height = kStripPx * px;
  const top = bbox.top + bbox.height - height;
  const cells = new Map<number, { left: number; width: number; times: number }>();
  for (const { row } of revised) {
    const start = X(u, input, row.window_start);
    const left = dense ? Math.floor((start - bbox.left) / (2 * px)) * 2 * px + bbox.left : start;
    const width = dense ? 2 * px : Math.max(2 * px, X(u, input, row.window_end) - start - px);
    const cell = cells.get(left);
    if (cell === undefined) cells.set(left, { left, width, times: TimesRevised(row) });
    else cell.times += TimesRevised(row);
  }
  ctx.fillStyle = input.palette.delta;
  for (const { left, width, times } of cells.values()) {
    ctx.globalAlpha = Math.min(1, 0.25 + 0.15 * times);
    ctx.fillRect(left, top, width, height);
  }
  ctx.globalAlpha = 1;
}

function DrawRings(u: uPlot, input: MarksInput, revised: readonly RevisedRow[], dense: boolean): void {
  const { ctx, bbox } = u;
  const px = devicePixelRatio;
  for (const { line, row } of revised) {
    const progress = input.rings.get(RingKey(line, row.time));
    if (progress === undefined || row.value === null) continue;
    ctx.globalAlpha = 1 - progress;
    if (dense) {
      ctx.fillStyle = input.palette.delta;
      ctx.fillRect(X(u, input, row.window_start) - 3 * px, bbox.top + bbox.height - 2 * kStripPx * px, 8 * px, 2 * kStripPx * px);
      continue;
    }
    ctx.strokeStyle = input.palette.delta;
    ctx.lineWidth = 2 * px;
    ctx.beginPath();
    ctx.arc(X(u, input, row.time), Y(u, input, line, row.value), (6 + 14 * progress) * px, 0, 2 * Math.PI);
    ctx.stroke();
  }
  ctx.globalAlpha = 1;
}

function DrawThresholds(u: uPlot, { data, palette }: MarksInput): void {
  const { ctx, bbox } = u;
  const px = devicePixelRatio;
  ctx.font = `${Math.round(11 * px)}px ${palette.font_family}`;
  for (const { value, label, token } of data.thresholds) {
    const y = u.valToPos(value, 'y', true);
    if (y < bbox.top || y > bbox.top + bbox.height) continue;
    const colour = palette.Token(token);
    ctx.strokeStyle = colour;
    ctx.lineWidth = 1.25 * px;
    ctx.setLineDash([7 * px, 3 * px]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.setLineDash([]);
    if (label === '') continue;
    ctx.textAlign = 'left';
    ctx.textBaseline = 'bottom';
    ctx.lineWidth = 3 * px;
    ctx.strokeStyle = palette.bg;
    ctx.strokeText(label, bbox.left + 6 * px, y - 2 * px);
    ctx.fillStyle = colour;
    ctx.fillText(label, bbox.left + 6 * px, y - 2 * px);
  }
}

/** The line, its label, and the tick that says up to where windows are closed. Returns its x in canvas pixels. */
function DrawWatermark(u: uPlot, input: MarksInput): number | null {
  const { data, palette } = input;
  if (data.watermark === null) return null;
  const { ctx, bbox } = u;
  const px = devicePixelRatio;
  const right = bbox.left + bbox.width;
  const bottom = bbox.top + bbox.height;
  const x = X(u, input, data.watermark);
  const closed = X(u, input, data.watermark - data.allowed_lateness);
  const strip = data.lines.some((line) => line.rows !== null) ? kStripRoomPx : 4;
  const small = bbox.width < 360 * px;
  ctx.save();
  ctx.font = `${Math.round(11 * px)}px ${palette.font_family}`;
  // Without an allowed lateness, or where it is not known as in a shared link, the watermark says it all.
  if (data.allowed_lateness > 0n && closed >= bbox.left && closed <= right && data.lines.some((line) => ShownRows(line, data).length > 0)) {
    ctx.fillStyle = palette.wm;
    ctx.fillRect(closed - px / 2, bottom - (strip + 12) * px, px, (strip + 17) * px);
    if (closed - bbox.left > 60 * px && !small) {
      ctx.textAlign = 'right';
      ctx.textBaseline = 'bottom';
      ctx.fillText('closed', closed - 5 * px, bottom - strip * px);
    }
  }
  if (x < bbox.left || x > right) {
    ctx.restore();
    return null;
  }
  ctx.strokeStyle = palette.wm;
  ctx.lineWidth = 1.5 * px;
  ctx.setLineDash([5 * px, 4 * px]);
  ctx.beginPath();
  ctx.moveTo(x, bbox.top);
  ctx.lineTo(x, bottom);
  ctx.stroke();
  const label = `${small ? '' : 'watermark '}${FormatTimestamp(data.watermark, { digits: 0, date: false })}`;
  const left_fits = x - bbox.left > ctx.measureText(label).width + 16 * px;
  ctx.textAlign = left_fits ? 'right' : 'left';
  ctx.textBaseline = 'top';
  const text_x = x + (left_fits ? -7 : 7) * px;
  ctx.lineWidth = 4 * px;
  ctx.setLineDash([]);
  ctx.strokeStyle = palette.bg;
  ctx.strokeText(label, text_x, bbox.top + 5 * px);
  ctx.fillStyle = palette.wm;
  ctx.fillText(label, text_x, bbox.top + 5 * px);
  ctx.restore();
  return x;
}
