// SPDX-License-Identifier: Apache-2.0
// What a chart draws, as pure data, and what follows from it without a canvas: the parts that become lines, how missing values are
// filled for display, and where things are. A page makes a ChartData; chart/PanelChart.svelte draws it.
//
// Invariants
//  1. The x of a line ascend. On a time axis they are nanoseconds; on a number axis numbers times 1e9; on a text axis positions in
//     `labels` times 1e9. So one integer type holds them all, and nanoseconds stay apart.
//  2. A line with `rows` is a view's measure: its windows and their history. What is marked as revised comes from there only.
//  3. What is filled for display is a part of its own, drawn dotted, and never in the hook of tests or in a table.
import { FloorDiv, kNsPerSecond, type Ns } from '../time.ts';
import type { Zone } from '../zone.ts';
import type { WindowRow } from './chart.ts';

export type LineStyle = 'line' | 'points' | 'area' | 'bars';
export type Axis = 'left' | 'right';
export type Missing = 'gap' | 'connect' | 'zero' | 'previous' | 'linear';
export type NsList = readonly Ns[] | BigInt64Array;
export type Values = readonly (number | null)[] | Float64Array;

/** Where a view's line comes from: what the point card links to. */
export interface LineSource {
  database: string;
  table: string;
  measure: string;
  view: string | null;
  dimensions: Record<string, string>;
}

export interface ChartLine {
  name: string;
  x: NsList;
  value: Values;
  style: LineStyle;
  /** A colour of app.css: `--line`, `--s2` … `--s7`. */
  token: string;
  axis: Axis;
  /** Interpolated or filled: drawn dotted, and never marked. */
  dotted?: boolean;
  /** The view's rows with history, for revision marks. */
  rows: readonly WindowRow[] | null;
  /** What each value stands on, where lines are stacked; it is drawn that much higher, and said as it is. */
  lift?: readonly number[];
  source?: LineSource | null;
}

export interface Threshold {
  value: number;
  label: string;
  token: string;
}

export interface ChartData {
  axis: 'time' | 'number' | 'text';
  labels: string[];
  /** Null: as far as the lines reach. */
  range: { from: Ns; to: Ns } | null;
  lines: ChartLine[];
  watermark: Ns | null;
  /** The time of processing that it is of; left out: now. */
  as_of?: Ns;
  allowed_lateness: Ns;
  thresholds: Threshold[];
  missing: Missing;
  /** Whose clocks its times are said in; left out: the page's. */
  zone?: Zone;
  /** Ends of the left axis that are not left to the values. */
  y?: { min: number | null; max: number | null };
}

export const kEmptyChart: ChartData = { axis: 'time', labels: [], range: null, lines: [], watermark: null, allowed_lateness: 0n, thresholds: [], missing: 'gap' };

/** Colours of lines, in their order; from the fifth on they differ by dashes too. */
export const kLineTokens = ['--line', '--s2', '--s3', '--s4', '--s5', '--s6', '--s7'] as const;
export const TokenOf = (index: number): string => kLineTokens[index % kLineTokens.length] ?? '--line';

const kDay = 86_400n * kNsPerSecond;

/** First and last x that are shown; null for nothing to show. */
export function ExtentOf(data: ChartData): { from: Ns; to: Ns } | null {
  if (data.range !== null && data.axis === 'time') return data.range;
  let from: Ns | null = null;
  let to: Ns | null = null;
  for (const { x } of data.lines) {
    const first = x[0];
    const last = x[x.length - 1];
    if (first !== undefined && (from === null || first < from)) from = first;
    if (last !== undefined && (to === null || last > to)) to = last;
  }
  if (from === null || to === null) return null;
  // Room for a bar at both ends, and for a single point.
  const half = data.axis === 'text' ? kNsPerSecond / 2n : from === to ? kNsPerSecond : 0n;
  return { from: from - half, to: to + half };
}

/** What x are relative to, so that a double holds them exactly: a midnight on a time axis. */
export function BaseOf(data: ChartData): Ns {
  const extent = ExtentOf(data);
  return extent === null || data.axis !== 'time' ? 0n : FloorDiv(extent.from, kDay) * kDay;
}

export const ToX = (at: Ns, base: Ns): number => Number(at - base) / 1e9;
export const FromX = (x: number, base: Ns): Ns => base + BigInt(Math.round(x * 1e9));

/** All x of a list. They are read as halves: a million bigints would be made only to be subtracted. */
export function ToXs(list: NsList, base: Ns): Float64Array {
  const out = new Float64Array(list.length);
  let words = list;
  if (!(words instanceof BigInt64Array)) {
    words = new BigInt64Array(list.length);
    for (let i = 0; i < out.length; i += 1) words[i] = list[i] as Ns;
  }
  const halves = new Int32Array(words.buffer, words.byteOffset, words.length * 2);
  const low_base = Number(BigInt.asUintN(32, base));
  const high_base = Number(base >> 32n);
  for (let i = 0; i < out.length; i += 1) out[i] = (((halves[2 * i + 1] as number) - high_base) * 4294967296 + ((halves[2 * i] as number) >>> 0) - low_base) / 1e9;
  return out;
}

/** First index whose value is not less than `wanted`. */
export function LowerIndex(list: ArrayLike<bigint> | ArrayLike<number>, wanted: bigint | number): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((list[middle] as bigint | number) < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Index of the value nearest to `wanted`; -1 in an empty list. */
export function NearestIndex(list: ArrayLike<number>, wanted: number): number {
  if (list.length === 0) return -1;
  const after = LowerIndex(list, wanted);
  if (after === 0) return 0;
  if (after === list.length) return after - 1;
  return wanted - (list[after - 1] as number) <= (list[after] as number) - wanted ? after - 1 : after;
}

export type Y = number | null;

/** One thing that is drawn: a line, the provisional end of one, or what is filled in for display. */
export interface Part {
  line: number;
  kind: 'values' | 'provisional' | 'filled';
  xs: ArrayLike<number>;
  ys: ArrayLike<Y>;
}

const kStepsMax = 100_000;

/** The step of a line whose x lie on a lattice, as bins do; null if they do not. */
export function StepOf(xs: ArrayLike<number>): number | null {
  if (xs.length < 3) return null;
  let step = Infinity;
  for (let i = 1; i < xs.length; i += 1) {
    const by = (xs[i] as number) - (xs[i - 1] as number);
    if (by > 0 && by < step) step = by;
  }
  if (!Number.isFinite(step)) return null;
  for (let i = 1; i < xs.length; i += 1) {
    const times = ((xs[i] as number) - (xs[i - 1] as number)) / step;
    if (Math.abs(times - Math.round(times)) > 1e-6) return null;
  }
  return step;
}

interface Filled {
  xs: number[] | Float64Array;
  ys: ArrayLike<Y>;
  /** Drawn dotted beside it. */
  filler: { xs: number[]; ys: Y[] } | null;
}

/**
 * A hole is a null, or a step of the lattice without a row. The values break there; how the hole is bridged is `missing`, and a part
 * of its own from the last value before to the first one after.
 */
export function FillHoles(xs: Float64Array, values: Values, missing: Missing, step: number | null): Filled {
  let nulls = false;
  if (!(values instanceof Float64Array)) for (let i = 0; i < values.length && !nulls; i += 1) nulls = values[i] === null;
  const wide = step === null || (step > 0 && ((xs[xs.length - 1] ?? 0) - (xs[0] ?? 0)) / step > kStepsMax) ? null : step;
  const whole = wide === null || Math.round(((xs[xs.length - 1] ?? 0) - (xs[0] ?? 0)) / wide) <= xs.length - 1;
  if (!nulls && whole) return { xs, ys: values, filler: null };
  const out: { xs: number[]; ys: Y[] } = { xs: [], ys: [] };
  const filler: { xs: number[]; ys: Y[] } = { xs: [], ys: [] };
  let last: { x: number; y: number } | null = null;
  let hole: number[] = [];
  for (let i = 0; i < xs.length; i += 1) {
    const x = xs[i] as number;
    const before = xs[i - 1];
    if (wide !== null && before !== undefined) {
      for (let k = 1, n = Math.round((x - before) / wide); k < n; k += 1) hole.push(before + k * wide);
    }
    const y = values[i] ?? null;
    if (y === null) {
      hole.push(x);
      continue;
    }
    if (hole.length > 0) {
      for (const at of hole) {
        out.xs.push(at);
        out.ys.push(null);
      }
      if (last !== null && missing !== 'gap') Bridge(filler, last, { x, y }, hole, missing);
      hole = [];
    }
    out.xs.push(x);
    out.ys.push(y);
    last = { x, y };
  }
  return { ...out, filler: filler.xs.length === 0 ? null : filler };
}

function Bridge(filler: { xs: number[]; ys: Y[] }, a: { x: number; y: number }, b: { x: number; y: number }, hole: number[], missing: Missing): void {
  const Push = (x: number, y: Y): void => {
    // Two bridges may meet in one point.
    if (filler.xs.at(-1) === x && y !== null) filler.ys[filler.ys.length - 1] = y;
    else {
      filler.xs.push(x);
      filler.ys.push(y);
    }
  };
  if (filler.xs.length > 0 && (filler.xs.at(-1) as number) < a.x) Push(((filler.xs.at(-1) as number) + a.x) / 2, null);
  Push(a.x, a.y);
  if (missing !== 'connect') {
    for (const x of hole) Push(x, missing === 'zero' ? 0 : missing === 'previous' ? a.y : a.y + ((b.y - a.y) * (x - a.x)) / (b.x - a.x));
  }
  Push(b.x, b.y);
}

/** Where the provisional end of a view's line begins: the first point whose window the watermark has not passed. */
function ProvisionalFrom(line: ChartLine, watermark: Ns): number {
  const rows = line.rows ?? [];
  const ends = new Map(rows.map((row) => [row.time, row.revision === 0n ? null : row.window_end]));
  for (let i = line.x.length - 1; i >= 0; i -= 1) {
    const at = line.x[i] as Ns;
    const end = ends.get(at);
    if (end === undefined ? at <= watermark : end !== null && end <= watermark) return i + 1;
  }
  return 0;
}

/** The values where they are drawn. */
const Lifted = ({ value, lift }: ChartLine): Values => (lift === undefined ? value : Array.from(value, (v, i) => (v === null ? null : v + (lift[i] ?? 0))));

/** The parts of all lines, in the order in which they are drawn. */
export function PartsOf(data: ChartData, base: Ns, all_xs: readonly Float64Array[] = data.lines.map(({ x }) => ToXs(x, base))): Part[] {
  const parts: Part[] = [];
  // Views lie on top of what they are made of.
  const order = data.lines.map((_, i) => i).sort((a, b) => Number(data.lines[a]?.rows !== null) - Number(data.lines[b]?.rows !== null));
  order.forEach((index) => {
    const line = data.lines[index] as ChartLine;
    const xs = all_xs[index] as Float64Array;
    const gapless = line.style === 'points' || line.style === 'bars' || data.axis !== 'time';
    const filled = FillHoles(xs, Lifted(line), gapless ? 'gap' : data.missing, gapless ? null : StepOf(xs));
    if (filled.filler !== null) parts.push({ line: index, kind: 'filled', ...filled.filler });
    const cut = line.rows === null || data.watermark === null || gapless ? line.x.length : ProvisionalFrom(line, data.watermark);
    if (cut >= line.x.length) {
      parts.push({ line: index, kind: 'values', xs: filled.xs, ys: filled.ys });
      return;
    }
    const at = LowerIndex(filled.xs, xs[cut] as number);
    // The dashes begin at the last final point.
    const from = Math.max(0, at - 1);
    if (at > 0) parts.push({ line: index, kind: 'values', xs: filled.xs.slice(0, at), ys: Array.prototype.slice.call(filled.ys, 0, at) as Y[] });
    parts.push({ line: index, kind: 'provisional', xs: filled.xs.slice(from), ys: Array.prototype.slice.call(filled.ys, from) as Y[] });
  });
  // The highest first: those below cover it.
  return data.lines.some(({ lift }) => lift !== undefined) ? parts.sort((x, y) => y.line - x.line) : parts;
}

/** One ascending x for all parts, as uPlot wants it; `undefined` where a part has nothing, `null` where it breaks. */
export function JoinParts(parts: readonly Part[]): { xs: ArrayLike<number>; ys: ArrayLike<Y | undefined>[] } {
  const [first] = parts;
  if (first === undefined) return { xs: [], ys: [] };
  const Rises = (xs: ArrayLike<number>): boolean => {
    for (let i = 1; i < xs.length; i += 1) if ((xs[i] as number) <= (xs[i - 1] as number)) return false;
    return true;
  };
  const Same = (a: ArrayLike<number>, b: ArrayLike<number>): boolean => {
    if (a === b) return true;
    if (a.length !== b.length) return false;
    for (let i = 0; i < a.length; i += 1) if (a[i] !== b[i]) return false;
    return true;
  };
  if (Rises(first.xs) && parts.every(({ xs }) => Same(xs, first.xs))) return { xs: first.xs, ys: parts.map(({ ys }) => ys) };
  const all = new Float64Array(parts.reduce((sum, { xs }) => sum + xs.length, 0));
  let n = 0;
  for (const { xs } of parts) for (let i = 0; i < xs.length; i += 1) all[n++] = xs[i] as number;
  all.sort();
  let kept = 0;
  for (let i = 0; i < all.length; i += 1) if (i === 0 || all[i] !== all[kept - 1]) all[kept++] = all[i] as number;
  const xs = all.subarray(0, kept);
  const ys = parts.map((part) => {
    const column = new Array<Y | undefined>(kept);
    let at = 0;
    let value_at = -1;
    let broken = false;
    for (let i = 0; i < part.xs.length; i += 1) {
      while ((xs[at] as number) < (part.xs[i] as number)) at += 1;
      const y = part.ys[i] ?? null;
      // A break holds from one value to the next, over the x of other parts too.
      if (y !== null && broken) for (let k = value_at + 1; k < at; k += 1) column[k] = null;
      column[at] = y; // of several values at one x the last one counts
      broken = y === null;
      if (y !== null) value_at = at;
    }
    return column;
  });
  return { xs, ys };
}

/** Least and greatest value of the lines of one side between two x. */
export function ValueRange(parts: readonly Part[], lines: readonly ChartLine[], axis: Axis, from: number, to: number): { min: number; max: number } | null {
  let min = Infinity;
  let max = -Infinity;
  for (const { line, xs, ys } of parts) {
    const own = lines[line];
    if (own?.axis !== axis) continue;
    for (let i = LowerIndex(xs, from), n = xs.length; i < n && (xs[i] as number) <= to; i += 1) {
      const y = ys[i];
      if (y === null || y === undefined || !Number.isFinite(y)) continue;
      if (y < min) min = y;
      if (y > max) max = y;
    }
    // Bars and areas stand on zero.
    if ((own.style === 'bars' || own.style === 'area') && min !== Infinity) {
      min = Math.min(min, 0);
      max = Math.max(max, 0);
    }
  }
  return min > max ? null : { min, max };
}
