// SPDX-License-Identifier: Apache-2.0
// The application as a graph: stream -> pipeline -> table -> view, and from a view to the table it writes. Built from one status
// answer or `graph` event; knows nothing of pixels but column and row of a node.
import type { GraphStatus, PipelineStatus, RunState, StreamStatus, TableStatus, ViewStatus } from '../api/types.ts';

export type NodeKind = 'stream' | 'pipeline' | 'table' | 'view';
export type Health = 'ok' | 'warn' | 'failed' | 'idle';

interface NodeBase {
  id: string;
  name: string;
  state: RunState;
  health: Health;
  /** One sentence if health is warn or failed. */
  problem: string | null;
  column: number;
  row: number;
}

export type GraphNode =
  | (NodeBase & { kind: 'stream'; stream: StreamStatus })
  | (NodeBase & { kind: 'pipeline'; pipeline: PipelineStatus })
  | (NodeBase & { kind: 'table'; database: string; table: TableStatus })
  | (NodeBase & { kind: 'view'; view: ViewStatus });

export interface GraphEdge {
  from: string;
  to: string;
  rate_per_second: number;
  label: string;
  /** From a view back to a table in a column at its left. */
  back: boolean;
}

export interface Graph {
  nodes: GraphNode[];
  edges: GraphEdge[];
  columns: number;
  rows: number;
}

const StreamId = (name: string): string => `stream:${name}`;
const PipelineId = (name: string): string => `pipeline:${name}`;
const TableId = (database: string, table: string): string => `table:${database}.${table}`;
const ViewId = (name: string): string => `view:${name}`;

const kBehindMs = 60_000;

function PipelineHealth(p: PipelineStatus): { health: Health; problem: string | null } {
  if (p.state === 'failed') return { health: 'failed', problem: p.error ?? 'The pipeline failed.' };
  if (p.state === 'stopped') return { health: 'idle', problem: null };
  if (p.state === 'paused') return { health: 'warn', problem: p.error ?? 'Paused: the memory budget is used up.' };
  const bottleneck = BottleneckOf(p);
  if (p.lag_ms !== null && Number(p.lag_ms) > kBehindMs) return { health: 'warn', problem: `More than a minute behind its stream.${bottleneck === null ? '' : ` Likely bottleneck: ${bottleneck}`}` };
  if (bottleneck !== null) return { health: 'warn', problem: `Likely bottleneck: ${bottleneck}` };
  return { health: 'ok', problem: p.error };
}

export interface BusyPart {
  name: 'reads' | 'decodes' | 'writes' | 'idle';
  /** Whole numbers that are 100 together. */
  percent: number;
}

/** What a pipeline's time goes into; null where the server does not say. */
export function BusyParts(p: PipelineStatus): BusyPart[] | null {
  if (p.busy === undefined) return null;
  const parts: BusyPart[] = [{ name: 'reads', percent: Math.round(p.busy.source * 100) }, { name: 'decodes', percent: Math.round(p.busy.decode * 100) }, { name: 'writes', percent: Math.round(p.busy.write * 100) }];
  let left = 100;
  for (const part of parts) {
    part.percent = Math.max(0, Math.min(left, part.percent));
    left -= part.percent;
  }
  return [...parts, { name: 'idle', percent: left }];
}

const kBottleneckPercent = 90;
const kAdvice: Record<'reads' | 'decodes' | 'writes', string> = {
  reads: 'Most of it goes into reading: fewer, larger records are read faster.',
  decodes: 'Most of it goes into decoding: records of one shape and fewer fields decode faster, or share the stream among several pipelines by their filters.',
  writes: 'Most of it goes into handing rows to the store: look at its memory and its disk.',
};

/** Records wait while a pipeline has no time left: it is what holds the flow up. One sentence, one piece of advice. */
export function BottleneckOf(p: PipelineStatus): string | null {
  const parts = BusyParts(p);
  const idle = parts?.at(-1)?.percent ?? 100;
  if (parts === null || p.state !== 'running' || 100 - idle < kBottleneckPercent || p.lag_records === null || BigInt(p.lag_records) === 0n) return null;
  const most = parts.slice(0, 3).reduce((a, b) => (b.percent > a.percent ? b : a));
  return `${100 - idle} % busy while records wait. ${kAdvice[most.name as keyof typeof kAdvice]}`;
}

function ViewHealth(v: ViewStatus): { health: Health; problem: string | null } {
  if (v.state === 'failed') return { health: 'failed', problem: v.error ?? 'The view failed.' };
  if (v.state === 'stopped') return { health: 'idle', problem: null };
  if (v.state === 'paused') return { health: 'idle', problem: 'Paused by an operator.' };
  return { health: 'ok', problem: v.error ?? null };
}

/** A table's rate is not reported: it is what pipelines write to it, a point for each record. */
export function BuildGraph(status: GraphStatus): Graph {
  const nodes: GraphNode[] = [];
  const edges: GraphEdge[] = [];
  const rows_used: number[] = [0, 0, 0, 0];
  const Place = (column: number): { column: number; row: number } => {
    const row = rows_used[column] ?? 0;
    rows_used[column] = row + 1;
    return { column, row };
  };

  // Streams without a reader, such as dead-letter streams, come last: the main flow stays a straight line.
  // The other columns follow the pipelines' order, so that what belongs together lies on one line.
  const PlaceOf = (at: number): number => (at < 0 ? status.pipelines.length : at);
  const streams = [...status.streams].sort((a, b) => PlaceOf(status.pipelines.findIndex((p) => p.stream === a.name)) - PlaceOf(status.pipelines.findIndex((p) => p.stream === b.name)));
  const Writer = (database: string, table: string): number => PlaceOf(status.pipelines.findIndex((p) => p.database === database && p.table === table));
  for (const stream of streams) {
    nodes.push({
      kind: 'stream', id: StreamId(stream.name), name: stream.name, state: 'running', health: 'ok', problem: null, ...Place(0), stream,
    });
  }
  for (const pipeline of status.pipelines) {
    nodes.push({
      kind: 'pipeline', id: PipelineId(pipeline.name), name: pipeline.name, state: pipeline.state, ...PipelineHealth(pipeline),
      ...Place(1), pipeline,
    });
    edges.push(Edge(StreamId(pipeline.stream), PipelineId(pipeline.name), pipeline.records_per_second, 'records'));
    edges.push(Edge(PipelineId(pipeline.name), TableId(pipeline.database, pipeline.table), pipeline.records_per_second, 'points'));
    if (pipeline.dead_letter_stream != null && status.streams.some((s) => s.name === pipeline.dead_letter_stream)) {
      const dead = status.streams.find((s) => s.name === pipeline.dead_letter_stream);
      edges.push({ ...Edge(PipelineId(pipeline.name), StreamId(pipeline.dead_letter_stream), dead?.records_per_second ?? 0, 'dead letters'), back: true });
    }
  }
  const tables = status.databases.flatMap(({ name: database, tables: own }) => own.map((table) => ({ database, table })));
  for (const { database, table } of tables.sort((a, b) => Writer(a.database, a.table.name) - Writer(b.database, b.table.name))) {
    nodes.push({
      kind: 'table', id: TableId(database, table.name), name: `${database}.${table.name}`, state: 'running', health: 'ok', problem: null,
      ...Place(2), database, table,
    });
  }
  for (const view of [...status.views].sort((a, b) => Writer(a.database, a.table) - Writer(b.database, b.table))) {
    nodes.push({ kind: 'view', id: ViewId(view.name), name: view.name, state: view.state, ...ViewHealth(view), ...Place(3), view });
    const into = status.pipelines
      .filter((p) => p.database === view.database && p.table === view.table)
      .reduce((sum, p) => sum + p.records_per_second, 0);
    edges.push(Edge(TableId(view.database, view.table), ViewId(view.name), into, 'feed'));
    edges.push({ ...Edge(ViewId(view.name), TableId(view.database, view.target_table), 0, 'revisions'), back: true });
  }
  const known = new Set(nodes.map((node) => node.id));
  return {
    nodes,
    edges: edges.filter((edge) => known.has(edge.from) && known.has(edge.to)),
    columns: 4,
    rows: Math.max(1, ...rows_used),
  };
}

/** A pipeline with what it reads, writes and feeds. */
export function AroundPipeline(status: GraphStatus, name: string): GraphStatus {
  const pipelines = status.pipelines.filter((p) => p.name === name);
  const streams = new Set(pipelines.flatMap((p) => [p.stream, p.dead_letter_stream]));
  const Own = (database: string, table: string): boolean => pipelines.some((p) => p.database === database && p.table === table);
  const views = status.views.filter((v) => Own(v.database, v.table));
  const Target = (database: string, table: string): boolean => views.some((v) => v.database === database && v.target_table === table);
  return {
    ...status, pipelines, views, streams: status.streams.filter((s) => streams.has(s.name)),
    databases: status.databases.map((d) => ({ ...d, tables: d.tables.filter((t) => Own(d.name, t.name) || Target(d.name, t.name)) })),
  };
}

/** The part of a graph that a drawing can show: what needs attention, then row by row. */
export function LimitGraph(graph: Graph, nodes_max: number): { graph: Graph; left_out: number } {
  if (graph.nodes.length <= nodes_max) return { graph, left_out: 0 };
  const Rank = (node: GraphNode): number => (node.health === 'failed' ? -2 : node.health === 'warn' ? -1 : node.row);
  const kept = new Set([...graph.nodes].sort((a, b) => Rank(a) - Rank(b)).slice(0, nodes_max).map(({ id }) => id));
  return {
    graph: { ...graph, nodes: graph.nodes.filter(({ id }) => kept.has(id)), edges: graph.edges.filter(({ from, to }) => kept.has(from) && kept.has(to)) },
    left_out: graph.nodes.length - kept.size,
  };
}

const Edge = (from: string, to: string, rate_per_second: number, label: string): GraphEdge => ({
  from, to, rate_per_second, label, back: false,
});

/** Thickness by log rate, 1 to 6 px. */
export const EdgeWidth = (rate_per_second: number): number =>
  rate_per_second <= 0 ? 1 : Math.min(6, 1 + Math.log10(1 + rate_per_second));

/** The facts of a node as the browser test and the list for screen readers see them. */
export function FactsOf(node: GraphNode): Record<string, string | number | null> {
  switch (node.kind) {
    case 'stream':
      return {
        shards: node.stream.shards, records_per_second: node.stream.records_per_second,
        bytes_per_second: node.stream.bytes_per_second, records_total: node.stream.records_total,
      };
    case 'pipeline':
      return {
        records_per_second: node.pipeline.records_per_second, records_total: node.pipeline.records_total,
        points_total: node.pipeline.points_total, lag_records: node.pipeline.lag_records, lag_ms: node.pipeline.lag_ms,
        late_points_total: node.pipeline.late_points_total ?? null, dead_letters_total: node.pipeline.dead_letters_total,
        busy: BusyParts(node.pipeline)?.map(({ name, percent }) => `${name} ${percent} %`).join(', ') ?? null,
      };
    case 'table':
      return {
        series: node.table.series, points: node.table.points, memory_retention_hours: node.table.memory_retention_hours,
        magnetic_retention_days: node.table.magnetic_retention_days,
      };
    case 'view':
      return {
        watermark: node.view.watermark, lag_ms: node.view.lag_ms, dirty: node.view.dirty,
        windows_published: node.view.windows_published, revisions_total: node.view.revisions_total,
        late_points_total: node.view.late_points_total,
      };
  }
}
