// SPDX-License-Identifier: Apache-2.0
// Blocks made byte by byte after API.md section 3.2.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReadAllColumns, ReadColumns } from './columns.ts';

type Column = ReturnType<typeof ReadColumns>['columns'][number];
type Eight = [Column, Column, Column, Column, Column, Column, Column, Column];
type Part = { name: string; sql_type: string; type: string; data: Uint8Array; valid?: number[]; dict?: string[] };

const Bytes = (array: ArrayBufferView): Uint8Array => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

function Block(rows: number, parts: Part[], more: object = {}): Uint8Array {
  const buffers: [number, Uint8Array][] = [];
  let end = 0;
  const Put = (data: Uint8Array): [number, number] => {
    const at = end;
    buffers.push([at, data]);
    end = (at + data.length + 7) & ~7;
    return [at, data.length];
  };
  const columns = parts.map(({ data, valid, ...rest }) => ({ ...rest, buf: Put(data), valid: valid === undefined ? null : Put(Uint8Array.from(valid)) }));
  const header = new TextEncoder().encode(JSON.stringify({ rows, bytes: end, query_id: 'q', next: null, truncated: false, reduced: false, columns, ...more }));
  const data_at = (12 + header.length + 7) & ~7;
  const out = new Uint8Array(data_at + end);
  out.set(new TextEncoder().encode('TMCOLS1\n'));
  new DataView(out.buffer).setUint32(8, header.length, true);
  out.set(header, 12);
  for (const [at, data] of buffers) out.set(data, data_at + at);
  return out;
}

function Text(...texts: string[]): Uint8Array {
  const bytes = texts.map((text) => new TextEncoder().encode(text));
  const offsets = new Uint32Array(texts.length + 1);
  bytes.forEach((b, i) => (offsets[i + 1] = (offsets[i] ?? 0) + b.length));
  return Uint8Array.from([...Bytes(offsets), ...bytes.flatMap((b) => [...b])]);
}

const kBig = 9_007_199_254_740_993n;
const kParts: Part[] = [
  { name: 'time', sql_type: 'TIMESTAMP', type: 'timestamp_ns', data: Bytes(BigInt64Array.from([1_768_494_300_000_000_001n, -1n])) },
  { name: 'big', sql_type: 'BIGINT', type: 'bigint', data: Bytes(BigInt64Array.from([kBig, 0n])), valid: [1, 0] },
  { name: 'v', sql_type: 'DOUBLE', type: 'double', data: Bytes(Float64Array.from([0.1, NaN])) },
  { name: 'i', sql_type: 'INTEGER', type: 'integer', data: Bytes(Int32Array.from([-5, 7])) },
  { name: 'b', sql_type: 'BOOLEAN', type: 'boolean', data: Uint8Array.from([1, 0]) },
  { name: 'region', sql_type: 'VARCHAR', type: 'dict', data: Bytes(Uint32Array.from([1, 0])), dict: ['eu', 'us'] },
  { name: 'text', sql_type: 'VARCHAR', type: 'varchar', data: Text('größe', '') },
  { name: 'nested', sql_type: 'array(bigint)', type: 'json', data: Text('[1]', ''), valid: [1, 0] },
];

test('every type is read exactly, from the memory of the answer', () => {
  const bytes = Block(2, kParts);
  const block = ReadColumns(bytes.buffer as ArrayBuffer);
  const [time, big, v, i, b, region, text, nested] = block.columns as Eight;
  assert.equal(block.rows, 2);
  for (const column of block.columns) assert.equal(column.values.buffer, bytes.buffer, column.name);
  assert.deepEqual([...time.values], [1_768_494_300_000_000_001n, -1n]);
  assert.equal(big.values[0], kBig);
  assert.deepEqual([big.IsNull(0), big.IsNull(1)], [false, true]);
  assert.deepEqual([...v.values], [0.1, NaN]);
  assert.deepEqual([...i.values], [-5, 7]);
  assert.deepEqual([...b.values], [1, 0]);
  assert.deepEqual([region.Text(0), region.Text(1)], ['us', 'eu']);
  assert.deepEqual([text.Text(0), text.Text(1)], ['größe', '']);
  assert.deepEqual([nested.Text(0), nested.Text(1)], ['[1]', null]);
});

test('concatenated blocks follow each other, failed ones too', () => {
  const first = Block(2, kParts, { panel: 'a' });
  const failed = Block(0, [], { panel: 'b', error: { code: 'invalid_sql' } });
  const last = Block(1, [{ name: 'v', sql_type: 'DOUBLE', type: 'double', data: Bytes(Float64Array.from([2])) }], { panel: 'c' });
  const pad = (block: Uint8Array): number[] => [...block];
  const all = Uint8Array.from([...pad(first), ...pad(failed), ...pad(last)]);
  const blocks = ReadAllColumns(all.buffer);
  assert.deepEqual(blocks.map(({ header }) => [header.panel, header.rows, header.error?.code]), [['a', 2, undefined], ['b', 0, 'invalid_sql'], ['c', 1, undefined]]);
  assert.equal(blocks[2]?.columns[0]?.values[0], 2);
});

test('what is not a block is refused', () => {
  const bytes = Block(2, kParts);
  assert.throws(() => ReadColumns(new TextEncoder().encode('{"error":{}}').buffer as ArrayBuffer), /not a column block/);
  for (const cut of [9, 40, bytes.length - 8]) assert.throws(() => ReadColumns(bytes.slice(0, cut).buffer as ArrayBuffer), /cut off|JSON|Unexpected|Unterminated/, String(cut));
  const short: Part[] = [{ name: 'v', sql_type: 'DOUBLE', type: 'double', data: Bytes(Float64Array.from([1])) }];
  assert.throws(() => ReadColumns(Block(2, short).buffer as ArrayBuffer), /too short/);
});
