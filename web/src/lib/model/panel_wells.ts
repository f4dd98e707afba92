// SPDX-License-Identifier: Apache-2.0
// Between the editor of wells and a panel of a dashboard, both ways. Pure.
import type { RevisionMode } from './revisions.ts';
import { DefaultOptions, NewQuery, type DashboardFile, type Panel, type PanelQuery } from './dashboard_file.ts';
import { AutoVisual, FixedDimensions, RevisedMeasure, type WellVisual } from './well_edit.ts';
import { ReadSpec } from './well_read.ts';
import { EmptySpec, type WellContext, type WellSpec } from './well_spec.ts';
import { ToSql } from './well_sql.ts';

export type VisualChoice = 'auto' | WellVisual;

/** What an editor of wells holds. */
export interface WellsState {
  spec: WellSpec;
  visual: VisualChoice;
  /** Written by hand: the wells no longer count. */
  own_sql: string | null;
  /** Null: as the dashboard has it. */
  revisions: RevisionMode | null;
}

export const NewState = (database: string, table: string): WellsState => ({ spec: EmptySpec(database, table), visual: 'auto', own_sql: null, revisions: null });

const StyleOf = (visual: WellVisual): PanelQuery['style'] => (visual === 'area' ? 'area' : visual === 'bar' ? 'bars' : 'line');

/** The query of a panel. Its measure and dimensions are what the revision log is asked for. */
export function QueryOf({ spec, visual, own_sql }: WellsState, context: WellContext, before: PanelQuery = NewQuery()): PanelQuery {
  const drawn = visual === 'auto' ? AutoVisual(spec) : visual;
  const measure = RevisedMeasure(spec, context);
  if (own_sql !== null) return { ...before, sql: own_sql, wells: null };
  return {
    ...before, sql: ToSql(spec, context).sql, wells: spec, database: spec.database, table: spec.table, style: StyleOf(drawn), axis: spec.values[0]?.axis ?? 'left',
    measure: measure ?? spec.values[0]?.measure ?? '', revisions: measure === null || spec.x?.column !== 'time' ? null : { dimensions: FixedDimensions(spec) },
  };
}

/** The panel with its query number `at` as the editor has it. */
export function PanelOf(state: WellsState, context: WellContext, before: Panel, at = 0): Panel {
  const { spec, visual, revisions } = state;
  const drawn = visual === 'auto' && state.own_sql !== null ? before.visual : visual === 'auto' ? AutoVisual(spec) : visual;
  return {
    ...before, visual: drawn, queries: Object.assign([...before.queries], { [at]: QueryOf(state, context, before.queries[at]) }),
    options: { ...before.options, missing: spec.missing_in === 'sql' ? 'connect' : spec.missing, format: spec.values[0]?.format ?? before.options.format, revisions },
  };
}

export function StateOf(panel: Panel, at = 0): WellsState {
  const query = panel.queries[at];
  const spec = query === undefined ? null : ReadSpec(query.wells);
  const visual = panel.visual === 'text' ? 'auto' : panel.visual;
  if (spec === null) {
    const state = NewState(query?.database ?? '', query?.table ?? '');
    return { ...state, spec: { ...state.spec, missing: panel.options.missing }, visual, own_sql: query === undefined || query.sql.trim() === '' ? null : query.sql, revisions: panel.options.revisions };
  }
  return { spec, visual: visual === AutoVisual(spec) ? 'auto' : visual, own_sql: null, revisions: panel.options.revisions };
}

export function NewPanelId(file: DashboardFile): string {
  const taken = new Set(file.panels.map(({ id }) => id));
  let n = file.panels.length + 1;
  while (taken.has(`p${n}`)) n += 1;
  return `p${n}`;
}

export const kNewPanel = { w: 6, h: 7 } as const;

/** An empty panel below all others; the first one takes the whole width. */
export function EmptyPanel(file: DashboardFile, title = ''): Panel {
  const y = file.panels.reduce((low, { grid }) => Math.max(low, grid.y + grid.h), 0);
  return { id: NewPanelId(file), title, visual: 'line', grid: { x: 0, y, ...kNewPanel, ...(file.panels.length === 0 ? { w: 12, h: 8 } : {}) }, queries: [], options: DefaultOptions() };
}

/** What a panel is called when nobody says. */
export function TitleOf({ spec, own_sql }: WellsState): string {
  if (own_sql !== null) return 'New panel';
  const names = [...new Set(spec.values.map((v) => v.measure ?? v.column))];
  const filtered = spec.filters.find((f) => f.column === 'measure_name' && (f.op === 'is' || f.op === 'one_of'))?.values ?? [];
  const what = names.length === 1 && names[0]?.startsWith('measure_value::') === true && filtered.length > 0 ? filtered.slice(0, 3).join(', ') : names.slice(0, 3).join(', ');
  const by = spec.color !== null && spec.color.column !== 'measure_name' ? ` by ${spec.color.column}` : '';
  return what === '' ? 'New panel' : what + by;
}
