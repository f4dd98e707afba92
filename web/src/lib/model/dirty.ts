// SPDX-License-Identifier: Apache-2.0
// Collects `table` events until the page is ready to ask again: the hull of their times, apart for raw points and view rows.
import type { TableEvent } from '../api/types.ts';
import type { Ns } from '../time.ts';

export interface Interval {
  from: Ns;
  /** Exclusive. */
  to: Ns;
}

export class DirtyRanges {
  raw: Interval | null = null;
  view: Interval | null = null;

  get empty(): boolean {
    return this.raw === null && this.view === null;
  }

  /** `from` and `to` of an event are inclusive; an empty list of measures means all of them. */
  Add({ dirty }: TableEvent, measure: string, avg_measure: string): void {
    const from = BigInt(dirty.from);
    const to = BigInt(dirty.to) + 1n;
    const names = (name: string): boolean => dirty.measures.length === 0 || dirty.measures.includes(name);
    if (names(measure)) this.raw = Hull(this.raw, from, to);
    if (names(avg_measure)) this.view = Hull(this.view, from, to);
  }

  /** Hands over what was collected, cut to the range. What lies behind its end stays, until the range has moved on to it. */
  Take(range: Interval): { raw: Interval | null; view: Interval | null } {
    const taken = { raw: Cut(this.raw, range), view: Cut(this.view, range) };
    this.raw = Rest(this.raw, range.to);
    this.view = Rest(this.view, range.to);
    return taken;
  }
}

function Hull(interval: Interval | null, from: Ns, to: Ns): Interval {
  if (interval === null) return { from, to };
  return { from: from < interval.from ? from : interval.from, to: to > interval.to ? to : interval.to };
}

function Cut(interval: Interval | null, range: Interval): Interval | null {
  if (interval === null) return null;
  const from = interval.from > range.from ? interval.from : range.from;
  const to = interval.to < range.to ? interval.to : range.to;
  return from < to ? { from, to } : null;
}

function Rest(interval: Interval | null, from: Ns): Interval | null {
  if (interval === null || interval.to <= from) return null;
  return { from: interval.from > from ? interval.from : from, to: interval.to };
}
