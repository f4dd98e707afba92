// SPDX-License-Identifier: Apache-2.0
// The tab's event stream, and the application status that the shell and two pages show from it.
import { GetGraph } from '../api/client.ts';
import { LiveClient, type LiveStatus } from '../api/live.ts';
import type { GraphStatus } from '../api/types.ts';

export const live_client = new LiveClient();

class LiveView {
  status = $state<LiveStatus>('connecting');
  last_byte_at_ms = $state(0);
  /** The newest status of streams, pipelines, tables and views; null until the first answer. */
  graph = $state.raw<GraphStatus | null>(null);
  graph_changes = $state(0);
  paused = $derived(this.status === 'paused');

  constructor() {
    live_client.OnState((state) => {
      this.status = state.status;
      this.last_byte_at_ms = state.last_byte_at_ms;
    });
    live_client.Subscribe(['graph'], {
      OnEvent: (event, data) => {
        if (event === 'graph') this.#SetGraph(data as GraphStatus);
      },
      OnGap: () => void this.Refresh(),
    });
    void this.Refresh();
  }

  async Refresh(): Promise<void> {
    try {
      this.#SetGraph(await GetGraph());
    } catch {
      // The badge says that nothing arrives; the last good status stays.
    }
  }

  TogglePause(): void {
    live_client.SetPaused(this.paused ? 'running' : 'paused');
  }

  #SetGraph(graph: GraphStatus): void {
    this.graph = graph;
    this.graph_changes += 1;
  }
}

export const live = new LiveView();
