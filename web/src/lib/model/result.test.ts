// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Cell, Column } from '../api/types.ts';
import { FooterText, KindOf, NestedLabel, SeriesOf, SortRows, Summarize, ToCsv, ToJson, ToTsv } from './result.ts';

const kColumns: Column[] = [{ name: 'big', type: 'BIGINT' }, { name: 'v', type: 'DOUBLE' }, { name: 'name', type: 'VARCHAR' }, { name: 'a', type: 'array(bigint)' }];
const kRows: Cell[][] = [
  ['9007199254740993', '0.1', 'x,"y"\n', '[1,2]'],
  ['9007199254740992', 'NaN', '', '[]'],
  [null, null, null, null],
  ['-5', '1.0E10', '<b>', '[3]'],
];

test('types decide how cells are treated', () => {
  assert.deepEqual(['BIGINT', 'DOUBLE', 'TIMESTAMP', 'VARCHAR', 'BOOLEAN', 'array(double)', 'timeseries', 'DATE'].map(KindOf), ['integer', 'number', 'time', 'text', 'boolean', 'nested', 'nested', 'text']);
});

test('integers beyond 2^53 sort exactly, NULL stays last', () => {
  assert.deepEqual(SortRows(kRows, 'integer', { column: 0, direction: 'ascending' }), [3, 1, 0, 2]);
  assert.deepEqual(SortRows(kRows, 'integer', { column: 0, direction: 'descending' }), [0, 1, 3, 2]);
  assert.deepEqual(SortRows(kRows, 'number', { column: 1, direction: 'ascending' }), [0, 3, 1, 2]);
});

test('a summary is exact where it can be', () => {
  const big = Summarize(kRows, 0, 'integer');
  assert.deepEqual([big.count, big.nulls, big.distinct, big.min, big.max], [4, 1, 3, '-5', '9007199254740993']);
  const v = Summarize([['0'], ['10'], [null], ['5']] as Cell[][], 0, 'number');
  assert.deepEqual([v.mean, v.histogram.length, v.histogram[0], v.histogram[8], v.histogram[15]], [5, 16, 1, 1, 1]);
  assert.deepEqual(Summarize([], 0, 'text'), { count: 0, nulls: 0, distinct: 0, min: null, max: null, mean: null, histogram: [] });
});

test('CSV tells NULL from empty text and quotes what it must', () => {
  assert.equal(ToCsv(kColumns.slice(2, 3), kRows.map((row) => [row[2] ?? null])), 'name\r\n"x,""y""\n"\r\n""\r\n\r\n<b>\r\n');
});

test('JSON keeps every digit and is JSON', () => {
  const text = ToJson([...kColumns, { name: 'v', type: 'BOOLEAN' }], kRows.map((row) => [...row, 'true']));
  assert.match(text, /"big":9007199254740993,/);
  const parsed = JSON.parse(text) as Record<string, unknown>[];
  assert.deepEqual(parsed[0], { big: 9007199254740992, v: 0.1, name: 'x,"y"\n', a: [1, 2], v_2: true });
  assert.deepEqual([parsed[1]?.['v'], parsed[2]?.['v'], parsed[3]?.['v']], ['NaN', null, 1e10]);
});

test('cells for the clipboard, nested cells in a line', () => {
  assert.equal(ToTsv([['a\tb', null], ['', 'c']]), '"a\tb"\t\n\tc');
  assert.deepEqual(['[1,2,3]', '{"a":1}', 'text'].map(NestedLabel), ['[…3]', '{…1}', 'text']);
  assert.deepEqual(SeriesOf('[{"time":"2026-01-15 00:00:00","value":"1.5"},{"time":"x","value":2}]'), [1.5, 2]);
  assert.equal(SeriesOf('[1,2]'), null);
});

test('the footer never hides that there is more', () => {
  const format = String;
  assert.equal(FooterText({ rows: 60, has_next: false, cancelled: false }, format), '60 rows · complete');
  assert.equal(FooterText({ rows: 10_000, has_next: true, cancelled: false }, format), '10000 of at least 10000 rows');
  assert.equal(FooterText({ rows: 4200, has_next: true, cancelled: true }, format), 'cancelled after 4200 rows');
});
