// SPDX-License-Identifier: Apache-2.0
// A result as the grid shows it: cells are the server's exact text; what is computed from them (order, summaries) is said to be of the
// loaded part only.
import type { Cell, Column } from '../api/types.ts';

export type CellKind = 'number' | 'integer' | 'time' | 'boolean' | 'text' | 'nested';

export function KindOf(type: string): CellKind {
  const name = type.toUpperCase();
  if (/[([{]/.test(name) || /^(ARRAY|ROW|TIMESERIES|MAP|JSON)/.test(name)) return 'nested';
  if (name === 'BIGINT' || name === 'INTEGER') return 'integer';
  if (name === 'DOUBLE') return 'number';
  if (name === 'TIMESTAMP') return 'time';
  if (name === 'BOOLEAN') return 'boolean';
  return 'text';
}

export const IsRight = (kind: CellKind): boolean => kind === 'number' || kind === 'integer';

/** Compares two cells of a kind exactly; NULL comes last either way. */
export function CompareCells(kind: CellKind, a: Cell, b: Cell): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  if (kind === 'integer') {
    const [x, y] = [BigInt(a), BigInt(b)];
    return x < y ? -1 : x > y ? 1 : 0;
  }
  if (kind === 'number') {
    const [x, y] = [Number(a), Number(b)];
    if (Number.isNaN(x) || Number.isNaN(y)) return Number(Number.isNaN(x)) - Number(Number.isNaN(y));
    return x - y;
  }
  return a < b ? -1 : a > b ? 1 : 0;
}

export interface Sort {
  column: number;
  direction: 'ascending' | 'descending';
}

/** Row numbers in the order of a sort; equal rows keep theirs. */
export function SortRows(rows: readonly Cell[][], kind: CellKind, { column, direction }: Sort): number[] {
  const order = rows.map((_, i) => i);
  const sign = direction === 'ascending' ? 1 : -1;
  return order.sort((a, b) => {
    const [x, y] = [rows[a]?.[column] ?? null, rows[b]?.[column] ?? null];
    const by = CompareCells(kind, x, y);
    return (x === null || y === null ? by : sign * by) || a - b;
  });
}

export interface ColumnSummary {
  count: number;
  nulls: number;
  distinct: number;
  min: string | null;
  max: string | null;
  mean: number | null;
  /** Counts of equal parts between min and max, for numbers and times. */
  histogram: number[];
}

const kBuckets = 16;

export function Summarize(rows: readonly Cell[][], column: number, kind: CellKind): ColumnSummary {
  const summary: ColumnSummary = { count: rows.length, nulls: 0, distinct: 0, min: null, max: null, mean: null, histogram: [] };
  const distinct = new Set<string>();
  const numbers: number[] = [];
  for (const row of rows) {
    const cell = row[column] ?? null;
    if (cell === null) {
      summary.nulls += 1;
      continue;
    }
    distinct.add(cell);
    if (summary.min === null || CompareCells(kind, cell, summary.min) < 0) summary.min = cell;
    if (summary.max === null || CompareCells(kind, cell, summary.max) > 0) summary.max = cell;
    const n = kind === 'time' ? Date.parse(`${cell.slice(0, 10)}T${cell.slice(11, 23)}Z`) : IsRight(kind) ? Number(cell) : NaN;
    if (Number.isFinite(n)) numbers.push(n);
  }
  summary.distinct = distinct.size;
  if (numbers.length === 0) return summary;
  if (IsRight(kind)) summary.mean = numbers.reduce((a, b) => a + b, 0) / numbers.length;
  let low = Infinity;
  let high = -Infinity;
  for (const n of numbers) {
    low = Math.min(low, n);
    high = Math.max(high, n);
  }
  if (high > low) {
    summary.histogram = new Array<number>(kBuckets).fill(0);
    for (const n of numbers) {
      const i = Math.min(kBuckets - 1, Math.floor(((n - low) / (high - low)) * kBuckets));
      summary.histogram[i] = (summary.histogram[i] ?? 0) + 1;
    }
  }
  return summary;
}

const QuoteCsv = (cell: Cell): string => (cell === null ? '' : cell === '' || /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);

/** RFC 4180; NULL is empty, an empty text is "". */
export const ToCsv = (columns: readonly Column[], rows: readonly Cell[][]): string =>
  [columns.map((c) => QuoteCsv(c.name)), ...rows.map((row) => row.map(QuoteCsv))].map((fields) => fields.join(',')).join('\r\n') + '\r\n';

function JsonCell(cell: Cell, kind: CellKind): string {
  if (cell === null) return 'null';
  if (kind === 'integer') return cell; // a JSON number of any length
  if (kind === 'number') return Number.isFinite(Number(cell)) ? (/^-?\d/.test(cell) ? cell.replace(/E\+?/, 'e') : JSON.stringify(cell)) : JSON.stringify(cell);
  if (kind === 'boolean') return cell;
  if (kind === 'nested') {
    try {
      JSON.parse(cell);
      return cell;
    } catch {
      return JSON.stringify(cell);
    }
  }
  return JSON.stringify(cell);
}

/** An array of objects; integers keep all their digits. A name that occurs twice gets a number. */
export function ToJson(columns: readonly Column[], rows: readonly Cell[][]): string {
  const seen = new Map<string, number>();
  const keys = columns.map(({ name }) => {
    const n = (seen.get(name) ?? 0) + 1;
    seen.set(name, n);
    return JSON.stringify(n === 1 ? name : `${name}_${n}`);
  });
  const kinds = columns.map(({ type }) => KindOf(type));
  const lines = rows.map((row) => `  {${row.map((cell, i) => `${keys[i]}:${JsonCell(cell, kinds[i] ?? 'text')}`).join(',')}}`);
  return `[\n${lines.join(',\n')}\n]\n`;
}

/** Cells for the clipboard: spreadsheets take tabs and lines. */
export const ToTsv = (rows: readonly Cell[][]): string =>
  rows.map((row) => row.map((cell) => (cell === null ? '' : /[\t\r\n"]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join('\t')).join('\n');

/** `[…12]`, `{…3}`: a nested cell in a line. */
export function NestedLabel(text: string): string {
  try {
    const value: unknown = JSON.parse(text);
    if (Array.isArray(value)) return `[…${value.length}]`;
    if (typeof value === 'object' && value !== null) return `{…${Object.keys(value).length}}`;
  } catch {
    // shown as it is
  }
  return text;
}

/** The values of a time series cell, for its sparkline; null if it is none. */
export function SeriesOf(text: string): number[] | null {
  try {
    const value: unknown = JSON.parse(text);
    if (!Array.isArray(value) || value.length === 0) return null;
    const numbers = value.map((item) => Number((item as { value?: unknown } | null)?.value ?? NaN));
    return numbers.every((n) => Number.isFinite(n)) ? numbers : null;
  } catch {
    return null;
  }
}

/** What the footer says of how much is shown; it never hides a truncation. */
export function FooterText({ rows, has_next, cancelled }: { rows: number; has_next: boolean; cancelled: boolean }, format: (n: number) => string): string {
  if (cancelled) return `cancelled after ${format(rows)} rows`;
  if (has_next) return `${format(rows)} of at least ${format(rows)} rows`;
  return `${format(rows)} ${rows === 1 ? 'row' : 'rows'} · complete`;
}
