// SPDX-License-Identifier: Apache-2.0
// The event stream itself (API.md section 6): one connection for a set of topics. It reconnects with Last-Event-ID and jitter, tells
// when data may be stale, and falls back to being polled after two failures in a row. Runs in the shared worker, or in a tab
// where there is none: no document, no framework.
import { AccessHeaders } from './access.ts';
import { SseParser, type SseEvent } from './sse.ts';

export type StreamStatus = 'connecting' | 'live' | 'stale' | 'polling';

export interface LiveSink {
  OnEvent(event: string, data: unknown, id: string | null): void;
  /** Readers of these topics have to read everything again; null: readers of all. Every 5 s while polling. */
  OnGap(topics: readonly string[] | null): void;
  OnStatus(status: StreamStatus): void;
  /** Something arrived, a heartbeat too. */
  OnBytes(): void;
}

const kStaleAfterMs = 35_000; // heartbeats come every 15 s
const kRetryMsDefault = 2_000;
const kRetryMsMax = 30_000;
const kPollMs = 5_000;
const kWatchMs = 1_000;
const kFailuresToPoll = 2;

export class LiveCore {
  status: StreamStatus = 'connecting';
  last_event_id: string | null = null;
  readonly #sink: LiveSink;
  #topics: readonly string[] = [];
  /** Topics that no connection has carried yet: what was read before their first may have missed something. */
  #fresh = new Set<string>();
  #suspended = false;
  #abort: AbortController | null = null;
  #failures = 0;
  #retry_ms = kRetryMsDefault;
  #last_byte_at = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(sink: LiveSink) {
    this.#sink = sink;
    setInterval(() => this.#Watch(), kWatchMs);
    setInterval(() => {
      if (this.status === 'polling' && !this.#suspended) this.#sink.OnGap(null);
    }, kPollMs);
  }

  SetTopics(topics: readonly string[]): void {
    const wished = [...new Set(topics)].sort();
    if (wished.join('\n') === this.#topics.join('\n')) return;
    for (const topic of wished) if (!this.#topics.includes(topic)) this.#fresh.add(topic);
    for (const topic of this.#fresh) if (!wished.includes(topic)) this.#fresh.delete(topic);
    this.#topics = wished;
    this.#Close();
    // Pages leave and enter in one turn: one connection for both.
    this.#timer = setTimeout(() => this.#Connect(), 0);
  }

  Retry(): void {
    this.#Close();
    this.#Connect();
  }

  /** Nobody looks: the connection is given up, and resumed where it was. */
  SetSuspended(how: 'suspended' | 'running'): void {
    const wished = how === 'suspended';
    if (wished === this.#suspended) return;
    this.#suspended = wished;
    this.#Close();
    if (!wished) this.#Connect();
  }

  #Close(): void {
    clearTimeout(this.#timer);
    this.#abort?.abort();
    this.#abort = null;
  }

  #Connect(): void {
    if (this.#topics.length === 0 || this.#suspended) return;
    const abort = new AbortController();
    this.#abort = abort;
    this.#Read(abort.signal).then(
      () => this.#Ended(abort),
      () => this.#Ended(abort),
    );
  }

  async #Read(signal: AbortSignal): Promise<void> {
    const headers: Record<string, string> = { Accept: 'text/event-stream', ...AccessHeaders() };
    if (this.last_event_id !== null) headers['Last-Event-ID'] = this.last_event_id;
    const topics = this.#topics;
    const response = await fetch(`/api/v1/live?topics=${topics.map(encodeURIComponent).join(',')}`, { headers, signal, cache: 'no-store' });
    if (!response.ok || response.body === null) throw new Error(`live: ${response.status}`);
    this.#SetStatus('live');
    const parser = new SseParser();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      if (signal.aborted) return;
      this.#last_byte_at = Date.now();
      this.#failures = 0;
      this.#SetStatus('live');
      this.#sink.OnBytes();
      for (const event of parser.Push(value)) this.#Deliver(event, topics);
      if (parser.retry_ms !== null) this.#retry_ms = parser.retry_ms;
    }
  }

  #Deliver(event: SseEvent, topics: readonly string[]): void {
    const resumed = this.last_event_id !== null;
    if (event.id !== null) this.last_event_id = event.id;
    let data: unknown;
    try {
      data = JSON.parse(event.data);
    } catch {
      return;
    }
    if (event.event === 'hello') {
      const whole = resumed && (data as { resumed?: boolean }).resumed === true;
      const behind = topics.filter((topic) => topic.startsWith('table:') && (resumed ? !whole || this.#fresh.has(topic) : true));
      for (const topic of topics) this.#fresh.delete(topic);
      if (resumed && !whole) this.#sink.OnGap(null);
      else if (behind.length > 0) this.#sink.OnGap(behind);
    }
    this.#sink.OnEvent(event.event, data, event.id);
  }

  #Ended(abort: AbortController): void {
    if (this.#abort !== abort) return; // replaced or closed on purpose
    this.#abort = null;
    this.#failures += 1;
    this.#SetStatus(this.#failures >= kFailuresToPoll ? 'polling' : 'stale');
    const backoff = Math.min(this.#retry_ms * 2 ** Math.max(0, this.#failures - 1), kRetryMsMax);
    this.#timer = setTimeout(() => this.#Connect(), backoff * (0.75 + Math.random() * 0.5));
  }

  #Watch(): void {
    if (this.status !== 'live' || this.#abort === null || this.#last_byte_at === 0 || Date.now() - this.#last_byte_at <= kStaleAfterMs) return;
    this.#Close();
    this.#SetStatus('stale');
    this.#Connect();
  }

  #SetStatus(status: StreamStatus): void {
    if (status === this.status) return;
    this.status = status;
    this.#sink.OnStatus(status);
  }
}
