// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DashboardFile } from './dashboard_file.ts';
import { ToSnapshot } from './snapshot.ts';

test('a snapshot is one file of plain text: times are digits, a query that failed says why', () => {
  const file = { schema: 1, title: 'Hosts', panels: [{ id: 'a', title: 'A' }, { id: 'b', title: 'B' }] } as unknown as DashboardFile;
  const none = { table: { rows: 0, columns: [] }, truncated: false, reduced: false, watermark: 7n, as_of: null, expanded_sql: null, elapsed_ms: null, rows: null };
  const failed = { ...none, error: { message: 'No such table' } } as never;
  const text = ToSnapshot({ file, taken: 9007199254740993n, as_of: null, range: { from: 1n, to: 2n }, variables: { host: ['x'] }, data: new Map([['a', [failed]]]) });
  const read = JSON.parse(text) as { kind: string; taken: string; panels: { id: string; queries: { error?: string; watermark: string }[] }[]; dashboard: { title: string } };
  assert.equal(read.kind, 'tidemark-snapshot');
  assert.equal(read.taken, '9007199254740993');
  assert.deepEqual(read.panels.map(({ id, queries }) => [id, queries.length]), [['a', 1], ['b', 0]]);
  assert.equal(read.panels[0]?.queries[0]?.error, 'No such table');
  assert.equal(read.panels[0]?.queries[0]?.watermark, '7');
  assert.equal(read.dashboard.title, 'Hosts');
});
