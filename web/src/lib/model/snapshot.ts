// SPDX-License-Identifier: Apache-2.0
// A dashboard with the data that it shows, as one file that needs no server (console-ux.md 5.6): the definition, and of each query
// its columns and rows as exact text. Written, and read again.
import type { VariableValues } from '../api/dashboards.ts';
import type { Ns } from '../time.ts';
import type { DashboardFile } from './dashboard_file.ts';
import type { Cell, Column } from '../api/types.ts';
import type { Revision, WindowRow } from './chart.ts';
import { FaultText, Parse } from './dashboard_file.ts';
import { FailedQuery, ToCells, type QueryData } from './panel_data.ts';
import { TableOfRows } from './wells.ts';

export interface SnapshotOf {
  file: DashboardFile;
  taken: Ns;
  as_of: Ns | null;
  range: { from: Ns; to: Ns };
  variables: VariableValues;
  data: ReadonlyMap<string, readonly QueryData[]>;
  /** Of the views whose rows panels mark, by the panel's id. */
  lateness: ReadonlyMap<string, Ns>;
}

export function ToSnapshot({ file, taken, as_of, range, variables, data, lateness }: SnapshotOf): string {
  const panels = file.panels.map(({ id, title }) => ({
    id, title, ...(lateness.has(id) ? { allowed_lateness: lateness.get(id) } : {}),
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

export const IsSnapshot = (value: unknown): boolean => typeof value === 'object' && value !== null && (value as { kind?: unknown }).kind === 'tidemark-snapshot';

const kTimes = new Set(['time', 'window_start', 'window_end', 'revision', 'record_count', 'records_added', 'late_points', 'at', 'lateness_max_ns']);

/** Members that were integers of 64 bits are so again. */
function Revive(row: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, kTimes.has(name) && typeof value === 'string' ? BigInt(value) : value]));
}

function ReadRow(row: Record<string, unknown>): WindowRow {
  const revisions = (row['revisions'] as Record<string, unknown>[]).map((entry) => Revive(entry) as unknown as Revision);
  return { ...(Revive(row) as unknown as WindowRow), revisions };
}

interface StoredQuery {
  columns: Column[];
  rows: Cell[][];
  error?: string;
  truncated: boolean;
  reduced: boolean;
  watermark: string | null;
  revisions: Record<string, unknown>[] | null;
}

function ReadQuery(stored: StoredQuery): QueryData {
  if (stored.error !== undefined) return FailedQuery({ code: 'snapshot', status: 0, message: stored.error, hint: null, field: null, line: null, column: null, request_id: null, retryable: false });
  return {
    table: TableOfRows(stored.columns, stored.rows), truncated: stored.truncated, reduced: stored.reduced, watermark: stored.watermark === null ? null : BigInt(stored.watermark), as_of: null, expanded_sql: null, elapsed_ms: null,
    error: null, rows: stored.revisions?.map(ReadRow) ?? null,
  };
}

/** What a file of this kind says; a text says why it cannot be shown. */
export function ReadSnapshot(value: unknown): SnapshotOf | string {
  const m = value as { schema?: unknown; taken: string; as_of: string | null; range: { from: string; to: string }; variables: VariableValues; panels: { id: string; allowed_lateness?: string; queries: StoredQuery[] }[]; dashboard: unknown };
  if (!IsSnapshot(value) || m.schema !== 1) return 'It is no snapshot of schema 1: this version reads no other.';
  const parsed = Parse(m.dashboard);
  if (!parsed.ok) return `dashboard: ${FaultText(parsed)}`;
  try {
    return {
      file: parsed.file, taken: BigInt(m.taken), as_of: m.as_of === null ? null : BigInt(m.as_of), range: { from: BigInt(m.range.from), to: BigInt(m.range.to) }, variables: m.variables,
      data: new Map(m.panels.map(({ id, queries }) => [id, queries.map(ReadQuery)])),
      lateness: new Map(m.panels.flatMap(({ id, allowed_lateness }) => (allowed_lateness === undefined ? [] : [[id, BigInt(allowed_lateness)] as const]))),
    };
  } catch (e) {
    return `It was changed or cut off: ${e instanceof Error ? e.message : String(e)}.`;
  }
}
