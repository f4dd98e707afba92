// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { WindowRow } from './chart.ts';
import { ExtentOf, FillHoles, FromX, JoinParts, kEmptyChart, NearestIndex, PartsOf, StepOf, ToX, ToXs, ValueRange, type ChartData, type ChartLine } from './panel_chart.ts';

const kMinute = 60_000_000_000n;
const kStart = 1_768_492_800_000_000_000n; // 2026-01-15T16:00:00Z

const Line = (changes: Partial<ChartLine>): ChartLine => ({ name: 'a', x: [], value: [], style: 'line', token: '--line', axis: 'left', rows: null, ...changes });
const Row = (start: bigint, revision = 1n): WindowRow => ({
  time: start, window_start: start, window_end: start + kMinute, revision, value: 1, frozen: false, revisions: [], record_count: null, dimensions: {},
});
const Chart = (lines: ChartLine[], changes: Partial<ChartData> = {}): ChartData => ({ ...kEmptyChart, lines, ...changes });

test('x stay exact to the nanosecond, from either kind of list', () => {
  const times = [kStart + 1n, kStart + 2n, kStart + 3_600_000_000_001n, kStart - 5n];
  const base = kStart;
  const plain = ToXs(times, base);
  assert.deepEqual([...ToXs(BigInt64Array.from(times), base)], [...plain]);
  assert.deepEqual([...plain].map((x) => FromX(x, base)), times);
  // Before the epoch too.
  assert.deepEqual([...ToXs(BigInt64Array.from([-7n, 7n]), -3_000_000_000n)], [2.999999993, 3.000000007]);
  assert.equal(ToX(kStart + 1n, kStart), 1e-9);
});

test('bins have a step, other times have none', () => {
  assert.equal(StepOf([0, 60, 120, 300]), 60);
  assert.equal(StepOf([0, 60, 90.5, 121]), null);
  assert.equal(StepOf([0, 60]), null);
});

test('a hole breaks the line, and is bridged beside it as wished', () => {
  const xs = Float64Array.from([0, 60, 240, 300]);
  const values = [1, 2, 8, 9];
  const gap = FillHoles(xs, values, 'gap', 60);
  assert.deepEqual([[...gap.xs], [...(gap.ys as number[])]], [[0, 60, 120, 180, 240, 300], [1, 2, null, null, 8, 9]]);
  assert.equal(gap.filler, null);
  const Filler = (missing: 'connect' | 'zero' | 'previous' | 'linear'): unknown => FillHoles(xs, values, missing, 60).filler;
  assert.deepEqual(Filler('connect'), { xs: [60, 240], ys: [2, 8] });
  assert.deepEqual(Filler('zero'), { xs: [60, 120, 180, 240], ys: [2, 0, 0, 8] });
  assert.deepEqual(Filler('previous'), { xs: [60, 120, 180, 240], ys: [2, 2, 2, 8] });
  assert.deepEqual(Filler('linear'), { xs: [60, 120, 180, 240], ys: [2, 4, 6, 8] });
});

test('a null is a hole without a step, whole lines are left as they are, and bridges that are apart stay apart', () => {
  const xs = Float64Array.from([0, 1, 5, 6, 9, 10]);
  assert.deepEqual(FillHoles(xs, [1, null, 3, 4, null, 6], 'linear', null).filler, { xs: [0, 1, 5, 5.5, 6, 9, 10], ys: [1, 1.4, 3, null, 4, 5.5, 6] });
  const values = Float64Array.from([1, 2, 3, 4, 5, 6]);
  const whole = FillHoles(xs, values, 'linear', null);
  assert.equal(whole.xs, xs);
  assert.equal(whole.ys, values);
});

test('the provisional end of a view line is a part of its own that begins at the last final point', () => {
  const x = [0n, 1n, 2n, 3n].map((i) => kStart + i * kMinute);
  const line = Line({ x, value: [1, 2, 3, 4], rows: x.map((at) => Row(at)) });
  const data = Chart([line, Line({ name: 'raw', x, value: [5, 6, 7, 8] })], { range: { from: kStart, to: kStart + 5n * kMinute }, watermark: kStart + 2n * kMinute });
  const parts = PartsOf(data, kStart);
  assert.deepEqual(parts.map(({ line, kind, xs, ys }) => [line, kind, [...(xs as number[])], [...(ys as number[])]]), [
    [1, 'values', [0, 60, 120, 180], [5, 6, 7, 8]], [0, 'values', [0, 60], [1, 2]], [0, 'provisional', [60, 120, 180], [2, 3, 4]],
  ]);
  // A row that has no revision yet is early, wherever the watermark is by now.
  const early = PartsOf(Chart([Line({ x, value: [1, 2, 3, 4], rows: x.map((at, i) => Row(at, i === 3 ? 0n : 1n)) })], { watermark: kStart + 9n * kMinute }), kStart);
  assert.deepEqual(early.map(({ kind, xs }) => [kind, xs.length]), [['values', 3], ['provisional', 2]]);
});

test('parts are joined on one x', () => {
  const joined = JoinParts([{ line: 0, kind: 'values', xs: [1, 2, 4], ys: [10, null, 40] }, { line: 1, kind: 'values', xs: [2, 3, 3], ys: [1, 2, 3] }]);
  assert.deepEqual([...(joined.xs as number[])], [1, 2, 3, 4]);
  assert.deepEqual(joined.ys.map((ys) => Array.from({ length: 4 }, (_, i) => ys[i])), [[10, null, null, 40], [undefined, 1, 3, undefined]]);
  // A break reaches from value to value, whatever others have in between.
  const broken = JoinParts([{ line: 0, kind: 'values', xs: [1, 5, 9], ys: [10, null, 90] }, { line: 1, kind: 'values', xs: [2, 4, 6], ys: [1, 2, 3] }]);
  assert.deepEqual(Array.from({ length: 6 }, (_, i) => broken.ys[0]?.[i]), [10, null, null, null, null, 90]);
  const xs = [1, 2];
  assert.equal(JoinParts([{ line: 0, kind: 'values', xs, ys: [1, 2] }, { line: 1, kind: 'values', xs: [1, 2], ys: [3, 4] }]).xs, xs);
});

test('ranges: of the values that are seen, with the ground of bars; of texts with room at both ends', () => {
  const data = Chart([Line({ x: [0n, 1_000_000_000n, 2_000_000_000n], value: [-5, 7, 900] }), Line({ style: 'bars', axis: 'right', x: [0n], value: [3] })], { axis: 'number' });
  const parts = PartsOf(data, 0n);
  assert.deepEqual(ValueRange(parts, data.lines, 'left', 0, 1), { min: -5, max: 7 });
  assert.deepEqual(ValueRange(parts, data.lines, 'right', 0, 1), { min: 0, max: 3 });
  assert.equal(ValueRange(parts, data.lines, 'left', 5, 9), null);
  assert.deepEqual(ExtentOf(Chart([Line({ x: [0n, 2_000_000_000n], value: [1, 2] })], { axis: 'text' })), { from: -500_000_000n, to: 2_500_000_000n });
  assert.equal(ExtentOf(kEmptyChart), null);
});

test('NearestIndex agrees with a linear search', () => {
  const xs = [1, 3, 3, 7];
  for (let x = -1; x < 9; x += 0.25) {
    const best = Math.min(...xs.map((at) => Math.abs(at - x)));
    assert.equal(Math.abs((xs[NearestIndex(xs, x)] as number) - x), best);
  }
  assert.equal(NearestIndex([], 1), -1);
});
