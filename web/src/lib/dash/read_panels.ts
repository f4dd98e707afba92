// SPDX-License-Identifier: Apache-2.0
// Asks the server for what panels show: one call for all of them, and beside it the history of the rows whose queries want it. A query
// that fails is a fault of its own; only a call that fails as a whole throws.
import { GetRevisions } from '../api/client.ts';
import type { ColumnBlock } from '../api/columns.ts';
import { GetPanels, kPanelsMax, type PanelRequest, type VariableValues } from '../api/dashboards.ts';
import type { WindowRow } from '../model/chart.ts';
import { ToWindowRow } from '../model/chart.ts';
import type { Panel, PanelQuery } from '../model/dashboard_file.ts';
import { FailedQuery, kNoAnswer, type QueryData } from '../model/panel_data.ts';
import type { Resolved } from '../model/time_range.ts';
import { Substitute } from '../model/variables.ts';
import { TableOfBlock } from '../model/wells.ts';
import { ToErrorBody } from '../state/resource.svelte.ts';
import { FloorMs, type Ns } from '../time.ts';

export interface PanelsWish {
  panels: readonly Panel[];
  /** The stored dashboard whose queries run; null: those of `panels` as they are here. */
  stored: { id: string; version: string } | null;
  variables: VariableValues;
  range: Resolved;
  /** Width of a bin, in milliseconds. */
  WidthOf(panel: Panel): number;
  as_of: Ns | null;
  /** How far beyond the range a chart's windows may lie: early rows have the time of their window's end. */
  AheadOf?(panel: Panel): Ns;
  /** Whether a panel's switch is on; left out: they all are. */
  IsOn?(panel: Panel): boolean;
  signal: AbortSignal;
}

const kPointsMax = 4000;
const kRowsMax = 10_000;
const kQueriesMax = 100;

/** Only what is drawn over time is reduced to what a screen shows. */
const IsReduced = ({ visual }: Panel): boolean => visual === 'line' || visual === 'area';

const Limits = (panel: Panel): Pick<PanelRequest, 'max_points' | 'max_rows'> => (IsReduced(panel) ? { max_points: kPointsMax } : { max_rows: kRowsMax });

const Ahead = (panel: Panel, wish: PanelsWish): Ns => (IsReduced(panel) ? (wish.AheadOf?.(panel) ?? 0n) : 0n);

/** The end of the range for one panel, where it is another one. */
function EndOf(panel: Panel, wish: PanelsWish): { to?: string } {
  const ahead = Ahead(panel, wish);
  return ahead === 0n ? {} : { to: String(FloorMs(wish.range.to + ahead)) };
}

/** The queries that are not asked for: those of a switch that is off. */
const Skipped = (panel: Panel, wish: PanelsWish): readonly number[] => (wish.IsOn?.(panel) === false ? (panel.options.toggle?.queries ?? []) : []);

function Chosen(panel: Panel, wish: PanelsWish): { queries?: number[] } {
  const skipped = Skipped(panel, wish);
  return skipped.length === 0 ? {} : { queries: panel.queries.map((_, i) => i).filter((i) => !skipped.includes(i)) };
}

function Requests(wish: PanelsWish): PanelRequest[] {
  if (wish.stored !== null) return wish.panels.map((panel) => ({ id: panel.id, interval_ms: wish.WidthOf(panel), ...Limits(panel), ...EndOf(panel, wish), ...Chosen(panel, wish) }));
  return wish.panels.flatMap((panel) => panel.queries.map((query, i) => ({
    id: `${i}/${panel.id}`, sql: query.sql, interval_ms: wish.WidthOf(panel), ...Limits(panel), ...EndOf(panel, wish),
    ...(query.database === '' ? {} : { database: query.database }), ...(query.table === '' ? {} : { table: query.table }), ...(query.measure === '' ? {} : { measure: query.measure }),
  })));
}

export const DataOfBlock = (block: ColumnBlock, rows: WindowRow[] | null): QueryData => ({
  table: TableOfBlock(block), truncated: block.header.truncated, reduced: block.header.reduced, watermark: block.header.watermark === null ? null : BigInt(block.header.watermark),
  as_of: block.header.as_of === null ? null : BigInt(block.header.as_of), expanded_sql: block.header.expanded_sql, elapsed_ms: null, error: null, rows,
});

/** Conditions of the history that have one value; null: the query asks for none. */
export function HistoryOf(query: PanelQuery, variables: VariableValues): Record<string, string> | null {
  if (query.revisions === null || query.database === '' || query.table === '' || query.measure === '') return null;
  const out: Record<string, string> = {};
  for (const [name, text] of Object.entries(query.revisions.dimensions)) {
    const value = Substitute(text, variables);
    if (value !== null) out[name] = value;
  }
  return out;
}

async function History(panel: Panel, query: PanelQuery, wish: PanelsWish): Promise<WindowRow[] | null> {
  const dimensions = HistoryOf(query, wish.variables);
  if (dimensions === null) return null;
  const { database, table, measure } = query;
  try {
    const answer = await GetRevisions({ database, table, measure, dimensions, from: wish.range.from, to: wish.range.to + Ahead(panel, wish) }, wish.signal);
    return answer.rows.map(ToWindowRow);
  } catch (e) {
    if (wish.signal.aborted) throw e;
    // The values are there all the same: a chart without marks, as of a measure that no view writes.
    return null;
  }
}

/** What each panel's queries gave, by the panel's id. */
export async function ReadPanels(wish: PanelsWish): Promise<Map<string, QueryData[]>> {
  const asked = Requests(wish);
  const histories = Promise.all(wish.panels.map((panel) => Promise.all(panel.queries.map((query) => History(panel, query, wish)))));
  histories.catch(() => undefined); // awaited below, unless the other call fails first
  const found = new Map<string, QueryData>();
  const Key = (panel: string, query: number): string => `${query}/${panel}`;
  for (const part of Chunks(asked, wish)) {
    const began = performance.now();
    const blocks = await GetPanels({
      ...(wish.stored === null ? {} : { dashboard: wish.stored.id, version: wish.stored.version }), variables: wish.variables,
      from: String(FloorMs(wish.range.from)), to: String(FloorMs(wish.range.to)), ...(wish.as_of === null ? {} : { as_of: String(wish.as_of) }), panels: part,
    }, wish.signal);
    const elapsed_ms = performance.now() - began;
    for (const block of blocks) {
      const { panel = '', query = 0, error } = block.header;
      const data = error === undefined ? DataOfBlock(block, null) : FailedQuery(error);
      found.set(wish.stored === null ? panel : Key(panel, query), { ...data, elapsed_ms });
    }
  }
  const rows = await histories;
  return new Map(wish.panels.map((panel, p) => [panel.id, panel.queries.map((_, q) => {
    if (wish.stored !== null && Skipped(panel, wish).includes(q)) return kNoAnswer;
    const data = found.get(Key(panel.id, q)) ?? FailedQuery(ToErrorBody(new Error('The answer has nothing of this query.')));
    const dimensions = HistoryOf(panel.queries[q] as PanelQuery, wish.variables);
    return { ...data, rows: rows[p]?.[q] ?? null, ...(dimensions === null ? {} : { dimensions }) };
  })]));
}

function* Chunks(asked: readonly PanelRequest[], wish: PanelsWish): Generator<PanelRequest[]> {
  const count = new Map(wish.panels.map((panel) => [panel.id, panel.queries.length]));
  let part: PanelRequest[] = [];
  let queries = 0;
  for (const request of asked) {
    const more = wish.stored === null ? 1 : (count.get(request.id) ?? 1);
    if (part.length > 0 && (part.length >= kPanelsMax || queries + more > kQueriesMax)) {
      yield part;
      part = [];
      queries = 0;
    }
    part.push(request);
    queries += more;
  }
  if (part.length > 0) yield part;
}
