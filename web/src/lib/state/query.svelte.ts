// SPDX-License-Identifier: Apache-2.0
// One statement at a time: runs it, keeps the pages that were read, and says exactly how much of the result is shown.
import { ApiError, DropQuery, NextPage, StartQuery } from '../api/client.ts';
import type { ApiErrorBody, Cell, Column, QueryAnswer, QueryProgress } from '../api/types.ts';
import type { DataStatus, QueryHook } from '../model/hook.ts';

export const kPageRows = 1000;

export class QueryController {
  status = $state<DataStatus>('idle');
  /** The statement that the result or the error belongs to. */
  sql = $state('');
  columns = $state.raw<Column[]>([]);
  rows = $state.raw<Cell[][]>([]);
  error = $state.raw<ApiErrorBody | null>(null);
  query_id = $state<string | null>(null);
  progress = $state.raw<QueryProgress>({});
  /** From Run to the first page, as the page saw it. */
  took_ms = $state(0);
  note = $state('');
  #next = $state<string | null>(null);
  #abort: AbortController | null = null;

  get has_next(): boolean {
    return this.#next !== null;
  }

  async Run(sql: string): Promise<void> {
    this.Cancel();
    this.#Drop();
    this.sql = sql;
    this.error = null;
    this.note = '';
    const begin = performance.now();
    await this.#Read((signal) => StartQuery(sql, { max_rows: kPageRows, signal }), (page) => {
      this.columns = page.columns;
      this.rows = page.rows;
      this.query_id = page.query_id;
    });
    this.took_ms = performance.now() - begin;
  }

  async More(): Promise<void> {
    const next = this.#next;
    if (next === null || this.status === 'loading') return;
    await this.#Read((signal) => NextPage(next, signal), (page) => (this.rows = [...this.rows, ...page.rows]));
  }

  /** Closing the request cancels the statement on the server; rows that were read stay. */
  Cancel(): void {
    if (this.#abort === null) return;
    this.#abort.abort();
    this.#abort = null;
    this.note = `cancelled after ${this.rows.length} rows`;
    this.status = this.columns.length > 0 ? 'ready' : 'idle';
  }

  Close(): void {
    this.#abort?.abort();
    this.#Drop();
  }

  Hook(): QueryHook {
    return {
      status: this.status, sql: this.sql, columns: $state.snapshot(this.columns), rows: this.rows, has_next: this.has_next, query_id: this.query_id,
      error: this.error,
    };
  }

  async #Read(ask: (signal: AbortSignal) => Promise<QueryAnswer>, take: (page: QueryAnswer) => void): Promise<void> {
    const abort = new AbortController();
    this.#abort = abort;
    this.status = 'loading';
    try {
      const page = await ask(abort.signal);
      if (this.#abort !== abort) return;
      take(page);
      this.#next = page.next;
      this.progress = page.progress ?? {};
      this.status = 'ready';
    } catch (e) {
      if (this.#abort !== abort) return;
      if (!(e instanceof ApiError)) throw e;
      this.error = e.body;
      this.#next = null;
      this.status = 'error';
    } finally {
      if (this.#abort === abort) this.#abort = null;
    }
  }

  #Drop(): void {
    if (this.#next !== null && this.query_id !== null) void DropQuery(this.query_id).catch(() => undefined);
    this.#next = null;
  }
}
