// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AddHistory, kHistoryMax, NewTab, TabKey, TabStore, type HistoryEntry } from './query_tabs.ts';
import { DecodeSql, EncodeSql } from './share.ts';

function Storage(): Map<string, string> & { getItem(k: string): string | null; setItem(k: string, v: string): void; removeItem(k: string): void } {
  const map = new Map<string, string>();
  return Object.assign(map, { getItem: (k: string) => map.get(k) ?? null, setItem: (k: string, v: string) => void map.set(k, v), removeItem: (k: string) => void map.delete(k) });
}

test('tabs survive, broken entries do not matter', () => {
  const storage = Storage();
  const store = new TabStore(storage);
  assert.deepEqual(store.Read(), []);
  assert.equal(store.Save({ ...NewTab('a', 1, 'SELECT 1') }), null);
  store.SaveList(['a', 'gone', 'b']);
  storage.set(TabKey('b'), '{"half');
  assert.deepEqual(store.Read().map(({ id, sql, save }) => [id, sql, save]), [['a', 'SELECT 1', 1]]);
});

test('a window that comes second gets the other text and overwrites nothing', () => {
  const store = new TabStore(Storage());
  const [mine, theirs] = [NewTab('a', 1, 'mine'), NewTab('a', 1, 'theirs')];
  assert.equal(store.Save(theirs), null);
  assert.equal(store.Save(mine)?.sql, 'theirs');
  mine.save = theirs.save; // overwrite on purpose
  assert.equal(store.Save(mine), null);
});

test('history keeps 500, pinned ones longest', () => {
  const entry = (i: number, pinned = false): HistoryEntry => ({ at_ms: i, sql: String(i), status: 'succeeded', took_ms: 1, rows: 1, pinned });
  let list: HistoryEntry[] = [];
  for (let i = 0; i < kHistoryMax + 20; i += 1) list = AddHistory(list, entry(i, i === 3));
  assert.equal(list.length, kHistoryMax);
  assert.equal(list[0]?.sql, String(kHistoryMax + 19));
  assert.equal(list.at(-1)?.sql, '3');
});

test('a link holds any statement, packed where that is shorter', async () => {
  const long = Array.from({ length: 200 }, (_, i) => `SELECT "größe ${i % 7}" FROM t`).join('\n');
  for (const sql of ['SELECT 1', "~'", long, '']) {
    const text = await EncodeSql(sql);
    assert.equal(await DecodeSql(text), sql);
  }
  assert.ok((await EncodeSql(long)).length < 1000);
  assert.equal(await EncodeSql('SELECT 1'), 'SELECT 1');
  assert.equal(await DecodeSql('~not-base64!'), null);
});
