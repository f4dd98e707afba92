// SPDX-License-Identifier: Apache-2.0
// Fifteen minutes of a few numbers, kept by the page from live snapshots: the sparklines of the overview.

export interface Sample {
  at_ms: number;
  value: number | null;
}

export const kHistoryMs = 900_000;
const kStepMs = 5_000;

/** One value every five seconds: the mean of what was pushed in that step. */
export class History {
  #samples: { step: number; sum: number; count: number }[] = [];

  Push(at_ms: number, value: number | null): void {
    const step = Math.floor(at_ms / kStepMs);
    let last = this.#samples.at(-1);
    if (last !== undefined && step < last.step) return; // the clock was set back
    if (last === undefined || last.step !== step) {
      last = { step, sum: 0, count: 0 };
      this.#samples.push(last);
    }
    if (value !== null && Number.isFinite(value)) {
      last.sum += value;
      last.count += 1;
    }
    const first = step - kHistoryMs / kStepMs;
    while ((this.#samples[0]?.step ?? first) < first) this.#samples.shift();
  }

  /** The past that the server kept, before what this page has seen itself. */
  Prepend(past: readonly Sample[]): void {
    const first = this.#samples[0]?.step ?? Infinity;
    const kept = past.map(({ at_ms, value }) => ({ step: Math.floor(at_ms / kStepMs), sum: value ?? 0, count: value === null ? 0 : 1 })).filter(({ step }) => step < first);
    this.#samples = [...kept, ...this.#samples];
  }

  /** Oldest first; a step without a value is null. */
  Values(): Sample[] {
    return this.#samples.map(({ step, sum, count }) => ({ at_ms: step * kStepMs, value: count === 0 ? null : sum / count }));
  }
}

/** A counter that only grows, as a rate a minute over the last minute; null before two readings. */
export class MinuteRate {
  #readings: { at_ms: number; total: number }[] = [];

  Push(at_ms: number, total: number): number | null {
    const last = this.#readings.at(-1);
    if (last !== undefined && (total < last.total || at_ms < last.at_ms)) this.#readings = []; // the server started anew
    this.#readings.push({ at_ms, total });
    while (this.#readings.length > 2 && (this.#readings[1]?.at_ms ?? at_ms) <= at_ms - 60_000) this.#readings.shift();
    const first = this.#readings[0];
    if (first === undefined || at_ms - first.at_ms < 1000) return null;
    return ((total - first.total) / (at_ms - first.at_ms)) * 60_000;
  }
}

/** An SVG path over `width` x `height` for samples of the last fifteen minutes; gaps where there is none. */
export function SparkPath(samples: readonly Sample[], width: number, height: number, now_ms: number): string {
  const known = samples.filter((s): s is { at_ms: number; value: number } => s.value !== null);
  if (known.length < 2) return '';
  const low = Math.min(0, ...known.map((s) => s.value));
  const high = Math.max(...known.map((s) => s.value));
  const span = high > low ? high - low : 1;
  const begin = now_ms - kHistoryMs;
  let path = '';
  let pen = 'M';
  for (const { at_ms, value } of samples) {
    if (value === null) {
      pen = 'M';
      continue;
    }
    const x = Math.max(0, Math.min(width, ((at_ms - begin) / kHistoryMs) * width));
    const y = height - 1 - ((value - low) / span) * (height - 2);
    path += `${pen}${x.toFixed(1)} ${y.toFixed(1)}`;
    pen = 'L';
  }
  return path;
}
