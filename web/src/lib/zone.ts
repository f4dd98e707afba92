// SPDX-License-Identifier: Apache-2.0
// Display zones: UTC, that of the browser, or a named one. A zone only ever adds whole seconds to an exact time; the offset comes
// from the browser's zone tables, the one use of Date for an event time, and of its seconds only.

/** `UTC`, `local`, or a name of the IANA database. */
export type Zone = string;

export const kUtc: Zone = 'UTC';

// Offsets change on quarters of an hour at most.
const kSlotSeconds = 900;
const kSlotsKept = 4096;
// Date ends at +-8.64e12 seconds; zone rules say nothing that far out.
const kSecondsMax = 8_000_000_000_000;

const formats = new Map<Zone, Intl.DateTimeFormat>();
const offsets = new Map<string, number>();

const NameOf = (zone: Zone): string | undefined => (zone === 'local' ? undefined : zone);

function FormatOf(zone: Zone): Intl.DateTimeFormat {
  let format = formats.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: NameOf(zone), hourCycle: 'h23', era: 'short', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit',
    });
    formats.set(zone, format);
  }
  return format;
}

/** Whether the browser knows the zone. */
export function IsZone(zone: Zone): boolean {
  if (zone === kUtc || zone === 'local') return true;
  try {
    FormatOf(zone);
    return true;
  } catch {
    return false;
  }
}

/** Seconds that the zone is ahead of UTC at a time. */
export function ZoneOffsetSeconds(zone: Zone, epoch_seconds: number): number {
  if (zone === kUtc) return 0;
  const slot = Math.floor(Math.max(-kSecondsMax, Math.min(kSecondsMax, epoch_seconds)) / kSlotSeconds);
  const key = `${zone}/${slot}`;
  const known = offsets.get(key);
  if (known !== undefined) return known;
  const at = slot * kSlotSeconds;
  const parts = Object.fromEntries(FormatOf(zone).formatToParts(at * 1000).map(({ type, value }) => [type, value]));
  const year = Number(parts['year']) * (parts['era'] === 'BC' ? -1 : 1) + (parts['era'] === 'BC' ? 1 : 0);
  const wall = Date.UTC(2000, Number(parts['month']) - 1, Number(parts['day']), Number(parts['hour']), Number(parts['minute']), Number(parts['second']));
  const offset = Math.round(new Date(wall).setUTCFullYear(year, Number(parts['month']) - 1, Number(parts['day'])) / 1000) - at;
  if (offsets.size >= kSlotsKept) offsets.clear();
  offsets.set(key, offset);
  return offset;
}

/** The suffix of a time shown in the zone: `UTC`, `+02:00`. */
export function ZoneSuffix(zone: Zone, epoch_seconds: number): string {
  if (zone === kUtc) return 'UTC';
  const offset = ZoneOffsetSeconds(zone, epoch_seconds);
  const minutes = Math.round(Math.abs(offset) / 60);
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${offset < 0 ? '−' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

/** What the zone is called in a menu. */
export function ZoneLabel(zone: Zone): string {
  if (zone === kUtc) return 'UTC';
  if (zone === 'local') return `Local (${new Intl.DateTimeFormat().resolvedOptions().timeZone})`;
  return zone.replaceAll('_', ' ');
}

/** Every zone that the browser can show. */
export const AllZones = (): string[] => Intl.supportedValuesOf('timeZone');
