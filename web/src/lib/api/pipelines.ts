// SPDX-License-Identifier: Apache-2.0
// The calls of API.md section 5 about one pipeline or one view.
import { Get, Path, Post } from './client.ts';
import type { I64, LatenessBucket, NsText, PipelineStatus, RunState, ViewStatus, WatermarkPartition } from './types.ts';

export interface Position {
  partition: string;
  sequence: string | null;
  oldest_sequence: string | null;
  newest_sequence: string | null;
  unread: I64 | null;
  behind_ms: I64 | null;
  max_event_time: NsText | null;
  idle: boolean;
  /** At most so many were trimmed or passed over unread, the newest of them before `gap_until`. */
  gap_records?: I64;
  gap_until?: NsText | null;
  /** Windows before it are not evaluated again. */
  whole_from?: NsText | null;
  /** Why it reads no further until it is started. */
  stopped?: string | null;
}

export interface Positions {
  state: RunState;
  start: string;
  idle_timeout_ms: I64 | null;
  items: Position[];
}

export interface DeadLetter {
  id: string;
  at: NsText;
  shard: string | null;
  sequence: string | null;
  key: string | null;
  arrival: NsText | null;
  bytes: I64;
  encoding: 'json' | 'text' | 'binary';
  text: string;
  truncated: boolean;
  resubmittable: boolean;
}

export interface DeadLetterGroup {
  stage: string;
  reason: string;
  field: string | null;
  message: string;
  count: I64;
  first: NsText;
  last: NsText;
  resubmittable: I64;
  samples: DeadLetter[];
}

export interface DeadLetters {
  stream: string | null;
  total: I64;
  complete: boolean;
  groups: DeadLetterGroup[];
}

export type ResubmitWhat = { ids: string[] } | { reason: string; field?: string; message?: string } | { all: true };

export interface Resubmitted {
  resubmitted: I64;
  skipped: I64;
  more: boolean;
}

/** "positions", "latest", "trim_horizon", "savepoint:NAME" or a time. */
export type StartFrom = string;

export interface Savepoint {
  name: string;
  created: NsText;
  definition: string;
  differs: boolean;
}

export interface Definition {
  name: string;
  kind: 'pipeline' | 'view';
  toml: string;
}

export interface Lateness {
  buckets: LatenessBucket[];
  partitions?: { source: string; partition: string; late: I64; frozen: I64; lateness_max_ms: I64 | null }[];
}

export interface ViewStep {
  at: NsText;
  watermark: NsText | null;
  lag_ms: I64 | null;
  late: I64;
  frozen: I64;
  published: I64;
  revisions: I64;
}

export interface ViewWatermarks {
  watermark: NsText | null;
  partitions: WatermarkPartition[];
}

export interface ViewWindow {
  window_start: NsText;
  window_end: NsText;
  series: I64;
  revisions: I64;
  state: 'open' | 'final' | 'revised' | 'closed';
}

export const GetPipeline = (name: string, signal?: AbortSignal): Promise<PipelineStatus> => Get<PipelineStatus>(Path('pipelines', name), signal);
export const GetPositions = (name: string, signal?: AbortSignal): Promise<Positions> => Get<Positions>(Path('pipelines', name, 'positions'), signal);
export const GetDeadLetters = (name: string, signal?: AbortSignal): Promise<DeadLetters> => Get<DeadLetters>(`${Path('pipelines', name, 'errors')}?samples=3`, signal);
export const Resubmit = (name: string, what: ResubmitWhat): Promise<Resubmitted> => Post<Resubmitted>(`${Path('pipelines', name)}/errors:resubmit`, what);
export const StartPipeline = (name: string, from: StartFrom, replay: 'fill' | 'replace' = 'fill'): Promise<PipelineStatus> =>
  Post<PipelineStatus>(Path('pipelines', name, 'start'), { ...(from === 'positions' ? {} : { from }), ...(replay === 'replace' ? { replace: true } : {}) });
export const GetSavepoints = (name: string, signal?: AbortSignal): Promise<{ items: Savepoint[] }> => Get<{ items: Savepoint[] }>(Path('pipelines', name, 'savepoints'), signal);
export const MakeSavepoint = (name: string, savepoint: string): Promise<Savepoint> => Post<Savepoint>(Path('pipelines', name, 'savepoints'), { name: savepoint });
export const StopPipeline = (name: string): Promise<PipelineStatus> => Post<PipelineStatus>(Path('pipelines', name, 'stop'), {});
export const GetDefinition = (kind: 'pipelines' | 'views', name: string, signal?: AbortSignal): Promise<Definition> => Get<Definition>(Path(kind, name, 'definition'), signal);

export const GetView = (name: string, signal?: AbortSignal): Promise<ViewStatus> => Get<ViewStatus>(Path('views', name), signal);
export const GetViewWatermarks = (name: string, signal?: AbortSignal): Promise<ViewWatermarks> => Get<ViewWatermarks>(Path('views', name, 'watermarks'), signal);
export const GetViewLateness = (name: string, signal?: AbortSignal): Promise<Lateness> => Get<Lateness>(Path('views', name, 'lateness'), signal);
export const GetViewHistory = async (name: string, signal?: AbortSignal): Promise<ViewStep[]> => (await Get<{ steps: ViewStep[] }>(Path('views', name, 'history'), signal)).steps;
export const GetWindows = (name: string, limit: number, revised: 'all' | 'revised', signal?: AbortSignal): Promise<{ windows: ViewWindow[] }> =>
  Get<{ windows: ViewWindow[] }>(`${Path('views', name, 'windows')}?limit=${limit}${revised === 'revised' ? '&revised=true' : ''}`, signal);
export const SetView = (name: string, wished: 'start' | 'stop' | 'pause' | 'resume'): Promise<ViewStatus> =>
  Post<ViewStatus>(wished === 'pause' || wished === 'resume' ? `${Path('views', name)}:${wished}` : Path('views', name, wished), {});
