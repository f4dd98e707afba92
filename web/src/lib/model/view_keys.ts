// SPDX-License-Identifier: Apache-2.0
// A [[view]] as its keys: what the editor's form reads and changes, and the TOML that they make. The form keeps nothing besides them,
// so that a key it knows nothing of stays. Pure.

export type TomlValue = string | number | boolean | null | TomlValue[] | { [key: string]: TomlValue };
export type ViewKeys = Readonly<Record<string, TomlValue>>;

export type WindowKind = 'tumbling' | 'hopping' | 'calendar' | 'session' | 'levels' | 'grid';

/** In the order in which a definition is read; others follow. Those of kViewKeys in src/app/stack_keys.h, whose test compares them. */
const kOrder = [
  'name', 'database', 'table', 'target_table', 'source', 'adopt', 'measures', 'types', 'columns', 'filter', 'window', 'slide', 'offset', 'calendar', 'zone', 'week_start', 'session_gap', 'max_session', 'levels',
  'every', 'fill', 'fill_value', 'max_gap', 'aggregate', 'aggregates', 'buckets', 'staleness', 'horizon', 'group_by', 'label_map', 'output', 'rows', 'label',
  'out_of_orderness', 'allowed_lateness', 'late', 'late_stream', 'refresh', 'recompute_per_second', 'early', 'provisional_after',
];

interface Kind {
  kind: WindowKind;
  label: string;
  words: string;
  /** Those that make the kind, and those that go with it alone. */
  keys: readonly string[];
  /** What a window of it begins as. */
  first: ViewKeys;
}

export const kKinds: readonly Kind[] = [
  { kind: 'tumbling', label: 'Tumbling', words: 'One length after another, without gaps: each point is in one window.', keys: ['window', 'offset'], first: { window: '5m' } },
  { kind: 'hopping', label: 'Hopping', words: 'Windows that overlap: one of the length begins with each slide.', keys: ['window', 'slide', 'offset'], first: { window: '1h', slide: '1m' } },
  { kind: 'session', label: 'Session', words: 'Points closer to each other than the gap: a window ends when nothing comes for that long.', keys: ['session_gap', 'max_session'], first: { session_gap: '5m' } },
  { kind: 'calendar', label: 'Calendar', words: 'Days, weeks, months of a time zone, 23 or 25 hours long where clocks change.', keys: ['calendar', 'zone', 'week_start'], first: { calendar: 'day' } },
  { kind: 'levels', label: 'Levels', words: 'Several lengths at once, each a multiple of the first. The names of rows say which.', keys: ['levels', 'offset'], first: { levels: ['1m', '1h', '1d'] } },
  { kind: 'grid', label: 'Grid', words: 'A value at each time of a regular grid, between the samples that there are.', keys: ['every', 'offset', 'fill', 'fill_value', 'max_gap'], first: { every: '10s', fill: 'linear' } },
];

export const KindWords = (kind: WindowKind): string => kKinds.find((one) => one.kind === kind)?.words ?? '';

export function KindOf(keys: ViewKeys): WindowKind {
  if ('every' in keys) return 'grid';
  if ('session_gap' in keys) return 'session';
  if ('calendar' in keys) return 'calendar';
  if ('levels' in keys) return 'levels';
  return 'slide' in keys ? 'hopping' : 'tumbling';
}

const kWindowKeys = [...new Set(kKinds.flatMap(({ keys }) => keys))];

/** With windows of another kind: keys of the one before go, those that both have stay; names and aggregates follow. */
export function WithKind(keys: ViewKeys, kind: WindowKind): ViewKeys {
  const wished = kKinds.find((one) => one.kind === kind);
  if (wished === undefined || KindOf(keys) === kind) return keys;
  const out: Record<string, TomlValue> = { ...keys };
  for (const key of kWindowKeys) if (!wished.keys.includes(key)) delete out[key];
  for (const [key, value] of Object.entries(wished.first)) out[key] ??= value;
  const output = TextOf(out, 'output');
  if (kind === 'levels' && !output.includes('{window}')) out['output'] = output === '' ? kLevelsOutput : `${output}_{window}`;
  else if (kind !== 'levels' && output === kLevelsOutput) delete out['output'];
  else if (kind !== 'levels' && output.includes('{window}')) out['output'] = output.replace(/_?\{window\}/g, '');
  if (kind === 'grid') for (const key of ['aggregate', 'aggregates', 'buckets', 'group_by', 'label_map', 'label']) delete out[key];
  if (kind === 'grid' || kind === 'session') for (const key of ['columns', 'rows', 'staleness', 'horizon']) delete out[key];
  return out;
}
const kLevelsOutput = '{aggregate}_{window}_{measure}';

/** "": it is not there. What is no text is shown as the text that it would be. */
export function TextOf(keys: ViewKeys, key: string): string {
  const value = keys[key];
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : typeof value === 'object' ? Toml(value) : String(value);
}

export function ListOf(keys: ViewKeys, key: string, fallback: readonly string[] = []): string[] {
  const value = keys[key];
  if (Array.isArray(value)) return value.map((item) => (typeof item === 'string' ? item : typeof item === 'object' ? JSON.stringify(item) : String(item)));
  return typeof value === 'string' ? [value] : [...fallback];
}

export const TableOf = (keys: ViewKeys, key: string): Readonly<Record<string, TomlValue>> => {
  const value = keys[key];
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
};

/** Null, "" and an empty table take the key away. An empty list says something: `group_by = []`. */
export function With(keys: ViewKeys, key: string, value: TomlValue): ViewKeys {
  const out: Record<string, TomlValue> = { ...keys };
  const gone = value === null || value === '' || (typeof value === 'object' && !Array.isArray(value) && Object.keys(value).length === 0);
  if (gone) delete out[key];
  else out[key] = value;
  return out;
}

/** `["a", "b"]` of "a, b"; null of a text without any. */
export function SplitList(text: string): string[] | null {
  const out = text.split(',').map((part) => part.trim()).filter((part) => part !== '');
  return out.length === 0 ? null : out;
}

/** Numbers of a text with commas; what is none stays a text, which the server refuses by name. */
export const SplitNumbers = (text: string): TomlValue[] | null => SplitList(text)?.map(NumberOrText) ?? null;
export const NumberOrText = (text: string): number | string => (/^[+-]?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text.trim()) ? Number(text) : text.trim());

export const AggregatesOf = (keys: ViewKeys): string[] => ('aggregates' in keys ? ListOf(keys, 'aggregates') : ListOf(keys, 'aggregate', ['avg']));

export function WithAggregates(keys: ViewKeys, aggregates: readonly string[]): ViewKeys {
  const { aggregate: _gone, ...rest } = keys;
  const has = (names: readonly string[]): boolean => aggregates.some((name) => names.includes(name));
  // None at all is no default: the server says so, and the next one is the only one.
  let out: ViewKeys = With(rest, 'aggregates', aggregates.join() === 'avg' ? null : [...aggregates]);
  if (!has(['histogram'])) out = With(out, 'buckets', null);
  if (!has(['increase', 'rate'])) out = With(out, 'staleness', null);
  if (!has(['twa', 'coverage'])) out = With(out, 'horizon', null);
  return out;
}

/** Aggregates that a box stands for; percentiles are typed. */
export const kAggregates: readonly { group: string; names: readonly string[] }[] = [
  { group: 'Basic', names: ['avg', 'sum', 'count', 'min', 'max', 'first', 'last', 'delta'] },
  { group: 'Spread', names: ['median', 'stddev_samp', 'stddev_pop', 'var_samp', 'var_pop', 'approx_distinct', 'histogram'] },
  { group: 'Over time', names: ['increase', 'rate', 'twa', 'coverage'] },
];
const kNamed = kAggregates.flatMap(({ names }) => names);
/** Those without a box: percentiles, and what nobody knows. */
export const OtherAggregates = (aggregates: readonly string[]): string[] => aggregates.filter((name) => !kNamed.includes(name));

/** Names that rows of `measure` get; at most `max` of them. */
export function OutputNames(keys: ViewKeys, measure: string, max = 6): { names: string[]; more: number } {
  const kind = KindOf(keys);
  const multi = TextOf(keys, 'rows') === 'multi';
  const template = TextOf(keys, 'output') || '{aggregate}_{measure}';
  const aggregates = kind === 'grid' ? [TextOf(keys, 'fill') || 'linear'] : AggregatesOf(keys).flatMap((name) => (name === 'histogram' ? HistogramNames(keys) : [name]));
  const levels = kind === 'levels' ? ListOf(keys, 'levels') : [''];
  const names = levels.flatMap((level) => (multi ? [''] : aggregates).map((name) => template.replaceAll('{aggregate}', name).replaceAll('{window}', level).replaceAll('{measure}', measure)));
  return { names: names.slice(0, max), more: Math.max(0, names.length - max) };
}
const HistogramNames = (keys: ViewKeys): string[] => [...ListOf(keys, 'buckets'), 'inf'].map((bound) => `le_${bound}`);

const Bare = (key: string): string => (/^[A-Za-z0-9_-]+$/.test(key) ? key : JSON.stringify(key));

function Toml(value: TomlValue): string {
  if (value === null) return '""';
  if (Array.isArray(value)) return `[${value.map(Toml).join(', ')}]`;
  if (typeof value === 'object') return `{${Object.entries(value).map(([key, inner]) => `${Bare(key)} = ${Toml(inner)}`).join(', ')}}`;
  // JSON's escapes are TOML's, but for DEL.
  return typeof value === 'string' ? JSON.stringify(value).replaceAll('\x7f', '\\u007f') : String(value);
}

export function ToToml(keys: ViewKeys): string {
  const known = kOrder.filter((key) => key in keys);
  const others = Object.keys(keys).filter((key) => !kOrder.includes(key));
  return `[[view]]\n${[...known, ...others].map((key) => `${Bare(key)} = ${Toml(keys[key] ?? null)}\n`).join('')}`;
}

/** The one view of a text's content; a text says why the form cannot show it. */
export function OnlyView(content: Readonly<Record<string, TomlValue>> | null): ViewKeys | string {
  if (content === null) return 'The text is not TOML.';
  const others = Object.keys(content).filter((key) => key !== 'view');
  const views = content['view'];
  if (!Array.isArray(views) || views.length === 0) return 'There is no [[view]] in it.';
  if (views.length > 1 || others.length > 0) return `The editor is for one [[view]] alone${others.length > 0 ? `, and not for ${others.join(', ')}` : ''}: a stack with more is for "tidemark apply".`;
  const only = views[0];
  return typeof only === 'object' && only !== null && !Array.isArray(only) ? only : 'There is no [[view]] in it.';
}

const kUnits: readonly (readonly [bigint, string])[] = [[86_400_000_000_000n, 'd'], [3_600_000_000_000n, 'h'], [60_000_000_000n, 'm'], [1_000_000_000n, 's'], [1_000_000n, 'ms'], [1_000n, 'us'], [1n, 'ns']];

/** `4m50s`, as definitions have it; at least as long, without more than milliseconds, from a minute on than seconds. */
export function DurationAtLeast(ns: bigint): string {
  const step = ns >= 60_000_000_000n ? 1_000_000_000n : 1_000_000n;
  let left = ((ns + step - 1n) / step) * step;
  if (left === 0n) return '0s';
  let out = '';
  for (const [size, unit] of kUnits) {
    if (left < size) continue;
    out += `${left / size}${unit}`;
    left %= size;
  }
  return out;
}

/** Where `field` is set in the text, from 1; null: nowhere. */
export function LineOfKey(text: string, field: string | null): number | null {
  if (field === null) return null;
  const at = text.split('\n').findIndex((line) => line.trimStart().startsWith(field) && /^\s*=/.test(line.trimStart().slice(field.length)));
  return at < 0 ? null : at + 1;
}
