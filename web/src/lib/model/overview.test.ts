// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GraphStatus, StatementStatus } from '../api/types.ts';
import { BuildFlow, BuildProblems, IsFirstRun, NewestEventTime, QueryFigures } from './overview.ts';

const kEmpty: GraphStatus = { streams: [], pipelines: [], views: [], databases: [] };

const WithProblems = (...problems: { severity: string; object: string; message: string }[]): GraphStatus => ({
  ...kEmpty, overview: { version: '0', health: 'failed', problems, records_per_second: 5 },
});

test('problems: failures first, one action each', () => {
  const { overview } = WithProblems(
    { severity: 'warn', object: 'store:clock', message: 'a' }, { severity: 'failed', object: 'pipeline:ec2', message: 'b' },
    { severity: 'warn', object: 'table:D.T.x', message: 'c' },
  );
  const rows = BuildProblems(overview);
  assert.deepEqual(rows.map((r) => r.title), ['pipeline ec2', 'store clock', 'table D.T.x']);
  assert.equal(rows[0]?.action.href, '/ui/pipelines?node=pipeline%3Aec2');
  assert.equal(rows[2]?.action.href, '/ui/db/D/T.x');
});

test('the flow names the worst box with its reason', () => {
  const { boxes } = BuildFlow(WithProblems({ severity: 'warn', object: 'pipeline:a', message: 'slow' }, { severity: 'failed', object: 'pipeline:b', message: 'broken' }), 0);
  const box = boxes.find(({ id }) => id === 'pipelines');
  assert.deepEqual([box?.tone, box?.reason], ['failed', 'broken']);
  assert.ok(boxes.filter(({ id }) => id !== 'pipelines').every(({ tone }) => tone === 'ok'));
});

test('first run until something exists', () => {
  assert.equal(IsFirstRun(kEmpty), true);
  assert.equal(IsFirstRun({ ...kEmpty, databases: [{ name: 'D', tables: [] }] }), true);
  assert.equal(NewestEventTime(kEmpty), null);
});

test('query figures are of the last fifteen minutes', () => {
  const now = Date.parse('2026-01-15T17:00:00Z');
  const at = (ago_s: number, ms: number, state = 'succeeded'): StatementStatus =>
    ({ query_id: '', origin: 'console', state, sql: '', started: new Date(now - ago_s * 1000 - ms).toISOString(), elapsed_ms: String(ms), error: null }) as StatementStatus;
  const many = Array.from({ length: 20 }, (_, i) => at(30, i + 1));
  assert.deepEqual(QueryFigures([...many, at(2000, 99_999), at(10, 5, 'running')], now), { p95_ms: 19, count: 20, per_second: 20 / 60 });
  assert.deepEqual(QueryFigures([], now), { p95_ms: null, count: 0, per_second: 0 });
});
