// SPDX-License-Identifier: Apache-2.0
// The shapes of web/API.md. `I64` is a decimal string, because a JavaScript number stops at 2^53.

export type I64 = string;
/** Nanoseconds since the epoch as a decimal string. */
export type NsText = I64;

export interface ApiErrorBody {
  code: string;
  status: number;
  message: string;
  hint: string | null;
  field: string | null;
  line: number | null;
  column: number | null;
  request_id: string | null;
  retryable: boolean;
}

export interface Column {
  name: string;
  type: string;
}

export type Cell = string | null;

export interface QueryProgress {
  percent?: number | null;
  rows_total?: I64 | null;
  bytes_scanned?: I64 | null;
  points_scanned?: I64 | null;
  elapsed_ms?: I64 | null;
}

export interface QueryAnswer {
  query_id: string;
  expanded_sql?: string | null;
  reduced?: boolean;
  columns: Column[];
  rows: Cell[][];
  next: string | null;
  progress: QueryProgress;
}

/** One line of what happened lately. */
export interface Activity {
  number: I64;
  at: NsText;
  kind: string;
  name: string;
  action: string;
  detail: string | null;
}

export interface OverviewStep {
  at: NsText;
  freshness_ms: I64 | null;
  late: I64;
  query_p95_ms: I64 | null;
}

export interface StatementStatus {
  query_id: string;
  origin: 'timestream' | 'console' | 'scheduled';
  state: 'open' | 'waiting' | 'running' | 'succeeded' | 'failed' | 'cancelled' | 'closed';
  sql: string;
  started: string;
  elapsed_ms: I64;
  worked_ms: I64;
  percent: number | null;
  points_scanned: I64 | null;
  bytes_scanned: I64 | null;
  rows: I64;
  error: string | null;
}

export interface RevisionEntry {
  revision: I64;
  old: string | null;
  new: string | null;
  /** null: cause is 'coarse'. */
  late_points: I64 | null;
  lateness_max_ns?: I64 | null;
  /** Raw points in the row with this entry, and how many more than before. */
  record_count?: I64 | null;
  records_added?: I64 | null;
  cause?: 'watermark' | 'late' | 'correction' | 'definition' | 'frozen' | 'coarse';
  /** When it was published, ns. */
  at: NsText;
  frozen?: boolean;
  /** The first of its late points. */
  points?: { time: NsText; measure: string; dimensions: Record<string, string> }[];
}

export interface RevisionRow {
  time: NsText;
  window_start: NsText;
  window_end: NsText;
  dimensions?: Record<string, string>;
  revision: I64;
  value: string | null;
  frozen?: boolean;
  revisions: RevisionEntry[];
  state?: 'provisional' | 'final' | 'revised' | 'closed';
  record_count?: I64 | null;
}

export interface RevisionsAnswer {
  rows: RevisionRow[];
  truncated?: boolean;
  view?: string;
  as_of?: NsText | null;
  watermark?: NsText | null;
  /** Whether the watermark of that time is known, and not only the newest window that was published. */
  watermark_exact?: boolean;
  /** Where the complete log begins. */
  history_from?: NsText | null;
}

export type RunState = 'starting' | 'running' | 'paused' | 'stopped' | 'failed';

export interface StreamStatus {
  name: string;
  shards: number;
  records_per_second: number;
  bytes_per_second: number;
  records_total: I64;
  retention_hours: I64;
}

export interface TableStatus {
  name: string;
  memory_retention_hours: I64;
  magnetic_retention_days: I64;
  series: I64 | null;
  points: I64 | null;
}

export interface DatabaseStatus {
  name: string;
  tables: TableStatus[];
}

export interface PartitionStatus {
  partition: string;
  position: string | null;
  max_event_time: NsText | null;
  idle: boolean;
}

export interface PipelineStatus {
  name: string;
  stream: string;
  database: string;
  table: string;
  dead_letter_stream?: string | null;
  state: RunState;
  records_per_second: number;
  records_total: I64;
  points_total: I64;
  late_points_total?: I64 | null;
  dead_letters_total: I64;
  lag_records: I64 | null;
  lag_ms: I64 | null;
  partitions: PartitionStatus[];
  gap_records_total?: I64;
  breaker_open?: boolean;
  error: string | null;
  /** Share of the time that each stage worked lately. */
  busy?: { source: number; decode: number; write: number };
}

export interface ViewStatus {
  name: string;
  database: string;
  table: string;
  target_table: string;
  state: RunState;
  generation: I64;
  output?: string;
  aggregate?: string;
  label?: string;
  late?: string;
  watermark: NsText | null;
  windows_published: I64;
  revisions_total: I64;
  late_points_total: I64;
  /** Of them, those that a view that freezes did not take up. */
  frozen_total: I64;
  dirty: I64;
  lag_ms: I64 | null;
  /** How they lie, in words: `1h every 5m`, `day in Europe/Berlin`. */
  windows?: string;
  window_ns: I64;
  zone_version?: string; // of a calendar's zone data, as the next
  zone_changes?: { from: NsText; version: string }[];
  out_of_orderness_ns: I64;
  allowed_lateness_ns: I64;
  early_ns?: I64;
  provisional_after_ns?: I64;
  error?: string | null;
}

export interface Overview {
  version: string;
  uptime_ms?: I64;
  health: 'ok' | 'warn' | 'failed';
  problems?: { severity: string; object: string; message: string }[];
  streams?: number;
  pipelines?: number;
  databases?: number;
  tables?: number;
  views?: number;
  records_per_second?: number;
  late_points_total?: I64;
  revisions_total?: I64;
  dead_letters_total?: I64;
  memory_used_bytes?: I64;
  memory_max_bytes?: I64;
}

export interface GraphStatus {
  overview?: Overview;
  streams: StreamStatus[];
  pipelines: PipelineStatus[];
  views: ViewStatus[];
  databases: DatabaseStatus[];
}

export interface WatermarkPartition {
  source: string;
  partition: string;
  max_event_time: NsText | null;
  watermark: NsText | null;
  idle: boolean;
  holds_back?: boolean;
}

export interface WatermarksAnswer {
  watermark: NsText | null;
  partitions: WatermarkPartition[];
}

export interface LatenessBucket {
  le_ms: I64 | null;
  on_time: I64;
  late: I64;
  frozen?: I64;
}

export type DirtyKind = 'raw' | 'view' | 'revision';

export interface TableEvent {
  topic: string;
  at?: string;
  database: string;
  table: string;
  dirty: { measures: string[]; from: NsText; to: NsText; kinds: DirtyKind[] };
}

/** Lists of stored objects. */
export interface List<T> {
  items: T[];
  next_cursor: string | null;
  total: number | null;
}

/** What macros of a statement are made of (API.md section 3.3). */
export interface MacroMembers {
  from?: string;
  to?: string;
  interval_ms?: string;
  database?: string;
  table?: string;
  measure?: string;
  /** Reduces a result to about so many points a series (section 3.2). */
  max_points?: number;
}

export interface QueryState {
  query_id: string;
  state: StatementStatus['state'];
  percent: number | null;
  rows: I64 | null;
  points_scanned: I64 | null;
  bytes_scanned: I64 | null;
  elapsed_ms: I64;
  worked_ms: I64;
  error: string | null;
}

export interface Diagnostic {
  severity: 'error' | 'warning' | 'info';
  line: number;
  column: number;
  end_line: number;
  end_column: number;
  message: string;
  hint: string | null;
}

export interface Validation {
  statements: { start: number; end: number }[];
  expanded_sql: string | null;
  diagnostics: Diagnostic[];
}

export interface SqlFunctions {
  functions: { name: string; kind: string; signatures: string[]; help: string }[];
  keywords: string[];
  macros: { name: string; help: string }[];
}

export interface SavedQueryBody {
  name: string;
  description: string;
  sql: string;
  range: { from: string; to: string } | null;
  database: string | null;
  tags: string[];
}

export interface SavedQuery extends SavedQueryBody {
  id: string;
  created: NsText;
  updated: NsText;
  etag: string;
}

export interface Info {
  name: string;
  version: string;
  api: string;
  build: { compiler: string; type: string };
  started: NsText;
  now: NsText;
  uptime_ms: I64;
  url: string;
  region: string;
  account: string;
  sign_in: string;
  allowed_hosts: string[];
  features: string[];
  limits: Record<string, number | string>;
}

export interface Setting {
  name: string;
  value: string;
  default: string;
  source: 'default' | 'file' | 'environment' | 'flag';
  unit: string;
  help: string;
}

export interface Connection {
  first: NsText;
  last: NsText;
  count: I64;
  peer: string;
  library: string | null;
  version: string | null;
  agent: string;
  protocol: string;
  service: string | null;
  operation: string | null;
  signed: boolean;
  status: number;
  code: string | null;
  ok: boolean;
  sentence: string | null;
}
