// SPDX-License-Identifier: Apache-2.0
// A dashboard with the data that it shows, as one file that needs no server (console-ux.md 5.6): the definition, and of each query
// its columns and rows as exact text.
import type { VariableValues } from '../api/dashboards.ts';
import type { Ns } from '../time.ts';
import type { DashboardFile } from './dashboard_file.ts';
import { ToCells, type QueryData } from './panel_data.ts';

export interface SnapshotOf {
  file: DashboardFile;
  taken: Ns;
  as_of: Ns | null;
  range: { from: Ns; to: Ns };
  variables: VariableValues;
  data: ReadonlyMap<string, readonly QueryData[]>;
}

export function ToSnapshot({ file, taken, as_of, range, variables, data }: SnapshotOf): string {
  const panels = file.panels.map(({ id, title }) => ({
    id, title,
    queries: (data.get(id) ?? []).map(({ table, error, truncated, reduced, watermark, rows }) => ({
      ...(error === null ? ToCells(table) : { error: error.message, columns: [], rows: [] }),
      truncated, reduced, watermark,
      // Every published value of the rows, where the panel marks them.
      revisions: rows,
    })),
  }));
  const snapshot = { schema: 1, kind: 'tidemark-snapshot', title: file.title, taken, as_of, range, variables, panels, dashboard: file };
  return `${JSON.stringify(snapshot, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value), 1)}\n`;
}
