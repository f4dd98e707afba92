// SPDX-License-Identifier: Apache-2.0
// Which part of a long list is seen, where sizes are known beforehand: rows of one height, columns of their own widths.

/** Where each item begins, and at the end where the last one ends. */
export function Starts(sizes: readonly number[]): number[] {
  const starts = [0];
  for (const size of sizes) starts.push((starts.at(-1) ?? 0) + size);
  return starts;
}

/** Items that touch [from, to), with one more on each side; `last` is exclusive. */
export function Span(starts: readonly number[], from: number, to: number): { first: number; last: number } {
  const count = starts.length - 1;
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((starts[middle + 1] ?? 0) <= from) low = middle + 1;
    else high = middle;
  }
  let last = low;
  while (last < count && (starts[last] ?? 0) < to) last += 1;
  return { first: Math.max(0, low - 1), last: Math.min(count, last + 1) };
}

/** The scroll position nearest to `at` that shows [begin, end). */
export function Bring(at: number, room: number, begin: number, end: number): number {
  if (begin < at) return begin;
  return end > at + room ? Math.max(0, Math.min(begin, end - room)) : at;
}
