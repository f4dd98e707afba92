// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SseParser } from './sse.ts';

const kStream = 'retry: 2000\n\n: hb\n\nid: 7-1\nevent: hello\ndata: {"a":1}\n\nid: 7-2\r\nevent: table\r\ndata: {"b":\r\ndata:  2}\r\n\r\ndata\n\nid: 7-3\n\ndata:x\n\n';
const kEvents = [
  { id: '7-1', event: 'hello', data: '{"a":1}' },
  { id: '7-2', event: 'table', data: '{"b":\n 2}' },
  { id: '7-2', event: 'message', data: '' },
  { id: '7-3', event: 'message', data: 'x' },
];

test('events are the same however the text is cut', () => {
  for (let size = 1; size <= kStream.length; size += 1) {
    const parser = new SseParser();
    const events = [];
    for (let i = 0; i < kStream.length; i += size) events.push(...parser.Push(kStream.slice(i, i + size)));
    assert.deepEqual(events, kEvents, `pieces of ${size}`);
    assert.equal(parser.retry_ms, 2000);
  }
});

test('an event that was cut off is not delivered', () => {
  assert.deepEqual(new SseParser().Push('id: 1-1\ndata: half\n'), []);
});
