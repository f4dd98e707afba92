// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { History, kHistoryMs, MinuteRate, SparkPath } from './history.ts';

test('a history is the mean of each five seconds and forgets after fifteen minutes', () => {
  const history = new History();
  for (const [at, value] of [[0, 1], [1000, 3], [5000, null], [10_000, 7]] as const) history.Push(at, value);
  assert.deepEqual(history.Values(), [{ at_ms: 0, value: 2 }, { at_ms: 5000, value: null }, { at_ms: 10_000, value: 7 }]);
  history.Push(kHistoryMs + 10_000, 9);
  assert.deepEqual(history.Values().map((s) => s.value), [7, 9]);
});

test('a rate is over the last minute and starts again with the counter', () => {
  const rate = new MinuteRate();
  assert.equal(rate.Push(0, 100), null);
  assert.equal(rate.Push(30_000, 130), 60);
  assert.equal(rate.Push(120_000, 130), 0);
  assert.equal(rate.Push(121_000, 5), null);
});

test('a sparkline breaks at gaps and stays in its box', () => {
  const now = kHistoryMs;
  assert.equal(SparkPath([{ at_ms: 0, value: 1 }], 100, 20, now), '');
  const path = SparkPath([{ at_ms: 0, value: 0 }, { at_ms: 450_000, value: 10 }, { at_ms: 500_000, value: null }, { at_ms: 900_000, value: 5 }], 100, 20, now);
  assert.equal(path, 'M0.0 19.0L50.0 1.0M100.0 10.0');
});

test('the past that the server kept goes before what the page saw', () => {
  const history = new History();
  history.Push(100_000, 7);
  history.Prepend([{ at_ms: 80_000, value: 1 }, { at_ms: 90_000, value: null }, { at_ms: 101_000, value: 9 }]);
  assert.deepEqual(history.Values(), [{ at_ms: 80_000, value: 1 }, { at_ms: 90_000, value: null }, { at_ms: 100_000, value: 7 }]);
});
