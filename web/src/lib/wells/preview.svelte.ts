// SPDX-License-Identifier: Apache-2.0
// The data of a panel that is being edited: asked again a moment after each change, the old picture stays until the new one is there.
import { ReadPanels } from '../dash/read_panels.ts';
import type { VariableValues } from '../api/dashboards.ts';
import type { ApiErrorBody } from '../api/types.ts';
import type { Panel } from '../model/dashboard_file.ts';
import type { QueryData } from '../model/panel_data.ts';
import type { Resolved } from '../model/time_range.ts';
import { ToErrorBody } from '../state/resource.svelte.ts';

const kWaitMs = 200;

export interface PreviewAsk {
  panel: Panel;
  variables: VariableValues;
  range: Resolved;
  step_ms: number;
}

export class Preview {
  /** The panel with what it shows, from one moment. */
  shown = $state.raw<{ panel: Panel; data: QueryData[]; range: Resolved } | null>(null);
  error = $state.raw<ApiErrorBody | null>(null);
  busy = $state(false);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #abort: AbortController | null = null;

  Ask(ask: PreviewAsk): void {
    clearTimeout(this.#timer);
    this.#abort?.abort();
    this.busy = true;
    this.#timer = setTimeout(() => void this.#Read(ask), kWaitMs);
  }

  Clear(): void {
    clearTimeout(this.#timer);
    this.#abort?.abort();
    [this.shown, this.error, this.busy] = [null, null, false];
  }

  async #Read({ panel, variables, range, step_ms }: PreviewAsk): Promise<void> {
    const abort = new AbortController();
    this.#abort = abort;
    try {
      const found = await ReadPanels({ panels: [panel], stored: null, variables, range, WidthOf: () => step_ms, as_of: null, signal: abort.signal });
      if (this.#abort !== abort) return;
      const data = found.get(panel.id) ?? [];
      this.error = data.find(({ error }) => error !== null)?.error ?? null;
      if (this.error === null) this.shown = { panel, data, range };
    } catch (e) {
      if (this.#abort !== abort) return;
      this.error = ToErrorBody(e);
    }
    this.busy = false;
  }
}
