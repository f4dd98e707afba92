// SPDX-License-Identifier: Apache-2.0
// The history of a view's rows as it fits a line that shows several of them as one: several series, or the windows of a wider bin.
// Each change moves the mean by its row's share, so that the line as of a time, and every step of a point, are what they were. Pure.
import type { Ns } from '../time.ts';
import { FirstValue, type Revision, type WindowRow } from './chart.ts';

/** How rows count in a mean: each the same, or by the raw points that they are made of. */
export type Weighing = 'rows' | 'records';

/** Rows of one point of a line, as one. */
export function Together(time: Ns, rows: readonly WindowRow[], weighing: Weighing): WindowRow {
  const first = rows[0] as WindowRow;
  const weights = rows.map((row) => (weighing === 'rows' ? 1 : Number(row.record_count ?? 1n) || 1));
  const now = rows.map(FirstValue);
  const Mean = (): number | null => {
    let sum = 0;
    let weight = 0;
    now.forEach((value, i) => {
      if (value === null) return;
      sum += value * (weights[i] ?? 1);
      weight += weights[i] ?? 1;
    });
    return weight === 0 ? null : sum / weight;
  };
  const changes = rows.flatMap((row, i) => row.revisions.filter(({ frozen }) => !frozen).slice(1).map((entry) => ({ entry, i }))).sort((a, b) => (a.entry.at < b.entry.at ? -1 : a.entry.at > b.entry.at ? 1 : 0));
  const begun = rows.flatMap(({ revisions }) => revisions.slice(0, 1)).reduce<Revision | null>((least, entry) => (least === null || entry.at < least.at ? entry : least), null);
  const revisions: Revision[] = begun === null ? [] : [{ ...begun, revision: 1n, old: null, value: Mean(), record_count: null, records_added: null }];
  // What one firing changed is one step.
  for (let k = 0; k < changes.length && begun !== null; ) {
    const at = changes[k]?.entry.at as Ns;
    const step: Revision[] = [];
    for (; k < changes.length && changes[k]?.entry.at === at; k += 1) {
      const { entry, i } = changes[k] as (typeof changes)[number];
      now[i] = entry.value;
      step.push(entry);
    }
    const lateness = step.map(({ lateness_max_ns }) => lateness_max_ns).filter((ns): ns is Ns => ns !== null);
    revisions.push({
      revision: BigInt(revisions.length + 1), old: revisions.at(-1)?.value ?? null, value: Mean(), late_points: step.reduce((sum, { late_points }) => sum + late_points, 0n), at, frozen: false,
      coarse: step.some(({ coarse }) => coarse), lateness_max_ns: lateness.length === 0 ? null : lateness.reduce((a, b) => (a > b ? a : b)), record_count: null,
      records_added: step.every(({ records_added }) => records_added != null) ? step.reduce((sum, { records_added }) => sum + (records_added ?? 0n), 0n) : null,
    });
  }
  rows.forEach((row, i) => (now[i] = row.value));
  const known = rows.every(({ record_count }) => record_count !== null);
  return {
    ...first, time, window_start: rows.reduce((low, r) => (r.window_start < low ? r.window_start : low), first.window_start),
    window_end: rows.reduce((high, r) => (r.window_end > high ? r.window_end : high), first.window_end), value: Mean(),
    revision: rows.every(({ revision }) => revision === 0n) ? 0n : BigInt(Math.max(1, revisions.length)), frozen: rows.some(({ frozen }) => frozen), revisions,
    record_count: known ? rows.reduce((sum, { record_count }) => sum + (record_count ?? 0n), 0n) : null, dimensions: {},
  };
}

/** Rows of several series at one time as one; rows of one series stay what they are. */
function BySeries(rows: readonly WindowRow[], weighing: Weighing): readonly WindowRow[] {
  if (rows.every((row, i) => i === 0 || row.time > (rows[i - 1] as WindowRow).time)) return rows;
  const groups = new Map<Ns, WindowRow[]>();
  for (const row of rows) {
    const group = groups.get(row.time);
    if (group === undefined) groups.set(row.time, [row]);
    else group.push(row);
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([time, group]) => (group.length === 1 ? (group[0] as WindowRow) : Together(time, group, weighing)));
}

/**
 * The history as it fits a line: the rows of its times, several series as their mean; where the line's bins are wider, the windows of
 * a bin as one, weighted by what is known of their size. Null: they do not fit.
 */
export function RowsOfLine(all: readonly WindowRow[], x: ArrayLike<Ns>, weighing: Weighing = 'rows'): readonly WindowRow[] | null {
  const rows = BySeries(all, weighing);
  const times = new Set(Array.from(x));
  const own = rows.filter((row) => times.has(row.time)).length;
  if (rows.length === 0 || own * 2 >= rows.length) return rows;
  let step = 0n;
  for (let i = 1; i < x.length; i += 1) {
    const by = (x[i] as Ns) - (x[i - 1] as Ns);
    if (by > 0n && (step === 0n || by < step)) step = by;
  }
  const [window] = rows;
  // Of the past, or cut by a condition: fewer points than windows, but not wider ones.
  if (window !== undefined && step <= window.window_end - window.window_start && own > 0) return rows;
  return step === 0n ? null : Array.from(x).flatMap((begin) => {
    const inside = rows.filter((row) => row.time >= begin && row.time < begin + step);
    return inside.length === 0 ? [] : [Together(begin, inside, 'records')];
  });
}
