// SPDX-License-Identifier: Apache-2.0
// What a view can be asked beyond its status: what lateness would cost, whether its rows are right, what a new definition made of them,
// and where a raw point went.
import { Get, Path, Post } from './client.ts';
import type { I64, NsText } from './types.ts';
import { PointParams, type PointName } from '../model/point_links.ts';

export interface Advice {
  points: I64;
  out_of_order: I64;
  out_of_order_max_ns: I64 | null;
  out_of_orderness_ns: I64;
  allowed_lateness_ns: I64;
  /** Share of the points that the present settings cover; null without any. */
  covered: number | null;
  covered_with_lateness: number | null;
  advice: { quantile: string; out_of_orderness_ns: I64 | null; allowed_lateness_ns: I64 | null; delay_ns: I64 | null }[];
}

export interface Difference {
  difference: 'missing' | 'extra' | 'value';
  measure: string;
  dimensions: Record<string, string>;
  time: NsText;
  window_start: NsText;
  window_end: NsText;
  revision: number | null;
  old: string | null;
  new: string | null;
}

/** Counts are numbers here. */
export interface Verification {
  generation: number;
  watermark: NsText | null;
  windows: number;
  points_read: number;
  differences: number;
  frozen: number;
  gaps: number;
  open: number;
  waiting: number;
  rows: Difference[];
}

export interface Generations {
  generation: number;
  next: { generation: number; definition: string; state: string; error: string | null; backfilling: boolean; watermark: NsText | null; dirty_count: I64; windows_published: I64 } | null;
  last: { generation: number; at: NsText; same: I64; changed: I64; added: I64; removed: I64; whole: boolean; rows: { measure: string; dimensions: Record<string, string>; time: NsText; before: string | null; now: string | null }[] } | null;
}

export interface PointWindow {
  window_start: NsText;
  window_end: NsText;
  state: 'open' | 'complete' | 'sealed';
  rows: {
    measure: string;
    dimensions: Record<string, string>;
    time: NsText;
    published: boolean;
    value: string | null;
    revision: number | null;
    record_count: number | null;
    looks_back: boolean;
    revisions: { revision: number; cause: string; at: NsText; old: string | null; new: string | null }[];
  }[];
}

export interface Explanation {
  found: boolean;
  versions: { version: I64; value: string | null; current: boolean; arrival: I64 | null; pipeline: string | null; stream: string | null; partition: string | null; sequence: string | null }[];
  records_complete: boolean;
  records_problem: string | null;
  nearest: NsText[];
  views: { view: string; watermark: NsText | null; problem: string | null; windows: PointWindow[] }[];
}

interface SimulatedSide {
  rows: number;
  revisions: number;
  late_points: number;
  frozen: number;
  watermark: NsText | null;
}

export interface Simulation {
  records: number;
  points: number;
  differences: number;
  present: SimulatedSide;
  simulated: SimulatedSide;
  rows: { difference: 'value' | 'new' | 'gone'; measure: string; dimensions: Record<string, string>; time: NsText; window_start: NsText; window_end: NsText; old: string | null; new: string | null }[];
}

export const SimulateView = (name: string, settings: Record<string, string>): Promise<Simulation> => Post<Simulation>(`${Path('views', name)}:simulate`, { settings });
export const GetAdvice = (name: string, signal?: AbortSignal): Promise<Advice> => Get<Advice>(Path('views', name, 'advice'), signal);
export const GetGenerations = (name: string, signal?: AbortSignal): Promise<Generations> => Get<Generations>(Path('views', name, 'generations'), signal);

/** Ends of the windows' beginnings; an empty text: as far as there are any. */
export const VerifyView = (name: string, from: string, to: string, signal?: AbortSignal): Promise<Verification> =>
  Get<Verification>(`${Path('views', name, 'verify')}?${new URLSearchParams({ ...(from === '' ? {} : { from }), ...(to === '' ? {} : { to }) })}`, signal);

export const ExplainPoint = (point: PointName, signal?: AbortSignal): Promise<Explanation> => Get<Explanation>(`${Path('explain', 'point')}?${PointParams(point)}`, signal);
