// SPDX-License-Identifier: Apache-2.0
// Building a scheduled query: its schedule in words, which column of the statement becomes what, and the same as an AWS call. Pure.
import type { ScheduledBody, ScheduledTarget, TargetType } from '../api/scheduled.ts';
import type { Column } from '../api/types.ts';
import { kNsPerSecond, type Ns } from '../time.ts';

export type RateUnit = 'minutes' | 'hours' | 'days';
const kRate = /^rate\(\s*(\d{1,6})\s+(minute|hour|day)s?\s*\)$/;
const kUnitNs: Record<string, Ns> = { minute: 60n * kNsPerSecond, hour: 3600n * kNsPerSecond, day: 86_400n * kNsPerSecond };

export const RateText = (n: number, unit: RateUnit): string => `rate(${n} ${n === 1 ? unit.slice(0, -1) : unit})`;

/** Null: it is no rate. */
export function RateNs(schedule: string): Ns | null {
  const m = kRate.exec(schedule.trim());
  const unit = m === null ? undefined : kUnitNs[m[2] ?? ''];
  const n = BigInt(m?.[1] ?? '0');
  return unit === undefined || n === 0n ? null : n * unit;
}

export const kCronExamples: readonly [cron: string, words: string][] = [
  ['cron(0 * * * ? *)', 'at the start of every hour'], ['cron(0/15 * * * ? *)', 'every quarter of an hour'], ['cron(0 6 * * ? *)', 'every day at 06:00 UTC'], ['cron(30 7 ? * MON-FRI *)', 'weekdays at 07:30 UTC'],
  ['cron(0 0 1 * ? *)', 'on the first of each month'],
];

/** In words where they are known; else the expression itself. */
export function DescribeSchedule(schedule: string): string {
  const m = kRate.exec(schedule.trim());
  if (m !== null) return m[1] === '1' ? `every ${m[2]}` : `every ${m[1]} ${m[2]}s`;
  return kCronExamples.find(([cron]) => cron === schedule.trim())?.[1] ?? schedule;
}

/** The due times of a rate that begins now; null: only the server can tell. */
export function NextOfRate(schedule: string, now: Ns, count = 5): Ns[] | null {
  const period = RateNs(schedule);
  return period === null ? null : Array.from({ length: count }, (_, i) => now + period * BigInt(i + 1));
}

export const ScheduledProblem = (name: string): string | null => {
  if (name === '') return 'A scheduled query needs a name.';
  return /^[a-zA-Z0-9_.\-!@#$%^&*()+=]{1,64}$/.test(name) ? null : 'At most 64 letters, digits and signs, without blanks.';
};

/** The statement with a value in the place of its parameter, to see what columns it has. */
export const TrialSql = (sql: string): string => sql.replace(/@scheduled_runtime\b/gi, 'now()');

export type Role = 'time' | 'dimension' | 'measure' | 'measure_name' | 'unused';
export interface Mapped {
  column: string;
  type: TargetType | null;
  role: Role;
  /** Of a measure: its name in the target. */
  name: string;
}

function TypeOf(sql_type: string): TargetType | null {
  const type = sql_type.toLowerCase();
  if (type === 'integer') return 'bigint';
  return type === 'bigint' || type === 'boolean' || type === 'double' || type === 'varchar' || type === 'timestamp' ? type : null;
}

export const RolesOf = (type: TargetType | null): Role[] =>
  type === null ? ['unused'] : type === 'varchar' ? ['dimension', 'measure', 'measure_name', 'unused'] : type === 'timestamp' ? ['time', 'measure', 'unused'] : ['measure', 'unused'];

/** The first time is the row's time, texts are dimensions (measure_name names measures), numbers and booleans are measures. */
export function InferMapping(columns: readonly Column[]): Mapped[] {
  let timed = false;
  return columns.map(({ name, type: sql_type }) => {
    const type = TypeOf(sql_type);
    const plain = name.replace(/^measure_value::/, '').replace(/[^A-Za-z0-9_.-]+/g, '_');
    let role: Role = type === null ? 'unused' : type === 'varchar' ? (name === 'measure_name' ? 'measure_name' : 'dimension') : 'measure';
    if (type === 'timestamp') {
      role = timed ? 'measure' : 'time';
      timed = true;
    }
    return { column: name, type, role, name: plain };
  });
}

/** What is missing of a mapping, in words; null: nothing. */
export function MappingProblem(mapping: readonly Mapped[], multi: string | null): string | null {
  const Of = (role: Role): Mapped[] => mapping.filter((m) => m.role === role);
  const twice = mapping.map((m) => m.column).find((name, i, all) => all.indexOf(name) !== i);
  if (twice !== undefined) return `Two columns are called ${twice}: give them names of their own with AS.`;
  if (Of('time').length !== 1) return 'One column of type TIMESTAMP has to be the time of the rows.';
  if (Of('dimension').length === 0) return 'At least one text column has to be a dimension.';
  if (Of('measure').length === 0) return 'At least one column has to be a measure.';
  if (Of('measure_name').length > 1) return 'Only one column can name the measure.';
  const names = Of('measure').map((m) => m.name.trim());
  if (names.some((name) => name === '')) return 'Every measure needs a name.';
  if (new Set(names).size !== names.length) return 'Two measures have the same name.';
  if (multi !== null && multi.trim() === '' && Of('measure_name').length === 0) return 'The multi-measure record needs a name.';
  return null;
}

export function TargetOf(database: string, table: string, mapping: readonly Mapped[], multi: string | null): ScheduledTarget {
  return {
    database, table, time_column: mapping.find((m) => m.role === 'time')?.column ?? '', dimensions: mapping.filter((m) => m.role === 'dimension').map((m) => m.column),
    measure_name_column: mapping.find((m) => m.role === 'measure_name')?.column ?? null,
    measures: mapping.flatMap((m) => (m.role === 'measure' && m.type !== null ? [{ column: m.column, type: m.type, name: m.name.trim() }] : [])), multi_measure_name: multi === null ? null : multi.trim(),
  };
}

/** The members of CreateScheduledQuery that do the same. Roles and topics are stored and not used here. */
export function AwsRequest({ name, sql, schedule, target, report }: ScheduledBody): unknown {
  const Type = (type: TargetType): string => type.toUpperCase();
  const attributes = target?.measures?.map((m) => ({ SourceColumn: m.column, MeasureValueType: Type(m.type), TargetMultiMeasureAttributeName: m.name })) ?? [];
  return {
    Name: name, QueryString: sql, ScheduleConfiguration: { ScheduleExpression: schedule },
    NotificationConfiguration: { SnsConfiguration: { TopicArn: 'arn:aws:sns:us-east-1:000000000000:none' } },
    ...(target === null ? {} : {
      TargetConfiguration: {
        TimestreamConfiguration: {
          DatabaseName: target.database, TableName: target.table, TimeColumn: target.time_column, DimensionMappings: target.dimensions.map((d) => ({ Name: d, DimensionValueType: 'VARCHAR' })),
          ...(target.measure_name_column === null ? {} : { MeasureNameColumn: target.measure_name_column }),
          ...(target.multi_measure_name === null
            ? { MixedMeasureMappings: (target.measures ?? []).map((m) => ({ SourceColumn: m.column, MeasureValueType: Type(m.type), TargetMeasureName: m.name })) }
            : { MultiMeasureMappings: { ...(target.multi_measure_name === '' ? {} : { TargetMultiMeasureName: target.multi_measure_name }), MultiMeasureAttributeMappings: attributes } }),
        },
      },
    }),
    ScheduledQueryExecutionRoleArn: 'arn:aws:iam::000000000000:role/none',
    ErrorReportConfiguration: { S3Configuration: { BucketName: report?.bucket ?? 'errors', ...(report === null || report.prefix === '' ? {} : { ObjectKeyPrefix: report.prefix }) } },
  };
}

/** The command line that creates it on this server. */
export const AwsCommand = (body: ScheduledBody, url: string): string =>
  `aws timestream-query create-scheduled-query --endpoint-url ${url} --cli-input-json '${JSON.stringify(AwsRequest(body), null, 1).replaceAll("'", "'\\''")}'`;

