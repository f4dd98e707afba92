// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StreamRow } from '../api/streams.ts';
import { BytesOf, CreateCommands, DelayShare, HexDump, JsonTree, NameProblem, ParseTags, Sample, SortStreams } from './streams.ts';

test('names follow the API', () => {
  assert.equal(NameProblem('ec2-metrics_1.x', []), null);
  for (const name of ['', 'a b', 'a/b', 'ü', 'x'.repeat(129)]) assert.notEqual(NameProblem(name, []), null, name);
  assert.match(NameProblem('a', ['a']) ?? '', /exists/);
});

test('a form stands for these commands', () => {
  const form = { name: 'it', mode: 'PROVISIONED', shards: 4, retention_hours: 48, tags: { a: "it's" } } as const;
  const { tidemark, aws } = CreateCommands(form, 'http://127.0.0.1:4580');
  assert.equal(tidemark, 'tidemark stream create it --shards 4 --retention 48h');
  assert.deepEqual(aws.split('\n').map((line) => line.split(' ')[2]), ['create-stream', 'increase-stream-retention-period', 'add-tags-to-stream']);
  assert.match(aws, /--tags 'a=it'\\''s'$/);
});

test('tags are key=value', () => {
  assert.deepEqual(ParseTags('a=1, b = 2\nc='), { a: '1', b: '2', c: '' });
  assert.equal(ParseTags('a'), null);
});

test('streams sort by any column, either way', () => {
  const rows = [['b', 5], ['a', 5], ['c', 1]].map(([name, records_per_second]) => ({ name, records_per_second }) as unknown as StreamRow);
  assert.deepEqual(SortStreams(rows, '-records').map((s) => s.name), ['a', 'b', 'c']);
  assert.deepEqual(SortStreams(rows, 'nonsense').map((s) => s.name), ['a', 'b', 'c']);
});

test('a fast tail is sampled evenly, and says how', () => {
  const { shown, one_in } = Sample(Array.from({ length: 600 }, (_, i) => i), 50);
  assert.deepEqual([shown.length, one_in, shown[1]], [50, 12, 12]);
  assert.deepEqual(Sample([1, 2], 50), { shown: [1, 2], one_in: 1 });
});

test('delays are bars of a logarithm', () => {
  assert.equal(DelayShare(null), 0);
  assert.equal(DelayShare('3600000'), 100);
  assert.ok(DelayShare('1000') > 5 && DelayShare('1000') < DelayShare('60000'));
  assert.equal(DelayShare('-5'), 0);
});

test('payloads as bytes and as a tree with every digit', () => {
  assert.equal(HexDump(BytesOf('AAFB/w==')), '000000  00 01 41 ff                                      ..A.');
  const tree = JsonTree('{"a":9007199254740993,"b":[1.10,"2"],"c":{"d":null}}');
  assert.deepEqual(tree?.map(({ depth, key, value }) => [depth, key, value]), [
    [0, 'a', '9007199254740993'], [0, 'b', '2 items'], [1, '0', '1.10'], [1, '1', '"2"'], [0, 'c', ''], [1, 'd', 'null'],
  ]);
  assert.equal(JsonTree('{"a":'), null);
});
