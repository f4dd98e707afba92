// SPDX-License-Identifier: Apache-2.0
// Where the point card of a window leads, and what it copies.
import { FormatChange, FormatDurationNs, FormatPercentChange, FormatValue } from '../format.ts';
import { CeilMs, FormatFull, FormatTimestamp, kNsPerMs } from '../time.ts';
import { FirstValue, type Revision, type WindowRow } from './chart.ts';
import type { LineSource } from './panel_chart.ts';
import { PathOfParts } from './routes.ts';
import { TimesRevised } from './revisions.ts';

const Name = (text: string): string => `"${text.replaceAll('"', '""')}"`;
const Text = (text: string): string => `'${text.replaceAll("'", "''")}'`;

export interface ViewNames {
  name: string;
  database: string;
  table: string;
  output?: string;
}

/** The measure that a view's measure is made of: `avg_cpu` of `avg_{measure}` is `cpu`; null where the pattern does not fit. */
export function RawMeasure(measure: string, output: string | undefined): string | null {
  const [before, after] = (output ?? 'avg_{measure}').split('{measure}');
  if (before === undefined || after === undefined || !measure.startsWith(before) || !measure.endsWith(after)) return null;
  return measure.slice(before.length, measure.length - after.length) || null;
}

/** The statement that reads what a window was made of. */
export function RecordsSql(source: LineSource, row: WindowRow, view: ViewNames | null): string {
  const raw = RawMeasure(source.measure, view?.output);
  const dimensions = Object.keys(row.dimensions).length > 0 ? row.dimensions : source.dimensions;
  const conditions = [
    ...(raw === null ? [] : [`measure_name = ${Text(raw)}`]),
    ...Object.entries(dimensions).map(([name, value]) => `${Name(name)} = ${Text(value)}`),
    `time >= from_milliseconds(${row.window_start / kNsPerMs})`, `time < from_milliseconds(${CeilMs(row.window_end)})`,
  ];
  return `SELECT *\nFROM ${Name(view?.database ?? source.database)}.${Name(view?.table ?? source.table)}\nWHERE ${conditions.join('\n  AND ')}\nORDER BY time`;
}

export const RecordsHref = (source: LineSource, row: WindowRow, view: ViewNames | null): string => `/ui/query?sql=${encodeURIComponent(RecordsSql(source, row, view))}`;

/** One raw point. */
export interface PointName {
  database: string;
  table: string;
  measure: string;
  time_ns: string;
  dimensions: Record<string, string>;
}

export const PointParams = ({ database, table, measure, time_ns, dimensions }: PointName): URLSearchParams =>
  new URLSearchParams({ database, table, measure, time_ns, ...Object.fromEntries(Object.entries(dimensions).map(([name, value]) => [`dim.${name}`, value])) });

/** The page of one raw point. */
export const ExplainHref = (point: PointName): string => `/ui/explain?${PointParams(point)}`;

/** The newest late point that a row's history names, in the table that its view reads. */
export function LatePoint(row: WindowRow, view: Pick<ViewNames, 'database' | 'table'>): PointName | null {
  const point = row.revisions.findLast(({ points }) => points !== undefined)?.points?.[0];
  return point === undefined ? null : { database: view.database, table: view.table, measure: point.measure, time_ns: point.time, dimensions: point.dimensions };
}

export const WindowHref = (source: LineSource, row: WindowRow): string | null =>
  source.view === null ? null : `${PathOfParts('views', source.view, 'windows')}?window=${row.window_start}`;

/** Why a value was published. */
export function CauseWords(entry: Revision, index: number): string {
  if (entry.frozen) return 'late, not taken up';
  if (entry.coarse) return 'found by catching up';
  if (index === 0) return 'watermark';
  return entry.lateness_max_ns === null ? 'late' : `late, up to ${FormatDurationNs(String(entry.lateness_max_ns))}`;
}

/** The card as text, a revision a line. */
export function CardText(row: WindowRow, measure: string, state: string): string {
  const first = FirstValue(row);
  const head = `${measure} ${FormatFull(row.window_start, 0)} to ${FormatTimestamp(row.window_end, { digits: 0 })}: ${row.value === null ? 'NULL' : String(row.value)} (${state}, revised ${TimesRevised(row)} times)`;
  const change = first === null || row.value === null || first === row.value ? [] : [`first ${first}, change ${FormatChange(first, row.value)} ${FormatPercentChange(first, row.value)}`];
  const lines = row.revisions.map((entry, i) => `${entry.revision}\t${FormatFull(entry.at, 3)}\t${entry.value === null ? 'NULL' : FormatValue(entry.value)}\t${entry.coarse ? '' : `+${entry.late_points}`}\t${CauseWords(entry, i)}`);
  return [head, ...change, ...lines].join('\n');
}
