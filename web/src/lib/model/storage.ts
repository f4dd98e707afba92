// SPDX-License-Identifier: Apache-2.0
// The time axis of a table's storage: what a write at a time would do, from the zones that the server tells.
import type { Zone } from '../api/tables.ts';
import type { Ns } from '../time.ts';

export interface Band extends Zone {
  /** Where it lies on the axis, 0..1. */
  begin: number;
  end: number;
}

/** Open ends get a fifth of the rest each, so that they are seen. */
export function Bands(zones: readonly Zone[]): { bands: Band[]; from: Ns; to: Ns } {
  const known = zones.flatMap(({ from, to }) => [from, to]).filter((t): t is string => t !== null).map((t) => BigInt(t));
  if (known.length === 0) return { bands: [], from: 0n, to: 1n };
  const low = known.reduce((a, b) => (a < b ? a : b));
  const high = known.reduce((a, b) => (a > b ? a : b));
  const pad = (high - low) / 8n + 1n;
  const [from, to] = [low - pad, high + pad];
  const at = (time: Ns): number => Number(((time - from) * 1_000_000n) / (to - from)) / 1_000_000;
  return { from, to, bands: zones.map((zone) => ({ ...zone, begin: zone.from === null ? 0 : at(BigInt(zone.from)), end: zone.to === null ? 1 : at(BigInt(zone.to)) })) };
}

/** The time at a place of the axis, to the second. */
export const TimeAt = (from: Ns, to: Ns, share: number): Ns =>
  ((from + ((to - from) * BigInt(Math.round(Math.max(0, Math.min(1, share)) * 1_000_000))) / 1_000_000n) / 1_000_000_000n) * 1_000_000_000n;

/** The band of a time; `from` is inclusive, `to` exclusive. */
export const BandOf = (bands: readonly Band[], time: Ns): Band | null =>
  bands.find(({ from, to }) => (from === null || BigInt(from) <= time) && (to === null || time < BigInt(to))) ?? null;
