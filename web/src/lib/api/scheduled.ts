// SPDX-License-Identifier: Apache-2.0
// The calls of API.md section 15: scheduled queries.
import { Body, Delete, Get, Path, Post, Request } from './client.ts';
import type { I64, List, NsText } from './types.ts';

export type TargetType = 'bigint' | 'boolean' | 'double' | 'varchar' | 'timestamp';

export interface ScheduledTarget {
  database: string;
  table: string;
  time_column: string;
  dimensions: string[];
  /** The column that names the measure of a row. */
  measure_name_column: string | null;
  /** Null: mapped by an AWS call in a way that this page does not offer. */
  measures: { column: string; type: TargetType; name: string }[] | null;
  /** All measures are fields of one record of this name. */
  multi_measure_name: string | null;
}

export interface ScheduledBody {
  name: string;
  sql: string;
  schedule: string;
  /** Null: rows go nowhere. */
  target: ScheduledTarget | null;
  report: { bucket: string; prefix: string } | null;
}

export interface ScheduledRun {
  invocation: NsText;
  started: NsText;
  manual: boolean;
  succeeded: boolean;
  execution_ms: I64;
  rows: I64;
  records: I64;
  failure: string | null;
  report?: string | null;
}

export interface ScheduledQuery {
  name: string;
  arn: string;
  sql: string;
  schedule: string;
  enabled: boolean;
  target: (Pick<ScheduledTarget, 'database' | 'table'> & Partial<ScheduledTarget>) | null;
  report?: { bucket: string; prefix: string } | null;
  created: NsText;
  previous_run: NsText | null;
  next_run: NsText | null;
  last: ScheduledRun | null;
  runs?: ScheduledRun[];
}

const Of = (name: string): string => Path('scheduled-queries', name);

export const ListScheduled = (signal?: AbortSignal): Promise<List<ScheduledQuery>> => Get<List<ScheduledQuery>>('/scheduled-queries?limit=1000&sort=name', signal);
export const GetScheduled = (name: string, signal?: AbortSignal): Promise<ScheduledQuery> => Get<ScheduledQuery>(Of(name), signal);
export const CreateScheduled = (body: ScheduledBody): Promise<ScheduledQuery> => {
  // Servers that place reports themselves know no member for it.
  const { report, ...rest } = body;
  return Post<ScheduledQuery>('/scheduled-queries', report === null ? rest : body);
};
export const CheckSchedule = (schedule: string, signal?: AbortSignal): Promise<{ next: NsText[] }> => Post<{ next: NsText[] }>('/scheduled-queries:check', { schedule }, signal);
export const SetScheduledEnabled = (name: string, enabled: boolean): Promise<ScheduledQuery> => Request<ScheduledQuery>(Of(name), Body('PATCH', { enabled }));
export const RunScheduled = (name: string): Promise<ScheduledQuery> => Post<ScheduledQuery>(`${Of(name)}:run`, {});
export const DeleteScheduled = (name: string): Promise<void> => Delete(Of(name));
