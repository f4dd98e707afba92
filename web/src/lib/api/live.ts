// SPDX-License-Identifier: Apache-2.0
// The one event stream of a tab (API.md section 6). It keeps the topics that pages asked for, reconnects with Last-Event-ID and
// jitter, tells when data may be stale, and falls back to being polled after two failures in a row.
import { SseParser, type SseEvent } from './sse.ts';

export type LiveStatus = 'connecting' | 'live' | 'stale' | 'paused' | 'polling';

export interface LiveState {
  status: LiveStatus;
  events: number;
  last_event_id: string | null;
  /** Wall-clock milliseconds of the last byte, 0 before the first. */
  last_byte_at_ms: number;
}

export interface LiveListener {
  /** One event of a topic that was asked for. */
  OnEvent(event: string, data: unknown): void;
  /** The stream has a hole: read everything again. Also called every 5 s while polling. */
  OnGap(): void;
}

const kStaleAfterMs = 35_000; // heartbeats come every 15 s
const kRetryMsDefault = 2_000;
const kRetryMsMax = 30_000;
const kPollMs = 5_000;
const kHiddenCloseMs = 60_000;

export class LiveClient {
  readonly state: LiveState = { status: 'connecting', events: 0, last_event_id: null, last_byte_at_ms: 0 };
  #listeners = new Map<LiveListener, string[]>();
  #state_listeners = new Set<(state: LiveState) => void>();
  #topics = '';
  #abort: AbortController | null = null;
  #failures = 0;
  #retry_ms = kRetryMsDefault;
  #reconnect_timer: ReturnType<typeof setTimeout> | undefined;
  #hidden_timer: ReturnType<typeof setTimeout> | undefined;
  #paused = false;

  constructor() {
    setInterval(() => this.#Watch(), 1000);
    setInterval(() => {
      if (this.state.status === 'polling') this.#Gap();
    }, kPollMs);
    document.addEventListener('visibilitychange', () => this.#OnVisibility());
  }

  /** Returns the function that ends the subscription. */
  Subscribe(topics: string[], listener: LiveListener): () => void {
    this.#listeners.set(listener, topics);
    this.#TopicsChanged();
    return () => {
      this.#listeners.delete(listener);
      this.#TopicsChanged();
    };
  }

  OnState(listener: (state: LiveState) => void): () => void {
    this.#state_listeners.add(listener);
    listener(this.state);
    return () => this.#state_listeners.delete(listener);
  }

  /** Paused keeps what is shown; going on reads everything again. */
  SetPaused(paused: 'paused' | 'running'): void {
    const wished = paused === 'paused';
    if (wished === this.#paused) return;
    this.#paused = wished;
    if (wished) {
      this.#Close();
      this.#SetStatus('paused');
    } else {
      this.#SetStatus('connecting');
      this.#Connect();
      this.#Gap();
    }
  }

  Retry(): void {
    if (this.#paused) return;
    this.#Close();
    this.#Connect();
  }

  #TopicsChanged(): void {
    const topics = [...new Set([...this.#listeners.values()].flat())].sort().map(encodeURIComponent).join(',');
    if (topics === this.#topics) return;
    this.#topics = topics;
    this.#Close();
    // Pages leave and enter in one turn: one connection for both.
    this.#reconnect_timer = setTimeout(() => this.#Connect(), 0);
  }

  #Close(): void {
    clearTimeout(this.#reconnect_timer);
    this.#abort?.abort();
    this.#abort = null;
  }

  #Connect(): void {
    if (this.#topics === '' || this.#paused) return;
    const abort = new AbortController();
    this.#abort = abort;
    this.#Read(abort.signal).then(
      () => this.#Ended(abort),
      () => this.#Ended(abort),
    );
  }

  async #Read(signal: AbortSignal): Promise<void> {
    const headers: Record<string, string> = { Accept: 'text/event-stream' };
    const resumed = this.state.last_event_id !== null;
    if (this.state.last_event_id !== null) headers['Last-Event-ID'] = this.state.last_event_id;
    const response = await fetch(`/api/v1/live?topics=${this.#topics}`, { headers, signal, cache: 'no-store' });
    if (!response.ok || response.body === null) throw new Error(`live: ${response.status}`);
    this.#SetStatus('live');
    const parser = new SseParser();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      if (signal.aborted) return;
      this.state.last_byte_at_ms = Date.now();
      this.#failures = 0;
      if (this.state.status !== 'live') this.#SetStatus('live');
      for (const event of parser.Push(value)) this.#Deliver(event, resumed);
      if (parser.retry_ms !== null) this.#retry_ms = parser.retry_ms;
    }
  }

  #Deliver(event: SseEvent, was_connected: boolean): void {
    if (event.id !== null) this.state.last_event_id = event.id;
    this.state.events += 1;
    let data: unknown;
    try {
      data = JSON.parse(event.data);
    } catch {
      return;
    }
    if (event.event === 'hello') {
      if (was_connected && (data as { resumed?: boolean }).resumed !== true) this.#Gap();
      this.#Changed();
      return;
    }
    const topic = (data as { topic?: string }).topic;
    for (const [listener, topics] of [...this.#listeners]) {
      if (topic === undefined || topics.includes(topic)) listener.OnEvent(event.event, data);
    }
    this.#Changed();
  }

  #Ended(abort: AbortController): void {
    if (this.#abort !== abort) return; // replaced or closed on purpose
    this.#abort = null;
    this.#failures += 1;
    this.#SetStatus(this.#failures >= 2 ? 'polling' : 'stale');
    const backoff = Math.min(this.#retry_ms * 2 ** Math.max(0, this.#failures - 1), kRetryMsMax);
    this.#reconnect_timer = setTimeout(() => this.#Connect(), backoff * (0.75 + Math.random() * 0.5));
  }

  #Watch(): void {
    if (this.state.status === 'live' && this.state.last_byte_at_ms > 0 && Date.now() - this.state.last_byte_at_ms > kStaleAfterMs) {
      this.#Close();
      this.#SetStatus('stale');
      this.#Connect();
    }
    if (this.state.status === 'stale') this.#Changed();
  }

  #OnVisibility(): void {
    clearTimeout(this.#hidden_timer);
    if (document.hidden) {
      this.#hidden_timer = setTimeout(() => this.#Close(), kHiddenCloseMs);
    } else if (this.#abort === null && !this.#paused) {
      this.#Close();
      this.#Connect();
    }
  }

  #Gap(): void {
    for (const listener of [...this.#listeners.keys()]) listener.OnGap();
  }

  #SetStatus(status: LiveStatus): void {
    this.state.status = status;
    this.#Changed();
  }

  #Changed(): void {
    for (const listener of this.#state_listeners) listener(this.state);
  }
}
