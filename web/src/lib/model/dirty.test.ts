// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TableEvent } from '../api/types.ts';
import { DirtyRanges } from './dirty.ts';

const Event = (measures: string[], from: number, to: number): TableEvent => ({
  topic: 'table:D.T', database: 'D', table: 'T', dirty: { measures, from: String(from), to: String(to), kinds: ['raw'] },
});

test('events of a measure are merged to their hull, others are passed over', () => {
  const dirty = new DirtyRanges();
  dirty.Add(Event(['other'], 0, 100), 'cpu', 'avg_cpu');
  assert.equal(dirty.empty, true);
  dirty.Add(Event(['cpu'], 30, 40), 'cpu', 'avg_cpu');
  dirty.Add(Event(['cpu', 'x'], 10, 12), 'cpu', 'avg_cpu');
  assert.deepEqual(dirty.Take({ from: 0n, to: 1000n }), { raw: { from: 10n, to: 41n }, view: null });
  assert.equal(dirty.empty, true);
});

test('no measures means all of them', () => {
  const dirty = new DirtyRanges();
  dirty.Add(Event([], 5, 5), 'cpu', 'avg_cpu');
  assert.deepEqual(dirty.Take({ from: 0n, to: 1000n }), { raw: { from: 5n, to: 6n }, view: { from: 5n, to: 6n } });
});

test('what lies behind the end of the range waits for it', () => {
  const dirty = new DirtyRanges();
  dirty.Add(Event(['cpu'], 50, 149), 'cpu', 'avg_cpu');
  assert.deepEqual(dirty.Take({ from: 60n, to: 100n }).raw, { from: 60n, to: 100n });
  assert.equal(dirty.empty, false);
  assert.deepEqual(dirty.Take({ from: 60n, to: 200n }).raw, { from: 100n, to: 150n });
  assert.equal(dirty.empty, true);
});

test('what lies before the range is forgotten', () => {
  const dirty = new DirtyRanges();
  dirty.Add(Event(['cpu'], 1, 2), 'cpu', 'avg_cpu');
  assert.equal(dirty.Take({ from: 60n, to: 100n }).raw, null);
  assert.equal(dirty.empty, true);
});
