// SPDX-License-Identifier: Apache-2.0
// What panels show, from the blocks that the server answered: a figure, bars, a heatmap, a table. Lines are in panel_lines.ts. Pure.
import type { ApiErrorBody, Cell, Column } from '../api/types.ts';
import { FormatBytes, FormatCount, FormatDurationMs, FormatRate, FormatValue } from '../format.ts';
import { FormatTimestamp, type Ns } from '../time.ts';
import { kUtc } from '../zone.ts';
import { FirstValue, IsRevised, type WindowRow } from './chart.ts';
import type { PanelOptions } from './dashboard_file.ts';
import { KindOf, type CellKind } from './result.ts';
import { RowAsOf } from './revisions.ts';
import type { Table, Wells } from './wells.ts';

/** One query's answer. */
export interface QueryData {
  table: Table;
  truncated: boolean;
  reduced: boolean;
  watermark: Ns | null;
  as_of: Ns | null;
  expanded_sql: string | null;
  elapsed_ms: number | null;
  error: ApiErrorBody | null;
  /** The history of its rows, where the query asks for it. */
  rows: WindowRow[] | null;
  /** What that history was asked for. */
  dimensions?: Record<string, string>;
}

export const kNoTable: Table = { columns: [], rows: 0, Text: () => null, Number: () => null, Time: () => null };

/** Of a query that was not asked. */
export const kNoAnswer: QueryData = {
  table: kNoTable, truncated: false, reduced: false, watermark: null, as_of: null, expanded_sql: null, elapsed_ms: null, error: null, rows: null,
};

export const FailedQuery = (error: ApiErrorBody): QueryData =>
  ({ table: kNoTable, truncated: false, reduced: false, watermark: null, as_of: null, expanded_sql: null, elapsed_ms: null, error, rows: null });

export function FormatNumber(value: number | null, { format, unit, decimals }: Pick<PanelOptions, 'format' | 'unit' | 'decimals'>): string {
  if (value === null || !Number.isFinite(value)) return '–';
  const more = unit === '' ? '' : `\u2009${unit}`;
  const Fixed = (n: number, digits: number | null): string => (digits === null ? FormatValue(n) : n.toFixed(digits)).replace('-', '−');
  switch (format) {
    case 'count':
      return FormatCount(Math.round(value)) + more;
    case 'percent':
      return `${Fixed(value * 100, decimals ?? 1)}\u2009%`;
    case 'bytes':
      return FormatBytes(Math.round(value));
    case 'duration':
      return FormatDurationMs(Math.round(value));
    case 'rate':
      return FormatRate(value, unit);
    case 'auto':
    case 'time':
      return (decimals === null && Number.isInteger(value) && Math.abs(value) < 1e7 ? FormatCount(value) : Fixed(value, decimals)) + more;
  }
}

const Kind = (table: Table, column: number): CellKind => KindOf(table.columns[column]?.type ?? '');
const ColumnsOf = (table: Table, ...kinds: CellKind[]): number[] => table.columns.flatMap((_, i) => (kinds.includes(Kind(table, i)) ? [i] : []));
export const NumbersOf = (table: Table): number[] => ColumnsOf(table, 'number', 'integer');

/** Time (or the first text) is X, numbers are values, a text beside them makes a line of each of its values. */
export function PanelWells(table: Table): Wells {
  const time = ColumnsOf(table, 'time')[0];
  const texts = ColumnsOf(table, 'text', 'boolean');
  const x = time ?? texts[0] ?? null;
  return { x, values: NumbersOf(table).filter((i) => i !== x), color: texts.find((i) => i !== x) ?? null };
}

/** The same as it was at a time of processing, from the history that is there; what has none stays. */
export function DataAsOf(data: QueryData, at: Ns): QueryData {
  if (data.rows === null) return data;
  const rows = data.rows.map((row) => RowAsOf(row, at)).filter((row) => row !== null);
  const time = ColumnsOf(data.table, 'time')[0];
  const number = NumbersOf(data.table)[0];
  if (time === undefined || number === undefined) return { ...data, rows };
  return {
    ...data, rows,
    table: {
      columns: [{ name: data.table.columns[time]?.name ?? '', type: 'TIMESTAMP' }, { name: data.table.columns[number]?.name ?? '', type: 'DOUBLE' }], rows: rows.length,
      Time: (column, row) => (column === 0 ? (rows[row]?.time ?? null) : null), Number: (column, row) => (column === 1 ? (rows[row]?.value ?? null) : null),
      Text: (column, row) => (column === 1 && rows[row]?.value != null ? String(rows[row].value) : null),
    },
  };
}

export interface Kpi {
  /** What is written large. */
  text: string;
  value: number | null;
  time: Ns | null;
  spark: { time: Ns; value: number | null }[];
  /** The value before it, or what a second number says. */
  previous: { value: number; change: number } | null;
  /** The newest final window was revised: what it was first. */
  revised: { first: number; change: number; revisions: number; time: Ns } | null;
}

/** `{{revised}} of {{final}}` with the columns of a row. */
export function FillColumns(text: string, table: Table, row: number, options: PanelOptions): string {
  return text.replace(/\{\{\s*([^{}]+?)\s*\}\}/g, (_, name: string) => {
    const column = table.columns.findIndex((c) => c.name === name);
    if (column < 0) return `{{${name}}}`;
    return NumbersOf(table).includes(column) ? FormatNumber(table.Number(column, row), options) : (table.Text(column, row) ?? '–');
  });
}

/** A single row is the figure itself; of rows with a time the newest is, and the others are its past. */
export function ToKpi(data: readonly QueryData[], options: PanelOptions): Kpi {
  const { table, rows } = data[0] ?? { table: kNoTable, rows: null };
  const kpi: Kpi = { text: '–', value: null, time: null, spark: [], previous: null, revised: null };
  const time = ColumnsOf(table, 'time')[0];
  const number = NumbersOf(table)[0];
  if (number === undefined) {
    if (table.rows > 0 && time !== undefined) kpi.text = CellText(table, time, table.rows - 1) ?? '–';
    else if (table.rows > 0 && table.columns.length > 0) kpi.text = table.Text(0, 0) ?? '–';
    return kpi;
  }
  let at = 0;
  if (time !== undefined) {
    const points = Array.from({ length: table.rows }, (_, row) => ({ time: table.Time(time, row), value: table.Number(number, row), row }))
      .filter((p): p is { time: Ns; value: number | null; row: number } => p.time !== null)
      .sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
    kpi.spark = points.map(({ time: t, value }) => ({ time: t, value }));
    const last = points.findLast(({ value }) => value !== null);
    at = last?.row ?? 0;
    kpi.time = last?.time ?? null;
  }
  kpi.value = table.rows === 0 ? null : table.Number(number, at);
  kpi.text = options.text === '' || table.rows === 0 ? FormatNumber(kpi.value, options) : FillColumns(options.text, table, at, options);
  if (options.comparison === 'previous' && kpi.value !== null) {
    const known = kpi.spark.filter((p): p is { time: Ns; value: number } => p.value !== null);
    const second = NumbersOf(table)[1];
    const before = time !== undefined ? (known.at(-2)?.value ?? null) : second === undefined ? null : table.Number(second, at);
    if (before !== null) kpi.previous = { value: before, change: kpi.value - before };
  }
  const newest = (rows ?? []).findLast((row) => row.value !== null);
  const first = newest === undefined || !IsRevised(newest) ? null : FirstValue(newest);
  if (newest !== undefined && first !== null && newest.value !== null) {
    kpi.revised = { first, change: newest.value - first, revisions: newest.revisions.filter((r) => !r.frozen).length - 1, time: newest.time };
  }
  return kpi;
}

export interface Bar {
  label: string;
  value: number;
  /** 0..1 of the longest. */
  share: number;
}

export interface Bars {
  bars: Bar[];
  dropped: number;
  name: string;
}

export function ToBars(table: Table, options: PanelOptions): Bars {
  const label = ColumnsOf(table, 'text', 'boolean', 'time')[0];
  const number = NumbersOf(table)[0];
  if (number === undefined) return { bars: [], dropped: 0, name: '' };
  const all = Array.from({ length: table.rows }, (_, row) => ({
    label: label === undefined ? String(row + 1) : (CellText(table, label, row) ?? 'NULL'), value: table.Number(number, row),
  })).filter((bar): bar is { label: string; value: number } => bar.value !== null && Number.isFinite(bar.value));
  const shown = options.limit > 0 ? all.slice(0, options.limit) : all.slice(0, 200);
  const longest = Math.max(...shown.map(({ value }) => Math.abs(value)), 0);
  return {
    bars: shown.map((bar) => ({ ...bar, share: longest === 0 ? 0 : Math.abs(bar.value) / longest })), dropped: all.length - shown.length,
    name: table.columns[number]?.name ?? '',
  };
}

export interface Heat {
  times: Ns[];
  /** From the top down. */
  labels: string[];
  /** [label][time]; null: nothing there. */
  cells: (number | null)[][];
  max: number;
  name: string;
}

const kHeatRowsMax = 100;

/** Rows of (time, category, value), or of (time, value) that are counted in `buckets` of equal width. */
export function ToHeat(table: Table, options: PanelOptions): Heat {
  const time = ColumnsOf(table, 'time')[0];
  const numbers = NumbersOf(table);
  const text = ColumnsOf(table, 'text', 'boolean')[0];
  const none: Heat = { times: [], labels: [], cells: [], max: 0, name: '' };
  if (time === undefined || numbers.length === 0) return none;
  const counted = text === undefined && numbers.length === 1;
  const value = counted ? null : (numbers[text === undefined ? 1 : 0] as number);
  const times = new Map<Ns, number>();
  for (let row = 0; row < table.rows; row += 1) {
    const t = table.Time(time, row);
    if (t !== null) times.set(t, 0);
  }
  const sorted = [...times.keys()].sort((a, b) => (a < b ? -1 : 1));
  sorted.forEach((t, i) => times.set(t, i));
  const Name = Buckets(table, text ?? (numbers[0] as number), text !== undefined, counted ? options.buckets || 10 : 0);
  const rows = new Map<string, { order: number; cells: (number | null)[] }>();
  let max = 0;
  for (let row = 0; row < table.rows; row += 1) {
    const t = table.Time(time, row);
    const name = Name(row);
    if (t === null || name === null) continue;
    const entry = rows.get(name.label) ?? { order: name.order ?? rows.size, cells: new Array<number | null>(sorted.length).fill(null) };
    rows.set(name.label, entry);
    const at = times.get(t) as number;
    const sum = (entry.cells[at] ?? 0) + (value === null ? 1 : (table.Number(value, row) ?? 0));
    entry.cells[at] = sum;
    max = Math.max(max, sum);
  }
  const order = [...rows].sort(([, a], [, b]) => (text === undefined ? b.order - a.order : a.order - b.order)).slice(0, kHeatRowsMax);
  return { times: sorted, labels: order.map(([label]) => label), cells: order.map(([, { cells }]) => cells), max, name: value === null ? 'count' : (table.columns[value]?.name ?? '') };
}

/** The row of the heatmap that a row of the table belongs to. Numbers are named by where their bucket begins. */
function Buckets(table: Table, column: number, is_text: boolean, count: number): (row: number) => { label: string; order: number | null } | null {
  if (is_text) return (row) => ({ label: table.Text(column, row) ?? 'NULL', order: null });
  const values = Array.from({ length: table.rows }, (_, row) => table.Number(column, row)).filter((n): n is number => n !== null && Number.isFinite(n));
  const distinct = [...new Set(values)].sort((a, b) => a - b);
  if (count === 0) {
    // The statement made the buckets: their width is the least distance of two.
    let width = Infinity;
    for (let i = 1; i < distinct.length; i += 1) width = Math.min(width, (distinct[i] as number) - (distinct[i - 1] as number));
    return (row) => {
      const n = table.Number(column, row);
      return n === null ? null : { label: Number.isFinite(width) ? `${FormatShort(n)}–${FormatShort(n + width)}` : FormatShort(n), order: n };
    };
  }
  const low = distinct[0] ?? 0;
  const width = ((distinct.at(-1) ?? 0) - low) / count || 1;
  return (row) => {
    const n = table.Number(column, row);
    if (n === null) return null;
    const i = Math.min(count - 1, Math.floor((n - low) / width));
    return { label: `${FormatShort(low + i * width)}–${FormatShort(low + (i + 1) * width)}`, order: i };
  };
}

const FormatShort = (n: number): string => String(Number(n.toPrecision(4))).replace('-', '−');

/** A cell as the dialect's text: what the result grid shows. */
export function CellText(table: Table, column: number, row: number): string | null {
  switch (Kind(table, column)) {
    case 'time': {
      const time = table.Time(column, row);
      return time === null ? null : FormatTimestamp(time, { zone: kUtc });
    }
    case 'boolean': {
      const n = table.Number(column, row);
      return n === null ? null : n === 0 || n === 1 ? String(n === 1) : table.Text(column, row);
    }
    default:
      return table.Text(column, row);
  }
}

export function ToCells(table: Table): { columns: Column[]; rows: Cell[][] } {
  return { columns: [...table.columns], rows: Array.from({ length: table.rows }, (_, row) => table.columns.map((_c, column) => CellText(table, column, row))) };
}
