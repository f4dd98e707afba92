// SPDX-License-Identifier: Apache-2.0
// What wells say about a panel's answers beyond their columns: the axis of each value.
import type { PanelQuery } from './dashboard_file.ts';
import { ReadSpec } from './well_read.ts';
import type { WellSpec } from './well_spec.ts';
import { ToSql } from './well_sql.ts';

const SpecOf = (query: PanelQuery | undefined): WellSpec | null => (query?.wells == null ? null : ReadSpec(query.wells));

/** The axis of a line of a query, by the value that it shows. */
export function AxisOf(query: PanelQuery, line: string): PanelQuery['axis'] {
  const spec = SpecOf(query);
  if (spec === null || spec.values.every(({ axis }) => axis === spec.values[0]?.axis)) return spec?.values[0]?.axis ?? query.axis;
  const names = ToSql(spec, { schema: null }).columns.values;
  const at = names.findIndex((name) => line === name || line.endsWith(` · ${name}`));
  return spec.values[at]?.axis ?? query.axis;
}
