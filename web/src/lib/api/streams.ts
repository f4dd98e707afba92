// SPDX-License-Identifier: Apache-2.0
// The stream calls of API.md section 5.
import { Delete, Get, Patch, Path, Post } from './client.ts';
import type { I64, NsText, StreamStatus } from './types.ts';

export interface StreamRow extends StreamStatus {
  status: string;
  mode: 'PROVISIONED' | 'ON_DEMAND';
  created: I64;
  throttled_per_minute: number;
  throttled_total: I64;
  iterator_age_ms: I64 | null;
  consumers: number;
  disk_bytes: I64;
  history_step_ms: number;
  history: (number | null)[];
}

export interface StreamDetail extends StreamRow {
  arn: string;
  tags: Record<string, string>;
  record_kib_max: number;
  encryption: string;
  pipelines: string[];
  error: string | null;
}

export interface Shard {
  shard: string;
  state: 'open' | 'closed';
  parent: string | null;
  adjacent_parent: string | null;
  hash_start: I64;
  hash_end: I64;
  hash_share: number;
  records_per_second: number;
  traffic_share: number | null;
  limit_ratio: number;
  records_kept: I64;
  oldest_sequence: string | null;
  newest_sequence: string | null;
  last_arrival: I64 | null;
}

export interface ShardsAnswer {
  total: number;
  next_cursor: string | null;
  hash_key_max: I64;
  shards: Shard[];
}

export interface KeysAnswer {
  seconds: number;
  records: I64;
  sampled: I64;
  exact: boolean;
  distinct_keys: number;
  shards: number;
  shards_with_records: number;
  sentence: string;
  keys: { key: string; share: number; records: I64; shard: string }[];
  busiest: { shard: string; share: number }[];
}

export type Verdict = 'on_time' | 'late' | 'frozen' | 'dead_letter';

export interface StreamRecord {
  shard: string;
  sequence: string;
  arrival: I64;
  key: string;
  bytes: number;
  encoding: 'json' | 'text' | 'binary';
  preview: string;
  truncated: boolean;
  event_time: NsText | null;
  delay_ms: I64 | null;
  behind_ms: I64 | null;
  verdict: Verdict | null;
  problem: string | null;
  text?: string | null;
  base64?: string;
  /** Diagnostic notation, if the payload is one CBOR item. */
  cbor?: string | null;
}

export interface RecordsAnswer {
  next_cursor: string;
  at_tip: boolean;
  scanned: I64;
  behind_ms: I64;
  pipeline: string | null;
  time_field: string | null;
  view: string | null;
  records: StreamRecord[];
}

export interface Consumer {
  kind: 'polling' | 'pipeline';
  name: string;
  access_key: string | null;
  address: string | null;
  records_per_second: number;
  iterator_age_ms: I64 | null;
  last_seen: I64;
  shards: { shard: string; sequence: string; iterator_age_ms: I64 | null }[];
}

export interface Producer {
  library: string | null;
  version: string | null;
  agent: string;
  access_key: string | null;
  address: string;
  protocol: string;
  operation: string;
  requests_per_second: number;
  records_per_second: number;
  bytes_per_second: number;
  requests: I64;
  records: I64;
  bytes: I64;
  /** Requests of which nothing was taken. */
  errors: { code: string; count: I64 }[];
  first_seen: I64;
  last_seen: I64;
}

export interface CreateStream {
  name: string;
  mode: 'PROVISIONED' | 'ON_DEMAND';
  shards: number;
  retention_hours: number;
  tags: Record<string, string>;
}

export const ListStreams = async (signal?: AbortSignal): Promise<StreamRow[]> => (await Get<{ streams: StreamRow[] }>('/streams', signal)).streams;
export const GetStream = (name: string, signal?: AbortSignal): Promise<StreamDetail> => Get<StreamDetail>(Path('streams', name), signal);
export const GetShards = (name: string, signal?: AbortSignal): Promise<ShardsAnswer> => Get<ShardsAnswer>(`${Path('streams', name, 'shards')}?limit=1000`, signal);
export const GetKeys = (name: string, signal?: AbortSignal): Promise<KeysAnswer> => Get<KeysAnswer>(`${Path('streams', name, 'keys')}?limit=20`, signal);
export const GetConsumers = async (name: string, signal?: AbortSignal): Promise<Consumer[]> => (await Get<{ consumers: Consumer[] }>(Path('streams', name, 'consumers'), signal)).consumers;
export const GetProducers = async (name: string, signal?: AbortSignal): Promise<Producer[]> => (await Get<{ producers: Producer[] }>(Path('streams', name, 'producers'), signal)).producers;
export const KeepFor = (name: string, retention_hours: number): Promise<StreamDetail> => Patch<StreamDetail>(Path('streams', name), { retention_hours });
export const MakeStream = ({ mode, shards, ...rest }: CreateStream): Promise<StreamDetail> => Post<StreamDetail>('/streams', { ...rest, mode, ...(mode === 'PROVISIONED' ? { shards } : {}) });
export const DeleteStream = (name: string): Promise<void> => Delete(Path('streams', name));
export const ReadRecords = (name: string, params: Record<string, string>, signal?: AbortSignal): Promise<RecordsAnswer> =>
  Get<RecordsAnswer>(`${Path('streams', name, 'records')}?${new URLSearchParams(params)}`, signal);
export const PutRecord = (name: string, record: { key: string; base64: string }): Promise<{ records: { shard: string; sequence: string }[] }> =>
  Post(Path('streams', name, 'records'), { records: [record] });
