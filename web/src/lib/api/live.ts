// SPDX-License-Identifier: Apache-2.0
// A tab's side of live updates. The stream is in a worker that all tabs of the profile share, else (no SharedWorker, or it does not
// start) in this tab. A paused tab keeps what it shows; a hidden one keeps the newest snapshot and catches up when it is seen again.
import { share_token } from './access.ts';
import { LiveHub, type FromHub, type HubPort, type ToHub } from './live_hub.ts';

export type LiveStatus = 'connecting' | 'live' | 'stale' | 'paused' | 'polling';

export interface LiveState {
  status: LiveStatus;
  events: number;
  last_event_id: string | null;
  /** Wall-clock milliseconds of the last byte, 0 before the first. */
  last_byte_at_ms: number;
  /** The stream is the one that all tabs share. */
  shared: boolean;
}

export interface LiveListener {
  /** One event of a topic that was asked for. */
  OnEvent(event: string, data: unknown): void;
  /** The stream has a hole: read everything again. Also called every 5 s while polling. */
  OnGap(): void;
}

const kAliveMs = 20_000;
const kWorkerStartMs = 3_000;

export class LiveClient {
  readonly state: LiveState = { status: 'connecting', events: 0, last_event_id: null, last_byte_at_ms: 0, shared: false };
  readonly #listeners = new Map<LiveListener, string[]>();
  readonly #state_listeners = new Set<(state: LiveState) => void>();
  #Send: (message: ToHub) => void = () => undefined;
  #topics = '';
  #paused = false;
  #held_graph: unknown = null;
  #held_gap = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    this.#Open();
    setInterval(() => {
      this.#Send({ type: 'alive' });
      if (this.state.status === 'stale') this.#Changed();
    }, kAliveMs);
    document.addEventListener('visibilitychange', () => this.#OnVisibility());
    addEventListener('pagehide', () => this.#Send({ type: 'bye' }));
    addEventListener('pageshow', (event) => {
      if (event.persisted) this.#Announce();
    });
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
    this.#SetStatus(wished ? 'paused' : 'connecting');
    this.#Announce();
    if (!wished) this.#Gap(null);
  }

  Retry(): void {
    if (!this.#paused) this.#Send({ type: 'retry' });
  }

  #Open(): void {
    // A shared link listens with its own token.
    if (!('SharedWorker' in globalThis) || share_token !== null) return this.#OpenHere();
    try {
      const worker = new SharedWorker(new URL('./live_worker.ts', import.meta.url), { type: 'module', name: 'tidemark-live' });
      const fall_back = (): void => {
        if (this.state.shared) return;
        worker.port.close();
        this.#OpenHere();
      };
      const timer = setTimeout(fall_back, kWorkerStartMs);
      worker.onerror = () => {
        clearTimeout(timer);
        fall_back();
      };
      worker.port.onmessage = ({ data }: MessageEvent<FromHub>) => {
        clearTimeout(timer);
        this.state.shared = true;
        this.#OnMessage(data);
      };
      this.#Send = (message) => worker.port.postMessage(message);
      this.#Announce();
    } catch {
      this.#OpenHere();
    }
  }

  #OpenHere(): void {
    const hub = new LiveHub();
    const port: HubPort = { Send: (message) => this.#OnMessage(message) };
    this.#Send = (message) => hub.OnMessage(port, message);
    this.#Announce();
  }

  #Announce(): void {
    this.#Send({ type: 'topics', topics: this.#paused ? [] : [...new Set([...this.#listeners.values()].flat())].sort() });
    this.#Send({ type: 'visible', visible: !document.hidden });
  }

  #TopicsChanged(): void {
    const topics = [...new Set([...this.#listeners.values()].flat())].sort().join('\n');
    if (topics === this.#topics) return;
    this.#topics = topics;
    clearTimeout(this.#timer);
    // Pages leave and enter in one turn: one message for both.
    this.#timer = setTimeout(() => this.#Announce(), 0);
  }

  #OnMessage(message: FromHub): void {
    if (this.#paused) return;
    switch (message.type) {
      case 'status':
        return this.#SetStatus(message.status);
      case 'bytes':
        this.state.last_byte_at_ms = Date.now();
        return this.#Changed();
      case 'gap':
        if (document.hidden) this.#held_gap = true;
        else this.#Gap(message.topics);
        return;
      case 'event':
        return this.#OnEvent(message.event, message.data, message.id);
    }
  }

  #OnEvent(event: string, data: unknown, id: string | null): void {
    if (id !== null) this.state.last_event_id = id;
    this.state.events += 1;
    if (document.hidden) {
      if (event === 'graph') this.#held_graph = data;
      else if (event === 'table') this.#held_gap = true;
    } else this.#Deliver(event, data);
    this.#Changed();
  }

  #Deliver(event: string, data: unknown): void {
    const topic = (data as { topic?: string }).topic;
    for (const [listener, topics] of [...this.#listeners]) {
      if (topic === undefined || topics.includes(topic)) listener.OnEvent(event, data);
    }
  }

  #OnVisibility(): void {
    this.#Send({ type: 'visible', visible: !document.hidden });
    if (document.hidden) return;
    if (this.#held_graph !== null) this.#Deliver('graph', this.#held_graph);
    if (this.#held_gap) this.#Gap(null);
    this.#held_graph = null;
    this.#held_gap = false;
  }

  #Gap(topics: readonly string[] | null): void {
    for (const [listener, mine] of [...this.#listeners]) {
      if (topics === null || mine.some((topic) => topics.includes(topic))) listener.OnGap();
    }
  }

  #SetStatus(status: LiveStatus): void {
    this.state.status = status;
    this.#Changed();
  }

  #Changed(): void {
    for (const listener of this.#state_listeners) listener(this.state);
  }
}
