// SPDX-License-Identifier: Apache-2.0
// One LiveCore for many readers: the tabs of a browser profile, each behind a port. A browser opens six connections to a host over
// plain HTTP; with a stream a tab, a few tabs would starve every other request.
import { LiveCore, type StreamStatus } from './live_core.ts';

export type ToHub =
  | { type: 'topics'; topics: readonly string[] }
  | { type: 'visible'; visible: boolean }
  | { type: 'alive' }
  | { type: 'retry' }
  | { type: 'bye' };

export type FromHub =
  | { type: 'status'; status: StreamStatus }
  | { type: 'event'; event: string; data: unknown; id: string | null }
  | { type: 'gap'; topics: readonly string[] | null }
  | { type: 'bytes' };

export interface HubPort {
  Send(message: FromHub): void;
}

interface Reader {
  topics: readonly string[];
  visible: boolean;
  seen_at: number;
}

const kHiddenCloseMs = 60_000;
// A tab says that it is there every 20 s, once a minute where the browser slows its timers.
const kGoneAfterMs = 200_000;
const kSweepMs = 5_000;

export class LiveHub {
  readonly #readers = new Map<HubPort, Reader>();
  readonly #core: LiveCore;
  #hidden_since = 0;
  #graph: unknown = null;

  constructor(now: () => number = Date.now) {
    this.#core = new LiveCore({
      OnEvent: (event, data, id) => this.#OnEvent(event, data, id),
      OnGap: (topics) => {
        for (const [port, reader] of this.#readers) {
          const mine = topics === null ? null : topics.filter((topic) => reader.topics.includes(topic));
          if (mine === null || mine.length > 0) port.Send({ type: 'gap', topics: mine });
        }
      },
      OnStatus: (status) => this.#ToAll({ type: 'status', status }),
      OnBytes: () => this.#ToAll({ type: 'bytes' }),
    });
    setInterval(() => this.#Sweep(now()), kSweepMs);
  }

  OnMessage(port: HubPort, message: ToHub, now = Date.now()): void {
    if (message.type === 'bye') {
      this.#readers.delete(port);
      this.#Settle();
      return;
    }
    let reader = this.#readers.get(port);
    if (reader === undefined) {
      reader = { topics: [], visible: true, seen_at: now };
      this.#readers.set(port, reader);
      port.Send({ type: 'status', status: this.#core.status });
    }
    reader.seen_at = now;
    if (message.type === 'topics') this.#SetTopics(port, reader, message.topics);
    else if (message.type === 'visible') {
      reader.visible = message.visible;
      this.#Sweep(now);
    } else if (message.type === 'retry') this.#core.Retry();
  }

  #SetTopics(port: HubPort, reader: Reader, topics: readonly string[]): void {
    const carried = new Set([...this.#readers.values()].flatMap((r) => r.topics));
    const added = topics.filter((topic) => !reader.topics.includes(topic));
    reader.topics = topics;
    this.#Settle();
    // What others have already is not announced again by the server.
    const known = added.filter((topic) => carried.has(topic));
    if (known.includes('graph') && this.#graph !== null) port.Send({ type: 'event', event: 'graph', data: this.#graph, id: this.#core.last_event_id });
    const tables = known.filter((topic) => topic.startsWith('table:'));
    if (tables.length > 0) port.Send({ type: 'gap', topics: tables });
  }

  #OnEvent(event: string, data: unknown, id: string | null): void {
    if (event === 'graph') this.#graph = data;
    const topic = (data as { topic?: string }).topic;
    for (const [port, reader] of this.#readers) {
      if (event === 'hello' || event === 'bye' || topic === undefined || reader.topics.includes(topic)) port.Send({ type: 'event', event, data, id });
    }
  }

  #Settle(): void {
    this.#core.SetTopics([...this.#readers.values()].flatMap((r) => r.topics));
    if (this.#readers.size === 0) this.#graph = null;
  }

  #Sweep(now: number): void {
    for (const [port, reader] of [...this.#readers]) if (now - reader.seen_at > kGoneAfterMs) this.#readers.delete(port);
    this.#Settle();
    const watched = [...this.#readers.values()].some((r) => r.visible);
    if (watched) {
      this.#hidden_since = 0;
      this.#core.SetSuspended('running');
    } else if (this.#hidden_since === 0) this.#hidden_since = now;
    else if (now - this.#hidden_since >= kHiddenCloseMs) this.#core.SetSuspended('suspended');
  }

  #ToAll(message: FromHub): void {
    for (const port of this.#readers.keys()) port.Send(message);
  }
}
