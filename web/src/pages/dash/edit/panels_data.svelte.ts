// SPDX-License-Identifier: Apache-2.0
// What the panels of an edited dashboard show: each is asked again when its queries, the variables or the range change, and only it.
import { SvelteMap } from 'svelte/reactivity';
import { ReadPanels } from '../../../lib/dash/read_panels.ts';
import type { VariableValues } from '../../../lib/api/dashboards.ts';
import type { ApiErrorBody } from '../../../lib/api/types.ts';
import type { Panel } from '../../../lib/model/dashboard_file.ts';
import type { QueryData } from '../../../lib/model/panel_data.ts';
import type { Resolved } from '../../../lib/model/time_range.ts';
import { AutoWidthMs } from '../../../lib/model/variables.ts';
import { ToErrorBody } from '../../../lib/state/resource.svelte.ts';
import { kNsPerMs } from '../../../lib/time.ts';

export interface PanelData {
  /** What was asked. */
  key: string;
  data: QueryData[] | null;
  error: ApiErrorBody | null;
  range: Resolved;
}

const kWaitMs = 150;

export class PanelsData {
  readonly of = new SvelteMap<string, PanelData>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #abort: AbortController | null = null;

  Ask(panels: readonly Panel[], variables: VariableValues, range: Resolved, width_px: number, again = 0): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#Read(panels, variables, range, width_px, again), kWaitMs);
  }

  Close(): void {
    clearTimeout(this.#timer);
    this.#abort?.abort();
  }

  async #Read(panels: readonly Panel[], variables: VariableValues, range: Resolved, width_px: number, again: number): Promise<void> {
    const Width = ({ grid }: Panel): number => AutoWidthMs(Number((range.to - range.from) / kNsPerMs), (width_px * grid.w) / 12);
    const Key = (panel: Panel): string => JSON.stringify([panel.queries, panel.visual, variables, String(range.from), String(range.to), Width(panel), again]);
    const wanted = panels.filter((panel) => panel.queries.length > 0 && this.of.get(panel.id)?.key !== Key(panel));
    for (const id of [...this.of.keys()]) if (!panels.some((p) => p.id === id)) this.of.delete(id);
    if (wanted.length === 0) return;
    this.#abort?.abort();
    const abort = new AbortController();
    this.#abort = abort;
    try {
      const found = await ReadPanels({ panels: wanted, stored: null, variables, range, WidthOf: Width, as_of: null, signal: abort.signal });
      if (this.#abort !== abort) return;
      for (const panel of wanted) this.of.set(panel.id, { key: Key(panel), data: found.get(panel.id) ?? [], error: null, range });
    } catch (e) {
      if (this.#abort !== abort) return;
      const error = ToErrorBody(e);
      for (const panel of wanted) this.of.set(panel.id, { key: '', data: this.of.get(panel.id)?.data ?? null, error, range });
    }
  }
}
