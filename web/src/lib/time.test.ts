// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CeilMs, FloorMs, FormatClock, FormatTimestamp, ParseTimestamp } from './time.ts';

test('a timestamp keeps its nanoseconds both ways', () => {
  for (const text of ['2026-01-15 16:24:00.123456789', '1969-12-31 23:59:59.999999999', '1700-03-01 00:00:00.000000001', '2250-12-31 12:00:00.500000000', '2024-02-29 00:00:00.000000000']) {
    const time = ParseTimestamp(text);
    assert.ok(time !== null);
    assert.equal(FormatTimestamp(time), text);
  }
  assert.equal(ParseTimestamp('2026-01-15 16:24:00.000000000'), 1768494240000000000n);
});

test('days agree with Date over four centuries', () => {
  for (let day = -98_000; day < 103_000; day += 97) {
    const date = new Date(day * 86_400_000).toISOString().slice(0, 10);
    assert.equal(FormatTimestamp(BigInt(day) * 86_400_000_000_000n, { digits: null }), `${date} 00:00`);
    assert.equal(ParseTimestamp(date), BigInt(day) * 86_400_000_000_000n);
  }
});

test('text that is no timestamp is null', () => {
  for (const text of ['', 'now', '2026-01', '16:24:00', '2026-01-15 16:24:00.1234567890']) assert.equal(ParseTimestamp(text), null);
});

test('milliseconds are widened outwards, also before the epoch', () => {
  assert.equal(FloorMs(1_500_001n), 1n);
  assert.equal(CeilMs(1_500_001n), 2n);
  assert.equal(FloorMs(-1n), -1n);
  assert.equal(CeilMs(-1n), 0n);
});

test('a clock shows only what says something', () => {
  assert.equal(FormatClock(1768494240000000000n), '16:24');
  assert.equal(FormatClock(1768494245000000000n), '16:24:05');
  assert.equal(FormatClock(1768494245120000000n), '16:24:05.120');
});
