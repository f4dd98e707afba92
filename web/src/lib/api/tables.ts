// SPDX-License-Identifier: Apache-2.0
// The table calls of API.md section 10.
import { Get, Patch, Path } from './client.ts';
import type { Cell, Column, I64, NsText } from './types.ts';

export interface TableSchema {
  database: string;
  table: string;
  series: I64;
  oldest: NsText | null;
  newest: NsText | null;
  created: NsText;
  memory_retention_hours: I64;
  magnetic_retention_days: I64;
  magnetic_writes: boolean;
  dimensions: { name: string; distinct: I64; distinct_exact: boolean; series: I64 }[];
  measures: { name: string; type: string; series: I64; dimensions: string[]; fields: { name: string; type: string }[]; view: string | null }[];
  columns: { name: string; type: string; kind: string }[];
  partition_key: { name: string; enforcement: string } | null;
}

export interface TableSample {
  sql: string;
  columns: Column[];
  rows: Cell[][];
}

export interface Zone {
  zone: 'expired' | 'magnetic' | 'memory' | 'future';
  from: NsText | null;
  to: NsText | null;
  accepted: boolean;
  write: string;
}

export interface TableStorage {
  now: NsText;
  points: I64;
  series: I64;
  bytes: I64;
  block_files: I64;
  overlay_points: I64;
  oldest: NsText | null;
  newest: NsText | null;
  magnetic_writes: boolean;
  zones: Zone[];
  at: { time: NsText; zone: Zone['zone']; accepted: boolean; write: string } | null;
  damaged: { file: string; from: NsText; to: NsText; accepted: boolean }[];
}

export interface Rejections {
  since: NsText;
  total: I64;
  groups: {
    reason: string;
    text: string;
    fix: string;
    count: I64;
    first: NsText;
    last: NsText;
    samples: { at: NsText; source: string | null; measure: string; dimensions: Record<string, string>; time: NsText | null; version: I64 | null; existing_version: I64 | null }[];
  }[];
}

export interface TableSeries {
  series: I64;
  measures: I64;
  dimensions: { name: string; distinct: I64; series: I64; looks_like_id: boolean; top: { value: string; series: I64; share: number }[] }[] | null;
}

export interface TableRetention {
  memory_retention_hours: I64;
  magnetic_retention_days: I64;
  magnetic_writes: boolean;
}

const Of = (database: string, table: string, part: string): string => Path('databases', database, 'tables', table, part);

export const GetTableSchema = (database: string, table: string, signal?: AbortSignal): Promise<TableSchema> => Get<TableSchema>(Of(database, table, 'schema'), signal);
export const GetTableSample = (database: string, table: string, signal?: AbortSignal): Promise<TableSample> => Get<TableSample>(`${Of(database, table, 'sample')}?limit=10`, signal);
export const GetTableStorage = (database: string, table: string, time: bigint | null, signal?: AbortSignal): Promise<TableStorage> =>
  Get<TableStorage>(`${Of(database, table, 'storage')}${time === null ? '' : `?time=${time}`}`, signal);
export const GetTableSeries = (database: string, table: string, signal?: AbortSignal): Promise<TableSeries> => Get<TableSeries>(`${Of(database, table, 'series')}?top=10`, signal);
export const PatchTable = (database: string, table: string, change: TableRetention): Promise<TableRetention> => Patch<TableRetention>(Path('databases', database, 'tables', table), change);
export const GetRejections = (database: string, table: string, signal?: AbortSignal): Promise<Rejections> => Get<Rejections>(Of(database, table, 'rejections'), signal);
export const GetValues = (database: string, table: string, column: string, q = '', signal?: AbortSignal): Promise<{ values: string[]; truncated: boolean }> =>
  Get(`${Of(database, table, 'values')}?${new URLSearchParams({ column, q, limit: '50' })}`, signal);
