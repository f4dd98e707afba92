// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kEc2, kStep5, Value } from './well_forms.ts';
import { Accepts, AggregatesOf, AutoStep, AutoVisual, ChangeValue, DefaultAggregate, Drop, FieldsOf, FilterLabel, GranularityLabel, MoveValue, Remove, RevisedMeasure, ValueLabel, WindowOf, type Field } from './well_edit.ts';
import { EmptySpec, kAggregates } from './well_spec.ts';
import { ToSql } from './well_sql.ts';

const fields = FieldsOf(kEc2);
const Of = (label: string): Field => fields.find((f) => f.label === label) as Field;

test('fields: time, dimensions with measure_name, value columns, measures by name', () => {
  assert.equal(new Set(fields.map((f) => f.id)).size, fields.length);
  assert.deepEqual([Of('time').kind, Of('region').kind, Of('measure_name').kind, Of('measure_value::double').kind, Of('cpu_system').measure], ['time', 'dimension', 'dimension', 'measure', 'cpu_system']);
  const multi = FieldsOf({ schema: { dimensions: [], columns: [], measures: [{ name: 'm', type: 'multi', fields: [{ name: 'a', type: 'double' }], view: null }] } });
  assert.deepEqual(multi.at(-1), { id: 'measure:m/a', kind: 'measure', label: 'm · a', type: 'double', column: 'a', measure: 'm', view: null });
});

test('the drops of step 5 give its statement', () => {
  let spec = Drop(EmptySpec('InterpolatedBlogDB', 'EC2MetricTable'), 'x', Of('time'));
  spec = { ...spec, x: { column: 'time', granularity: '1m' } };
  spec = Drop(Drop(spec, 'value', Of('measure_value::double')), 'color', Of('measure_name'));
  spec = { ...spec, filters: [{ column: 'measure_name', op: 'one_of', values: ['avg_cpu_system', 'cpu_system'] }] };
  assert.equal(ToSql(spec, kEc2).sql, ToSql(kStep5, kEc2).sql);
  assert.equal(AutoVisual(spec), 'line');
});

test('wells take what makes sense on them', () => {
  assert.deepEqual([Accepts('x', Of('cpu_system')), Accepts('x', Of('region')), Accepts('color', Of('time')), Accepts('value', Of('region')), Accepts('filters', Of('time'))], [false, true, false, true, true]);
  const spec = EmptySpec('d', 't');
  assert.equal(Drop(spec, 'color', Of('cpu_system')), spec);
  assert.deepEqual(Drop(spec, 'filters', Of('cpu_system')).filters, [{ column: 'measure_name', op: 'one_of', values: ['cpu_system'] }]);
});

test('aggregates by type, each of them somewhere', () => {
  assert.deepEqual(['cpu_system', 'file_descriptors_in_use', 'task_end_state', 'region', 'time'].map((name) => DefaultAggregate(Of(name))), ['avg', 'sum', 'count', 'count_distinct', 'max']);
  assert.deepEqual(new Set(['double', 'boolean', 'varchar', 'timestamp'].flatMap(AggregatesOf)), new Set(kAggregates));
});

test('the visual follows the wells', () => {
  const spec = { ...EmptySpec('d', 't'), values: [Value('avg')] };
  const region = { column: 'region', granularity: 'auto' as const };
  assert.equal(AutoVisual(spec), 'kpi');
  assert.equal(AutoVisual({ ...spec, x: region }), 'bar');
  assert.equal(AutoVisual({ ...spec, x: region, color: { column: 'cell', other: 'left_out' } }), 'heatmap');
  assert.equal(AutoVisual({ ...spec, values: [] }), 'table');
});

test('the automatic step: a point for two pixels, and not below a view', () => {
  const hour = 3_600_000_000_000n;
  assert.deepEqual([AutoStep(hour, 1000), AutoStep(hour, 200), AutoStep(24n * hour, 1000), AutoStep(hour, 1000, 300_000_000_000n), AutoStep(90_000n * hour, 10)], ['10s', '1m', '5m', '5m', '1d']);
  const views = [{ name: 'ec2-5m', window_ns: '300000000000' }];
  assert.equal(WindowOf({ ...kStep5, values: [Value('avg', 'avg_cpu_system')] }, kEc2, views), 300_000_000_000n);
  assert.equal(WindowOf(kStep5, kEc2, views), 0n);
});

test('what marks the chart with its history', () => {
  assert.equal(RevisedMeasure(kStep5, kEc2), 'avg_cpu_system');
  assert.equal(RevisedMeasure({ ...kStep5, filters: [] }, kEc2), null);
});

test('words of chips', () => {
  assert.deepEqual([GranularityLabel('1m'), GranularityLabel('5m'), GranularityLabel('auto'), GranularityLabel('1d')], ['Minute', '5 minutes', 'Auto', 'Day']);
  assert.deepEqual([ValueLabel(Value('avg')), ValueLabel({ ...Value('percentile', null), percentile: 99 })], ['cpu_system · Average', 'measure_value::double · p99']);
  assert.equal(FilterLabel({ column: 'measure_name', op: 'one_of', values: ['a', 'b'] }), 'measure_name is one of a, b');
  assert.equal(FilterLabel({ column: 'region', op: 'one_of', values: [] }), 'region …');
});

test('chips are changed, moved and removed', () => {
  const spec = { ...EmptySpec('d', 't'), values: [Value('avg'), Value('max')] };
  assert.deepEqual(MoveValue(spec, 0, 1).values.map((v) => v.aggregate), ['max', 'avg']);
  assert.equal(MoveValue(spec, 0, -1), spec);
  assert.deepEqual(Remove(spec, 'value', 0).values.map((v) => v.aggregate), ['max']);
  assert.deepEqual(ChangeValue(spec, 1, { aggregate: 'min' }).values.map((v) => v.aggregate), ['avg', 'min']);
});
