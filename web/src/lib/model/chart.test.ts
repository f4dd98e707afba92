// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FirstValue, IsRevised, LatePoints, LowerBound, ToWindowRow } from './chart.ts';

const Row = (end: number, values: (string | null)[]) =>
  ToWindowRow({
    time: String(end), window_start: String(end - 10), window_end: String(end), revision: String(values.length), value: values.at(-1) ?? null,
    revisions: values.map((value, i) => ({ revision: String(i + 1), old: i === 0 ? null : (values[i - 1] ?? null), new: value, late_points: String(i), at: String(end + 3 + i) })),
  });

test('a revised window has its first, its present and every value between', () => {
  const row = Row(20, ['2', '2.5', '3']);
  assert.deepEqual([IsRevised(row), FirstValue(row), row.value, LatePoints(row)], [true, 2, 3, 3n]);
  assert.deepEqual(row.revisions.map((r) => [r.revision, r.old, r.value, r.late_points]), [[1n, null, 2, 0n], [2n, 2, 2.5, 1n], [3n, 2.5, 3, 2n]]);
  assert.equal(IsRevised(Row(30, ['4'])), false);
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
  assert.equal(row.frozen, true);
});

test('LowerBound agrees with a linear search', () => {
  const points = [1, 3, 3, 7].map((t) => ({ time: BigInt(t) }));
  for (let t = 0; t <= 8; t += 1) {
    const linear = points.findIndex((p) => p.time >= BigInt(t));
    assert.equal(LowerBound(points, BigInt(t)), linear < 0 ? points.length : linear);
  }
});
