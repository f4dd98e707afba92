// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { WindowRow } from './chart.ts';
import { RowsOfLine, Together } from './merged_rows.ts';

const kMinute = 60_000_000_000n;
const Row = (minute: number, steps: [value: number, at: number][], record_count = 1n, host = 'a'): WindowRow => ({
  time: BigInt(minute) * kMinute, window_start: BigInt(minute - 1) * kMinute, window_end: BigInt(minute) * kMinute, revision: BigInt(steps.length), value: steps.at(-1)?.[0] ?? null, frozen: false,
  record_count, dimensions: { host },
  revisions: steps.map(([value, at], i) => ({ revision: BigInt(i + 1), old: steps[i - 1]?.[0] ?? null, value, late_points: BigInt(i), at: BigInt(at), frozen: false, coarse: false, lateness_max_ns: null })),
});

test('several series are one mean, and each change moves it by its share', () => {
  const rows = [Row(1, [[1, 10], [3, 20], [5, 40]], 1n, 'a'), Row(1, [[2, 11], [4, 20]], 3n, 'b'), Row(2, [[7, 12]], 1n, 'a')];
  const [one, two] = RowsOfLine(rows, [kMinute, 2n * kMinute]) ?? [];
  assert.deepEqual(one?.revisions.map(({ old, value, late_points, at }) => [old, value, late_points, at]), [[null, 1.5, 0n, 10n], [1.5, 3.5, 2n, 20n], [3.5, 4.5, 2n, 40n]]);
  assert.deepEqual([one?.value, one?.revision, one?.record_count, two?.value, two?.dimensions], [4.5, 3n, 4n, 7, { host: 'a' }]);
  assert.deepEqual(RowsOfLine(rows, [kMinute, 2n * kMinute], 'records')?.[0]?.revisions.map((r) => r.value), [(1 + 3 * 2) / 4, (3 + 3 * 4) / 4, (5 + 3 * 4) / 4]);
});

test('rows of one series are what they were, and what is provisional stays so', () => {
  const rows = [Row(1, [[1, 10]]), Row(2, [[2, 11]])];
  assert.equal(RowsOfLine(rows, [kMinute, 2n * kMinute]), rows);
  assert.equal(Together(kMinute, [{ ...Row(1, []), revision: 0n }, { ...Row(1, []), revision: 0n }], 'rows').revision, 0n);
});
