// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FormatTimestamp, FromWall, ParseTimestamp } from './time.ts';
import { IsZone, ZoneOffsetSeconds, ZoneSuffix } from './zone.ts';

const At = (text: string): bigint => ParseTimestamp(text) as bigint;
const Seconds = (text: string): number => Number(At(text) / 1_000_000_000n);

test('a zone follows its own rules through the year', () => {
  assert.equal(ZoneOffsetSeconds('Europe/Berlin', Seconds('2026-01-15 12:00:00')), 3600);
  assert.equal(ZoneOffsetSeconds('Europe/Berlin', Seconds('2026-07-15 12:00:00')), 7200);
  assert.equal(ZoneOffsetSeconds('Asia/Kathmandu', Seconds('2026-07-15 12:00:00')), 20_700);
  assert.equal(ZoneOffsetSeconds('America/New_York', Seconds('2026-03-08 06:59:59')), -18_000);
  assert.equal(ZoneOffsetSeconds('America/New_York', Seconds('2026-03-08 07:00:00')), -14_400);
  assert.equal(ZoneOffsetSeconds('UTC', 0), 0);
});

test('nanoseconds stay exact in any zone', () => {
  const time = At('2026-01-15 23:23:00.123456789');
  assert.equal(FormatTimestamp(time, { zone: 'Asia/Kathmandu' }), '2026-01-16 05:08:00.123456789');
  assert.equal(FormatTimestamp(time, { zone: 'America/New_York' }), '2026-01-15 18:23:00.123456789');
  assert.equal(FormatTimestamp(-1n, { zone: 'Asia/Tokyo' }), '1970-01-01 08:59:59.999999999');
});

test('the suffix is the offset that held then', () => {
  assert.equal(ZoneSuffix('UTC', 0), 'UTC');
  assert.equal(ZoneSuffix('Asia/Kathmandu', Seconds('2026-01-15 00:00:00')), '+05:45');
  assert.equal(ZoneSuffix('America/New_York', Seconds('2026-07-15 00:00:00')), '−04:00');
});

test('what the clocks of a zone show is a time again', () => {
  for (const [wall, time] of [
    ['2026-01-15 00:00:00', '2026-01-14 23:00:00'], ['2026-07-15 00:00:00', '2026-07-14 22:00:00'], ['2026-03-29 00:00:00', '2026-03-28 23:00:00'], ['2026-03-30 00:00:00', '2026-03-29 22:00:00'],
    ['2026-10-25 02:30:00', '2026-10-25 00:30:00'], ['2026-10-25 03:00:00', '2026-10-25 02:00:00'], ['2026-03-29 02:30:00', '2026-03-29 01:30:00'],
  ] as const) assert.equal(FormatTimestamp(FromWall(At(wall), 'Europe/Berlin'), { digits: 0 }), time, wall);
  assert.equal(FromWall(At('2026-01-15 00:00:00.000000001'), 'UTC'), At('2026-01-15 00:00:00.000000001'));
});

test('unknown zones are refused, times far out are not', () => {
  assert.equal(IsZone('Mars/Olympus'), false);
  assert.equal(IsZone('Europe/Berlin'), true);
  assert.equal(typeof ZoneOffsetSeconds('Europe/Berlin', 1e15), 'number');
});
