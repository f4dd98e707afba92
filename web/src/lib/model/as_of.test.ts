// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ParseTimestamp } from '../time.ts';
import { MergeTimes, ParseAsOf, StepTime, WriteAsOf } from './as_of.ts';

const At = (text: string): bigint => ParseTimestamp(text) as bigint;

test('a link holds the time exactly, and is read in every form', () => {
  const now = At('2026-01-15 17:00:00');
  for (const text of ['2026-01-15 16:20:00', '2026-01-15 16:20:00.5', '2026-01-15 16:20:00.000000001', '2026-01-15 00:00:00']) {
    assert.equal(ParseAsOf(WriteAsOf(At(text)), now), At(text));
  }
  assert.equal(WriteAsOf(At('2026-01-15 16:20:00')), '2026-01-15T16:20:00Z');
  assert.equal(WriteAsOf(At('2026-01-15 16:20:10.250')), '2026-01-15T16:20:10.25Z');
  assert.equal(ParseAsOf('1768494000000000000', now), At('2026-01-15 16:20:00'));
  assert.equal(ParseAsOf('1768494000000', now), At('2026-01-15 16:20:00'));
  assert.equal(ParseAsOf('now-40m', now), At('2026-01-15 16:20:00'));
  for (const text of [null, '', 'yesterday']) assert.equal(ParseAsOf(text, now), null);
});

test('steps go to the neighbouring revision, and from now to the newest one', () => {
  const times = MergeTimes([[10n, 30n], [], [20n, 30n]]);
  assert.deepEqual(times, [10n, 20n, 30n]);
  assert.equal(StepTime(times, null, -1), 30n);
  assert.equal(StepTime(times, 30n, -1), 20n);
  assert.equal(StepTime(times, 25n, 1), 30n);
  assert.equal(StepTime(times, 30n, 1), null);
  assert.equal(StepTime(times, null, 1), null);
  assert.equal(StepTime(times, 10n, -1), null);
});
