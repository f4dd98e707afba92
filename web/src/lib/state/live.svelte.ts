// SPDX-License-Identifier: Apache-2.0
// The event stream, and the application status that the shell and most pages show from it, with its last fifteen minutes.
import { share_token } from '../api/access.ts';
import { GetGraph, GetOverviewHistory } from '../api/client.ts';
import { LiveClient, type LiveStatus } from '../api/live.ts';
import { ListStreams } from '../api/streams.ts';
import type { GraphStatus } from '../api/types.ts';
import { History, MinuteRate } from '../model/history.ts';
import { IngestPast, NewestEventTime } from '../model/overview.ts';
import { kNsPerMs, WallNow } from '../time.ts';

export const live_client = new LiveClient();

class LiveView {
  status = $state<LiveStatus>('connecting');
  last_byte_at_ms = $state(0);
  /** The newest status of streams, pipelines, tables and views; null until the first answer. */
  graph = $state.raw<GraphStatus | null>(null);
  graph_changes = $state(0);
  /** Grows with each notice that objects were created, changed or deleted: lists read again. */
  object_changes = $state(0);
  /** The last time that the server did not answer at all, 0 when it did since. */
  unreachable_since_ms = $state(0);
  /** Second by second, for ages on the screen. */
  now_ms = $state(Date.now());
  paused = $derived(this.status === 'paused');
  readonly history = { records: new History(), freshness: new History(), late: new History(), queries: new History() };
  /** Late points a minute. */
  late_per_minute = $state<number | null>(null);
  readonly #late = new MinuteRate();

  constructor() {
    live_client.OnState((state) => {
      this.status = state.status;
      this.last_byte_at_ms = state.last_byte_at_ms;
      if (state.status === 'live') this.unreachable_since_ms = 0;
    });
    // A shared link reads its dashboard only.
    if (share_token === null) {
      live_client.Subscribe(['graph'], {
        OnEvent: (event, data) => {
          if (event === 'graph') this.#SetGraph(data as GraphStatus);
          else if (event === 'object') this.object_changes += 1;
        },
        OnGap: () => {
          this.object_changes += 1;
          void this.Refresh();
        },
      });
    }
    setInterval(() => (this.now_ms = Date.now()), 1000);
    addEventListener('offline', () => (this.unreachable_since_ms ||= Date.now()));
    addEventListener('online', () => live_client.Retry());
    void this.Refresh();
    void this.#ReadPast();
  }

  /** What the server kept of the time before this page was opened. */
  async #ReadPast(): Promise<void> {
    if (share_token !== null) return;
    try {
      const [steps, streams] = await Promise.all([GetOverviewHistory(), ListStreams()]);
      const now = Date.now();
      const At = (ns: string): number => Number(BigInt(ns) / kNsPerMs);
      this.history.freshness.Prepend(steps.map(({ at, freshness_ms }) => ({ at_ms: At(at), value: freshness_ms === null ? null : Number(freshness_ms) })));
      // Counts of steps of ten seconds, as a rate a minute.
      this.history.late.Prepend(steps.map(({ at, late }) => ({ at_ms: At(at), value: Number(late) * 6 })));
      this.history.queries.Prepend(steps.map(({ at, query_p95_ms }) => ({ at_ms: At(at), value: query_p95_ms === null ? null : Number(query_p95_ms) })));
      this.history.records.Prepend(IngestPast(streams, this.graph?.pipelines.map((p) => p.dead_letter_stream) ?? [], now));
      this.graph_changes += 1;
    } catch {
      // The figures themselves say when the server does not answer.
    }
  }

  async Refresh(): Promise<void> {
    if (share_token !== null) return;
    try {
      this.#SetGraph(await GetGraph());
      this.unreachable_since_ms = 0;
    } catch {
      // The badge says that nothing arrives; the last good status stays.
      if (this.status !== 'live') this.unreachable_since_ms ||= Date.now();
    }
  }

  TogglePause(): void {
    live_client.SetPaused(this.paused ? 'running' : 'paused');
  }

  #SetGraph(graph: GraphStatus): void {
    this.graph = graph;
    const now = Date.now();
    const newest = NewestEventTime(graph);
    this.history.records.Push(now, graph.overview?.records_per_second ?? null);
    this.history.freshness.Push(now, newest === null ? null : Math.max(0, Number((WallNow() - newest) / kNsPerMs)));
    this.late_per_minute = this.#late.Push(now, Number(graph.overview?.late_points_total ?? 0));
    this.history.late.Push(now, this.late_per_minute);
    this.graph_changes += 1;
  }
}

export const live = new LiveView();
