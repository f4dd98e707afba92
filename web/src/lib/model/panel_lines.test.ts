// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Cell } from '../api/types.ts';
import type { WindowRow } from './chart.ts';
import { DefaultOptions, NewQuery, type Panel, type PanelQuery } from './dashboard_file.ts';
import { PartsOf } from './panel_chart.ts';
import { FailedQuery, type QueryData } from './panel_data.ts';
import { RowsOfLine } from './merged_rows.ts';
import { DrawsLines, IsEmpty, ShareY, StoryOf, ToLines, ToMultiples } from './panel_lines.ts';
import { EmptySpec } from './well_spec.ts';
import { TableOfRows } from './wells.ts';

const kMinute = 60_000_000_000n;
const kBase = 1_768_492_800_000_000_000n; // 2026-01-15 16:00 UTC
const At = (minute: number): string => `2026-01-15 16:${String(minute).padStart(2, '0')}:00.000000000`;
const Of = (columns: string, rows: Cell[][], more: Partial<QueryData> = {}): QueryData => ({
  table: TableOfRows(columns.split(' ').map((c) => ({ name: c.split(':')[0] ?? '', type: c.split(':')[1] ?? '' })), rows), truncated: false, reduced: false, watermark: null, as_of: null,
  expanded_sql: null, elapsed_ms: null, error: null, rows: null, ...more,
});
const PanelOf = (queries: Partial<PanelQuery>[], more: Partial<Panel> = {}): Panel => ({
  id: 'p', title: 'P', visual: 'line', grid: { x: 0, y: 0, w: 12, h: 6 }, queries: queries.map((q) => NewQuery(q)), options: DefaultOptions(), ...more,
});
const Row = (minute: number, values: number[], record_count = 1n, dimensions = {}): WindowRow => ({
  time: kBase + BigInt(minute) * kMinute, window_start: kBase + BigInt(minute - 1) * kMinute, window_end: kBase + BigInt(minute) * kMinute, revision: BigInt(values.length),
  value: values.at(-1) ?? null, frozen: false, record_count, dimensions,
  revisions: values.map((value, i) => ({ revision: BigInt(i + 1), old: values[i - 1] ?? null, value, late_points: 1n, at: kBase + BigInt(minute * 100 + i), frozen: false, coarse: false, lateness_max_ns: null })),
});
const kContext = { range: { from: kBase, to: kBase + 60n * kMinute }, allowed_lateness: 5n };

test('each query is lines of its own style, named by the query if it has one', () => {
  const panel = PanelOf([{ name: 'avg', style: 'line', revisions: { dimensions: {} } }, { style: 'points', axis: 'right' }]);
  const rows = [Row(1, [1, 2])];
  const { chart } = ToLines(panel, [Of('time:TIMESTAMP v:DOUBLE', [[At(1), '2']], { rows, watermark: 9n }), Of('time:TIMESTAMP raw:DOUBLE', [[At(0), '1'], [At(1), null]], { watermark: 5n })], kContext);
  assert.deepEqual(chart.lines.map(({ name, style, axis, token }) => [name, style, axis, token]), [['avg', 'line', 'left', '--line'], ['raw', 'points', 'right', '--s2']]);
  assert.deepEqual(chart.lines.map((line) => line.rows), [rows, null]);
  assert.deepEqual([chart.axis, chart.range, chart.watermark, chart.allowed_lateness], ['time', kContext.range, 9n, 5n]);
});

test('colours are lines; those beyond the limit are counted, and equal names told apart', () => {
  const data = Of('time:TIMESTAMP zone:VARCHAR v:DOUBLE', [[At(1), 'a', '1'], [At(1), 'b', '5'], [At(1), 'c', '3']]);
  const limited = ToLines(PanelOf([{}], { options: { ...DefaultOptions(), limit: 2 } }), [data], kContext);
  assert.deepEqual([limited.chart.lines.map(({ name }) => name), limited.dropped], [['b', 'c'], 1]);
  const twice = ToLines(PanelOf([{}, { name: 'second' }]), [data, data], kContext);
  assert.deepEqual(twice.chart.lines.map(({ name }) => name), ['a', 'b', 'c', 'second · a', 'second · b', 'second · c']);
});

test('wells in a zone: the clocks of the statement are times again, and the axis says them as they were', () => {
  const wells = { ...EmptySpec('d', 't'), x: { column: 'time', granularity: '1d', zone: 'Europe/Berlin' } as const };
  const data = Of('time:TIMESTAMP v:DOUBLE', [['2026-03-29 00:00:00.000000000', '1'], ['2026-03-30 00:00:00.000000000', '2']]);
  const { chart } = ToLines(PanelOf([{ wells }]), [data], kContext);
  assert.deepEqual(chart.lines[0]?.x, [1774738800000000000n, 1774821600000000000n]); // 23 hours
  assert.equal(chart.zone, 'Europe/Berlin');
});

test('a value with a fixed colour has it whatever else is drawn', () => {
  const wells = { ...EmptySpec('d', 't'), color: { column: 'zone', other: 'left_out' as const, fixed: { c: '--s5' } } };
  const Tokens = (rows: Cell[][]): unknown => ToLines(PanelOf([{ wells }]), [Of('time:TIMESTAMP zone:VARCHAR v:DOUBLE', rows)], kContext).chart.lines.map(({ name, token }) => [name, token]);
  assert.deepEqual(Tokens([[At(1), 'a', '1'], [At(1), 'c', '3']]), [['a', '--line'], ['c', '--s5']]);
  assert.deepEqual(Tokens([[At(1), 'c', '3']]), [['c', '--s5']]);
});

test('the history of several series goes to the line that it is of', () => {
  const rows = [Row(1, [1, 2], 1n, { zone: 'a' }), Row(1, [5], 1n, { zone: 'b' })];
  const { chart } = ToLines(PanelOf([{ revisions: { dimensions: {} } }]), [Of('time:TIMESTAMP zone:VARCHAR v:DOUBLE', [[At(1), 'a', '2'], [At(1), 'b', '5']], { rows })], kContext);
  assert.deepEqual(chart.lines.map((line) => line.rows?.length), [1, 1]);
  // One line over both is their mean.
  assert.deepEqual(RowsOfLine(rows, [kBase + kMinute])?.map(({ value, revisions }) => [value, revisions.map((r) => r.value)]), [[3.5, [3, 3.5]]]);
  // Beside the measure that it is made of, only the view's line has a history.
  const measures = ToLines(PanelOf([{ measure: 'avg_v', revisions: { dimensions: {} } }]), [Of('time:TIMESTAMP measure_name:VARCHAR v:DOUBLE', [[At(1), 'avg_v', '3.5'], [At(1), 'v', '5']], { rows })], kContext).chart;
  assert.deepEqual(measures.lines.map((line) => [line.name, line.rows?.length ?? null]), [['avg_v', 1], ['v', null]]);
});

test('windows in a wider bin are one, weighted by their records', () => {
  const bins = [kBase, kBase + 10n * kMinute];
  const rows = [Row(1, [1]), Row(2, [2, 4], 3n), Row(11, [7]), Row(12, [8], 3n), Row(13, [9])];
  const [first, second] = RowsOfLine(rows, bins) ?? [];
  assert.deepEqual([first?.time, first?.value, first?.revisions.map((r) => r.value), first?.revision], [kBase, (1 + 3 * 4) / 4, [(1 + 3 * 2) / 4, (1 + 3 * 4) / 4], 2n]);
  assert.equal(second?.value, (7 + 3 * 8 + 9) / 5);
  assert.equal(second?.revisions.length, 1);
});

test('answers on one text axis share their labels', () => {
  const panel = PanelOf([{}, { name: 'q2' }], { visual: 'bar' });
  const { chart } = ToLines(panel, [Of('s:VARCHAR n:BIGINT', [['a', '1'], ['b', '2']]), Of('s:VARCHAR n:BIGINT', [['b', '3'], ['c', '4']])], kContext);
  assert.deepEqual(chart.labels, ['a', 'b', 'c']);
  assert.deepEqual(chart.lines.map(({ x, style }) => [[...x], style]), [[[0n, 1_000_000_000n], 'bars'], [[1_000_000_000n, 2_000_000_000n], 'bars']]);
  assert.equal(chart.range, null);
});

test('stacked lines stand on each other, and say their own values', () => {
  const options = { ...DefaultOptions(), stacked: true, min: 0 };
  const data = Of('time:TIMESTAMP zone:VARCHAR v:DOUBLE', [[At(1), 'a', '1'], [At(2), 'a', '2'], [At(1), 'b', '5'], [At(2), 'b', null], [At(2), 'c', '7']]);
  const { chart } = ToLines(PanelOf([{}], { visual: 'area', options }), [data], kContext);
  assert.deepEqual(chart.lines.map(({ value, lift }) => [value, lift]), [[[1, 2], [0, 0]], [[5, null], [1, 2]], [[7], [2]]]);
  assert.deepEqual(chart.y, { min: 0, max: null });
  const parts = PartsOf(chart, kBase);
  assert.deepEqual(parts.map(({ line, ys }) => [line, [...(ys as number[])]]), [[2, [9]], [1, [6]], [0, [1, 2]]]);
  assert.equal(ToLines(PanelOf([{}], { options }), [data], kContext).chart.lines[0]?.lift, undefined);
});

test('small multiples are the rows of each value, with one y axis or their own', () => {
  const wells = { ...EmptySpec('D', 'T'), multiples: { column: 'zone', y: 'shared' as const } };
  const rows = [Row(1, [1, 2], 1n, { zone: 'a' }), Row(1, [5], 1n, { zone: 'b' })];
  const panel = PanelOf([{ wells, revisions: { dimensions: {} } }]);
  const made = ToMultiples(panel, [Of('time:TIMESTAMP zone:VARCHAR host:VARCHAR v:DOUBLE', [[At(1), 'a', 'x', '2'], [At(1), 'b', 'x', '5'], [At(1), 'a', 'y', '3'], [At(1), null, 'y', '9']], { rows })]);
  assert.deepEqual(made?.multiples.map(({ name }) => name), ['a', 'b', 'NULL']);
  const charts = (made?.multiples ?? []).map(({ data }) => ToLines(panel, data, kContext).chart);
  assert.deepEqual(charts.map(({ lines }) => lines.map(({ name, value }) => [name, ...value])), [[['x', 2], ['y', 3]], [['x', 5]], [['y', 9]]]);
  assert.deepEqual(made?.multiples.map(({ data }) => data[0]?.rows?.length), [1, 1, 0]);
  const y = ShareY(charts);
  assert.ok(y !== null && y.min < 2 && y.max > 9);
  assert.equal(ToMultiples(PanelOf([{}]), []), null);
  assert.equal(ShareY([]), null);
});

test('what is drawn as lines, and what is empty', () => {
  const bars = Of('s:VARCHAR n:BIGINT', [['a', '1']]);
  const over_time = Of('t:TIMESTAMP n:BIGINT', [[At(1), '1']]);
  const lying = PanelOf([{}], { visual: 'bar', options: { ...DefaultOptions(), horizontal: true } });
  assert.deepEqual([DrawsLines(PanelOf([{}]), []), DrawsLines(lying, [bars]), DrawsLines(lying, [over_time]), DrawsLines(PanelOf([{}], { visual: 'bar' }), [bars]), DrawsLines(PanelOf([{}], { visual: 'kpi' }), [over_time])],
    [true, false, true, true, false]);
  const error = { code: 'x', status: 400, message: '', hint: null, field: null, line: null, column: null, request_id: null, retryable: false };
  assert.deepEqual([IsEmpty(PanelOf([{}]), [Of('t:TIMESTAMP', [])]), IsEmpty(PanelOf([{}]), [FailedQuery(error)]), IsEmpty(PanelOf([], { visual: 'text' }), []), IsEmpty(PanelOf([{}]), [bars])], [true, false, false, false]);
});

test('a story is of the named query, of a named line, or of all', () => {
  const panel = PanelOf([{ name: 'a' }, { name: 'b' }], { visual: 'text' });
  const data = [Of('t:TIMESTAMP v:DOUBLE', [[At(1), '1']]), Of('t:TIMESTAMP zone:VARCHAR v:DOUBLE', [[At(1), 'x', '5'], [At(1), 'y', '6']])];
  assert.deepEqual([null, 'b', 'y', 'gone'].map((name) => StoryOf(panel, data, name)?.lines.map((line) => line.name)), [['a', 'x', 'y'], ['x', 'y'], ['y'], undefined]);
});
