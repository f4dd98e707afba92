// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ChartModel, FirstValue, IsRevised, LatePoints, LowerBound, ToPoints, ToWindowRow, type Point } from './chart.ts';
import { ToSeriesHook } from './hook.ts';

const At = (time: number, value = time): Point => ({ time: BigInt(time), value });

const Row = (end: number, values: (string | null)[], frozen = false) =>
  ToWindowRow({
    time: String(end), window_start: String(end - 10), window_end: String(end), revision: String(values.length), value: values.at(-1) ?? null, frozen,
    revisions: values.map((value, i) => ({ revision: String(i + 1), old: i === 0 ? null : (values[i - 1] ?? null), new: value, late_points: String(i), at: String(end + 3 + i) })),
  });

function Model(): ChartModel {
  const model = new ChartModel();
  model.SetRange({ from: 0n, to: 100n });
  return model;
}

test('rows of a query become points with exact times; NULL is left out', () => {
  assert.deepEqual(ToPoints([['2026-01-15 16:24:00.000000001', '0.1'], ['2026-01-15 16:24:01.000000000', null], ['2026-01-15 16:24:02.000000000', '1.0E-7']]), [
    { time: 1768494240000000001n, value: 0.1 },
    { time: 1768494242000000000n, value: 1e-7 },
  ]);
});

test('a tail replaces exactly its own range', () => {
  const model = Model();
  model.ReplaceRaw(0n, 100n, [At(10), At(20), At(30)]);
  model.ReplaceRaw(20n, 30n, [At(21), At(22)]);
  assert.deepEqual(model.raw.map((p) => Number(p.time)), [10, 21, 22, 30]);
  model.ReplaceRaw(0n, 15n, []);
  assert.deepEqual(model.raw.map((p) => Number(p.time)), [21, 22, 30]);
});

test('changes grow only when data changed', () => {
  const model = Model();
  model.ReplaceRaw(0n, 100n, [At(10), At(20)]);
  const before = model.changes;
  model.ReplaceRaw(5n, 15n, [At(10)]);
  model.watermark = 50n;
  model.SetRange({ from: 1n, to: 101n });
  assert.equal(model.changes, before);
  model.ReplaceRaw(5n, 15n, [At(10, 11)]);
  assert.equal(model.changes, before + 1);
});

test('a range that moves on drops what it left, and late answers cannot bring it back', () => {
  const model = Model();
  model.ReplaceRaw(0n, 100n, [At(10), At(20), At(30)]);
  model.SetRange({ from: 20n, to: 120n });
  model.ReplaceRaw(0n, 25n, [At(10), At(20)]);
  assert.deepEqual(model.raw.map((p) => Number(p.time)), [20, 30]);
});

test('what the clock has not reached is kept, but not shown', () => {
  const model = Model();
  model.SetRange({ from: 0n, to: 25n }, 10n);
  model.ReplaceRaw(0n, 35n, [At(10), At(20), At(30), At(40)]);
  assert.deepEqual(model.Shown(model.raw).map((p) => Number(p.time)), [10, 20]);
  const before = model.changes;
  model.SetRange({ from: 1n, to: 31n }, 10n);
  assert.deepEqual(model.Shown(model.raw).map((p) => Number(p.time)), [10, 20, 30]);
  assert.equal(model.changes, before);
});

test('revised windows show first, current and every revision between', () => {
  const model = Model();
  model.watermark = 45n;
  model.allowed_lateness = 20n;
  model.ReplaceRows(0n, 100n, [Row(10, ['1']), Row(20, ['2', '2.5', '3']), Row(30, ['4']), Row(40, ['5', '5.25']), Row(50, ['6'])]);
  const { revised } = ToSeriesHook(model);
  assert.deepEqual(revised.map((row) => row.time), ['20', '40']);
  assert.deepEqual(revised[0]?.revisions.map((r) => [r.revision, r.old, r.new, r.late_points]), [['1', null, 2, '0'], ['2', 2, 2.5, '1'], ['3', 2.5, 3, '2']]);
});

test('a frozen entry counts its points but changes no value', () => {
  const row = ToWindowRow({
    time: '10', window_start: '0', window_end: '10', revision: '1', value: '1', frozen: true,
    revisions: [
      { revision: '1', old: null, new: '1', late_points: '0', at: '13' },
      { revision: '1', old: '1', new: '1', late_points: '4', at: '99', frozen: true },
    ],
  });
  assert.equal(IsRevised(row), false);
  assert.equal(LatePoints(row), 4n);
  assert.equal(FirstValue(row), 1);
  const model = Model();
  model.ReplaceRows(0n, 100n, [row]);
  assert.equal(ToSeriesHook(model).revised[0]?.frozen, true);
});

test('LowerBound agrees with a linear search', () => {
  const points = [1, 3, 3, 7].map((t) => At(t));
  for (let t = 0; t <= 8; t += 1) {
    const linear = points.findIndex((p) => p.time >= BigInt(t));
    assert.equal(LowerBound(points, BigInt(t)), linear < 0 ? points.length : linear);
  }
});
