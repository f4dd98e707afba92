// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FormatBytes, FormatCount, FormatDelta, FormatDurationMs, FormatPercentChange, FormatRate, FormatValue } from './format.ts';

test('rates have three digits and a prefix', () => {
  assert.equal(FormatRate(0, 'rec'), '0 rec/s');
  assert.equal(FormatRate(18_432.2, 'rec'), '18.4 k rec/s');
  assert.equal(FormatRate(518_445, 'B'), '518 kB/s');
  assert.equal(FormatRate(null), '–');
});

test('counts are grouped, then shortened, and exact beyond 2^53', () => {
  assert.equal(FormatCount('2200'), '2\u2009200');
  assert.equal(FormatCount('9999999'), '9\u2009999\u2009999');
  assert.equal(FormatCount('12400000'), '12.4 M');
  assert.equal(FormatCount('9007199254740993'), '9.01 P');
  assert.equal(FormatCount(null), '–');
});

test('durations have two units at most', () => {
  assert.equal(FormatDurationMs('350'), '350 ms');
  assert.equal(FormatDurationMs(3_000), '3 s');
  assert.equal(FormatDurationMs(3_450), '3.5 s');
  assert.equal(FormatDurationMs(450_000), '7 m 30 s');
  assert.equal(FormatDurationMs(300_000), '5 m');
  assert.equal(FormatDurationMs(90_061_000), '1 d 1 h');
  assert.equal(FormatDurationMs(-1_000), '−1 s');
});

test('values have four significant digits', () => {
  assert.equal(FormatValue(0.51704), '0.5170');
  assert.equal(FormatValue(58.7012), '58.70');
  assert.equal(FormatValue(-2), '−2.000');
  assert.equal(FormatValue(0), '0');
  assert.equal(FormatValue(1.5e9), '1.500e+9');
  assert.equal(FormatDelta(0.1019), '+0.1019');
  assert.equal(FormatPercentChange(0.517, 0.6189), '+19.7 %');
  assert.equal(FormatPercentChange(0, 1), '');
  assert.equal(FormatBytes('1288490189'), '1.20 GiB');
});
