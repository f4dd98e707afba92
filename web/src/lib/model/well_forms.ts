// SPDX-License-Identifier: Apache-2.0
// One of every form of statement that wells make, over the EC2 sample: well_sql.test.ts compares them with well_forms.json, and
// tests/e2e/wells_sql.mjs runs what is in there against a server.
import { EmptySpec, kAggregates, kGranularities, type Aggregate, type FilterWell, type ValueWell, type WellContext, type WellSpec } from './well_spec.ts';

const kDimensions: [name: string, distinct: number][] = [
  ['availability_zone', 10], ['cell', 6], ['instance_name', 1000], ['instance_type', 1], ['microservice_name', 5], ['os_version', 1], ['region', 9], ['silo', 40], ['jdk_version', 1], ['process_name', 1],
];
const kTyped: [name: string, type: string, view: string | null][] = [
  ['avg_cpu_system', 'double', 'ec2-5m'], ['avg_gc_pause', 'double', 'ec2-5m'], ['cpu_system', 'double', null], ['cpu_user', 'double', null], ['gc_pause', 'double', null],
  ['file_descriptors_in_use', 'bigint', null], ['task_end_state', 'varchar', null],
];

export const kEc2: WellContext = {
  schema: {
    dimensions: kDimensions.map(([name, distinct]) => ({ name, distinct: String(distinct) })),
    measures: kTyped.map(([name, type, view]) => ({ name, type, fields: [], view })),
    columns: [
      ...kDimensions.map(([name]) => ({ name, type: 'varchar', kind: 'dimension' })), { name: 'measure_name', type: 'varchar', kind: 'measure_name' },
      { name: 'time', type: 'timestamp', kind: 'time' }, ...['double', 'bigint', 'varchar'].map((type) => ({ name: `measure_value::${type}`, type, kind: 'measure_value' })),
    ],
  },
  views: [{ name: 'ec2-5m', aggregate: 'avg' }],
};

export const Value = (aggregate: Aggregate, measure: string | null = 'cpu_system', column = 'measure_value::double'): ValueWell => ({ column, measure, aggregate, axis: 'left', format: 'auto' });

const Spec = (change: Partial<WellSpec>): WellSpec => ({
  ...EmptySpec('InterpolatedBlogDB', 'EC2MetricTable'), x: { column: 'time', granularity: '1m' }, values: [Value('avg')], ...change,
});
const Where = (...filters: FilterWell[]): WellSpec => Spec({ filters });

/** Step 5 of the way that has to feel effortless. */
export const kStep5 = Spec({
  values: [Value('avg', null)], color: { column: 'measure_name', other: 'left_out' },
  filters: [{ column: 'measure_name', op: 'one_of', values: ['avg_cpu_system', 'cpu_system'] }],
});

export const kForms: Record<string, WellSpec> = {
  'step 5': kStep5,
  ...Object.fromEntries(kGranularities.map((granularity) => [`granularity ${granularity}`, Spec({ x: { column: 'time', granularity } })])),
  ...Object.fromEntries(kAggregates.filter((a) => a !== 'count_true').map((aggregate) => [`aggregate ${aggregate}`, Spec({ values: [Value(aggregate)] })])),
  'aggregate percentile 99.9': Spec({ values: [{ ...Value('percentile'), percentile: 99.9 }] }),
  'aggregates of bigint': Spec({ values: (['avg', 'sum', 'min', 'max', 'median', 'first', 'last'] as const).map((a) => Value(a, 'file_descriptors_in_use', 'measure_value::bigint')) }),
  'count of a text': Spec({ values: [Value('count', 'task_end_state', 'measure_value::varchar'), Value('count_distinct', 'task_end_state', 'measure_value::varchar'), Value('last', 'task_end_state', 'measure_value::varchar')] }),
  'values of two measures': Spec({ values: [Value('avg'), Value('max', 'cpu_user'), Value('max')] }),
  'values of two measures, every aggregate': Spec({ values: kAggregates.filter((a) => a !== 'count_true').map((a, i) => Value(a, i % 2 === 0 ? 'cpu_system' : 'cpu_user')) }),
  'a dimension on X': Spec({ x: { column: 'region', granularity: 'auto' }, sort: { by: 'value', direction: 'descending' } }),
  'X by name': Spec({ x: { column: 'microservice_name', granularity: 'auto' }, values: [Value('count')], limit: 5 }),
  'two dimensions': Spec({ x: { column: 'region', granularity: 'auto' }, color: { column: 'microservice_name', other: 'left_out' } }),
  'X and Color are one': Spec({ x: { column: 'region', granularity: 'auto' }, color: { column: 'region', other: 'left_out' } }),
  'one number': Spec({ x: null }),
  'hosts reporting': Spec({ x: null, values: [Value('count_distinct', null, 'instance_name')] }),
  'newest time': Spec({ x: null, values: [Value('max', 'cpu_system', 'time')] }),
  'no value': Spec({ values: [] }),
  'nothing at all': Spec({ x: null, values: [] }),
  'color of few values': Spec({ color: { column: 'region', other: 'left_out' } }),
  'color of many values': Spec({ color: { column: 'instance_name', other: 'left_out' } }),
  'color of many values, by sum, with Other': Spec({ values: [Value('sum')], color: { column: 'instance_name', other: 'shown' }, limit: 3 }),
  'Other of an average': Spec({ color: { column: 'instance_name', other: 'shown' }, limit: 3 }),
  'cumulative with Other': Spec({ values: [Value('cumulative')], color: { column: 'silo', other: 'shown' }, limit: 3 }),
  'small multiples': Spec({ color: { column: 'microservice_name', other: 'left_out' }, multiples: { column: 'region', y: 'shared' } }),
  'small multiples of many values': Spec({ multiples: { column: 'instance_name', y: 'own' } }),
  'differences by color': Spec({ values: [Value('difference'), Value('rate'), Value('avg')], color: { column: 'region', other: 'left_out' } }),
  'differences need time': Spec({ x: { column: 'region', granularity: 'auto' }, values: [Value('difference')] }),
  'averages of a view': Spec({ values: [Value('avg', 'avg_cpu_system')], color: { column: 'region', other: 'left_out' } }),
  'averages of two measures of a view': Spec({ values: [Value('avg', 'avg_cpu_system'), Value('avg', 'avg_gc_pause')] }),
  'average of averages': Spec({ values: [Value('avg', 'avg_cpu_system'), Value('avg')] }),
  'mixed measures': Spec({ values: [Value('avg', null)] }),
  'filter is': Where({ column: 'region', op: 'is', values: ["us-east-2'; --"] }),
  'filter is a variable': Where({ column: 'region', op: 'is', values: ['$region'] }),
  'filter is not': Where({ column: 'region', op: 'is_not', values: ['us-east-2'] }),
  'filter one of': Where({ column: 'region', op: 'one_of', values: ['us-east-2', 'eu-west-1'] }),
  'filter contains': Where({ column: 'region', op: 'contains', values: ['us_e'] }),
  'filter matches': Where({ column: 'region', op: 'matches', values: ['^us[-_]east'] }),
  'filter between numbers': Where({ column: 'measure_value::double', op: 'between', values: ['0.2', '1e2'] }),
  'filter is a number': Where({ column: 'measure_value::double', op: 'is', values: ['0.5'] }),
  'filter contains of a number': Where({ column: 'measure_value::double', op: 'contains', values: ['0.5'] }),
  'filter between times': Where({ column: 'time', op: 'between', values: ['2026-01-15T16:00:00Z', '2026-01-15 17:00:00.000000001'] }),
  'filter between texts': Where({ column: 'region', op: 'between', values: ['a', 'v'] }),
  'filter top n': Where({ column: 'instance_name', op: 'top', values: ['5'] }),
  'filter relative time': Where({ column: 'time', op: 'relative', values: ['15m'] }),
  'filter is null': Where({ column: 'jdk_version', op: 'null', values: [] }, { column: 'instance_type', op: 'not_null', values: [] }),
  'filters that are not complete': Where({ column: 'measure_value::double', op: 'is', values: ['half'] }, { column: 'region', op: 'one_of', values: [] }, { column: 'region', op: 'matches', values: ['('] }),
  'color filtered to the top n': Spec({ color: { column: 'instance_name', other: 'left_out' }, filters: [{ column: 'instance_name', op: 'top', values: ['5'] }] }),
  'filled, linear': Spec({ missing: 'linear', missing_in: 'sql' }),
  'filled, linear, by color, two values, automatic step': Spec({
    x: { column: 'time', granularity: 'auto' }, values: [Value('avg'), Value('max')], color: { column: 'region', other: 'left_out' }, missing: 'linear', missing_in: 'sql',
  }),
  'filled with the value before': Spec({ color: { column: 'region', other: 'left_out' }, missing: 'previous', missing_in: 'sql' }),
  'filled with zero': Spec({ values: [Value('count')], color: { column: 'region', other: 'left_out' }, missing: 'zero', missing_in: 'sql' }),
  'filled, a view weighted': Spec({ x: { column: 'time', granularity: '5m' }, values: [Value('avg', 'avg_cpu_system')], missing: 'linear', missing_in: 'sql' }),
  'not filled': Spec({ x: { column: 'time', granularity: 'month' }, missing: 'linear', missing_in: 'sql' }),
  'days of a zone': Spec({ x: { column: 'time', granularity: '1d', zone: 'Europe/Berlin' } }),
  'months of a zone, by color': Spec({ x: { column: 'time', granularity: 'month', zone: 'America/New_York' }, color: { column: 'region', other: 'left_out', fixed: { 'us-east-2': '--s5' } } }),
  'a short step is the same in every zone': Spec({ x: { column: 'time', granularity: '1m', zone: 'Europe/Berlin' } }),
  'time backwards': Spec({ sort: { by: 'x', direction: 'descending' } }),
  'sorted by color': Spec({ color: { column: 'region', other: 'left_out' }, sort: { by: 'color', direction: 'ascending' } }),
};
