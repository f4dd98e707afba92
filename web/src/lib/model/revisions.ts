// SPDX-License-Identifier: Apache-2.0
// Revisions of a chart: which windows late data changed, how they are counted and said, and how the chart looked at a time of
// processing. A provisional window (the watermark has not passed its end) is never counted as revised: what it shows is early.
import { FormatChange, FormatPercentChange, FormatValue } from '../format.ts';
import { FormatClock, type Ns } from '../time.ts';
import { FirstValue, IsRevised, LowerBound, type WindowRow, type WindowState } from './chart.ts';
import type { ChartData, ChartLine } from './panel_chart.ts';
import type { ChartsEntry } from './hook.ts';

export type RevisionMode = 'off' | 'mark' | 'compare';
export const kRevisionModes: readonly RevisionMode[] = ['off', 'mark', 'compare'];
export const NextMode = (mode: RevisionMode): RevisionMode => kRevisionModes[(kRevisionModes.indexOf(mode) + 1) % kRevisionModes.length] ?? 'mark';

/** More lines than this have no marks of their own: the strip sums them, the band is the focused one's. */
export const kMarkedLinesMax = 8;

const kSaidMax = 3;

interface Clock {
  watermark: Ns | null;
  allowed_lateness: Ns;
}

export function StateOf(row: WindowRow, { watermark, allowed_lateness }: Clock): WindowState {
  if (watermark === null || watermark < row.window_end || row.revision === 0n) return 'provisional';
  if (watermark >= row.window_end + allowed_lateness) return 'closed';
  return IsRevised(row) ? 'revised' : 'final';
}

/** How often it was published again after the first time. */
export const TimesRevised = (row: WindowRow): number =>
  Math.max(0, row.revisions.length > 0 ? row.revisions.filter((r) => !r.frozen).length - 1 : Number(row.revision) - 1);

/** Late data changed it after the watermark passed its end. */
export const CountsAsRevised = (row: WindowRow, clock: Clock): boolean => IsRevised(row) && StateOf(row, clock) !== 'provisional';

/** Rows of the range. */
export function ShownRows(line: ChartLine, data: ChartData): readonly WindowRow[] {
  const rows = line.rows ?? [];
  if (data.range === null) return rows;
  return rows.slice(LowerBound(rows, data.range.from), LowerBound(rows, data.range.to));
}

export interface RevisedRow {
  line: number;
  row: WindowRow;
}

export function RevisedRows(data: ChartData): RevisedRow[] {
  return data.lines.flatMap((line, index) => (line.dotted === true ? [] : ShownRows(line, data).filter((row) => CountsAsRevised(row, data)).map((row) => ({ line: index, row }))));
}

export interface RevisionSummary {
  series: number;
  windows: number;
  final: number;
  revised: number;
  provisional: number;
  window_ns: Ns;
  largest: { row: WindowRow; first: number; current: number } | null;
}

/** Null for a chart without a view's line. */
export function Summarize(data: ChartData): RevisionSummary | null {
  const lines = data.lines.filter((line) => line.rows !== null && line.dotted !== true);
  if (lines.length === 0) return null;
  const summary: RevisionSummary = { series: lines.length, windows: 0, final: 0, revised: 0, provisional: 0, window_ns: 0n, largest: null };
  let largest = -1;
  for (const line of lines) {
    for (const row of ShownRows(line, data)) {
      summary.windows += 1;
      summary.window_ns = row.window_end - row.window_start;
      if (StateOf(row, data) === 'provisional') {
        summary.provisional += 1;
        continue;
      }
      summary.final += 1;
      if (!IsRevised(row)) continue;
      summary.revised += 1;
      const first = FirstValue(row);
      if (first === null || row.value === null || Math.abs(row.value - first) <= largest) continue;
      largest = Math.abs(row.value - first);
      summary.largest = { row, first, current: row.value };
    }
  }
  return summary;
}

const kUnits: [Ns, string][] = [[86_400_000_000_000n, 'day'], [3_600_000_000_000n, 'hour'], [60_000_000_000n, 'minute'], [1_000_000_000n, 'second'], [1_000_000n, 'millisecond']];

/** `1 minute`, `90 seconds`. */
export function WindowWords(ns: Ns): string {
  const [size, word] = kUnits.find(([unit]) => ns >= unit && ns % unit === 0n) ?? [1n, 'nanosecond'];
  const n = ns / size;
  return `${n} ${word}${n === 1n ? '' : 's'}`;
}

const Count = (n: number, one: string): string => `${n} ${n === 1 ? one : `${one}s`}`;

/** What late data did to the chart, in one sentence; '' for a chart that has no windows. */
export function Sentence(summary: RevisionSummary | null): string {
  if (summary === null) return '';
  if (summary.windows === 0) return 'No window is published in this range yet.';
  const parts = [`${Count(summary.windows, 'window')}${summary.window_ns === 0n ? '' : ` of ${WindowWords(summary.window_ns)}`}${summary.series > 1 ? ` in ${summary.series} series` : ''}`];
  if (summary.final > 0 && summary.revised === 0) parts.push('none was revised by late data');
  else if (summary.revised > 0) {
    const top = summary.largest;
    const percent = top === null ? '' : FormatPercentChange(top.first, top.current);
    parts.push(
      `${summary.revised} of ${Count(summary.final, 'final window')} ${summary.revised === 1 ? 'was' : 'were'} revised by late data` +
        (top === null ? '' : `, ${summary.revised === 1 ? '' : 'the largest '}by ${FormatChange(top.first, top.current)}${percent === '' ? '' : ` (${percent})`} at ${FormatClock(top.row.time)}`),
    );
  }
  if (summary.provisional > 0) parts.push(`${Count(summary.provisional, 'window')} ${summary.provisional === 1 ? 'is' : 'are'} provisional`);
  return `${parts.join('; ')}.`;
}

/** The dimensions of a line's rows; null where they are of several series, or none is known. */
export function DimensionsOf(line: ChartLine): Record<string, string> | null {
  const [first] = line.rows ?? [];
  if (first === undefined) return null;
  const text = JSON.stringify(first.dimensions);
  return (line.rows ?? []).every((row) => JSON.stringify(row.dimensions) === text) ? first.dimensions : null;
}

/** Whether two charts' lines are the same series: by name, and by what their windows are of. */
export const SameSeries = (a: ChartLine, b: ChartLine): boolean =>
  a.name === b.name && JSON.stringify(a.rows?.[0]?.dimensions) === JSON.stringify(b.rows?.[0]?.dimensions);

/** Windows that late data changed since the chart was like `before`, in a sentence; '' for none. */
export function JustRevised(before: ChartData, after: ChartData): string {
  const said: string[] = [];
  for (const line of after.lines) {
    const old = before.lines.find((other) => SameSeries(other, line));
    if (line.rows === null || old?.rows == null || old.rows === line.rows) continue;
    const known = new Map(old.rows.map((row) => [row.time, row]));
    for (const row of ShownRows(line, after)) {
      const was = known.get(row.time);
      if (was === undefined || was.revision === 0n || was.revision >= row.revision || !CountsAsRevised(row, after)) continue;
      if (was.value !== null && row.value !== null) said.push(`${FormatClock(row.window_start)} of ${line.name} was revised from ${FormatValue(was.value)} to ${FormatValue(row.value)}`);
    }
  }
  if (said.length > kSaidMax) return `${said.length} windows were revised by late data.`;
  return said.length === 0 ? '' : `${said.join('; ')}.`;
}

/** Every time at which a window of the chart was published again, ascending: where replay stops. */
export function RevisionTimes(data: ChartData): Ns[] {
  const times = new Set<Ns>();
  for (const line of data.lines) {
    for (const row of ShownRows(line, data)) row.revisions.forEach((r, i) => i > 0 && !r.frozen && times.add(r.at));
  }
  return [...times].sort((a, b) => (a < b ? -1 : 1));
}

/** A row as it was at a time of processing. Not published by then: open, without a value; null if it had not even begun. */
export function RowAsOf(row: WindowRow, as_of: Ns): WindowRow | null {
  const revisions = row.revisions.filter((r) => r.at <= as_of);
  if (revisions.length === row.revisions.length && revisions.length > 0) return row;
  const last = revisions.filter((r) => !r.frozen).at(-1);
  if (last === undefined) return row.window_start < as_of ? { ...row, revision: 0n, value: null, frozen: false, revisions: [], record_count: null } : null;
  return { ...row, revision: last.revision, value: last.value, frozen: revisions.some((r) => r.frozen), revisions, record_count: last.record_count ?? null };
}

/** What the server says of that time: the watermark then, and the rows of each line by their time. */
export interface KnownAsOf {
  watermark: Ns | null;
  rows: ReadonlyMap<number, ReadonlyMap<Ns, WindowRow>>;
}

/**
 * The chart as it was at a time of processing. Lines of views follow from the log of their revisions; the watermark too, as the newest
 * end of a window that was published, until the server says it. Other lines keep what they had measured by then: when that arrived is
 * not kept.
 */
export function AsOf(data: ChartData, as_of: Ns, known: KnownAsOf | null = null): ChartData {
  let published: Ns | null = null;
  const lines = data.lines.map((line, index): ChartLine => {
    if (line.rows === null) {
      if (data.axis !== 'time') return line;
      let n = line.x.length;
      while (n > 0 && (line.x[n - 1] as Ns) > as_of) n -= 1;
      return n === line.x.length ? line : { ...line, x: line.x.slice(0, n), value: line.value.slice(0, n) };
    }
    const told = known?.rows.get(index);
    const rows = line.rows.map((row) => {
      const own = told?.get(row.time);
      return own !== undefined && own.window_end === row.window_end ? own : RowAsOf(row, as_of);
    }).filter((row) => row !== null);
    const shown = rows.filter((row) => row.value !== null);
    for (const row of shown) if (row.revision > 0n && (published === null || row.window_end > published)) published = row.window_end;
    return { ...line, rows, x: shown.map((row) => row.time), value: shown.map((row) => row.value) };
  });
  // Without a view's line there is nothing that a watermark could say.
  if (data.lines.every(({ rows }) => rows === null)) return { ...data, lines };
  const newest = known === null ? published : (known.watermark ?? published);
  return { ...data, lines, as_of, watermark: newest ?? data.range?.from ?? null };
}

/** What `window.tidemark.charts()` says of a chart. */
export function ToChartsEntryOf(id: string, title: string, data: ChartData, mode: RevisionMode): ChartsEntry {
  const provisional = new Set<Ns>();
  for (const line of data.lines) for (const row of ShownRows(line, data)) if (StateOf(row, data) === 'provisional') provisional.add(row.time);
  const Within = (x: ChartLine['x']): { begin: number; end: number } => {
    let begin = 0;
    let end = x.length;
    if (data.range !== null && data.axis === 'time') {
      while (begin < end && (x[begin] as Ns) < data.range.from) begin += 1;
      while (end > begin && (x[end - 1] as Ns) >= data.range.to) end -= 1;
    }
    return { begin, end };
  };
  return {
    id, title, watermark: data.watermark === null ? null : String(data.watermark),
    series: data.lines.map(({ name, x, value }) => {
      const { begin, end } = Within(x);
      return { name, time: Array.from(x.slice(begin, end), String), value: Array.from(value.slice(begin, end)) };
    }),
    revised: mode === 'off' ? [] : RevisedRows(data).map(({ line, row }) => ({
      series: data.lines[line]?.name ?? '', time: String(row.time), first: FirstValue(row), current: row.value, revisions: TimesRevised(row),
    })),
    provisional: [...provisional].sort((a, b) => (a < b ? -1 : 1)).map(String),
  };
}
