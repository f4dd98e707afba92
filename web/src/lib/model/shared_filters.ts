// SPDX-License-Identifier: Apache-2.0
// Filters of a whole dashboard. They are kept with the wells of every panel that they hold for, so that a panel's statement is made of
// its own wells alone; a change in one panel is a change in all of them. Statements written by hand are left as they are. Pure.
import type { DashboardFile, Panel } from './dashboard_file.ts';
import { QueryOf, StateOf } from './panel_wells.ts';
import { ReadSpec } from './well_read.ts';
import type { FilterWell, WellContext, WellSpec } from './well_spec.ts';

export const SharedOf = (spec: WellSpec): FilterWell[] => spec.filters.filter(({ scope }) => scope === 'dashboard');

const Same = (a: readonly FilterWell[], b: readonly FilterWell[]): boolean => JSON.stringify(a) === JSON.stringify(b);

function SpecsOf(file: DashboardFile, database: string, table: string): WellSpec[] {
  return file.panels.flatMap(({ queries }) => queries.flatMap(({ wells }) => {
    const spec = ReadSpec(wells);
    return spec !== null && spec.database === database && spec.table === table ? [spec] : [];
  }));
}

/** Those that hold for a table. */
export const SharedFilters = (file: DashboardFile, database: string, table: string): FilterWell[] => SpecsOf(file, database, table).map(SharedOf).find((list) => list.length > 0) ?? [];

/** Wells with the filters of the dashboard that they come to, in front of their own. */
export function WithShared(spec: WellSpec, shared: readonly FilterWell[]): WellSpec {
  return Same(SharedOf(spec), shared) ? spec : { ...spec, filters: [...shared, ...spec.filters.filter(({ scope }) => scope !== 'dashboard')] };
}

/** Every panel of the table with the filters of the dashboard that `spec` has now. `context`: of that table. */
export function ShareFilters(file: DashboardFile, spec: WellSpec, context: WellContext): DashboardFile {
  const shared = SharedOf(spec);
  const Shared = (panel: Panel): Panel => {
    const queries = panel.queries.map((query, at) => {
      const own = ReadSpec(query.wells);
      if (own === null || own.database !== spec.database || own.table !== spec.table) return query;
      const next = WithShared(own, shared);
      return next === own ? query : { ...QueryOf({ ...StateOf(panel, at), spec: next }, context, query), style: query.style, axis: query.axis };
    });
    return queries.every((query, i) => query === panel.queries[i]) ? panel : { ...panel, queries };
  };
  return { ...file, panels: file.panels.map(Shared) };
}
