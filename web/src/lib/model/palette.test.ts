// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Choose, ObjectsOf, Score, type PaletteEntry } from './palette.ts';

const Entry = (label: string, kind: PaletteEntry['kind'] = 'page'): PaletteEntry => ({ kind, label });

test('beginnings come first, then words, then letters apart', () => {
  const entries = ['my-query', 'Query', 'quiet every', 'Settings'].map((label) => Entry(label));
  assert.deepEqual(Choose(entries, 'que').map((e) => e.label), ['Query', 'my-query', 'quiet every']);
  assert.equal(Score('Settings', 'zz'), null);
});

test('no letters keep the order, a kind can be typed', () => {
  const entries = [Entry('b'), Entry('a', 'stream')];
  assert.deepEqual(Choose(entries, '').map((e) => e.label), ['b', 'a']);
  assert.deepEqual(Choose(entries, 'stream a').map((e) => e.label), ['a']);
});

test('objects have addresses of their own, whatever they are called', () => {
  const entries = ObjectsOf({ streams: [{ name: 'a/b?' }] as never, pipelines: [], views: [], databases: [{ name: 'D', tables: [{ name: 'T.x' }] as never }] });
  assert.equal(entries.find((e) => e.kind === 'stream')?.href, '/ui/streams/a%2Fb%3F');
  assert.equal(entries.find((e) => e.kind === 'table')?.href, '/ui/db/D/T.x');
});
