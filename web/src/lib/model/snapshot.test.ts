// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DashboardFile } from './dashboard_file.ts';
import { NewDashboard, NewQuery } from './dashboard_file.ts';
import { EmptyPanel } from './panel_wells.ts';
import { ReadSnapshot, ToSnapshot, type SnapshotOf } from './snapshot.ts';
import { TableOfRows } from './wells.ts';

test('a snapshot is one file of plain text: times are digits, a query that failed says why', () => {
  const file = { schema: 1, title: 'Hosts', panels: [{ id: 'a', title: 'A' }, { id: 'b', title: 'B' }] } as unknown as DashboardFile;
  const none = { table: { rows: 0, columns: [] }, truncated: false, reduced: false, watermark: 7n, as_of: null, expanded_sql: null, elapsed_ms: null, rows: null };
  const failed = { ...none, error: { message: 'No such table' } } as never;
  const text = ToSnapshot({ file, taken: 9007199254740993n, as_of: null, range: { from: 1n, to: 2n }, variables: { host: ['x'] }, data: new Map([['a', [failed]]]), lateness: new Map() });
  const read = JSON.parse(text) as { kind: string; taken: string; panels: { id: string; queries: { error?: string; watermark: string }[] }[]; dashboard: { title: string } };
  assert.equal(read.kind, 'tidemark-snapshot');
  assert.equal(read.taken, '9007199254740993');
  assert.deepEqual(read.panels.map(({ id, queries }) => [id, queries.length]), [['a', 1], ['b', 0]]);
  assert.equal(read.panels[0]?.queries[0]?.error, 'No such table');
  assert.equal(read.panels[0]?.queries[0]?.watermark, '7');
  assert.equal(read.dashboard.title, 'Hosts');
});

test('a snapshot reads as it was written, histories too; what is none says why', () => {
  const revision = { revision: 1n, old: null, value: 0.5, late_points: 0n, at: 9n, frozen: false, coarse: false, lateness_max_ns: null, record_count: 3n, records_added: null };
  const row = { time: 5n, window_start: 4n, window_end: 9007199254740993n, revision: 1n, value: 0.5, frozen: false, record_count: null, dimensions: { time: '7' }, revisions: [revision] };
  const table = TableOfRows([{ name: 'time', type: 'TIMESTAMP' }, { name: 'v', type: 'DOUBLE' }], [['2026-01-15 16:00:00.000000001', '0.1'], [null, 'NaN']]);
  const dashboard = NewDashboard('Hosts');
  const file = { ...dashboard, panels: [{ ...EmptyPanel(dashboard, 'A'), queries: [NewQuery({ sql: 'SELECT 1' })] }] };
  const data = { table, truncated: true, reduced: false, watermark: 7n, as_of: null, expanded_sql: null, elapsed_ms: null, error: null, rows: [row] };
  const taken: SnapshotOf = { file, taken: 1n, as_of: 3n, range: { from: 1n, to: 2n }, variables: { host: ['x'] }, data: new Map([[file.panels[0]?.id ?? '', [data]]]), lateness: new Map([[file.panels[0]?.id ?? '', 60n]]) };
  const read = ReadSnapshot(JSON.parse(ToSnapshot(taken)));
  assert.ok(typeof read !== 'string');
  assert.deepEqual({ ...read, data: null }, { ...taken, data: null });
  const [query] = [...read.data.values()].flat();
  assert.deepEqual(query?.rows, [row]);
  assert.deepEqual([query?.table.Time(0, 0), query?.table.Text(1, 1), query?.truncated, query?.watermark], [1768492800000000001n, 'NaN', true, 7n]);
  assert.equal(ToSnapshot(read), ToSnapshot(taken));
  assert.match(String(ReadSnapshot({ kind: 'tidemark-snapshot', schema: 2 })), /schema 1/);
  assert.match(String(ReadSnapshot({ ...JSON.parse(ToSnapshot(taken)), taken: 'then' })), /changed or cut off/);
});
