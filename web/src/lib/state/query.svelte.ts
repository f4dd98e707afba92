// SPDX-License-Identifier: Apache-2.0
// Running statements: each is a StatementRun with its pages, progress and error; QueryController runs several in order and stops at the
// first error. The page chooses a statement's id, so that progress and cancel work while its first page is awaited.
import { ApiError, DropQuery, GetQueryState, NextPage, StartQuery } from '../api/client.ts';
import type { ApiErrorBody, Cell, Column, MacroMembers, QueryAnswer, QueryProgress } from '../api/types.ts';
import type { DataStatus, QueryHook } from '../model/hook.ts';
import { ToErrorBody } from './resource.svelte.ts';

export const kPageRows = 1000;
/** Pages are read on to so many rows without being asked. */
export const kBackgroundRows = 10_000;
const kProgressMs = 250;

export interface Statement {
  sql: string;
  /** Where it begins in the editor's text. */
  begin: number;
}

function NewId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return `ui-${[...bytes].map((b) => b.toString(16).padStart(2, '0')).join('')}`;
}

export class StatementRun {
  readonly sql: string;
  readonly begin: number;
  readonly macros: MacroMembers;
  status = $state<DataStatus>('idle');
  columns = $state.raw<Column[]>([]);
  rows = $state.raw<Cell[][]>([]);
  error = $state.raw<ApiErrorBody | null>(null);
  query_id = $state<string | null>(null);
  expanded_sql = $state<string | null>(null);
  progress = $state.raw<QueryProgress>({});
  /** From Run to the first page, as the page saw it. */
  took_ms = $state(0);
  cancelled = $state(false);
  /** Reading further pages in the background. */
  loading_more = $state(false);
  has_next = $state(false);
  #next: string | null = null;
  #abort: AbortController | null = null;
  readonly #chosen_id = NewId();

  constructor({ sql, begin }: Statement, macros: MacroMembers) {
    this.sql = sql;
    this.begin = begin;
    this.macros = macros;
  }

  get busy(): boolean {
    return this.status === 'loading' || this.loading_more;
  }

  async Run(): Promise<void> {
    this.status = 'loading';
    const begin = performance.now();
    const abort = new AbortController();
    this.#abort = abort;
    const ticker = setInterval(() => void this.#Progress(abort, begin), kProgressMs);
    try {
      const page = await StartQuery(this.sql, {
        max_rows: kPageRows, signal: abort.signal, id: this.#chosen_id, macros: this.macros,
      });
      if (this.#abort !== abort) return;
      this.columns = page.columns;
      this.query_id = page.query_id;
      this.expanded_sql = page.expanded_sql ?? null;
      this.rows = page.rows;
      this.#Take(page);
      this.status = 'ready';
    } catch (e) {
      if (this.#abort !== abort) return;
      this.#Failed(e);
    } finally {
      clearInterval(ticker);
      if (this.#abort === abort) this.#abort = null;
      this.took_ms = performance.now() - begin;
    }
  }

  /** Reads on until there are `rows_max` rows more, or no more. */
  async More(rows_max: number): Promise<void> {
    if (this.#next === null || this.busy) return;
    const abort = new AbortController();
    this.#abort = abort;
    this.loading_more = true;
    const wanted = this.rows.length + rows_max;
    try {
      while (this.#next !== null && this.rows.length < wanted) {
        const page = await NextPage(this.#next, abort.signal);
        if (this.#abort !== abort) return;
        this.rows = this.rows.concat(page.rows);
        this.#Take(page);
      }
    } catch (e) {
      if (this.#abort === abort) this.#Failed(e);
    } finally {
      if (this.#abort === abort) {
        this.#abort = null;
        this.loading_more = false;
      }
    }
  }

  /** Rows that were read stay. */
  Cancel(): void {
    if (this.#abort === null) return;
    this.#abort.abort();
    this.#abort = null;
    void DropQuery(this.query_id ?? this.#chosen_id).catch(() => undefined);
    this.#next = null;
    this.cancelled = true;
    this.loading_more = false;
    this.has_next = false;
    this.status = this.columns.length > 0 ? 'ready' : 'idle';
  }

  /** Gives up pages that nobody will ask for. */
  Close(): void {
    if (this.#abort !== null) this.Cancel();
    else if (this.#next !== null && this.query_id !== null) void DropQuery(this.query_id).catch(() => undefined);
    this.#next = null;
  }

  #Take(page: QueryAnswer): void {
    this.#next = page.next;
    this.has_next = page.next !== null;
    this.progress = page.progress ?? {};
  }

  #Failed(e: unknown): void {
    if (!(e instanceof ApiError) && !(e instanceof Error)) throw e;
    this.error = ToErrorBody(e);
    this.#next = null;
    this.has_next = false;
    this.status = 'error';
  }

  async #Progress(abort: AbortController, begin: number): Promise<void> {
    this.took_ms = performance.now() - begin;
    if (this.#abort !== abort || this.took_ms < kProgressMs) return;
    try {
      const { percent, bytes_scanned, points_scanned, elapsed_ms } = await GetQueryState(this.#chosen_id, abort.signal);
      if (this.#abort === abort) this.progress = { percent, bytes_scanned, points_scanned, elapsed_ms };
    } catch {
      // not known yet, or over
    }
  }
}

export class QueryController {
  runs = $state.raw<StatementRun[]>([]);
  at = $state(0);
  /** Statements that were not run because one before them failed. */
  skipped = $state(0);
  /** Called when a statement has ended. */
  OnEnded: (run: StatementRun) => void = () => undefined;
  readonly current: StatementRun | null = $derived(this.runs[this.at] ?? null);
  #batch = 0;

  get busy(): boolean {
    return this.runs.some((run) => run.busy);
  }

  async Run(statements: Statement[], macros: MacroMembers): Promise<void> {
    this.Close();
    this.#batch += 1;
    const batch = this.#batch;
    this.skipped = 0;
    this.at = 0;
    for (const [i, statement] of statements.entries()) {
      const run = new StatementRun(statement, macros);
      this.runs = [...this.runs, run];
      this.at = i;
      await run.Run();
      if (batch !== this.#batch) return;
      this.OnEnded(run);
      if (run.status !== 'ready' || run.cancelled) {
        this.skipped = statements.length - i - 1;
        return;
      }
      // Further statements do not wait for the rest of a result.
      void run.More(kBackgroundRows - run.rows.length);
    }
  }

  Cancel(): void {
    for (const run of this.runs) run.Cancel();
  }

  Close(): void {
    this.#batch += 1;
    for (const run of this.runs) run.Close();
    this.runs = [];
  }

  Hook(text: string): QueryHook {
    const run = this.current;
    if (run === null) return { status: 'idle', text, sql: '', columns: [], rows: [], has_next: false, query_id: null, error: null };
    return {
      status: run.status, text, sql: run.sql, columns: run.columns, rows: run.rows, has_next: run.has_next, query_id: run.query_id, error: run.error,
    };
  }
}
