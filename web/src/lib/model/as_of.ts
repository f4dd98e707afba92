// SPDX-License-Identifier: Apache-2.0
// Replay: the time of processing that is shown, as links hold it, and the steps through it.
import { FormatTimestamp, type Ns } from '../time.ts';
import { ParseRangeEnd } from './time_range.ts';

/** Nanoseconds (16 digits and more), or any end of a range; null if it is neither. */
export function ParseAsOf(text: string | null, now: Ns): Ns | null {
  if (text === null || text === '') return null;
  return /^\d{16,}$/.test(text) ? BigInt(text) : ParseRangeEnd(text, now);
}

/** RFC 3339 as short as it is exact. */
export function WriteAsOf(at: Ns): string {
  const text = FormatTimestamp(at, { digits: 9, zone: 'UTC' }).replace(' ', 'T');
  return `${text.replace(/\.?0+$/, (zeros) => (zeros.startsWith('.') ? '' : zeros)).replace(/(\.\d*?)0+$/, '$1')}Z`;
}

/** The nearest of ascending `times` before or after a time; null if there is none. `at` null is now: after everything. */
export function StepTime(times: readonly Ns[], at: Ns | null, direction: -1 | 1): Ns | null {
  if (direction < 0) {
    for (let i = times.length - 1; i >= 0; i -= 1) if (at === null || (times[i] as Ns) < at) return times[i] as Ns;
    return null;
  }
  return at === null ? null : (times.find((time) => time > at) ?? null);
}

/** Several ascending lists as one, each time once. */
export const MergeTimes = (lists: Iterable<readonly Ns[]>): Ns[] => [...new Set([...lists].flat())].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
