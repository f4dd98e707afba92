// SPDX-License-Identifier: Apache-2.0
// `window.__tidemark`: the page's data as plain values, so that a browser test compares numbers and not pixels. It only reads:
// nothing in the page depends on it. Getters, so that a reader always sees the present state. API.md section 7 shows the shape.
import type { LiveState, LiveStatus } from '../api/live.ts';
import type { ApiErrorBody, Cell, Column, NsText } from '../api/types.ts';
import { FactsOf, type Graph } from './graph.ts';
import type { PageName } from './routes.ts';

export type DataStatus = 'idle' | 'loading' | 'ready' | 'empty' | 'error';

export interface GraphHook {
  status: DataStatus;
  /** Grows with every update. */
  changes: number;
  nodes: { id: string; kind: string; name: string; state: string; facts: Record<string, string | number | null> }[];
  edges: { from: string; to: string; rate_per_second: number; dashed: boolean }[];
}

export interface QueryHook {
  status: DataStatus;
  /** What the editor holds. */
  text: string;
  sql: string;
  columns: Column[];
  rows: Cell[][];
  has_next: boolean;
  query_id: string | null;
  error: ApiErrorBody | null;
}

export interface DashboardHook {
  id: string;
  title: string;
  version: string;
  /** Grows with each answer. */
  changes: number;
  range: { from: string; to: string };
  refresh: string;
  mode: string;
  variables: Record<string, string[]>;
  /** Those that are not hidden, from the top. `rows` and `failed` are of its queries; `text` is what a figure says. */
  panels: { id: string; title: string; visual: string; status: 'loading' | 'waiting' | 'ready' | 'empty' | 'error'; busy: boolean; failed: number; rows: number[]; text: string | null }[];
}

export interface LiveHook {
  status: LiveStatus;
  events: number;
  last_event_id: string | null;
}

export type HookPage = PageName | 'graph';

/** One drawn chart, as `window.tidemark.charts()` lists them. Times are ns strings. */
export interface ChartsEntry {
  id: string;
  title: string;
  watermark: NsText | null;
  series: { name: string; time: NsText[]; value: (number | null)[] }[];
  revised: { series: string; time: NsText; first: number | null; current: number | null; revisions: number }[];
  provisional: NsText[];
}

export interface TidemarkHook {
  readonly version: 1;
  /** `graph` is the page of pipelines. */
  readonly page: HookPage;
  readonly live: LiveHook;
  readonly graph: GraphHook | null;
  readonly query: QueryHook | null;
  readonly dashboard: DashboardHook | null;
}

declare global {
  interface Window {
    __tidemark?: TidemarkHook;
    tidemark?: { charts(): ChartsEntry[] };
  }
}

interface Sources {
  Page(): TidemarkHook['page'];
  Live(): LiveState;
  Graph: (() => GraphHook) | null;
  Query: (() => QueryHook) | null;
  Dashboard: (() => DashboardHook) | null;
}

const sources: Sources = {
  Page: () => 'overview',
  Live: () => ({ status: 'connecting', events: 0, last_event_id: null, last_byte_at_ms: 0, shared: false }),
  Graph: null,
  Query: null,
  Dashboard: null,
};

export function InstallHook(page: Sources['Page'], live: Sources['Live']): void {
  sources.Page = page;
  sources.Live = live;
  window.tidemark = { charts: () => [...charts.values()].map((source) => source()) };
  window.__tidemark = {
    version: 1,
    get page() {
      return sources.Page();
    },
    get live() {
      const { status, events, last_event_id } = sources.Live();
      return { status, events, last_event_id };
    },
    get graph() {
      return sources.Graph?.() ?? null;
    },
    get query() {
      return sources.Query?.() ?? null;
    },
    get dashboard() {
      return sources.Dashboard?.() ?? null;
    },
  };
}

const charts = new Map<string, () => ChartsEntry>();

/** A chart shows what it has drawn while it is mounted; returns the function that takes it away again. */
export function ExposeChart(id: string, source: () => ChartsEntry): () => void {
  charts.set(id, source);
  return () => {
    if (charts.get(id) === source) charts.delete(id);
  };
}

/** A page shows its data while it is mounted; returns the function that takes it away again. */
export function Expose<K extends 'Graph' | 'Query' | 'Dashboard'>(kind: K, source: NonNullable<Sources[K]>): () => void {
  sources[kind] = source as Sources[K];
  return () => {
    if (sources[kind] === source) sources[kind] = null as Sources[K];
  };
}

export const ToGraphHook = (graph: Graph): Pick<GraphHook, 'nodes' | 'edges'> => ({
  nodes: graph.nodes.map((node) => ({ id: node.id, kind: node.kind, name: node.name, state: node.state, facts: FactsOf(node) })),
  edges: graph.edges.map(({ from, to, rate_per_second }) => ({ from, to, rate_per_second, dashed: rate_per_second === 0 })),
});
