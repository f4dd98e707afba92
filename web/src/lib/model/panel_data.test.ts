// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Cell } from '../api/types.ts';
import type { WindowRow } from './chart.ts';
import { DefaultOptions, type PanelOptions } from './dashboard_file.ts';
import { DataAsOf, FormatNumber, PanelWells, ToBars, ToCells, ToHeat, ToKpi, type QueryData } from './panel_data.ts';
import { TableOfRows } from './wells.ts';

const Of = (columns: string, rows: Cell[][], more: Partial<QueryData> = {}): QueryData => ({
  table: TableOfRows(columns.split(' ').map((c) => ({ name: c.split(':')[0] ?? '', type: c.split(':')[1] ?? '' })), rows), truncated: false, reduced: false, watermark: null, as_of: null,
  expanded_sql: null, elapsed_ms: null, error: null, rows: null, ...more,
});
const With = (more: Partial<PanelOptions> = {}): PanelOptions => ({ ...DefaultOptions(), ...more });
const At = (minute: number): string => `2026-01-15 16:${String(minute).padStart(2, '0')}:00.000000000`;

test('numbers look as the panel says', () => {
  const cases: [number | null, Partial<PanelOptions>, string][] = [
    [0.61894, {}, '0.6189'], [1234, {}, '1\u2009234'], [0.5, { format: 'percent' }, '50.0\u2009%'], [90_000, { format: 'duration' }, '1 m 30 s'], [-2.345, { decimals: 1 }, '−2.3'],
    [2048, { format: 'bytes' }, '2.00 KiB'], [12, { unit: 'hosts' }, '12\u2009hosts'], [null, {}, '–'], [18_400, { format: 'rate', unit: 'rec' }, '18.4 k rec/s'],
  ];
  for (const [value, more, text] of cases) assert.equal(FormatNumber(value, With(more)), text);
});

test('a single row is the figure, with the words of its template', () => {
  const data = Of('revised:BIGINT final:BIGINT', [['6', '52']]);
  assert.equal(ToKpi([data], With()).text, '6');
  assert.equal(ToKpi([data], With({ text: '{{revised}} of {{ final }} {{gone}}' })).text, '6 of 52 {{gone}}');
  assert.deepEqual(ToKpi([data], With({ comparison: 'previous' })).previous, { value: 52, change: -46 });
  assert.equal(ToKpi([Of('v:VARCHAR', [['ok']])], With()).text, 'ok');
  assert.equal(ToKpi([Of('v:BIGINT', [])], With({ text: '{{v}} left' })).text, '–');
});

test('of rows in time the newest is the figure, wherever it stands', () => {
  const kpi = ToKpi([Of('time:TIMESTAMP v:DOUBLE', [[At(3), '0.5'], [At(1), '0.1'], [At(4), null], [At(2), '0.25']])], With({ comparison: 'previous' }));
  assert.deepEqual([kpi.text, kpi.value, kpi.spark.length], ['0.5000', 0.5, 4]);
  assert.deepEqual(kpi.previous, { value: 0.25, change: 0.25 });
});

test('a figure says what its newest window was before late data', () => {
  const row = (time: bigint, values: number[]): WindowRow => ({
    time, window_start: time - 60n, window_end: time, revision: BigInt(values.length), value: values.at(-1) ?? null, frozen: false, record_count: null, dimensions: {},
    revisions: values.map((value, i) => ({ revision: BigInt(i + 1), old: values[i - 1] ?? null, value, late_points: 1n, at: time, frozen: false, coarse: false, lateness_max_ns: null })),
  });
  const data = (rows: WindowRow[]): QueryData => Of('time:TIMESTAMP v:DOUBLE', [[At(1), '0.6189']], { rows });
  assert.deepEqual(ToKpi([data([row(1n, [0.1]), row(2n, [0.517, 0.56, 0.6189])])], With()).revised, { first: 0.517, change: 0.6189 - 0.517, revisions: 2, time: 2n });
  assert.equal(ToKpi([data([row(1n, [0.1, 0.2]), row(2n, [0.5])])], With()).revised, null);
});

test('a figure as it was is that of its history', () => {
  const row = (time: bigint, values: [number, bigint][]): WindowRow => ({
    time, window_start: time - 60n, window_end: time, revision: BigInt(values.length), value: values.at(-1)?.[0] ?? null, frozen: false, record_count: null, dimensions: {},
    revisions: values.map(([value, at], i) => ({ revision: BigInt(i + 1), old: values[i - 1]?.[0] ?? null, value, late_points: 1n, at, frozen: false, coarse: false, lateness_max_ns: null })),
  });
  const data = Of('time:TIMESTAMP v:DOUBLE', [[At(1), '0.3'], [At(2), '0.9']], { rows: [row(1n, [[0.1, 10n], [0.2, 20n], [0.3, 30n]]), row(2n, [[0.9, 40n]])] });
  const then = ToKpi([DataAsOf(data, 25n)], With());
  assert.deepEqual([then.value, then.revised?.first, then.revised?.revisions, then.spark.filter(({ value }) => value !== null).length], [0.2, 0.1, 1, 1]);
  assert.equal(ToKpi([DataAsOf(data, 5n)], With()).text, '–');
  assert.equal(ToKpi([DataAsOf(data, 50n)], With()).value, 0.9);
  const plain = Of('n:BIGINT', [['7']]);
  assert.equal(DataAsOf(plain, 1n), plain);
});

test('bars keep their order, NULL categories are named, the rest is counted', () => {
  const { bars, dropped } = ToBars(Of('state:VARCHAR n:BIGINT', [['OK', '70'], [null, '35'], ['x', null], ['y', '7']]).table, With({ limit: 2 }));
  assert.deepEqual(bars, [{ label: 'OK', value: 70, share: 1 }, { label: 'NULL', value: 35, share: 0.5 }]);
  assert.equal(dropped, 1);
});

test('a heatmap takes categories, buckets of the statement, or makes its own', () => {
  const category = ToHeat(Of('time:TIMESTAMP zone:VARCHAR n:BIGINT', [[At(2), 'a', '1'], [At(1), 'b', '5'], [At(1), 'a', '2']]).table, With());
  assert.deepEqual([category.labels, category.cells, category.max], [['a', 'b'], [[2, 1], [5, null]], 5]);
  const made = ToHeat(Of('time:TIMESTAMP band:DOUBLE n:BIGINT', [[At(1), '0', '3'], [At(1), '30', '1'], [At(2), '10', '4']]).table, With());
  assert.deepEqual([made.labels, made.cells], [['30–40', '10–20', '0–10'], [[1, null], [null, 4], [3, null]]]);
  const own = ToHeat(Of('time:TIMESTAMP v:DOUBLE', [[At(1), '0'], [At(1), '1'], [At(1), '9.9'], [At(2), '10']]).table, With({ buckets: 2 }));
  assert.deepEqual([own.labels, own.cells], [['5–10', '0–5'], [[1, 1], [2, null]]]);
  assert.deepEqual(ToHeat(Of('a:VARCHAR', [['x']]).table, With()).labels, []);
});

test('wells of a panel take a text of any number of values', () => {
  assert.deepEqual(PanelWells(Of('host:VARCHAR t:TIMESTAMP v:DOUBLE n:BIGINT', []).table), { x: 1, values: [2, 3], color: 0 });
  assert.deepEqual(PanelWells(Of('state:VARCHAR n:BIGINT', []).table), { x: 0, values: [1], color: null });
});

test('cells of a table are the exact text of the dialect', () => {
  const { rows } = ToCells(Of('t:TIMESTAMP b:BOOLEAN n:BIGINT s:VARCHAR', [[At(1), 'true', '9007199254740993', '<b>']]).table);
  assert.deepEqual(rows, [[At(1), 'true', '9007199254740993', '<b>']]);
});
