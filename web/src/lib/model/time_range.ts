// SPDX-License-Identifier: Apache-2.0
// The time range grammar that links, pickers and the command line share: `now`, `now-15m`, `now-1h/h` (floor to the hour), epoch
// milliseconds, RFC 3339. A range keeps the words it was given, so that a link to "the last hour" stays that.
import { FloorDiv, FloorMs, FormatTimestamp, kNsPerMs, kNsPerSecond, ParseTimestamp, type Ns } from '../time.ts';

export interface TimeRange {
  from: string;
  to: string;
}

export const kDefaultRange: TimeRange = { from: 'now-1h', to: 'now' };

const kDay = 86_400n * kNsPerSecond;
const kUnits: Record<string, Ns> = {
  ms: kNsPerMs, s: kNsPerSecond, m: 60n * kNsPerSecond, h: 3600n * kNsPerSecond, d: kDay, w: 7n * kDay, y: 365n * kDay,
};
const kRelative = /^now(?:([+-])(\d{1,9})(ms|s|m|h|d|w|y))?(?:\/(s|m|h|d|w))?$/;
// The epoch was a Thursday; weeks begin on Monday.
const kWeekOffset = 3n * kDay;

/** One end of a range; null if it is none of the grammar's forms. Days and weeks are those of UTC. */
export function ParseRangeEnd(text: string, now: Ns): Ns | null {
  const relative = kRelative.exec(text.trim());
  if (relative !== null) {
    let time = now;
    const unit = relative[3] === undefined ? undefined : kUnits[relative[3]];
    if (unit !== undefined) time += (relative[1] === '-' ? -1n : 1n) * BigInt(relative[2] ?? '0') * unit;
    const floor = relative[4] === undefined ? undefined : kUnits[relative[4]];
    if (floor === undefined) return time;
    const offset = relative[4] === 'w' ? kWeekOffset : 0n;
    return FloorDiv(time + offset, floor) * floor - offset;
  }
  if (/^-?\d{1,15}$/.test(text.trim())) return BigInt(text.trim()) * kNsPerMs;
  return ParseTimestamp(text.trim());
}

export interface Resolved {
  from: Ns;
  /** Exclusive. */
  to: Ns;
}

/** Null if an end cannot be read or the range is empty. */
export function ResolveRange(range: TimeRange, now: Ns): Resolved | null {
  const from = ParseRangeEnd(range.from, now);
  const to = ParseRangeEnd(range.to, now);
  return from === null || to === null || from >= to ? null : { from, to };
}

/** What is wrong with a range, in words; null if nothing is. */
export function RangeProblem(range: TimeRange, now: Ns): { field: 'from' | 'to'; message: string } | null {
  const from = ParseRangeEnd(range.from, now);
  const to = ParseRangeEnd(range.to, now);
  const kForms = 'Write now-15m, now-1d/d, a time such as 2026-01-15 16:00, or epoch milliseconds.';
  if (from === null) return { field: 'from', message: kForms };
  if (to === null) return { field: 'to', message: kForms };
  return from < to ? null : { field: 'to', message: 'The end has to come after the start.' };
}

export const kPresets: readonly { from: string; label: string }[] = [
  ['5m', '5 m'], ['15m', '15 m'], ['30m', '30 m'], ['1h', '1 h'], ['3h', '3 h'], ['6h', '6 h'], ['12h', '12 h'], ['24h', '24 h'], ['2d', '2 d'],
  ['7d', '7 d'], ['30d', '30 d'], ['90d', '90 d'], ['1y', '1 y'],
].map(([from, label]) => ({ from: `now-${from}`, label: label ?? '' }));

const Absolute = (from: Ns, to: Ns): TimeRange => ({ from: String(FloorMs(from)), to: String(FloorMs(to)) });

/** Twice as long around its centre; `in`: half as long. */
export function Zoom(range: TimeRange, now: Ns, how: 'out' | 'in'): TimeRange {
  const resolved = ResolveRange(range, now);
  if (resolved === null) return range;
  const length = resolved.to - resolved.from;
  const centre = resolved.from + length / 2n;
  const half = how === 'out' ? length : length / 4n;
  return half < kNsPerMs ? range : Absolute(centre - half, centre + half);
}

/** Moves it by its own length. */
export function Shift(range: TimeRange, now: Ns, direction: -1 | 1): TimeRange {
  const resolved = ResolveRange(range, now);
  if (resolved === null) return range;
  const by = (resolved.to - resolved.from) * BigInt(direction);
  return Absolute(resolved.from + by, resolved.to + by);
}

export const SameRange = (a: TimeRange, b: TimeRange): boolean => a.from === b.from && a.to === b.to;

/** `last 1 h`, or both ends: what a picker's button says. */
export function DescribeRange(range: TimeRange, now: Ns): string {
  if (range.to === 'now') {
    const preset = kPresets.find(({ from }) => from === range.from);
    if (preset !== undefined) return `last ${preset.label}`;
    const relative = /^now-(\d+)(ms|s|m|h|d|w|y)$/.exec(range.from);
    if (relative !== null) return `last ${relative[1]} ${relative[2]}`;
  }
  const resolved = ResolveRange(range, now);
  if (resolved === null) return `${range.from} – ${range.to}`;
  const digits = (time: Ns): number | null => (time % (60n * kNsPerSecond) === 0n ? null : time % kNsPerSecond === 0n ? 0 : 3);
  const from = FormatTimestamp(resolved.from, { digits: digits(resolved.from) });
  if (range.to.trim() === 'now') return `${from} – now`;
  const to = FormatTimestamp(resolved.to, { digits: digits(resolved.to) });
  return `${from} – ${from.slice(0, 10) === to.slice(0, 10) ? to.slice(11) : to}`;
}

/** What a link holds of a range: nothing where it is the default. */
export const RangeParams = (range: TimeRange, standard: TimeRange): Record<'from' | 'to', string | null> => ({
  from: range.from === standard.from ? null : range.from,
  to: range.to === standard.to ? null : range.to,
});
