// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AwsCommand, AwsRequest, DescribeSchedule, InferMapping, MappingProblem, NextOfRate, RateNs, RateText, ScheduledProblem, TargetOf, TrialSql } from './scheduled.ts';

const kColumns = [['time', 'TIMESTAMP'], ['region', 'VARCHAR'], ['avg_cpu', 'DOUBLE'], ['n', 'BIGINT'], ['seen', 'TIMESTAMP'], ['list', 'array(double)']].map(([name = '', type = '']) => ({ name, type }));

test('schedules are read and said in words', () => {
  assert.deepEqual([RateText(1, 'hours'), RateText(5, 'minutes'), RateNs('rate(2 days)'), RateNs('rate(0 hours)'), RateNs('cron(0 * * * ? *)')], ['rate(1 hour)', 'rate(5 minutes)', 172_800_000_000_000n, null, null]);
  assert.deepEqual([DescribeSchedule('rate(1 hour)'), DescribeSchedule('rate(5 minutes)'), DescribeSchedule('cron(0 6 * * ? *)'), DescribeSchedule('cron(1 2 3 4 ? *)')], ['every hour', 'every 5 minutes', 'every day at 06:00 UTC', 'cron(1 2 3 4 ? *)']);
  assert.deepEqual(NextOfRate('rate(1 minute)', 0n, 2), [60_000_000_000n, 120_000_000_000n]);
});

test('columns get the part that their type has', () => {
  assert.deepEqual(InferMapping(kColumns).map((m) => m.role), ['time', 'dimension', 'measure', 'measure', 'measure', 'unused']);
  assert.deepEqual(InferMapping([{ name: 'measure_name', type: 'VARCHAR' }, { name: 'measure_value::double', type: 'DOUBLE' }]).map((m) => [m.role, m.name]), [['measure_name', 'measure_name'], ['measure', 'double']]);
});

test('what is missing is said before the server does', () => {
  const mapping = InferMapping(kColumns);
  assert.equal(MappingProblem(mapping, 'm'), null);
  assert.match(MappingProblem(mapping, ' ') ?? '', /needs a name/);
  assert.match(MappingProblem(mapping.slice(1), null) ?? '', /TIMESTAMP/);
  assert.match(MappingProblem(mapping.filter((m) => m.role !== 'dimension'), null) ?? '', /dimension/);
  assert.match(MappingProblem([...mapping, mapping[2]!], null) ?? '', /Two columns are called avg_cpu/);
  assert.deepEqual([ScheduledProblem('hourly'), ScheduledProblem('a b') === null, ScheduledProblem('') === null], [null, false, false]);
});

test('the AWS call does the same', () => {
  const target = TargetOf('D', 'T', InferMapping(kColumns.slice(0, 4)), 'agg');
  const request = AwsRequest({ name: 'hourly', sql: "SELECT 'x'", schedule: 'rate(1 hour)', target, report: { bucket: 'errors', prefix: 'p' } }) as { TargetConfiguration: { TimestreamConfiguration: unknown } };
  assert.deepEqual(request.TargetConfiguration.TimestreamConfiguration, {
    DatabaseName: 'D', TableName: 'T', TimeColumn: 'time', DimensionMappings: [{ Name: 'region', DimensionValueType: 'VARCHAR' }],
    MultiMeasureMappings: { TargetMultiMeasureName: 'agg', MultiMeasureAttributeMappings: [{ SourceColumn: 'avg_cpu', MeasureValueType: 'DOUBLE', TargetMultiMeasureAttributeName: 'avg_cpu' }, { SourceColumn: 'n', MeasureValueType: 'BIGINT', TargetMultiMeasureAttributeName: 'n' }] },
  });
  assert.match(AwsCommand({ name: 'n', sql: "SELECT 'x'", schedule: 'rate(1 hour)', target: null, report: null }, 'http://h'), /--endpoint-url http:\/\/h --cli-input-json '\{[^]*SELECT '\\''x'\\''/);
  assert.equal(TrialSql('SELECT @scheduled_runtime, bin(@SCHEDULED_RUNTIME, 1h)'), 'SELECT now(), bin(now(), 1h)');
});
