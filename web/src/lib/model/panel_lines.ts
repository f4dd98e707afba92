// SPDX-License-Identifier: Apache-2.0
// The lines of a panel from the answers of its queries, and the same as a story for sentences. Pure.
import { FromWall, type Ns } from '../time.ts';
import type { WindowRow } from './chart.ts';
import type { LineStyle, Panel, PanelQuery } from './dashboard_file.ts';
import { RowsOfLine } from './merged_rows.ts';
import type { Story } from './narrative.ts';
import { TokenOf, type ChartData, type ChartLine } from './panel_chart.ts';
import { PanelWells, type QueryData } from './panel_data.ts';
import { KindOf } from './result.ts';
import { AsOf } from './revisions.ts';
import type { Resolved } from './time_range.ts';
import { kMultiplesMax, WallZone } from './well_spec.ts';
import { AxisOf } from './well_roles.ts';
import { Draw, type Drawing, type Line, type Table } from './wells.ts';

export interface PanelLines {
  chart: ChartData;
  /** Lines that are not drawn. */
  dropped: number;
}

const kUnit = 1_000_000_000n;

/** Of several answers on a text axis each has positions of its own: one list of labels for all. */
function ShareLabels(drawings: readonly Drawing[]): string[] {
  const labels = [...new Set(drawings.flatMap((drawing) => drawing.labels))];
  const at = new Map(labels.map((label, i) => [label, BigInt(i) * kUnit]));
  for (const drawing of drawings) {
    for (const line of drawing.lines) {
      const moved = line.x.map((x, i) => ({ x: at.get(drawing.labels[Number(x / kUnit)] ?? '') ?? x, value: line.value[i] ?? null })).sort((a, b) => (a.x < b.x ? -1 : 1));
      line.x = moved.map(({ x }) => x);
      line.value = moved.map(({ value }) => value);
    }
  }
  return labels;
}

/** The statement of wells in a zone gives what its clocks show: the times of that. */
function Instants(drawing: Drawing, query: PanelQuery | undefined): Drawing {
  const zone = WallZone(query?.wells?.x ?? null);
  if (zone === null || drawing.axis !== 'time') return drawing;
  return { ...drawing, lines: drawing.lines.map((line) => ({ ...line, x: line.x.map((wall) => FromWall(wall, zone)) })) };
}

const Mean = ({ value }: Line): number => {
  const known = value.filter((v): v is number => v !== null);
  return known.length === 0 ? -Infinity : known.reduce((a, b) => a + b, 0) / known.length;
};

function NameOf(line: Line, query: PanelQuery, alone: boolean, taken: ReadonlySet<string>): string {
  const name = alone && query.name !== '' ? query.name : line.name;
  return taken.has(name) ? `${query.name === '' ? 'query' : query.name} · ${name}` : name;
}

const ColorOf = (table: Table): string => table.columns[PanelWells(table).color ?? -1]?.name ?? '';

/** The history of one line of several: that of the dimension which tells them apart; of measures only the view's has one. */
function OfLine(rows: readonly WindowRow[], color: string | null, name: string, measure: string): readonly WindowRow[] | null {
  if (color === null) return rows;
  if (color === 'measure_name') return name === measure ? rows : null;
  return rows.filter(({ dimensions }) => dimensions[color] === name);
}

/** Bars may have a line over them, on the other axis. */
function StyleOf({ visual }: Panel, { style, axis }: PanelQuery): LineStyle {
  if (visual === 'area') return 'area';
  return visual === 'bar' && style === 'line' && axis === 'left' ? 'bars' : style;
}

/** Areas and bars of the left axis stand on each other, the first at the bottom. */
function Stack(lines: ChartLine[]): void {
  const reached = new Map<Ns, number>();
  for (const line of lines) {
    if ((line.style !== 'area' && line.style !== 'bars') || line.axis !== 'left') continue;
    line.rows = null;
    line.lift = Array.from(line.x, (x, i) => {
      const below = reached.get(x) ?? 0;
      reached.set(x, below + (line.value[i] ?? 0));
      return below;
    });
  }
}

/** Early rows of windows that end after the range are shown: it goes on to the newest of them. */
function WithEarly(range: Resolved, data: readonly QueryData[]): Resolved {
  let to = range.to;
  for (const { rows } of data) for (const row of rows ?? []) if (row.revision === 0n && row.time >= to) to = row.time + 1n;
  return to === range.to ? range : { from: range.from, to: to + (to - range.from) / 100n };
}

/** Everything that the queries of a panel gave, as lines. A query that failed gives none. */
export function ToLines(panel: Panel, data: readonly QueryData[], context: { range: Resolved | null; allowed_lateness: Ns; view?: string | null }): PanelLines {
  const drawings = data.map(({ table }, q) => Instants(Draw(table, PanelWells(table)), panel.queries[q]));
  const drawn = drawings.filter(({ lines }) => lines.length > 0);
  const axis = drawn[0]?.axis ?? 'time';
  const labels = axis === 'text' ? ShareLabels(drawn) : [];
  const lines: ChartLine[] = [];
  const taken = new Set<string>();
  let dropped = drawings.reduce((sum, drawing) => sum + drawing.dropped, 0);
  let watermark: Ns | null = null;
  data.forEach((answer, q) => {
    const query = panel.queries[q];
    const drawing = drawings[q];
    if (query === undefined || drawing === undefined || drawing.axis !== axis) return;
    // By name, so that a line keeps its colour whatever row came first.
    let own = [...drawing.lines].sort((a, b) => (a.name < b.name ? -1 : 1));
    const { limit } = panel.options;
    if (limit > 0 && own.length > limit) {
      dropped += own.length - limit;
      const kept = new Set([...own].sort((a, b) => Mean(b) - Mean(a)).slice(0, limit));
      own = own.filter((line) => kept.has(line));
    }
    if (query.revisions !== null && answer.watermark !== null && (watermark === null || answer.watermark < watermark)) watermark = answer.watermark;
    own.forEach((line) => {
      const name = NameOf(line, query, own.length === 1, taken);
      taken.add(name);
      const history = answer.rows === null ? null : OfLine(answer.rows, own.length === 1 ? null : ColorOf(answer.table), line.name, query.measure);
      const switched = panel.options.toggle?.queries.includes(q) === true;
      const rows = history === null || switched ? null : RowsOfLine(history, line.x, /\brecord_count\b/.test(query.sql) ? 'records' : 'rows');
      lines.push({
        name, x: line.x, value: line.value, style: StyleOf(panel, query), ...(switched ? { dotted: true } : {}), token: query.wells?.color?.fixed?.[line.name] ?? TokenOf(lines.length), axis: AxisOf(query, line.name), rows,
        source: { database: query.database, table: query.table, measure: query.measure, view: rows === null ? null : (context.view ?? null), dimensions: answer.dimensions ?? {} },
      });
    });
  });
  if (panel.options.stacked) Stack(lines);
  const { min, max } = panel.options;
  const zone = panel.queries.find(({ wells }) => wells?.x?.zone !== undefined)?.wells?.x?.zone;
  return {
    chart: {
      ...(min === null && max === null ? {} : { y: { min, max } }), ...(zone === undefined ? {} : { zone }), axis, labels, range: axis === 'time' && context.range !== null ? WithEarly(context.range, data) : null, lines, watermark, allowed_lateness: context.allowed_lateness, thresholds: panel.options.thresholds.map((t) => ({ ...t })),
      missing: panel.options.missing,
    },
    dropped,
  };
}

/** The rows of a table that have `value` in a column, without that column. */
function Part(table: Table, column: number, value: string): Table {
  const rows: number[] = [];
  for (let row = 0; row < table.rows; row += 1) if ((table.Text(column, row) ?? 'NULL') === value) rows.push(row);
  const At = (i: number): number => (i < column ? i : i + 1);
  return {
    columns: table.columns.filter((_, i) => i !== column), rows: rows.length,
    Text: (i, row) => table.Text(At(i), rows[row] ?? -1), Number: (i, row) => table.Number(At(i), rows[row] ?? -1), Time: (i, row) => table.Time(At(i), rows[row] ?? -1),
  };
}

export interface Multiple {
  name: string;
  data: QueryData[];
}

/** A small chart for each value of the column that the wells name; null where they name none. */
export function ToMultiples(panel: Panel, data: readonly QueryData[]): { multiples: Multiple[]; dropped: number; y: 'shared' | 'own' } | null {
  const wells = panel.queries.find((query) => query.wells?.multiples != null)?.wells?.multiples ?? null;
  if (wells === null) return null;
  const columns = data.map(({ table }) => table.columns.findIndex(({ name }) => name === wells.column));
  const names = new Set<string>();
  data.forEach(({ table }, q) => {
    const column = columns[q] ?? -1;
    for (let row = 0; column >= 0 && row < table.rows; row += 1) names.add(table.Text(column, row) ?? 'NULL');
  });
  if (names.size === 0) return null;
  const shown = [...names].slice(0, kMultiplesMax);
  return {
    dropped: names.size - shown.length, y: wells.y,
    multiples: shown.map((name) => ({
      name,
      data: data.map((answer, q) => {
        const column = columns[q] ?? -1;
        return column < 0 ? answer : { ...answer, table: Part(answer.table, column, name), rows: answer.rows?.filter(({ dimensions }) => (dimensions[wells.column] ?? name) === name) ?? null };
      }),
    })),
  };
}

/** One y axis for several charts. */
export function ShareY(charts: readonly ChartData[]): { min: number; max: number } | null {
  let min = Infinity;
  let max = -Infinity;
  for (const { lines } of charts) {
    for (const line of lines) {
      if (line.axis !== 'left') continue;
      if (line.style === 'bars' || line.style === 'area') min = Math.min(min, 0);
      for (let i = 0; i < line.value.length; i += 1) {
        const value = line.value[i] ?? null;
        if (value === null || !Number.isFinite(value)) continue;
        min = Math.min(min, value);
        max = Math.max(max, value + (line.lift?.[i] ?? 0));
      }
    }
  }
  if (min > max) return null;
  const room = (max - min || Math.abs(max) || 1) * 0.06;
  return { min: min === 0 ? 0 : min - room, max: max + room };
}

/** What sentences are told of: all queries, or the one that is named (by its name, or a line's). */
export function StoryOf(panel: Panel, data: readonly QueryData[], name: string | null, as_of: Ns | null = null): Story | null {
  const chosen = name === null ? -1 : panel.queries.findIndex((query) => query.name === name);
  const used = chosen < 0 ? data : data.slice(chosen, chosen + 1);
  const now = ToLines({ ...panel, queries: chosen < 0 ? panel.queries : panel.queries.slice(chosen, chosen + 1) }, used, { range: null, allowed_lateness: 0n }).chart;
  const chart = as_of === null ? now : AsOf(now, as_of);
  const lines = chart.lines.map(({ name: line, x, value }) => ({ name: line, x: [...x], value: [...value] }));
  const named = name === null || chosen >= 0 ? lines : lines.filter((line) => line.name === name);
  if (name !== null && chosen < 0 && named.length === 0) return null;
  const history = used.find(({ rows }) => rows !== null);
  const past = as_of === null ? null : (chart.lines.find(({ rows }) => rows !== null)?.rows ?? null);
  return { lines: named, axis: chart.axis, labels: chart.labels, rows: past ?? history?.rows ?? null, watermark: past === null ? (history?.watermark ?? null) : chart.watermark };
}

/** Whether a panel is a chart of lines: bars of categories that lie are not. */
export function DrawsLines(panel: Panel, data: readonly QueryData[]): boolean {
  if (panel.visual === 'line' || panel.visual === 'area') return true;
  if (panel.visual !== 'bar') return false;
  const first = data.find(({ table }) => table.columns.length > 0);
  const x = first === undefined ? null : PanelWells(first.table).x;
  const over_time = first !== undefined && x !== null && KindOf(first.table.columns[x]?.type ?? '') === 'time';
  return over_time || !panel.options.horizontal;
}

/** What a panel has nothing of: it is then empty, and not an empty drawing. */
export const IsEmpty = (panel: Panel, data: readonly QueryData[]): boolean => panel.visual !== 'text' && data.every(({ table, error }) => error === null && table.rows === 0);
