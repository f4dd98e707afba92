// SPDX-License-Identifier: Apache-2.0
// Lateness of points, as a histogram tells it: how many came behind the watermark and by how much, and what another allowed lateness
// would have meant. Lateness is the watermark at arrival minus the event time; the watermark itself waits for points out of order.
import { FormatDurationMs } from '../format.ts';
import type { LatenessBucket } from '../api/types.ts';

export interface Bucket {
  /** Null: no upper bound. */
  le_ms: number | null;
  /** The bound of the bucket before. */
  from_ms: number;
  name: string;
  in_time: number;
  late: number;
  frozen: number;
  total: number;
}

export function ToBuckets(buckets: readonly LatenessBucket[]): Bucket[] {
  return buckets.map((bucket, i) => {
    const le_ms = bucket.le_ms === null ? null : Number(bucket.le_ms);
    const from_ms = Number(buckets[i - 1]?.le_ms ?? 0);
    const [in_time, late, frozen] = [Number(bucket.on_time), Number(bucket.late), Number(bucket.frozen ?? 0)];
    const name = le_ms === 0 ? 'before the watermark' : le_ms === null ? `over ${FormatDurationMs(from_ms)}` : `${from_ms === 0 ? '0' : FormatDurationMs(from_ms)} – ${FormatDurationMs(le_ms)}`;
    return { le_ms, from_ms, name, in_time, late, frozen, total: in_time + late + frozen };
  });
}

/** Part of all points that came within a lateness. Inside a bucket they are taken as evenly spread: an estimate. */
export function ShareWithin(buckets: readonly Bucket[], lateness_ms: number): number | null {
  let all = 0;
  let within = 0;
  for (const { le_ms, from_ms, total } of buckets) {
    all += total;
    if (le_ms !== null && le_ms <= lateness_ms) within += total;
    else if (le_ms !== null && from_ms < lateness_ms) within += (total * (lateness_ms - from_ms)) / (le_ms - from_ms);
  }
  return all === 0 ? null : within / all;
}

/** `99.93 %`: as many decimals as tell it from all and from none. */
export function FormatShare(share: number | null): string {
  if (share === null) return '–';
  if (share === 0 || share === 1) return `${share * 100} %`;
  const percent = share * 100;
  const rest = Math.min(percent, 100 - percent);
  const decimals = rest >= 1 ? 1 : Math.min(6, -Math.floor(Math.log10(rest)));
  return `${percent.toFixed(decimals)} %`;
}

/** What the slider stops at. */
export const kLatenessStopsMs: readonly number[] = [0, 1, 5, 15, 30, 60, 120, 300, 600, 900, 1800, 3600].map((s) => s * 1000);

export const StopOf = (lateness_ms: number): number => {
  const at = kLatenessStopsMs.findIndex((stop) => stop >= lateness_ms);
  return at < 0 ? kLatenessStopsMs.length - 1 : at;
};

export interface WhatIf {
  share: number | null;
  now: number | null;
  /** Windows that would be open besides, of all series; negative: fewer. */
  more_windows: number;
}

export function EstimateLateness(buckets: readonly Bucket[], now_ms: number, wished_ms: number, window_ms: number, series: number): WhatIf {
  return {
    share: ShareWithin(buckets, wished_ms), now: ShareWithin(buckets, now_ms),
    more_windows: window_ms <= 0 ? 0 : Math.round(((wished_ms - now_ms) / window_ms) * series),
  };
}

/** The estimate in a sentence: what counts as closed depends on whether the view takes up what comes after. */
export function WhatIfWords(what: WhatIf, wished_ms: number, policy: string): string {
  const percent = FormatShare(what.share);
  if (what.share === null) return 'No point was counted yet.';
  const kept = policy === 'freeze'
    ? `${percent} of all points would have been taken up (now ${FormatShare(what.now)})`
    : `${percent} of all points would have come before their window was called closed (now ${FormatShare(what.now)}); later ones correct it all the same`;
  const windows = what.more_windows === 0 ? '' : `; about ${Math.abs(what.more_windows).toLocaleString('en-US').replaceAll(',', '\u2009')} ${what.more_windows > 0 ? 'more' : 'fewer'} windows of all series would be open to change`;
  return `With an allowed lateness of ${wished_ms === 0 ? '0' : FormatDurationMs(wished_ms)}, ${kept}${windows}.`;
}
