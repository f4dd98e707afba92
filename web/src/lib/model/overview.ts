// SPDX-License-Identifier: Apache-2.0
// What the overview says: the flow from producers to queries, and what is wrong with one action for each.
import type { GraphStatus, Overview, StatementStatus } from '../api/types.ts';
import type { Ns } from '../time.ts';
import { PathOfParts } from './routes.ts';

/** Newest event time that any pipeline has seen; null before the first record. */
export function NewestEventTime(graph: GraphStatus): Ns | null {
  let newest: Ns | null = null;
  for (const { partitions } of graph.pipelines) {
    for (const { max_event_time } of partitions) {
      if (max_event_time === null) continue;
      const time = BigInt(max_event_time);
      if (newest === null || time > newest) newest = time;
    }
  }
  return newest;
}

/** Records a second of all streams but those of dead letters, whose records came in before. */
export function IngestPast(streams: readonly { name: string; history?: readonly (number | null)[]; history_step_ms?: number }[], dead_letters: readonly (string | null | undefined)[], now_ms: number): { at_ms: number; value: number | null }[] {
  const sums = new Map<number, number>();
  for (const { name, history = [], history_step_ms = 10_000 } of streams) {
    if (dead_letters.includes(name)) continue;
    history.forEach((value, i) => {
      const at_ms = now_ms - (history.length - 1 - i) * history_step_ms;
      sums.set(at_ms, (sums.get(at_ms) ?? 0) + (value ?? 0));
    });
  }
  return [...sums].sort(([a], [b]) => a - b).map(([at_ms, value]) => ({ at_ms, value }));
}

export type FlowTone = 'ok' | 'warn' | 'failed' | 'idle';

export interface FlowBox {
  id: 'producers' | 'streams' | 'pipelines' | 'tables' | 'queries';
  label: string;
  count: number | null;
  href: string;
  tone: FlowTone;
  /** Why it is not well, in words. */
  reason: string | null;
}

export interface FlowArrow {
  from: FlowBox['id'];
  per_second: number;
  unit: string;
}

const ToneOf = (severity: string): FlowTone => (severity === 'failed' ? 'failed' : 'warn');
const kBoxOf: Record<string, FlowBox['id']> = { stream: 'streams', pipeline: 'pipelines', view: 'tables', table: 'tables', store: 'tables' };

export function BuildFlow(graph: GraphStatus, queries_per_second: number): { boxes: FlowBox[]; arrows: FlowArrow[] } {
  const problems = graph.overview?.problems ?? [];
  const tables = graph.databases.reduce((sum, d) => sum + d.tables.length, 0);
  const running = graph.pipelines.filter((p) => p.state === 'running').length;
  const boxes: FlowBox[] = [
    { id: 'producers', label: 'Producers', count: null, href: '/ui/connect', tone: 'ok', reason: null },
    { id: 'streams', label: 'Streams', count: graph.streams.length, href: '/ui/streams', tone: 'ok', reason: null },
    { id: 'pipelines', label: 'Pipelines', count: graph.pipelines.length, href: '/ui/pipelines', tone: 'ok', reason: null },
    { id: 'tables', label: 'Tables', count: tables, href: '/ui/db', tone: 'ok', reason: null },
    { id: 'queries', label: 'Queries', count: null, href: '/ui/query', tone: 'ok', reason: null },
  ];
  for (const problem of problems) {
    const box = boxes.find(({ id }) => id === kBoxOf[problem.object.split(':', 1)[0] ?? '']);
    if (box === undefined || (box.reason !== null && (box.tone === 'failed' || problem.severity !== 'failed'))) continue;
    box.tone = ToneOf(problem.severity);
    box.reason = problem.message;
  }
  const pipelines = boxes[2] as FlowBox;
  if (pipelines.reason === null && graph.pipelines.length > 0 && running === 0) {
    pipelines.tone = 'idle';
    pipelines.reason = 'None is running.';
  }
  const into = graph.overview?.records_per_second ?? 0;
  const through = graph.pipelines.reduce((sum, p) => sum + p.records_per_second, 0);
  return {
    boxes,
    arrows: [
      { from: 'producers', per_second: into, unit: 'rec' },
      { from: 'streams', per_second: through, unit: 'rec' },
      { from: 'pipelines', per_second: through, unit: 'pt' },
      { from: 'tables', per_second: queries_per_second, unit: 'query' },
    ],
  };
}

export interface ProblemRow {
  severity: 'warn' | 'failed';
  title: string;
  message: string;
  action: { label: string; href: string };
}

/** Worst first; each has one thing to do about it. */
export function BuildProblems(overview: Overview | undefined): ProblemRow[] {
  const rows = (overview?.problems ?? []).map((problem): ProblemRow => {
    const colon = problem.object.indexOf(':');
    const kind = colon < 0 ? problem.object : problem.object.slice(0, colon);
    const name = colon < 0 ? '' : problem.object.slice(colon + 1);
    return { severity: problem.severity === 'failed' ? 'failed' : 'warn', title: name === '' ? kind : `${kind} ${name}`, message: problem.message, action: ActionOf(kind, name) };
  });
  return rows.sort((a, b) => Number(b.severity === 'failed') - Number(a.severity === 'failed'));
}

function ActionOf(kind: string, name: string): ProblemRow['action'] {
  switch (kind) {
    case 'stream':
      return { label: 'Open the stream', href: PathOfParts('streams', name, 'shards') };
    case 'pipeline':
      return { label: 'Open the pipeline', href: `/ui/pipelines?node=${encodeURIComponent(`pipeline:${name}`)}` };
    case 'view':
      return { label: 'Open the view', href: `/ui/pipelines?node=${encodeURIComponent(`view:${name}`)}` };
    case 'table': {
      const dot = name.indexOf('.');
      return { label: 'Open the table', href: dot < 0 ? '/ui/db' : PathOfParts('db', name.slice(0, dot), name.slice(dot + 1)) };
    }
    case 'store':
      return { label: 'Open databases', href: '/ui/db' };
    default:
      return { label: 'See the settings', href: '/ui/settings/diagnostics' };
  }
}

/** Of statements that ended in the last fifteen minutes: how long 95 of 100 took, and how many ended a second in the last one. */
export function QueryFigures(statements: readonly StatementStatus[], now_ms: number): { p95_ms: number | null; count: number; per_second: number } {
  const ended = statements
    .filter((s) => ['succeeded', 'failed', 'cancelled', 'closed'].includes(s.state))
    .map((s) => ({ took: Number(s.elapsed_ms), end: Date.parse(s.started) + Number(s.elapsed_ms) }))
    .filter(({ end }) => now_ms - end <= 900_000);
  const times = ended.map(({ took }) => took).sort((a, b) => a - b);
  const last = ended.filter(({ end }) => now_ms - end <= 60_000).length;
  return { p95_ms: times.length === 0 ? null : (times[Math.ceil(times.length * 0.95) - 1] ?? null), count: times.length, per_second: last / 60 };
}

/** Nothing was made yet: first-run cards stand in place of figures. */
export const IsFirstRun = (graph: GraphStatus): boolean =>
  graph.streams.length === 0 && graph.pipelines.length === 0 && graph.databases.every((d) => d.tables.length === 0);
