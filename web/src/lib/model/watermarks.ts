// SPDX-License-Identifier: Apache-2.0
// Who holds a watermark back: the partitions of a view's sources on one axis of time, and what to say of it.
import { FormatDurationMs } from '../format.ts';
import { FormatClock, FormatTimestamp, kNsPerMs, kNsPerSecond, type Ns } from '../time.ts';
import type { WatermarkPartition } from '../api/types.ts';

export interface WatermarkRow {
  source: string;
  partition: string;
  newest: Ns | null;
  watermark: Ns | null;
  idle: boolean;
  lag_ms: number | null;
}

export const ToWatermarkRow = (p: WatermarkPartition, now: Ns): WatermarkRow => {
  const watermark = p.watermark === null ? null : BigInt(p.watermark);
  return {
    source: p.source, partition: p.partition, newest: p.max_event_time === null ? null : BigInt(p.max_event_time), watermark, idle: p.idle,
    lag_ms: watermark === null || p.idle ? null : Number((now - watermark) / kNsPerMs),
  };
};

/** The axis that shows all partitions that count, with some room at its left. */
export function AxisOf(rows: readonly WatermarkRow[], now: Ns): { from: Ns; to: Ns } {
  let least = now - 60n * kNsPerSecond;
  for (const { idle, watermark } of rows) if (!idle && watermark !== null && watermark < least) least = watermark;
  return { from: least - (now - least) / 4n, to: now };
}

/** 0..100 of the axis. */
export const PlaceOf = (at: Ns, axis: { from: Ns; to: Ns }): number => Math.max(0, Math.min(100, (100 * Number(at - axis.from)) / Number(axis.to - axis.from)));

/** Ticks of the axis at whole units of time. */
export function TicksOf(axis: { from: Ns; to: Ns }): { at: Ns; place: number; label: string }[] {
  const units = [1n, 5n, 10n, 30n, 60n, 300n, 600n, 1800n, 3600n, 7200n, 21600n, 43200n, 86400n, 604800n].map((s) => s * kNsPerSecond);
  const unit = units.find((u) => (axis.to - axis.from) / u <= 9n) ?? (units.at(-1) as Ns);
  const out: { at: Ns; place: number; label: string }[] = [];
  for (let at = (axis.from / unit + 1n) * unit; at < axis.to; at += unit) out.push({ at, place: PlaceOf(at, axis), label: FormatClock(at) });
  return out.filter(({ place }) => place > 4 && place < 90);
}

const Short = (text: string): string => text.replace(/^shardId-0*(?=\d)/, 'shard ');

/** The partition that is behind all others by more than points come out of order; null where they are close together. */
export function HoldingBack(rows: readonly WatermarkRow[], { out_of_orderness_ms }: { out_of_orderness_ms: number }): { row: WatermarkRow; behind_ms: number } | null {
  const [last, next] = rows.filter((row) => !row.idle && row.watermark !== null).sort((a, b) => ((a.watermark as Ns) < (b.watermark as Ns) ? -1 : 1));
  if (last === undefined || next === undefined) return null;
  const behind_ms = Number(((next.watermark as Ns) - (last.watermark as Ns)) / kNsPerMs);
  return behind_ms > Math.max(1000, out_of_orderness_ms) ? { row: last, behind_ms } : null;
}

/** `shard 2 holds the view 6 m 57 s behind the others; its newest record carries event time 16:52:30.` */
export function HoldsBackSentence(rows: readonly WatermarkRow[], view: { out_of_orderness_ms: number }): string {
  const active = rows.filter((row) => !row.idle);
  const idle = rows.length - active.length;
  const ignored = idle === 0 ? '' : ` ${idle} idle ${idle === 1 ? 'partition is' : 'partitions are'} ignored.`;
  if (rows.length === 0) return 'No partition was read yet, so there is no watermark.';
  if (active.length === 0) return 'All partitions are idle: the watermark waits for the next record.';
  const missing = active.find((row) => row.watermark === null);
  if (missing !== undefined) return `${Short(missing.partition)} has not brought a record yet, and the watermark waits for it.${ignored}`;
  const Newest = ({ newest }: WatermarkRow): string => (newest === null ? '' : `; its newest record carries event time ${FormatTimestamp(newest, { digits: 0, date: false })}`);
  const [only] = active;
  if (only !== undefined && active.length === 1) return `${Short(only.partition)} alone sets the watermark${Newest(only)}.${ignored}`;
  const holding = HoldingBack(rows, view);
  if (holding === null) return `${active.length} active partitions are close together; none holds the watermark back.${ignored}`;
  return `${Short(holding.row.partition)} holds the view ${FormatDurationMs(holding.behind_ms)} behind the others${Newest(holding.row)}.${ignored}`;
}
