// SPDX-License-Identifier: Apache-2.0
// A view's rows with their history, as charts mark them: what was published first, what late data made of it, what it is now.
import type { RevisionEntry, RevisionRow } from '../api/types.ts';
import type { Ns } from '../time.ts';

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
  /** The first of its late points, where they are known. */
  points?: RevisionEntry['points'];
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
  ...(entry.points === undefined || entry.points.length === 0 ? {} : { points: entry.points }),
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
