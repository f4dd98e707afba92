// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bring, Span, Starts } from './window.ts';

test('a span holds exactly what is seen, and one more on each side', () => {
  const sizes = Array.from({ length: 40 }, (_, i) => 20 + ((i * 37) % 90));
  const starts = Starts(sizes);
  for (let from = 0; from < (starts.at(-1) ?? 0); from += 13) {
    const to = from + 300;
    const seen = sizes.map((_, i) => i).filter((i) => (starts[i + 1] ?? 0) > from && (starts[i] ?? 0) < to);
    const { first, last } = Span(starts, from, to);
    assert.deepEqual([first, last], [Math.max(0, (seen[0] ?? 0) - 1), Math.min(40, (seen.at(-1) ?? 0) + 2)], String(from));
  }
  assert.deepEqual(Span([0], 0, 100), { first: 0, last: 0 });
});

test('an item is brought into view by the shortest way', () => {
  assert.equal(Bring(100, 200, 150, 180), 100);
  assert.equal(Bring(100, 200, 40, 70), 40);
  assert.equal(Bring(100, 200, 290, 320), 120);
  assert.equal(Bring(100, 200, 400, 900), 400); // wider than the room: its begin
});
