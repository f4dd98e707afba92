// SPDX-License-Identifier: Apache-2.0
// A dashboard as a file: JSON of schema 1, read strictly (a fault is told with its place) and written in one order of members, so that
// the same dashboard is always the same text. What equals its default is left out of `options`; everything else is always there.
import type { RevisionMode } from './revisions.ts';
import type { TimeRange } from './time_range.ts';
import type { WellSpec } from './well_spec.ts';

export type Refresh = 'off' | '5s' | '10s' | '30s' | '1m' | '5m' | 'live';
export type Visual = 'line' | 'area' | 'bar' | 'kpi' | 'table' | 'heatmap' | 'text';
export type LineStyle = 'line' | 'points' | 'area' | 'bars';
export type VariableKind = 'query' | 'list' | 'text' | 'constant' | 'interval';
export type Missing = 'gap' | 'connect' | 'zero' | 'previous' | 'linear';
export type ValueFormat = 'auto' | 'count' | 'percent' | 'bytes' | 'duration' | 'rate' | 'time';

export const kRefreshes: readonly Refresh[] = ['off', '5s', '10s', '30s', '1m', '5m', 'live'];
export const kVisuals: readonly Visual[] = ['line', 'area', 'bar', 'kpi', 'table', 'heatmap', 'text'];
export const kVariableKinds: readonly VariableKind[] = ['query', 'list', 'text', 'constant', 'interval'];
export const kValueFormats: readonly ValueFormat[] = ['auto', 'count', 'percent', 'bytes', 'duration', 'rate', 'time'];
export const kColumns = 12;

export interface Variable {
  /** As the statements name it: `$name`. */
  name: string;
  label: string;
  kind: VariableKind;
  /** Of kind `query`: its first column is the values, a second one what is shown for them. */
  sql: string;
  /** Of kinds `list` and `interval`. */
  options: string[];
  /** No value: the first one there is, or All if that is allowed. */
  default: string[];
  multi: boolean;
  /** "All" may be chosen: clauses in [[ ]] that name the variable are then left out. */
  all: boolean;
}

export interface Threshold {
  value: number;
  label: string;
  token: string;
}

export interface PanelToggle {
  label: string;
  /** Their numbers, ascending. */
  queries: number[];
}

export interface PanelOptions {
  description: string;
  /** How values look; `duration` is in milliseconds, `percent` of 1. */
  format: ValueFormat;
  unit: string;
  decimals: number | null;
  min: number | null;
  max: number | null;
  missing: Missing;
  stacked: boolean;
  horizontal: boolean;
  /** How revisions are shown here when that differs from the dashboard. */
  revisions: RevisionMode | null;
  thresholds: Threshold[];
  /** Queries that run and are drawn, dotted, only while the switch of that name is on. */
  toggle: PanelToggle | null;
  /** KPI: the curve below the value, from rows with a time. */
  sparkline: boolean;
  /** KPI: compared with the value before it. */
  comparison: 'none' | 'previous';
  /** Heatmap: numbers are put into so many buckets; 0: the second column is the row. */
  buckets: number;
  /** Bars, lines, rows that are drawn at most; 0: all. */
  limit: number;
  /** Text: Markdown with sentences in {{ }}. */
  text: string;
}

export interface PanelQuery {
  name: string;
  sql: string;
  database: string;
  table: string;
  measure: string;
  /** What the statement was made of; null once it was converted to SQL. */
  wells: WellSpec | null;
  style: LineStyle;
  axis: 'left' | 'right';
  /** Ask for the history of `measure` too; `$name` of a variable is allowed in values. */
  revisions: { dimensions: Record<string, string> } | null;
}

export interface Panel {
  id: string;
  title: string;
  visual: Visual;
  grid: { x: number; y: number; w: number; h: number };
  queries: PanelQuery[];
  options: PanelOptions;
}

export interface DashboardFile {
  schema: 1;
  title: string;
  description: string;
  tags: string[];
  range: TimeRange;
  refresh: Refresh;
  revisions: RevisionMode;
  variables: Variable[];
  panels: Panel[];
}

export type Parsed = { ok: true; file: DashboardFile } | { ok: false; at: string; message: string };

export const DefaultOptions = (): PanelOptions => ({
  description: '', format: 'auto', unit: '', decimals: null, min: null, max: null, missing: 'gap', stacked: false, horizontal: false, revisions: null, thresholds: [], toggle: null,
  sparkline: false, comparison: 'none', buckets: 0, limit: 0, text: '',
});

export const NewQuery = (more: Partial<PanelQuery> = {}): PanelQuery => ({
  name: '', sql: '', database: '', table: '', measure: '', wells: null, style: 'line', axis: 'left', revisions: null, ...more,
});

export const NewDashboard = (title: string): DashboardFile => ({
  schema: 1, title, description: '', tags: [], range: { from: 'now-1h', to: 'now' }, refresh: 'live', revisions: 'mark', variables: [], panels: [],
});

export const NewVariable = (name: string): Variable => ({ name, label: '', kind: 'list', sql: '', options: [], default: [], multi: false, all: false });

/** Where in the file a fault is: `panels[2].grid.w`. */
class Fault extends Error {
  readonly at: string;
  constructor(at: string, message: string) {
    super(message);
    this.at = at;
  }
}

type Members = Record<string, unknown>;
type Reader<T> = (value: unknown, at: string) => T;

const Join = (at: string, member: string): string => (at === '' ? member : `${at}.${member}`);

function Members(value: unknown, at: string, known: readonly string[]): Members {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Fault(at, 'must be an object');
  for (const name of Object.keys(value)) if (!known.includes(name)) throw new Fault(Join(at, name), 'is not a member that this version knows');
  return value as Members;
}

const Text: Reader<string> = (value, at) => {
  if (typeof value !== 'string') throw new Fault(at, 'must be a text');
  return value;
};

const Flag: Reader<boolean> = (value, at) => {
  if (typeof value !== 'boolean') throw new Fault(at, 'must be true or false');
  return value;
};

const Whole = (min: number, max: number): Reader<number> => (value, at) => {
  if (!Number.isInteger(value) || (value as number) < min || (value as number) > max) throw new Fault(at, `must be a whole number from ${min} to ${max}`);
  return value as number;
};

const Finite: Reader<number> = (value, at) => {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new Fault(at, 'must be a number');
  return value;
};

const OneOf = <T extends string>(known: readonly T[]): Reader<T> => (value, at) => {
  if (!known.includes(value as T)) throw new Fault(at, `must be one of ${known.join(', ')}`);
  return value as T;
};

const OrNull = <T>(read: Reader<T>): Reader<T | null> => (value, at) => (value === null ? null : read(value, at));

const ListOf = <T>(read: Reader<T>, max: number): Reader<T[]> => (value, at) => {
  if (!Array.isArray(value)) throw new Fault(at, 'must be a list');
  if (value.length > max) throw new Fault(at, `has more than ${max} entries`);
  return value.map((item, i) => read(item, `${at}[${i}]`));
};

const Any: Reader<object> = (value, at) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Fault(at, 'must be an object');
  return value;
};

/** A member, or what it is without one. */
const Of = <T>(members: Members, at: string, name: string, read: Reader<T>, standard: T): T =>
  members[name] === undefined ? standard : read(members[name], Join(at, name));

const Needed = <T>(members: Members, at: string, name: string, read: Reader<T>): T => {
  if (members[name] === undefined) throw new Fault(Join(at, name), 'is missing');
  return read(members[name], Join(at, name));
};

const kModes: readonly RevisionMode[] = ['off', 'mark', 'compare'];
const kMissing: readonly Missing[] = ['gap', 'connect', 'zero', 'previous', 'linear'];
const kStyles: readonly LineStyle[] = ['line', 'points', 'area', 'bars'];

const NonEmpty: Reader<string> = (value, at) => {
  if (Text(value, at).trim() === '') throw new Fault(at, 'must not be empty');
  return value as string;
};

const Name: Reader<string> = (value, at) => {
  if (!/^[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(Text(value, at)) || (value as string).startsWith('__')) {
    throw new Fault(at, 'must be a name of letters, digits and _ that begins with a letter');
  }
  return value as string;
};

const ReadVariable: Reader<Variable> = (value, at) => {
  const m = Members(value, at, ['name', 'label', 'kind', 'sql', 'options', 'default', 'multi', 'all']);
  return {
    name: Needed(m, at, 'name', Name), label: Of(m, at, 'label', Text, ''), kind: Needed(m, at, 'kind', OneOf(kVariableKinds)), sql: Of(m, at, 'sql', Text, ''),
    options: Of(m, at, 'options', ListOf(Text, 1000), []), default: Of(m, at, 'default', ListOf(Text, 1000), []),
    multi: Of(m, at, 'multi', Flag, false), all: Of(m, at, 'all', Flag, false),
  };
};

const ReadThreshold: Reader<Threshold> = (value, at) => {
  const m = Members(value, at, ['value', 'label', 'token']);
  return { value: Needed(m, at, 'value', Finite), label: Of(m, at, 'label', Text, ''), token: Of(m, at, 'token', Text, '--warn') };
};

const ReadToggle: Reader<PanelToggle> = (value, at) => {
  const m = Members(value, at, ['label', 'queries']);
  return { label: Needed(m, at, 'label', NonEmpty), queries: Needed(m, at, 'queries', ListOf(Whole(0, 19), 20)) };
};

const kReadOptions: { [K in keyof PanelOptions]: Reader<PanelOptions[K]> } = {
  description: Text, format: OneOf(kValueFormats), unit: Text, decimals: OrNull(Whole(0, 15)), min: OrNull(Finite), max: OrNull(Finite), missing: OneOf(kMissing),
  stacked: Flag, horizontal: Flag, revisions: OrNull(OneOf(kModes)), thresholds: ListOf(ReadThreshold, 20), toggle: OrNull(ReadToggle), sparkline: Flag,
  comparison: OneOf(['none', 'previous'] as const), buckets: Whole(0, 200), limit: Whole(0, 10_000), text: Text,
};
const kOptionNames = Object.keys(kReadOptions) as (keyof PanelOptions)[];

const ReadOptions: Reader<PanelOptions> = (value, at) => {
  const m = Members(value, at, kOptionNames);
  const options = DefaultOptions() as unknown as Members;
  for (const name of kOptionNames) if (m[name] !== undefined) options[name] = kReadOptions[name](m[name], Join(at, name));
  return options as unknown as PanelOptions;
};

const ReadRevisions: Reader<{ dimensions: Record<string, string> }> = (value, at) => {
  const m = Members(value, at, ['dimensions']);
  const dimensions = Needed(m, at, 'dimensions', Any);
  const out: Record<string, string> = {};
  for (const [name, text] of Object.entries(dimensions)) out[name] = Text(text, `${at}.dimensions.${name}`);
  return { dimensions: out };
};

const ReadQuery: Reader<PanelQuery> = (value, at) => {
  const m = Members(value, at, ['name', 'sql', 'database', 'table', 'measure', 'wells', 'style', 'axis', 'revisions']);
  return {
    name: Of(m, at, 'name', Text, ''), sql: Needed(m, at, 'sql', Text), database: Of(m, at, 'database', Text, ''), table: Of(m, at, 'table', Text, ''),
    measure: Of(m, at, 'measure', Text, ''), wells: Of(m, at, 'wells', OrNull(Any), null) as WellSpec | null, style: Of(m, at, 'style', OneOf(kStyles), 'line'),
    axis: Of(m, at, 'axis', OneOf(['left', 'right'] as const), 'left'), revisions: Of(m, at, 'revisions', OrNull(ReadRevisions), null),
  };
};

const ReadGrid: Reader<Panel['grid']> = (value, at) => {
  const m = Members(value, at, ['x', 'y', 'w', 'h']);
  const grid = {
    x: Needed(m, at, 'x', Whole(0, kColumns - 1)), y: Needed(m, at, 'y', Whole(0, 10_000)), w: Needed(m, at, 'w', Whole(1, kColumns)), h: Needed(m, at, 'h', Whole(1, 100)),
  };
  if (grid.x + grid.w > kColumns) throw new Fault(Join(at, 'w'), `reaches beyond the ${kColumns} columns`);
  return grid;
};

const ReadPanel: Reader<Panel> = (value, at) => {
  const m = Members(value, at, ['id', 'title', 'visual', 'grid', 'queries', 'options']);
  return {
    id: Needed(m, at, 'id', NonEmpty), title: Of(m, at, 'title', Text, ''), visual: Needed(m, at, 'visual', OneOf(kVisuals)), grid: Needed(m, at, 'grid', ReadGrid),
    queries: Of(m, at, 'queries', ListOf(ReadQuery, 20), []), options: Of(m, at, 'options', ReadOptions, DefaultOptions()),
  };
};

const ReadRange: Reader<TimeRange> = (value, at) => {
  const m = Members(value, at, ['from', 'to']);
  return { from: Needed(m, at, 'from', NonEmpty), to: Needed(m, at, 'to', NonEmpty) };
};

function Unique(names: readonly string[], At: (i: number) => string): void {
  const seen = new Set<string>();
  names.forEach((name, i) => {
    if (seen.has(name)) throw new Fault(At(i), `is ${name} a second time`);
    seen.add(name);
  });
}

/** Reads a dashboard, with defaults in the place of what it leaves out. */
export function Parse(value: unknown): Parsed {
  try {
    const m = Members(value, '', ['schema', 'title', 'description', 'tags', 'range', 'refresh', 'revisions', 'variables', 'panels']);
    if (m['schema'] !== 1) throw new Fault('schema', 'must be 1: this version reads no other');
    const standard = NewDashboard('');
    const file: DashboardFile = {
      schema: 1, title: Needed(m, '', 'title', NonEmpty), description: Of(m, '', 'description', Text, ''), tags: Of(m, '', 'tags', ListOf(Text, 20), []),
      range: Of(m, '', 'range', ReadRange, standard.range), refresh: Of(m, '', 'refresh', OneOf(kRefreshes), standard.refresh),
      revisions: Of(m, '', 'revisions', OneOf(kModes), standard.revisions), variables: Of(m, '', 'variables', ListOf(ReadVariable, 100), []),
      panels: Of(m, '', 'panels', ListOf(ReadPanel, 200), []),
    };
    Unique(file.variables.map(({ name }) => name), (i) => `variables[${i}].name`);
    Unique(file.panels.map(({ id }) => id), (i) => `panels[${i}].id`);
    return { ok: true, file };
  } catch (e) {
    if (e instanceof Fault) return { ok: false, at: e.at, message: e.message };
    throw e;
  }
}

/** Reads the text of a file. */
export function ParseText(text: string): Parsed {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (e) {
    return { ok: false, at: '', message: `is not JSON: ${e instanceof Error ? e.message : String(e)}` };
  }
  return Parse(value);
}

/** `panels[2].grid.w must be …`: a fault in words. */
export const FaultText = (fault: { at: string; message: string }): string => `${fault.at === '' ? 'The file' : fault.at} ${fault.message}.`;

const Same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** The dashboard as plain JSON in the order of the file. */
export function ToJson(file: DashboardFile): unknown {
  const standard = DefaultOptions();
  return {
    schema: 1, title: file.title, description: file.description, tags: [...file.tags], range: { from: file.range.from, to: file.range.to }, refresh: file.refresh,
    revisions: file.revisions,
    variables: file.variables.map((v) => ({ name: v.name, label: v.label, kind: v.kind, sql: v.sql, options: [...v.options], default: [...v.default], multi: v.multi, all: v.all })),
    panels: file.panels.map((p) => ({
      id: p.id, title: p.title, visual: p.visual, grid: { x: p.grid.x, y: p.grid.y, w: p.grid.w, h: p.grid.h },
      queries: p.queries.map((q) => ({
        name: q.name, sql: q.sql, database: q.database, table: q.table, measure: q.measure, wells: q.wells, style: q.style, axis: q.axis,
        revisions: q.revisions === null ? null : { dimensions: Object.fromEntries(Object.entries(q.revisions.dimensions).sort(([a], [b]) => (a < b ? -1 : 1))) },
      })),
      options: Object.fromEntries(kOptionNames.filter((name) => !Same(p.options[name], standard[name])).map((name) => [name, p.options[name]])),
    })),
  };
}

/** The text of a file: short lists and objects in one line, so that a change is a small difference. */
export const Write = (file: DashboardFile): string => `${Lines(ToJson(file), '')}\n`;

const kLineMax = 100;

function Lines(value: unknown, indent: string): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Array.isArray(value) ? value.map((item) => ['', item] as const) : Object.entries(value);
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
  if (entries.length === 0) return open + close;
  const key = (name: string): string => (Array.isArray(value) ? '' : `${JSON.stringify(name)}: `);
  const flat = entries.every(([, item]) => typeof item !== 'object' || item === null);
  const line = `${open} ${entries.map(([name, item]) => key(name) + JSON.stringify(item)).join(', ')} ${close}`;
  if (flat && line.length <= kLineMax) return line;
  const inner = `${indent}  `;
  return `${open}\n${entries.map(([name, item]) => inner + key(name) + Lines(item, inner)).join(',\n')}\n${indent}${close}`;
}
