// SPDX-License-Identifier: Apache-2.0
// How numbers look in the console: SI with three digits for rates, thin-space groups for counts, two units for durations.

const kThinSpace = '\u2009';
const kUnknown = '–';

function Si(value: number): string {
  const units = ['', 'k', 'M', 'G', 'T', 'P'];
  let scaled = Math.abs(value);
  let unit = 0;
  while (scaled >= 999.5 && unit < units.length - 1) {
    scaled /= 1000;
    unit += 1;
  }
  const digits = unit === 0 && Number.isInteger(scaled) ? 0 : scaled >= 100 ? 0 : scaled >= 10 ? 1 : 2;
  return `${value < 0 ? '−' : ''}${scaled.toFixed(digits)}${units[unit] ? ` ${units[unit]}` : ''}`;
}

/** `18.4 k rec/s`, `518 kB/s`: a prefix joins a unit of one letter, and stands before a word. */
export function FormatRate(per_second: number | null, unit = ''): string {
  if (per_second === null) return kUnknown;
  const number = Si(per_second);
  const joined = unit.length === 1 && /[kMGTP]$/.test(number);
  return `${number}${unit === '' || joined ? '' : ' '}${unit}/s`;
}

/** `2 200`, from ten million on `12.4 M`; takes the decimal strings of the API. */
export function FormatCount(value: string | number | bigint | null | undefined): string {
  if (value === null || value === undefined || value === '') return kUnknown;
  if (typeof value === 'string' && !/^-?\d+$/.test(value)) return value;
  const n = typeof value === 'bigint' ? value : BigInt(typeof value === 'number' ? Math.round(value) : value);
  if (n > 9_999_999n || n < -9_999_999n) return Si(Number(n));
  return String(n).replace(/\B(?=(\d{3})+$)/g, kThinSpace);
}

/** Two units at most: `7 m 30 s`, `42 s`, `350 ms`. */
export function FormatDurationMs(ms: number | string | null | undefined): string {
  if (ms === null || ms === undefined || ms === '') return kUnknown;
  let left = Math.abs(Math.round(Number(ms)));
  const sign = Number(ms) < 0 ? '−' : '';
  if (left < 1000) return `${sign}${left} ms`;
  if (left < 10_000 && left % 1000 !== 0) return `${sign}${(left / 1000).toFixed(1)} s`;
  left = Math.round(left / 1000);
  const parts: string[] = [];
  for (const [size, unit] of [[86400, 'd'], [3600, 'h'], [60, 'm'], [1, 's']] as const) {
    const n = Math.floor(left / size);
    left -= n * size;
    if (n > 0 && parts.length < 2) parts.push(`${n} ${unit}`);
    else if (parts.length > 0) break;
  }
  return sign + parts.join(' ');
}

export const FormatDurationNs = (ns: string | null | undefined): string =>
  ns === null || ns === undefined ? kUnknown : FormatDurationMs(Number(BigInt(ns) / 1_000_000n));

/** `1.2 GiB`. */
export function FormatBytes(bytes: string | number | null | undefined): string {
  if (bytes === null || bytes === undefined) return kUnknown;
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = Number(bytes);
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toPrecision(3)} ${units[unit]}`;
}

/** Four significant digits, as charts show doubles. */
export function FormatValue(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 1e7 || size < 1e-4) return value.toExponential(3).replaceAll('-', '−');
  return value.toFixed(Math.max(0, Math.min(7, 3 - Math.floor(Math.log10(size))))).replace('-', '−');
}

export function FormatDelta(delta: number): string {
  return delta > 0 ? `+${FormatValue(delta)}` : FormatValue(delta);
}

/** The difference of two values, to as many decimals as the larger of them is shown with: `0.5170` to `0.5604` is `+0.0434`. */
export function FormatChange(from: number, to: number): string {
  const size = Math.max(Math.abs(from), Math.abs(to));
  const delta = to - from;
  if (!Number.isFinite(delta) || size === 0 || size >= 1e7 || size < 1e-4) return FormatDelta(delta);
  const decimals = Math.max(0, Math.min(7, 3 - Math.floor(Math.log10(size))));
  const text = delta.toFixed(decimals);
  // Smaller than what these decimals show: then with its own.
  if (delta !== 0 && Number(text) === 0) return FormatDelta(delta);
  return `${delta > 0 ? '+' : ''}${text.replace('-', '−')}`;
}

export function FormatPercentChange(from: number, to: number): string {
  if (from === 0 || !Number.isFinite(from) || !Number.isFinite(to)) return '';
  const change = ((to - from) / Math.abs(from)) * 100;
  const text = Math.abs(change) < 0.1 ? change.toFixed(2) : change.toFixed(1);
  return `${change > 0 ? '+' : ''}${text.replace('-', '−')} %`;
}

/** `4967…0338`: ids keep both ends. */
export const MiddleEllipsis = (text: string, ends = 4): string =>
  text.length <= ends * 2 + 1 ? text : `${text.slice(0, ends)}…${text.slice(-ends)}`;
