// SPDX-License-Identifier: Apache-2.0
// One stream for many readers, over a fetch that the test answers.
import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { LiveHub, type FromHub, type HubPort } from './live_hub.ts';

interface Connection {
  url: string;
  last_event_id: string | undefined;
  Send(text: string): void;
  Break(): void;
  aborted: boolean;
}

/** Answers every fetch with a stream that the test writes. Timers are the test's own. */
function Server(): { connections: Connection[]; refuse: { value: boolean } } {
  const connections: Connection[] = [];
  const refuse = { value: false };
  mock.method(globalThis, 'fetch', (url: string, init: RequestInit) => {
    if (refuse.value) return Promise.reject(new TypeError('refused'));
    let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
    const body = new ReadableStream<Uint8Array>({ start: (c) => void (controller = c) });
    const connection: Connection = {
      url, last_event_id: (init.headers as Record<string, string>)['Last-Event-ID'], aborted: false,
      Send: (text) => controller?.enqueue(new TextEncoder().encode(text)),
      Break: () => controller?.error(new Error('broken')),
    };
    init.signal?.addEventListener('abort', () => {
      connection.aborted = true;
      controller?.error(new Error('aborted'));
    });
    connections.push(connection);
    return Promise.resolve(new Response(body));
  });
  return { connections, refuse };
}

const Reader = (): HubPort & { got: FromHub[] } => {
  const got: FromHub[] = [];
  return { got, Send: (message) => void got.push(message) };
};
const Event = (id: string, event: string, data: object): string => `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
/** Promises of streams take several turns. */
const Turns = async (): Promise<void> => {
  for (let i = 0; i < 30; i += 1) await new Promise((resolve) => setImmediate(resolve));
};
const Kinds = (reader: { got: FromHub[] }, type: FromHub['type']): unknown[] => reader.got.filter((m) => m.type === type).map((m) => (m.type === 'event' ? m.event : m.type === 'gap' ? m.topics : m.type === 'status' ? m.status : null));

test('topics of all readers are one connection, and each gets its own', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  const { connections } = Server();
  const hub = new LiveHub(() => 0);
  const [a, b] = [Reader(), Reader()];
  hub.OnMessage(a, { type: 'topics', topics: ['graph'] }, 0);
  hub.OnMessage(b, { type: 'topics', topics: ['graph', 'table:D.T'] }, 0);
  t.mock.timers.tick(1);
  await Turns();
  assert.equal(connections.length, 1);
  assert.equal(connections[0]?.url, '/api/v1/live?topics=graph,table%3AD.T');
  connections[0]?.Send(Event('1-0', 'hello', { topic: 'hello', resumed: false }) + Event('1-1', 'graph', { topic: 'graph', n: 1 }) + Event('1-2', 'table', { topic: 'table:D.T' }));
  await Turns();
  assert.deepEqual(Kinds(a, 'event'), ['hello', 'graph']);
  assert.deepEqual(Kinds(b, 'event'), ['hello', 'graph', 'table']);
  // What b read before its topic was carried may have missed something.
  assert.deepEqual(Kinds(b, 'gap'), [['table:D.T']]);
  assert.deepEqual(Kinds(a, 'gap'), []);

  // A third reader of known topics needs no new connection: it gets the newest snapshot, and reads its table again.
  const c = Reader();
  hub.OnMessage(c, { type: 'topics', topics: ['graph', 'table:D.T'] }, 0);
  t.mock.timers.tick(1);
  await Turns();
  assert.equal(connections.length, 1);
  assert.deepEqual(Kinds(c, 'event'), ['graph']);
  assert.deepEqual(Kinds(c, 'gap'), [['table:D.T']]);
  mock.restoreAll();
});

test('a break is resumed by Last-Event-ID; a server that cannot says so to all', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  const { connections, refuse } = Server();
  const hub = new LiveHub(() => 0);
  const a = Reader();
  hub.OnMessage(a, { type: 'topics', topics: ['table:D.T'] }, 0);
  t.mock.timers.tick(1);
  await Turns();
  connections[0]?.Send(`retry: 200\n\n${Event('7-5', 'hello', { resumed: false })}`);
  await Turns();
  a.got.length = 0;
  connections[0]?.Break();
  await Turns();
  assert.deepEqual(Kinds(a, 'status'), ['stale']);
  t.mock.timers.tick(300);
  await Turns();
  assert.equal(connections[1]?.last_event_id, '7-5');
  connections[1]?.Send(Event('7-9', 'hello', { resumed: true }));
  await Turns();
  assert.deepEqual(Kinds(a, 'gap'), []);
  assert.equal(Kinds(a, 'status').at(-1), 'live');

  connections[1]?.Break();
  await Turns();
  t.mock.timers.tick(300);
  await Turns();
  connections[2]?.Send(Event('8-0', 'hello', { resumed: false }));
  await Turns();
  assert.deepEqual(Kinds(a, 'gap'), [null]);

  // Twice refused: polled every five seconds.
  refuse.value = true;
  a.got.length = 0;
  connections[2]?.Break();
  await Turns();
  t.mock.timers.tick(300);
  await Turns();
  assert.equal(Kinds(a, 'status').at(-1), 'polling');
  a.got.length = 0;
  t.mock.timers.tick(5000);
  assert.ok(Kinds(a, 'gap').length >= 1);
  mock.restoreAll();
});

test('readers that are gone or hidden keep no stream', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  let now = 1_000_000;
  const { connections } = Server();
  const hub = new LiveHub(() => now);
  const a = Reader();
  hub.OnMessage(a, { type: 'topics', topics: ['graph'] }, now);
  t.mock.timers.tick(1);
  await Turns();
  hub.OnMessage(a, { type: 'visible', visible: false }, now);
  now += 70_000;
  t.mock.timers.tick(5000);
  await Turns();
  assert.equal(connections[0]?.aborted, true);
  hub.OnMessage(a, { type: 'visible', visible: true }, now);
  await Turns();
  assert.equal(connections.length, 2);
  now += 300_000; // it never said that it is there again
  t.mock.timers.tick(5000);
  await Turns();
  assert.equal(connections[1]?.aborted, true);
  mock.restoreAll();
});
