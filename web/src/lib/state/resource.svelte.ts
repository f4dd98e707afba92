// SPDX-License-Identifier: Apache-2.0
// What a region of a page shows: read once, again on demand or every few seconds, old data kept while new is on its way and after
// a failure. The states of ui/states are drawn from it.
import { ApiError } from '../api/client.ts';
import type { ApiErrorBody } from '../api/types.ts';
import { Hold } from './hold.svelte.ts';
import { live_client } from './live.svelte.ts';

export const ToErrorBody = (e: unknown): ApiErrorBody =>
  e instanceof ApiError
    ? e.body
    : { code: 'page', status: 0, message: e instanceof Error ? e.message : String(e), hint: null, field: null, line: null, column: null, request_id: null, retryable: true };

export class Resource<T> {
  data = $state.raw<T | null>(null);
  error = $state.raw<ApiErrorBody | null>(null);
  busy = $state(false);
  /** Grows with each answer. */
  version = $state(0);
  /** Polling waits while somebody works in the region that shows it. */
  readonly hold = new Hold(() => void this.Load());
  readonly #Ask: (signal: AbortSignal) => Promise<T>;
  #abort: AbortController | null = null;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(ask: (signal: AbortSignal) => Promise<T>) {
    this.#Ask = ask;
  }

  get loading(): boolean {
    return this.data === null && this.error === null;
  }

  async Load(): Promise<void> {
    this.#abort?.abort();
    const abort = new AbortController();
    this.#abort = abort;
    this.busy = true;
    try {
      const data = await this.#Ask(abort.signal);
      if (this.#abort !== abort) return;
      this.data = data;
      this.error = null;
      this.version += 1;
    } catch (e) {
      if (this.#abort !== abort) return;
      this.error = ToErrorBody(e);
    } finally {
      if (this.#abort === abort) {
        this.#abort = null;
        this.busy = false;
      }
    }
  }

  /** Reads now and every `every_ms` while the tab is seen and not paused. Returns the function that ends it. */
  Poll(every_ms: number): () => void {
    void this.Load();
    this.#timer = setInterval(() => {
      if (!document.hidden && live_client.state.status !== 'paused' && this.#abort === null && !this.hold.Keep()) void this.Load();
    }, every_ms);
    return () => this.Close();
  }

  Close(): void {
    clearInterval(this.#timer);
    this.#abort?.abort();
    this.#abort = null;
  }
}
