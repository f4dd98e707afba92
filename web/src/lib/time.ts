// SPDX-License-Identifier: Apache-2.0
// Event times are int64 nanoseconds and never pass through a JavaScript Date: a double holds microseconds at best. Everything here
// is integer arithmetic on bigint. Times are shown in the zone that UseZone() names.
import { kUtc, ZoneOffsetSeconds, ZoneSuffix, type Zone } from './zone.ts';

/** Nanoseconds since the epoch, UTC. */
export type Ns = bigint;

export const kNsPerMs = 1_000_000n;
export const kNsPerSecond = 1_000_000_000n;
const kNsPerMinute = 60n * kNsPerSecond;
const kNsPerHour = 60n * kNsPerMinute;
const kNsPerDay = 24n * kNsPerHour;

let zone_source: () => Zone = () => kUtc;

/** Where the display zone comes from; a reactive source makes every shown time follow it. */
export function UseZone(source: () => Zone): void {
  zone_source = source;
}

export const FloorDiv = (a: bigint, b: bigint): bigint => (a >= 0n || a % b === 0n ? a / b : a / b - 1n);

/** Days since the epoch of a date of the proleptic Gregorian calendar. */
function DaysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const year_of_era = y - era * 400;
  const day_of_year = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const day_of_era = year_of_era * 365 + Math.floor(year_of_era / 4) - Math.floor(year_of_era / 100) + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

function CivilFromDays(days: number): { year: number; month: number; day: number } {
  const z = days + 719468;
  const era = Math.floor(z / 146097);
  const doe = z - era * 146097;
  const yoe = Math.floor((doe - Math.floor(doe / 1460) + Math.floor(doe / 36524) - Math.floor(doe / 146096)) / 365);
  const doy = doe - (365 * yoe + Math.floor(yoe / 4) - Math.floor(yoe / 100));
  const mp = Math.floor((5 * doy + 2) / 153);
  const month = mp < 10 ? mp + 3 : mp - 9;
  return { year: yoe + era * 400 + (month <= 2 ? 1 : 0), month, day: doy - Math.floor((153 * mp + 2) / 5) + 1 };
}

const kTimestamp = /^(\d{4})-(\d{2})-(\d{2})(?:[ T](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?)?(?:Z| UTC)?$/;

/** Reads the dialect's `YYYY-MM-DD HH:MM:SS.nnnnnnnnn` and RFC 3339 in UTC; null if it is neither. */
export function ParseTimestamp(text: string): Ns | null {
  const m = kTimestamp.exec(text);
  if (m === null) return null;
  const field = (i: number): number => Number(m[i] ?? '0');
  const days = DaysFromCivil(field(1), field(2), field(3));
  const seconds = BigInt(days) * 86400n + BigInt(field(4) * 3600 + field(5) * 60 + field(6));
  return seconds * kNsPerSecond + BigInt((m[7] ?? '').padEnd(9, '0'));
}

export interface TimestampFormat {
  /** Digits after the second, 0..9; null stops at the minute. */
  digits?: number | null;
  date?: boolean;
  /** Default: the display zone. */
  zone?: Zone | undefined;
}

/** `2026-01-15 16:24:00.000000000`, or a shorter form. */
export function FormatTimestamp(time: Ns, { digits = 9, date = true, zone = zone_source() }: TimestampFormat = {}): string {
  const offset = zone === kUtc ? 0 : ZoneOffsetSeconds(zone, Number(FloorDiv(time, kNsPerSecond)));
  const wall = time + BigInt(offset) * kNsPerSecond;
  const day = FloorDiv(wall, kNsPerDay);
  const in_day = wall - day * kNsPerDay;
  const seconds = Number(in_day / kNsPerSecond);
  const two = (n: number): string => String(n).padStart(2, '0');
  let clock = `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}`;
  if (digits !== null) {
    clock += `:${two(seconds % 60)}`;
    if (digits > 0) clock += `.${String(in_day % kNsPerSecond).padStart(9, '0').slice(0, digits)}`;
  }
  if (!date) return clock;
  const civil = CivilFromDays(Number(day));
  return `${String(civil.year).padStart(4, '0')}-${two(civil.month)}-${two(civil.day)} ${clock}`;
}

/** The clock of a point: seconds and fractions only where they say something. */
export function FormatClock(time: Ns, zone?: Zone): string {
  const digits = time % kNsPerMinute === 0n ? null : time % kNsPerSecond === 0n ? 0 : time % kNsPerMs === 0n ? 3 : 9;
  return FormatTimestamp(time, { digits, date: false, zone });
}

/** When the clocks of a zone show `wall`, a time as if of UTC; of two such times the first, of none the one as far beyond the gap. */
export function FromWall(wall: Ns, zone: Zone): Ns {
  const At = (seconds: number): Ns => wall - BigInt(ZoneOffsetSeconds(zone, seconds)) * kNsPerSecond;
  const seconds = Number(FloorDiv(wall, kNsPerSecond));
  const [early, late] = [At(seconds - 86_400), At(seconds + 86_400)];
  const Shows = (time: Ns): boolean => time + BigInt(ZoneOffsetSeconds(zone, Number(FloorDiv(time, kNsPerSecond)))) * kNsPerSecond === wall;
  return Shows(early) || !Shows(late) ? early : late;
}

/** `UTC` or the offset of the display zone at a time. */
export const TimeSuffix = (time: Ns): string => ZoneSuffix(zone_source(), Number(FloorDiv(time, kNsPerSecond)));

/** `2026-01-15 16:23:00.000000000 UTC`: a time in a table. */
export const FormatFull = (time: Ns, digits = 9): string => `${FormatTimestamp(time, { digits })} ${TimeSuffix(time)}`;

/** The wall clock, in whole milliseconds: the only place where the page asks what time it is. */
export const WallNow = (): Ns => BigInt(Date.now()) * kNsPerMs;

export const FloorMs = (time: Ns): bigint => FloorDiv(time, kNsPerMs);
export const CeilMs = (time: Ns): bigint => -FloorDiv(-time, kNsPerMs);
