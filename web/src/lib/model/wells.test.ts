// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Cell, Column } from '../api/types.ts';
import { Draw, InferWells, TableOfRows } from './wells.ts';

const kColumns: Column[] = [{ name: 'region', type: 'VARCHAR' }, { name: 't', type: 'TIMESTAMP' }, { name: 'avg', type: 'DOUBLE' }, { name: 'n', type: 'BIGINT' }];
const At = (minute: number): string => `2026-01-15 16:${String(minute).padStart(2, '0')}:00.000000001`;
const kRows: Cell[][] = [['us', At(2), '3', '1'], ['eu', At(1), '2', '1'], ['us', At(1), '1', '1'], ['us', At(3), null, '1']];

test('time is X, the first number Value, text of few values Color', () => {
  assert.deepEqual(InferWells(TableOfRows(kColumns, kRows)), { x: 1, values: [2], color: 0 });
  const one = kRows.filter((row) => row[0] === 'us');
  assert.deepEqual(InferWells(TableOfRows(kColumns, one)), { x: 1, values: [2, 3], color: null });
  assert.deepEqual(InferWells(TableOfRows(kColumns.slice(0, 1), kRows)), { x: 0, values: [], color: null });
});

test('lines are in order of X, exact in nanoseconds, with gaps for NULL', () => {
  const drawing = Draw(TableOfRows(kColumns, kRows), { x: 1, values: [2], color: 0 });
  assert.deepEqual(drawing.lines.map(({ name, value }) => [name, value]), [['us', [1, 3, null]], ['eu', [2]]]);
  assert.equal(drawing.lines[0]?.x[0], 1768492860000000001n);
  assert.equal(drawing.axis, 'time');
});

test('texts on X are positions in their order', () => {
  const drawing = Draw(TableOfRows(kColumns, kRows), { x: 0, values: [2, 3], color: null });
  assert.deepEqual([drawing.axis, drawing.labels], ['text', ['us', 'eu']]);
  assert.deepEqual(drawing.lines.map((l) => l.name), ['avg', 'n']);
});

test('lines beyond the most are counted, not drawn', () => {
  const rows: Cell[][] = Array.from({ length: 250 }, (_, i) => [String(i), At(1), '1', '1']);
  const drawing = Draw(TableOfRows(kColumns, rows), { x: 1, values: [2], color: 0 });
  assert.deepEqual([drawing.lines.length, drawing.dropped], [200, 50]);
});
