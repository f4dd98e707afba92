// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ParseTimestamp } from '../time.ts';
import { EstimateLateness, FormatShare, kLatenessStopsMs, ShareWithin, StopOf, ToBuckets, WhatIfWords } from './lateness.ts';
import { AxisOf, HoldingBack, HoldsBackSentence, PlaceOf, TicksOf, ToWatermarkRow } from './watermarks.ts';

const kBuckets = ToBuckets([['0', 9000, 0, 0], ['1000', 500, 0, 0], ['5000', 100, 300, 0], ['60000', 0, 60, 20], [null, 0, 10, 10]].map(([le_ms, on_time, late, frozen]) => ({
  le_ms: le_ms as string | null, on_time: String(on_time), late: String(late), frozen: String(frozen),
})));

test('a share counts whole buckets, and a part of the one that the limit falls into', () => {
  assert.equal(ShareWithin(kBuckets, 0), 0.9);
  assert.equal(ShareWithin(kBuckets, 1000), 0.95);
  assert.equal(ShareWithin(kBuckets, 3000), 0.97);
  assert.equal(ShareWithin(kBuckets, 60_000), 0.998);
  // What lies beyond the last bound is never taken for granted.
  assert.equal(ShareWithin(kBuckets, 9_000_000), 0.998);
  assert.equal(ShareWithin([], 5), null);
  assert.deepEqual(kBuckets.map((b) => b.name), ['before the watermark', '0 – 1 s', '1 s – 5 s', '5 s – 1 m', 'over 1 m']);
});

test('the estimate is a sentence that says what the limit means for the policy', () => {
  const what = EstimateLateness(kBuckets, 0, 60_000, 30_000, 450);
  assert.deepEqual(what, { share: 0.998, now: 0.9, more_windows: 900 });
  assert.equal(WhatIfWords(what, 60_000, 'freeze'), 'With an allowed lateness of 1 m, 99.8 % of all points would have been taken up (now 90.0 %); about 900 more windows of all series would be open to change.');
  assert.match(WhatIfWords(EstimateLateness(kBuckets, 60_000, 0, 30_000, 450), 0, 'recompute'), /allowed lateness of 0, 90\.0 % .* \(now 99\.8 %\); later ones correct it all the same; about 900 fewer windows/);
  assert.deepEqual([1, 0, 0.9993, 0.99998, 0.5, 0.00001].map(FormatShare), ['100 %', '0 %', '99.93 %', '99.998 %', '50.0 %', '0.001 %']);
  assert.equal(kLatenessStopsMs[StopOf(120_000)], 120_000);
  assert.equal(StopOf(9e9), kLatenessStopsMs.length - 1);
});

const At = (clock: string): bigint => ParseTimestamp(`2026-01-15 ${clock}`) as bigint;
const kNow = At('16:59:30');
const Row = (partition: string, newest: string | null, idle = false) =>
  ToWatermarkRow({ source: 'ec2', partition, max_event_time: newest === null ? null : String(At(newest)), watermark: newest === null ? null : String(At(newest) - 30_000_000_000n), idle, holds_back: true }, kNow);

test('the sentence names who holds the watermark back, and by how much', () => {
  const view = { out_of_orderness_ms: 30_000 };
  const rows = [Row('shardId-000000000000', '16:59:28'), Row('shardId-000000000001', '16:59:27'), Row('shardId-000000000002', '16:52:30'), Row('shardId-000000000003', '16:31:02', true)];
  assert.equal(HoldsBackSentence(rows, view), 'shard 2 holds the view 6 m 57 s behind the others; its newest record carries event time 16:52:30. 1 idle partition is ignored.');
  assert.equal(HoldsBackSentence(rows.slice(0, 2), view), '2 active partitions are close together; none holds the watermark back.');
  assert.match(HoldsBackSentence([Row('shardId-000000000000', null)], view), /has not brought a record yet/);
  assert.match(HoldsBackSentence(rows.slice(3), view), /All partitions are idle/);
  assert.match(HoldsBackSentence([], view), /no watermark/);
  assert.equal(HoldingBack(rows, view)?.row, rows[2], 'an idle partition holds nothing back');
  assert.equal(HoldingBack(rows.slice(0, 2), view), null);
  assert.equal(rows[2]?.lag_ms, 450_000);
});

test('the axis holds every partition that counts', () => {
  const axis = AxisOf([Row('a', '16:59:28'), Row('b', '16:52:30'), Row('c', '10:00:00', true)], kNow);
  assert.ok(axis.from < At('16:52:00') && axis.from > At('16:45:00'));
  assert.equal(PlaceOf(kNow, axis), 100);
  assert.equal(PlaceOf(At('10:00:00'), axis), 0);
  assert.ok(TicksOf(axis).length >= 1 && TicksOf(axis).every(({ label }) => /^16:\d\d$/.test(label)));
});
