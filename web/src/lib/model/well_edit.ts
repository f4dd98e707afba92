// SPDX-License-Identifier: Apache-2.0
// The fields of a table, what a drop on a well does, and the words of chips. Pure: a spec goes in, a new one comes out.
import type { Ns } from '../time.ts';
import { ZoneLabel } from '../zone.ts';
import { IsNumeric } from './well_sql.ts';
import { kSteps, kValuesMax, type Aggregate, type FilterWell, type Granularity, type Step, type ValueWell, type WellContext, type WellSpec, type XWell } from './well_spec.ts';

export type FieldKind = 'time' | 'dimension' | 'measure';
export interface Field {
  /** Unique in its table; what a drag carries. */
  id: string;
  kind: FieldKind;
  label: string;
  type: string;
  column: string;
  /** A measure's rows only. */
  measure: string | null;
  /** The view that writes it. */
  view: string | null;
}
export type WellName = 'x' | 'value' | 'color' | 'multiples' | 'filters';

export const kWellLabels: Record<WellName, string> = { x: 'X axis', value: 'Value', color: 'Color', multiples: 'Small multiples', filters: 'Filters' };

/** Time, dimensions, then measures: the value columns as they are, and each measure by its name. */
export function FieldsOf({ schema }: WellContext): Field[] {
  if (schema === null) return [];
  const fields: Field[] = [{ id: 'time', kind: 'time', label: 'time', type: 'timestamp', column: 'time', measure: null, view: null }];
  for (const { name, type, kind } of schema.columns) {
    if (kind === 'dimension' || kind === 'measure_name') fields.push({ id: `column:${name}`, kind: 'dimension', label: name, type, column: name, measure: null, view: null });
  }
  for (const { name, type, kind } of schema.columns) {
    if (kind === 'measure_value' || kind === 'attribute') fields.push({ id: `column:${name}`, kind: 'measure', label: name, type, column: name, measure: null, view: null });
  }
  for (const { name, type, fields: own, view } of schema.measures) {
    if (type !== 'multi') fields.push({ id: `measure:${name}`, kind: 'measure', label: name, type, column: `measure_value::${type}`, measure: name, view });
    else for (const one of own) fields.push({ id: `measure:${name}/${one.name}`, kind: 'measure', label: `${name} · ${one.name}`, type: one.type, column: one.name, measure: name, view });
  }
  return fields;
}

export const FieldOf = (fields: readonly Field[], column: string, measure: string | null): Field | null => fields.find((f) => f.column === column && f.measure === measure) ?? null;

/** Whether a well takes a field; a time or a dimension on Value is counted. */
export function Accepts(well: WellName, field: Field): boolean {
  if (well === 'x') return field.kind !== 'measure';
  if (well === 'color' || well === 'multiples') return field.kind === 'dimension';
  return true;
}

export const DefaultAggregate = (field: Field): Aggregate => {
  if (field.kind === 'dimension') return 'count_distinct';
  if (field.type === 'double') return 'avg';
  if (field.type === 'bigint' || field.type === 'integer') return 'sum';
  return field.type === 'boolean' ? 'count_true' : field.type === 'timestamp' ? 'max' : 'count';
};

/** The aggregates that make sense of a type, in the order of the menu. */
export function AggregatesOf(type: string): Aggregate[] {
  if (IsNumeric(type)) return ['avg', 'sum', 'count', 'count_distinct', 'min', 'max', 'median', 'percentile', 'stddev', 'variance', 'first', 'last', 'rate', 'difference', 'cumulative'];
  if (type === 'boolean') return ['count_true', 'count', 'first', 'last'];
  return type === 'timestamp' ? ['max', 'min', 'count', 'count_distinct'] : ['count', 'count_distinct', 'min', 'max', 'first', 'last'];
}

const NewValue = (field: Field): ValueWell => ({ column: field.column, measure: field.measure, aggregate: DefaultAggregate(field), axis: 'left', format: 'auto' });

/** What a filter on a field starts as. A measure means its rows. */
export function NewFilter(field: Field): FilterWell {
  if (field.measure !== null) return { column: 'measure_name', op: 'one_of', values: [field.measure] };
  if (field.kind === 'time') return { column: 'time', op: 'relative', values: ['15m'] };
  return { column: field.column, op: field.kind === 'measure' && IsNumeric(field.type) ? 'between' : 'one_of', values: [] };
}

/** Puts a field on a well: in the place of what was there, on Value and Filters beside it. */
export function Drop(spec: WellSpec, well: WellName, field: Field): WellSpec {
  if (!Accepts(well, field)) return spec;
  switch (well) {
    case 'x':
      return { ...spec, x: { column: field.column, granularity: 'auto' }, sort: field.kind === 'time' ? { by: 'x', direction: 'ascending' } : { by: 'value', direction: 'descending' } };
    case 'value':
      return spec.values.length >= kValuesMax ? spec : { ...spec, values: [...spec.values, NewValue(field)] };
    case 'color':
      return { ...spec, color: { column: field.column, other: 'left_out' } };
    case 'multiples':
      return { ...spec, multiples: { column: field.column, y: 'shared' } };
    case 'filters':
      return { ...spec, filters: [...spec.filters, NewFilter(field)] };
  }
}

export function Remove(spec: WellSpec, well: WellName, index: number): WellSpec {
  switch (well) {
    case 'x': return { ...spec, x: null };
    case 'color': return { ...spec, color: null };
    case 'multiples': return { ...spec, multiples: null };
    case 'value': return { ...spec, values: spec.values.filter((_, i) => i !== index) };
    case 'filters': return { ...spec, filters: spec.filters.filter((_, i) => i !== index) };
  }
}

export const ChangeValue = (spec: WellSpec, index: number, change: Partial<ValueWell>): WellSpec => ({ ...spec, values: spec.values.map((v, i) => (i === index ? { ...v, ...change } : v)) });
export const ChangeFilter = (spec: WellSpec, index: number, filter: FilterWell): WellSpec => ({ ...spec, filters: spec.filters.map((f, i) => (i === index ? filter : f)) });

/** A value one place to the front or to the back. */
export function MoveValue(spec: WellSpec, index: number, by: -1 | 1): WellSpec {
  const to = index + by;
  const [a, b] = [spec.values[index], spec.values[to]];
  if (a === undefined || b === undefined) return spec;
  const values = [...spec.values];
  values[index] = b;
  values[to] = a;
  return { ...spec, values };
}

// ---- words ----

export const kAggregateLabels: Record<Aggregate, string> = {
  avg: 'Average', sum: 'Sum', count: 'Count', count_true: 'Count true', count_distinct: 'Count distinct', min: 'Min', max: 'Max', median: 'Median', percentile: 'Percentile',
  stddev: 'Std dev', variance: 'Variance', first: 'First', last: 'Last', rate: 'Rate per second', difference: 'Difference', cumulative: 'Cumulative',
};
/** What is behind the names that do not say it all. */
export const kAggregateHelp: Partial<Record<Aggregate, string>> = {
  count_distinct: 'approximate', rate: 'change of the average since the bin before, a second', difference: 'change of the average since the bin before', cumulative: 'running total',
};

const kStepNames: Record<string, string> = { s: 'second', m: 'minute', h: 'hour', d: 'day' };

/** `Minute`, `5 minutes`, `Auto`. */
export function GranularityLabel(granularity: Granularity): string {
  const m = /^(\d+)([smhd])$/.exec(granularity);
  if (m === null) return granularity.charAt(0).toUpperCase() + granularity.slice(1);
  const name = kStepNames[m[2] ?? ''] ?? '';
  return m[1] === '1' ? name.charAt(0).toUpperCase() + name.slice(1) : `${m[1]} ${name}s`;
}

/** `1 m`: a step as an axis shows it. */
export const StepLabel = (step: Step): string => step.replace(/([a-z])/, '\u2009$1');

/** `time · Day · Europe/Berlin`. */
export const XLabel = (x: XWell | null): string => (x === null ? '' : x.column !== 'time' ? x.column : ['time', GranularityLabel(x.granularity), ...(x.zone === undefined ? [] : [ZoneLabel(x.zone)])].join(' · '));

export const ValueLabel = ({ column, measure, aggregate, percentile }: ValueWell): string =>
  `${measure === null ? column : column.startsWith('measure_value::') ? measure : `${measure} · ${column}`} · ${aggregate === 'percentile' ? `p${percentile ?? 95}` : kAggregateLabels[aggregate]}`;

export const kOpLabels: Record<FilterWell['op'], string> = {
  is: 'is', is_not: 'is not', one_of: 'is one of', contains: 'contains', matches: 'matches', between: 'is between', top: 'is in the top', relative: 'in the last', null: 'is null', not_null: 'is not null',
};

export const FilterLabel = (filter: FilterWell): string => ConditionLabel(filter) + (filter.scope === 'dashboard' ? ' · dashboard' : '');

function ConditionLabel({ column, op, values }: FilterWell): string {
  if (op === 'null' || op === 'not_null') return `${column} ${kOpLabels[op]}`;
  if (values.length === 0 || values.every((v) => v === '')) return `${column} …`;
  if (op === 'between') return `${column} from ${values[0]} to ${values[1] ?? '…'}`;
  if (op === 'top') return `${column} in the top ${values[0]}`;
  const shown = values.length > 3 ? `${values.slice(0, 2).join(', ')} and ${values.length - 2} more` : values.join(', ');
  return `${column} ${op === 'one_of' && values.length === 1 ? 'is' : kOpLabels[op]} ${shown}`;
}

/** What may be asked of a column of a type. */
export function OpsOf(type: string): FilterWell['op'][] {
  if (type === 'timestamp') return ['relative', 'between', 'is', 'null', 'not_null'];
  if (IsNumeric(type)) return ['between', 'is', 'is_not', 'one_of', 'null', 'not_null'];
  if (type === 'boolean') return ['is', 'null', 'not_null'];
  return ['one_of', 'is', 'is_not', 'contains', 'matches', 'top', 'between', 'null', 'not_null'];
}

// ---- how it is drawn ----

export type WellVisual = 'line' | 'area' | 'bar' | 'kpi' | 'table' | 'heatmap';

/** Time and numbers: a line; a dimension: bars; one number: a KPI; two dimensions: a heat map; else a table. */
export function AutoVisual(spec: WellSpec): WellVisual {
  const { x, values, color } = spec;
  if (values.length === 0) return 'table';
  if (x === null) return color !== null ? 'bar' : values.length === 1 ? 'kpi' : 'table';
  if (x.column === 'time') return 'line';
  return color !== null && color.column !== x.column && values.length === 1 ? 'heatmap' : 'bar';
}

const kStepNs: Record<Step, Ns> = Object.fromEntries(kSteps.map((step) => {
  const unit = { s: 1n, m: 60n, h: 3600n, d: 86_400n }[step.at(-1) ?? 's'] ?? 1n;
  return [step, BigInt(Number.parseInt(step, 10)) * unit * 1_000_000_000n];
})) as Record<Step, Ns>;
export const StepMs = (step: Step): number => Number(kStepNs[step] / 1_000_000n);

/** The smallest step that gives at most a point for two pixels, and is not below a view's window. */
export function AutoStep(range_ns: Ns, width_px: number, window_ns: Ns = 0n): Step {
  const points_max = BigInt(Math.max(1, Math.floor(width_px / 2)));
  return kSteps.find((step) => kStepNs[step] * points_max >= range_ns && kStepNs[step] >= window_ns) ?? '1d';
}

/** The window below which Auto does not go: the widest of the views that the values come from. */
export function WindowOf(spec: WellSpec, context: WellContext, views: readonly { name: string; window_ns: string }[]): Ns {
  const names = spec.filters.filter((f) => f.column === 'measure_name' && (f.op === 'is' || f.op === 'one_of')).flatMap((f) => f.values);
  const asked = new Set(spec.values.flatMap((v) => (v.measure === null ? names : [v.measure])));
  const from = [...asked].map((name) => context.schema?.measures.find((m) => m.name === name)?.view ?? null);
  // Raw points between windows are worth showing: only views count when nothing else is drawn.
  if (from.length === 0 || from.includes(null)) return 0n;
  return from.reduce((least, name) => {
    const window = BigInt(views.find((v) => v.name === name)?.window_ns ?? '0');
    return window > least ? window : least;
  }, 0n);
}

/** The measure whose history marks this chart: the one of a view that it draws. Null: none, or more than one. */
export function RevisedMeasure(spec: WellSpec, context: WellContext): string | null {
  const filtered = spec.filters.filter((f) => f.column === 'measure_name' && (f.op === 'is' || f.op === 'one_of')).flatMap((f) => f.values);
  const names = new Set(spec.values.flatMap((v) => (v.measure === null ? filtered : [v.measure])));
  const views = [...names].filter((name) => context.schema?.measures.some((m) => m.name === name && m.view !== null));
  return views.length === 1 ? (views[0] ?? null) : null;
}

/** Dimensions that a filter holds to one value: what the history is asked for. */
export const FixedDimensions = (spec: WellSpec): Record<string, string> =>
  Object.fromEntries(spec.filters.filter((f) => f.column !== 'measure_name' && f.column !== 'time' && !f.column.startsWith('measure_value::') && (f.op === 'is' || f.op === 'one_of') && f.values.length === 1).map((f) => [f.column, f.values[0] ?? '']));
