// SPDX-License-Identifier: Apache-2.0
// What the chart knows, apart from how it is drawn: two series, the rows that late data revised, the range and the watermark.
//
// Invariants
//  1. A series is strictly increasing in time, and holds only points with range.from <= time < data_to. What lies between range.to and
//     data_to is kept ready for a range that moves with the clock, but not shown.
//  2. `rows` holds one entry per view row of the range; a row of `avg` and its entry have the same time.
//  3. `changes` grows if and only if a series or a row changed, never because the clock or the watermark went on.
import type { Cell, RevisionEntry, RevisionRow } from '../api/types.ts';
import { ParseTimestamp, type Ns } from '../time.ts';

export interface Point {
  time: Ns;
  value: number;
}

export interface Revision {
  revision: bigint;
  old: number | null;
  value: number | null;
  late_points: bigint;
  at: Ns;
  frozen: boolean;
  /** Found by catching up over stored files: which points it answers for is not known. */
  coarse: boolean;
  /** How far the watermark was beyond the latest of its points; null where not known. */
  lateness_max_ns: Ns | null;
  /** Raw points in the row with it, and how many more than before; null where not known. */
  record_count?: bigint | null;
  records_added?: bigint | null;
}

export type WindowState = 'provisional' | 'final' | 'revised' | 'closed';

/** One row of the view with its history, oldest revision first. */
export interface WindowRow {
  time: Ns;
  window_start: Ns;
  window_end: Ns;
  /** 0: an early value, before the watermark passed its end. */
  revision: bigint;
  value: number | null;
  frozen: boolean;
  revisions: Revision[];
  /** Raw points in it now; null where not known. */
  record_count: bigint | null;
  dimensions: Record<string, string>;
}

const NumberOf = (text: string | null): number | null => (text === null ? null : Number(text));

export const ToRevision = (entry: RevisionEntry): Revision => ({
  revision: BigInt(entry.revision),
  old: NumberOf(entry.old),
  value: NumberOf(entry.new),
  late_points: BigInt(entry.late_points ?? 0),
  at: BigInt(entry.at),
  frozen: entry.frozen === true,
  coarse: entry.cause === 'coarse',
  lateness_max_ns: entry.lateness_max_ns == null ? null : BigInt(entry.lateness_max_ns),
  record_count: entry.record_count == null ? null : BigInt(entry.record_count),
  records_added: entry.records_added == null ? null : BigInt(entry.records_added),
});

export const ToWindowRow = (row: RevisionRow): WindowRow => ({
  time: BigInt(row.time),
  window_start: BigInt(row.window_start),
  window_end: BigInt(row.window_end),
  revision: BigInt(row.revision),
  value: NumberOf(row.value),
  frozen: row.frozen === true || row.revisions.some((r) => r.frozen === true),
  revisions: row.revisions.map(ToRevision),
  record_count: row.record_count == null ? null : BigInt(row.record_count),
  dimensions: row.dimensions ?? {},
});

/** Rows of `SELECT time, value`; cells that are NULL or no time are left out. */
export function ToPoints(rows: Cell[][]): Point[] {
  const points: Point[] = [];
  for (const [time_cell, value_cell] of rows) {
    const time = time_cell == null ? null : ParseTimestamp(time_cell);
    if (time === null || value_cell == null) continue;
    points.push({ time, value: Number(value_cell) });
  }
  return points;
}

/** Late data changed it after its first publication, or would have (`freeze`). */
export const IsRevised = (row: WindowRow): boolean => row.revisions.filter((r) => !r.frozen).length > 1 || row.revision > 1n;

export const FirstValue = (row: WindowRow): number | null => {
  const first = row.revisions.find((r) => !r.frozen);
  if (first === undefined) return row.value;
  return first.value;
};

export const LatePoints = (row: WindowRow): bigint => row.revisions.reduce((sum, r) => sum + r.late_points, 0n);

/** First index whose time is not less than `time`. */
export function LowerBound(points: readonly { time: Ns }[], time: Ns): number {
  let low = 0;
  let high = points.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((points[middle] as { time: Ns }).time < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

type Same<T> = (a: T, b: T) => boolean;

/** Puts `fresh` in the place of everything with from <= time < to; null if that changes nothing. */
function Replace<T extends { time: Ns }>(list: readonly T[], from: Ns, to: Ns, fresh: readonly T[], same: Same<T>): T[] | null {
  const begin = LowerBound(list, from);
  const end = LowerBound(list, to);
  if (end - begin === fresh.length && fresh.every((item, i) => same(item, list[begin + i] as T))) return null;
  return [...list.slice(0, begin), ...fresh, ...list.slice(end)];
}

const SamePoint: Same<Point> = (a, b) => a.time === b.time && Object.is(a.value, b.value);
const SameRow: Same<WindowRow> = (a, b) =>
  a.time === b.time && Object.is(a.value, b.value) && a.revision === b.revision && a.revisions.length === b.revisions.length &&
  a.window_start === b.window_start;

export interface Range {
  from: Ns;
  to: Ns;
}

export class ChartModel {
  range: Range = { from: 0n, to: 0n };
  /** How far data is kept ahead of range.to. */
  ahead: Ns = 0n;
  raw: readonly Point[] = [];
  avg: readonly Point[] = [];
  rows: readonly WindowRow[] = [];
  watermark: Ns | null = null;
  allowed_lateness: Ns = 0n;
  changes = 0;

  get data_to(): Ns {
    return this.range.to + this.ahead;
  }

  /** The part of a series that the range shows. */
  Shown<T extends { time: Ns }>(list: readonly T[]): readonly T[] {
    return list.slice(0, LowerBound(list, this.range.to));
  }

  Clear(): void {
    this.raw = [];
    this.avg = [];
    this.rows = [];
    this.changes += 1;
  }

  /** Moves the range on; what falls out is dropped. */
  SetRange(range: Range, ahead: Ns = 0n): void {
    this.range = range;
    this.ahead = ahead;
    const keep = <T extends { time: Ns }>(list: readonly T[]): readonly T[] => {
      const begin = LowerBound(list, range.from);
      const end = LowerBound(list, this.data_to);
      return begin === 0 && end === list.length ? list : list.slice(begin, end);
    };
    const before = this.raw.length + this.avg.length + this.rows.length;
    this.raw = keep(this.raw);
    this.avg = keep(this.avg);
    this.rows = keep(this.rows);
    if (this.raw.length + this.avg.length + this.rows.length !== before) this.changes += 1;
  }

  ReplaceRaw(from: Ns, to: Ns, fresh: readonly Point[]): void {
    this.raw = this.#Changed(Replace(this.raw, from, to, this.#InRange(fresh), SamePoint)) ?? this.raw;
  }

  ReplaceAvg(from: Ns, to: Ns, fresh: readonly Point[]): void {
    this.avg = this.#Changed(Replace(this.avg, from, to, this.#InRange(fresh), SamePoint)) ?? this.avg;
  }

  ReplaceRows(from: Ns, to: Ns, fresh: readonly WindowRow[]): void {
    this.rows = this.#Changed(Replace(this.rows, from, to, this.#InRange(fresh), SameRow)) ?? this.rows;
  }

  Revised(): WindowRow[] {
    return this.Shown(this.rows).filter(IsRevised);
  }

  /** The range may have moved on while the answer was under way (invariant 1). */
  #InRange<T extends { time: Ns }>(list: readonly T[]): readonly T[] {
    return list.filter((item) => item.time >= this.range.from && item.time < this.data_to);
  }

  #Changed<T>(next: T[] | null): T[] | null {
    if (next !== null) this.changes += 1;
    return next;
  }
}
