// SPDX-License-Identifier: Apache-2.0
// One crosshair for all charts of a page with the same kind of x: what one chart's cursor is at, the others show.
import type { Ns } from '../time.ts';

type Listener = (at: Ns | null) => void;
const listeners = new Map<string, Set<Listener>>();

/** Joins the charts of `group`; returns what to call as the own cursor moves, and how to leave. */
export function JoinCrosshair(group: string, listener: Listener): { Move(at: Ns | null): void; Leave(): void } {
  const members = listeners.get(group) ?? new Set<Listener>();
  listeners.set(group, members);
  members.add(listener);
  return {
    Move(at) {
      for (const other of members) if (other !== listener) other(at);
    },
    Leave: () => void members.delete(listener),
  };
}
