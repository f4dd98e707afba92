// SPDX-License-Identifier: Apache-2.0
// Field wells: what goes on X, Value, Color and so on of a chart of one table, as plain data that a dashboard file keeps. The
// statement that it stands for is made by ToSql (well_sql.ts); what fields there are and what a drop does is in well_edit.ts.

export const kSteps = ['1s', '5s', '10s', '15s', '30s', '1m', '5m', '10m', '15m', '30m', '1h', '3h', '6h', '12h', '1d'] as const;
export type Step = (typeof kSteps)[number];
export const kCalendarSteps = ['week', 'month', 'quarter', 'year'] as const;
export type CalendarStep = (typeof kCalendarSteps)[number];
/** `exact`: times as they are. */
export type Granularity = 'auto' | 'exact' | Step | CalendarStep;
export const kGranularities: readonly Granularity[] = ['auto', ...kSteps, ...kCalendarSteps, 'exact'];

export const kAggregates = [
  'avg', 'sum', 'count', 'count_true', 'count_distinct', 'min', 'max', 'median', 'percentile', 'stddev', 'variance', 'first', 'last', 'rate', 'difference', 'cumulative',
] as const;
export type Aggregate = (typeof kAggregates)[number];

export interface XWell {
  /** `time`, or a dimension. */
  column: string;
  /** Of `time` only. */
  granularity: Granularity;
  /** The axis shows the clocks of this zone, and its days begin with them; left out: the page's zone, and days of UTC. */
  zone?: string;
}

/** Steps that begin where a zone's clocks say. Shorter ones begin with every clock alike; automatic and exact ones have no clock. */
const kZoned: readonly Granularity[] = ['3h', '6h', '12h', '1d', ...kCalendarSteps];
/** The zone whose clocks the times of the statement show; null: they are times. */
export const WallZone = (x: XWell | null): string | null => (x !== null && x.column === 'time' && kZoned.includes(x.granularity) ? (x.zone ?? null) : null);

export interface ValueWell {
  /** A column of the table. */
  column: string;
  /** Only rows of this `measure_name`; null: of all. */
  measure: string | null;
  aggregate: Aggregate;
  /** 0..100, of `percentile` only. */
  percentile?: number;
  axis: 'left' | 'right';
  format: WellFormat;
}
/** As panels format values: `duration` is of milliseconds, `percent` of 1. */
export const kFormats = ['auto', 'count', 'percent', 'bytes', 'duration', 'rate'] as const;
export type WellFormat = (typeof kFormats)[number];

export const kFilterOps = ['is', 'is_not', 'one_of', 'contains', 'matches', 'between', 'top', 'relative', 'null', 'not_null'] as const;
export type FilterOp = (typeof kFilterOps)[number];

export interface FilterWell {
  column: string;
  op: FilterOp;
  /** `between`: two ends; `top`: how many; `relative`: a duration such as 15m; `null`: none. `$NAME` stands for a variable. */
  values: string[];
  /** It holds for every panel of the dashboard that shows this table through wells; left out: for this one. */
  scope?: 'dashboard';
}

export interface ColorWell {
  column: string;
  other: 'left_out' | 'shown';
  /** Values whose lines have one colour, whatever else is drawn: a token of app.css. */
  fixed?: Record<string, string>;
}

export interface SortWell {
  by: 'x' | 'value' | 'color';
  direction: 'ascending' | 'descending';
}

export type Missing = 'gap' | 'connect' | 'zero' | 'previous' | 'linear';

export interface WellSpec {
  database: string;
  table: string;
  x: XWell | null;
  values: ValueWell[];
  /** A dimension or `measure_name`: a line for each of its values. `other`: the rest as one line, of sums and counts only. */
  color: ColorWell | null;
  multiples: { column: string; y: 'shared' | 'own' } | null;
  filters: FilterWell[];
  sort: SortWell;
  /** Lines of Color, by the first value; without Color: rows of an X that is not time. */
  limit: number;
  missing: Missing;
  /** Where missing values are filled: while drawing, or by the statement. */
  missing_in: 'display' | 'sql';
}

export const kLimit = 25;
export const kMultiplesMax = 24;
export const kValuesMax = 20;

export const EmptySpec = (database: string, table: string): WellSpec => ({
  database, table, x: null, values: [], color: null, multiples: null, filters: [], sort: { by: 'x', direction: 'ascending' }, limit: kLimit, missing: 'gap', missing_in: 'display',
});

/** What the page knows of the table: its schema, and the views with what they compute. */
export interface WellContext {
  schema: {
    dimensions: { name: string; distinct: string | null }[];
    measures: { name: string; type: string; fields: { name: string; type: string }[]; view: string | null }[];
    columns: { name: string; type: string; kind: string }[];
  } | null;
  views?: readonly { name: string; aggregate?: string }[];
  /** Variables that may be All: conditions with them stand in [[ ]], and are left out then. */
  optional?: readonly string[];
}

export interface WellWarning {
  code: 'average_of_averages' | 'mixed_measures' | 'needs_time' | 'no_number' | 'incomplete_filter' | 'not_filled' | 'other_left_out' | 'no_value' | 'too_many_values';
  /** Where its chip is. */
  well: 'x' | 'value' | 'color' | 'multiples' | 'filters' | 'missing';
  /** Of several chips. */
  index: number;
  message: string;
}

export interface GeneratedSql {
  sql: string;
  warnings: WellWarning[];
  /** The columns of the result by their part in the drawing. */
  columns: { x: string | null; values: string[]; color: string | null; multiples: string | null };
}
