// SPDX-License-Identifier: Apache-2.0
// A chart of a result: which column is X, Value and Color, and the lines that come out of it. Works on rows of texts and on column
// blocks alike.
import type { BlockColumn, ColumnBlock } from '../api/columns.ts';
import type { Cell, Column } from '../api/types.ts';
import { ParseTimestamp, type Ns } from '../time.ts';
import { KindOf, type CellKind } from './result.ts';

export interface Table {
  columns: readonly Column[];
  rows: number;
  Text(column: number, row: number): string | null;
  Number(column: number, row: number): number | null;
  Time(column: number, row: number): Ns | null;
}

export const TableOfRows = (columns: readonly Column[], rows: readonly Cell[][]): Table => ({
  columns, rows: rows.length,
  Text: (column, row) => rows[row]?.[column] ?? null,
  Number: (column, row) => {
    const cell = rows[row]?.[column] ?? null;
    return cell === null ? null : cell === 'true' ? 1 : cell === 'false' ? 0 : Number(cell);
  },
  Time: (column, row) => {
    const cell = rows[row]?.[column] ?? null;
    return cell === null ? null : ParseTimestamp(cell);
  },
});

function BlockText(column: BlockColumn | undefined, row: number): string | null {
  if (column === undefined || column.IsNull(row)) return null;
  return column.kind === 'dict' || column.kind === 'varchar' || column.kind === 'json' ? column.Text(row) : String(column.values[row]);
}

export const TableOfBlock = ({ columns, rows }: ColumnBlock): Table => ({
  columns: columns.map(({ name, sql_type }) => ({ name, type: sql_type })), rows,
  Text: (column, row) => BlockText(columns[column], row),
  Number: (column, row) => {
    const c = columns[column];
    return c === undefined || c.IsNull(row) ? null : Number(c.values[row]);
  },
  Time: (column, row) => {
    const c = columns[column];
    return c === undefined || c.IsNull(row) || !(c.values instanceof BigInt64Array) ? null : (c.values[row] ?? null);
  },
});

export interface Wells {
  x: number | null;
  values: number[];
  color: number | null;
}

const kColorValuesMax = 25;
export const kLinesMax = 200;

const KindAt = (table: Table, column: number): CellKind => KindOf(table.columns[column]?.type ?? '');

function Distinct(table: Table, column: number, max: number): number {
  const seen = new Set<string | null>();
  for (let row = 0; row < table.rows && seen.size <= max; row += 1) seen.add(table.Text(column, row));
  return seen.size;
}

/** First time column -> X, numbers -> Value, text of few values -> Color. */
export function InferWells(table: Table): Wells {
  const all = table.columns.map((_, i) => i);
  const is = (...kinds: CellKind[]): number[] => all.filter((i) => kinds.includes(KindAt(table, i)));
  const numbers = is('number', 'integer');
  const texts = is('text', 'boolean').map((i) => ({ i, n: Distinct(table, i, kColorValuesMax) }));
  const time = is('time')[0];
  const x = time ?? texts.find(({ n }) => n > 1)?.i ?? null;
  const color = texts.filter(({ i, n }) => i !== x && n > 1 && n <= kColorValuesMax).sort((a, b) => a.n - b.n)[0]?.i ?? null;
  return { x, values: color === null ? numbers.slice(0, 8) : numbers.slice(0, 1), color };
}

export interface Line {
  name: string;
  x: Ns[];
  value: (number | null)[];
}

export interface Drawing {
  /** What X is: times, or positions of texts. */
  axis: 'time' | 'number' | 'text';
  labels: string[];
  lines: Line[];
  /** Lines that are left out. */
  dropped: number;
}

/** X as integers: nanoseconds, numbers of texts in their order of appearance, or whole numbers times 1e9. */
export function Draw(table: Table, wells: Wells): Drawing {
  const kind = wells.x === null ? 'text' : KindAt(table, wells.x);
  const axis = kind === 'time' ? 'time' : kind === 'number' || kind === 'integer' ? 'number' : 'text';
  const labels: string[] = [];
  const positions = new Map<string, bigint>();
  const lines = new Map<string, Line>();
  let dropped = 0;
  const X = (row: number): bigint | null => {
    if (wells.x === null) return BigInt(row) * 1_000_000_000n;
    if (axis === 'time') return table.Time(wells.x, row);
    if (axis === 'number') {
      const n = table.Number(wells.x, row);
      return n === null || !Number.isFinite(n) ? null : BigInt(Math.round(n * 1e9));
    }
    const text = table.Text(wells.x, row) ?? 'NULL';
    let at = positions.get(text);
    if (at === undefined) {
      at = BigInt(labels.length) * 1_000_000_000n;
      positions.set(text, at);
      labels.push(text);
    }
    return at;
  };
  for (let row = 0; row < table.rows; row += 1) {
    const x = X(row);
    if (x === null) continue;
    const color = wells.color === null ? null : (table.Text(wells.color, row) ?? 'NULL');
    for (const value of wells.values) {
      const measure = table.columns[value]?.name ?? '';
      const name = color === null ? measure : wells.values.length > 1 ? `${color} · ${measure}` : color;
      let line = lines.get(name);
      if (line === undefined) {
        if (lines.size >= kLinesMax) {
          dropped += 1;
          continue;
        }
        line = { name, x: [], value: [] };
        lines.set(name, line);
      }
      const n = table.Number(value, row);
      line.x.push(x);
      line.value.push(n === null || !Number.isFinite(n) ? null : n);
    }
  }
  for (const line of lines.values()) {
    if (line.x.every((x, i) => i === 0 || x >= (line.x[i - 1] as bigint))) continue;
    const order = line.x.map((_, i) => i).sort((a, b) => ((line.x[a] as bigint) < (line.x[b] as bigint) ? -1 : (line.x[a] as bigint) > (line.x[b] as bigint) ? 1 : a - b));
    line.x = order.map((i) => line.x[i] as bigint);
    line.value = order.map((i) => line.value[i] ?? null);
  }
  return { axis, labels, lines: [...lines.values()], dropped };
}
