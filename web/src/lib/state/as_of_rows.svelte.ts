// SPDX-License-Identifier: Apache-2.0
// What the server says of a chart at a time of processing: asked for once the slider rests, for every line that says where it is from.
// Until the answer is there, and where there is none, the chart is rebuilt from the history that it has.
import { GetRevisions } from '../api/client.ts';
import { ToWindowRow } from '../model/chart.ts';
import { ExtentOf, type ChartData } from '../model/panel_chart.ts';
import { DimensionsOf, kMarkedLinesMax, type KnownAsOf } from '../model/revisions.ts';
import type { Ns } from '../time.ts';
import { as_of } from './as_of.svelte.ts';

const kRestMs = 150;

export class AsOfRows {
  readonly #id: string;
  #answer = $state.raw<{ as_of: Ns; known: KnownAsOf } | null>(null);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #abort: AbortController | null = null;

  constructor(id: string) {
    this.#id = id;
  }

  KnownAt(at: Ns): KnownAsOf | null {
    return this.#answer?.as_of === at ? this.#answer.known : null;
  }

  Ask(data: ChartData, at: Ns): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#Read(data, at), kRestMs);
  }

  Close(): void {
    clearTimeout(this.#timer);
    this.#abort?.abort();
    this.#answer = null;
    as_of.SetHistoryFrom(this.#id, null);
  }

  async #Read(data: ChartData, at: Ns): Promise<void> {
    this.#abort?.abort();
    const abort = new AbortController();
    this.#abort = abort;
    const range = ExtentOf(data);
    const lines = data.lines.flatMap((line, index) => {
      const dimensions = line.source == null ? null : DimensionsOf(line);
      return line.source == null || dimensions === null || line.source.measure === '' ? [] : [{ wanted: { ...line.source, dimensions }, index }];
    }).slice(0, kMarkedLinesMax);
    if (range === null || lines.length === 0) return;
    try {
      const answers = await Promise.all(lines.map(({ wanted: { database, table, measure, dimensions } }) => GetRevisions({ database, table, measure, dimensions, ...range, as_of: at }, abort.signal)));
      if (abort.signal.aborted) return;
      let watermark: Ns | null = null;
      let history_from: Ns | null = null;
      for (const answer of answers) {
        const own = answer.watermark == null ? null : BigInt(answer.watermark);
        const from = answer.history_from == null ? null : BigInt(answer.history_from);
        if (own !== null && (watermark === null || own < watermark)) watermark = own;
        if (from !== null && (history_from === null || from > history_from)) history_from = from;
      }
      as_of.SetHistoryFrom(this.#id, history_from);
      const rows = new Map(lines.map(({ index }, i) => [index, new Map((answers[i]?.rows ?? []).map((row) => [BigInt(row.time), ToWindowRow(row)]))]));
      this.#answer = { as_of: at, known: { watermark, rows } };
    } catch {
      // The chart stays as its own history has it.
    }
  }
}
