// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { kEc2, kForms, kStep5, Value } from './well_forms.ts';
import { EmptySpec, type WellSpec } from './well_spec.ts';
import { ToSql } from './well_sql.ts';

const kGolden = 'src/lib/model/well_forms.json';

test('every form gives the statement that was looked at (TIDEMARK_UPDATE=1 writes them anew)', () => {
  const forms = Object.entries(kForms).map(([name, spec]) => {
    const { sql, warnings, columns } = ToSql(spec, kEc2);
    return { name, sql: sql.split('\n'), columns, warnings: warnings.map((w) => `${w.well} ${w.index} ${w.code}`) };
  });
  if (process.env.TIDEMARK_UPDATE === '1') writeFileSync(kGolden, `${JSON.stringify(forms, null, 1)}\n`);
  assert.deepEqual(forms, JSON.parse(readFileSync(kGolden, 'utf8')));
});

test('step 5: time by minute, average, a line for each of two measures', () => {
  const { sql, warnings } = ToSql(kStep5, kEc2);
  assert.equal(sql, [
    'SELECT BIN(time, 1m) AS time, measure_name, AVG(measure_value::double) AS "measure_value::double"', 'FROM "InterpolatedBlogDB"."EC2MetricTable"', 'WHERE $__timeFilter',
    "  AND measure_name IN ('avg_cpu_system', 'cpu_system')", 'GROUP BY BIN(time, 1m), measure_name', 'ORDER BY time, measure_name',
  ].join('\n'));
  assert.deepEqual(warnings.map((w) => w.code), ['average_of_averages']);
});

test('the order of clicks does not matter, and nothing is kept between two calls', () => {
  const a = ToSql(kStep5, kEc2);
  const again = JSON.parse(JSON.stringify(kStep5)) as WellSpec;
  assert.deepEqual(ToSql(again, kEc2), a);
});

test('names and values of any kind stay names and values', () => {
  const evil = `a"b'; DROP TABLE x --`;
  const { sql } = ToSql({
    ...EmptySpec(evil, evil), x: { column: evil, granularity: 'auto' }, values: [{ ...Value('avg', evil), column: evil }], color: { column: `${evil}2`, other: 'left_out' },
    filters: [{ column: evil, op: 'is', values: [evil] }, { column: evil, op: 'contains', values: [`${evil}%`] }],
  }, { schema: null });
  // Without quoted names and texts nothing of it is left.
  assert.doesNotMatch(sql.replace(/"(?:[^"]|"")*"|'(?:[^']|'')*'/g, '?'), /["']|DROP|--/);
});

test('a condition on a variable that may be All can be left out', () => {
  const spec: WellSpec = { ...kStep5, color: { column: 'instance_name', other: 'left_out' }, filters: [{ column: 'region', op: 'one_of', values: ['$region'] }, { column: 'cell', op: 'is', values: ['$cell'] }] };
  const { sql } = ToSql(spec, { ...kEc2, optional: ['region'] });
  assert.match(sql, /WHERE \$__timeFilter\n {2}AND "cell" IN \('\$cell'\)\n {2}AND "instance_name" IN \(SELECT "instance_name" FROM \S+ WHERE \$__timeFilter AND "cell" IN \('\$cell'\) AND "instance_name" IS NOT NULL \[\[AND "region" IN \('\$region'\)\]\] GROUP BY/);
  assert.match(sql, /LIMIT 25\)\n {2}\[\[AND "region" IN \('\$region'\)\]\]\nGROUP BY/);
  assert.match(ToSql({ ...spec, color: null, filters: [{ column: 'time', op: 'relative', values: ['1h'] }, spec.filters[0]!] }, { ...kEc2, optional: ['region'] }).sql, /WHERE time >= ago\(1h\)\n {2}\[\[AND/);
});

test('averages of a view are weighted by record_count; where they cannot be, it is said', () => {
  assert.match(ToSql({ ...kStep5, values: [Value('avg', 'avg_cpu_system')], color: null, filters: [] }, kEc2).sql, /SUM\(measure_value::double \* record_count\) \/ SUM\(record_count\)[^]*FROM view_rows\('ec2-5m'\)/);
  const other = ToSql({ ...kStep5, values: [Value('avg', 'avg_cpu_system')], color: null, filters: [] }, { schema: { ...kEc2.schema!, measures: [{ name: 'avg_cpu_system', type: 'double', fields: [], view: null }] } });
  assert.deepEqual(other.warnings.map((w) => w.code), ['average_of_averages']);
  // A maximum is not an average: its rows may be averaged as they are.
  const max = ToSql({ ...kStep5, values: [Value('avg', 'max_cpu')], color: null, filters: [] }, { schema: { ...kEc2.schema!, measures: [{ name: 'max_cpu', type: 'double', fields: [], view: 'v' }] }, views: [{ name: 'v', aggregate: 'max' }] });
  assert.deepEqual(max.warnings, []);
});
