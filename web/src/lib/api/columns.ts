// SPDX-License-Identifier: Apache-2.0
// Reads `application/vnd.tidemark.columns`: 8 magic bytes, the header's length (u32), a JSON header, then little-endian buffers at
// multiples of eight (API.md section 3.2). Typed arrays lie in the answer's own memory; nothing is copied.
import type { ApiErrorBody, NsText, QueryProgress } from './types.ts';

export const kColumnsType = 'application/vnd.tidemark.columns';
export const kColumnsMagic = 'TMCOLS1\n';

export type ColumnKind = 'timestamp_ns' | 'bigint' | 'double' | 'integer' | 'boolean' | 'dict' | 'varchar' | 'json';

interface ColumnHeader {
  name: string;
  type: ColumnKind;
  /** From the beginning of the data. */
  buf: [offset: number, bytes: number];
  /** One byte a row, 1 where there is a value; null: every row has one. */
  valid?: [offset: number, bytes: number] | null;
  dict?: string[];
  /** The dialect's name of the type. */
  sql_type: string;
}

export interface ColumnsHeader {
  rows: number;
  /** Of the data, padding included: the next block of a concatenation begins behind it. */
  bytes: number;
  query_id: string;
  next: string | null;
  truncated: boolean;
  reduced: boolean;
  as_of: NsText | null;
  watermark: NsText | null;
  expanded_sql: string | null;
  progress?: QueryProgress;
  panel?: string;
  query?: number;
  error?: ApiErrorBody;
  columns: ColumnHeader[];
}

export type Values = BigInt64Array | Float64Array | Int32Array | Uint8Array | Uint32Array;

export class BlockColumn {
  readonly name: string;
  readonly kind: ColumnKind;
  readonly sql_type: string;
  /** Numbers; of `dict` the codes, of texts the offsets (one more than rows). */
  readonly values: Values;
  readonly #valid: Uint8Array | null;
  readonly #dict: string[];
  readonly #bytes: Uint8Array;

  constructor(header: ColumnHeader, rows: number, block: ArrayBuffer, base: number) {
    this.name = header.name;
    this.kind = header.type;
    this.sql_type = header.sql_type;
    this.#dict = header.dict ?? [];
    const [offset, bytes] = header.buf;
    const at = base + offset;
    if (offset < 0 || bytes < 0 || at + bytes > block.byteLength) throw new Error(`column ${header.name} lies outside its block`);
    const Need = (size: number): void => {
      if (bytes < size) throw new Error(`column ${header.name} is too short`);
      if (at % 8 !== 0) throw new Error(`column ${header.name} is not aligned`);
    };
    this.#bytes = new Uint8Array(0);
    switch (header.type) {
      case 'timestamp_ns':
      case 'bigint':
        Need(rows * 8);
        this.values = new BigInt64Array(block, at, rows);
        break;
      case 'double':
        Need(rows * 8);
        this.values = new Float64Array(block, at, rows);
        break;
      case 'integer':
        Need(rows * 4);
        this.values = new Int32Array(block, at, rows);
        break;
      case 'boolean':
        Need(rows);
        this.values = new Uint8Array(block, at, rows);
        break;
      case 'dict':
        Need(rows * 4);
        this.values = new Uint32Array(block, at, rows);
        break;
      case 'varchar':
      case 'json':
        Need((rows + 1) * 4);
        this.values = new Uint32Array(block, at, rows + 1);
        this.#bytes = new Uint8Array(block, at + (rows + 1) * 4, bytes - (rows + 1) * 4);
        break;
      default:
        throw new Error(`column ${header.name} has the unknown type ${String(header.type)}`);
    }
    this.#valid = header.valid == null ? null : new Uint8Array(block, base + header.valid[0], header.valid[1]);
  }

  IsNull(row: number): boolean {
    return this.#valid !== null && this.#valid[row] === 0;
  }

  /** The value of a text column. */
  Text(row: number): string | null {
    if (this.IsNull(row)) return null;
    if (this.kind === 'dict') return this.#dict[Number(this.values[row])] ?? null;
    const begin = Number(this.values[row]);
    return kDecoder.decode(this.#bytes.subarray(begin, Number(this.values[row + 1])));
  }
}

const kDecoder = new TextDecoder();

export interface ColumnBlock {
  header: ColumnsHeader;
  rows: number;
  columns: BlockColumn[];
}

const Align = (offset: number): number => (offset + 7) & ~7;

function ReadBlock(block: ArrayBuffer, base: number): { block: ColumnBlock; end: number } {
  const head = new Uint8Array(block, base, Math.min(12, block.byteLength - base));
  if (kDecoder.decode(head.subarray(0, 8)) !== kColumnsMagic) throw new Error('the answer is not a column block');
  if (head.length < 12) throw new Error('the column block is cut off');
  const length = new DataView(block).getUint32(base + 8, true);
  const data = base + Align(12 + length);
  if (data > block.byteLength) throw new Error('the column block is cut off');
  const header = JSON.parse(kDecoder.decode(new Uint8Array(block, base + 12, length))) as ColumnsHeader;
  if (data + header.bytes > block.byteLength) throw new Error('the column block is cut off');
  return {
    block: { header, rows: header.rows, columns: header.columns.map((column) => new BlockColumn(column, header.rows, block, data)) },
    end: data + header.bytes,
  };
}

/** One block. Throws if it is not one. */
export const ReadColumns = (block: ArrayBuffer): ColumnBlock => ReadBlock(block, 0).block;

/** The blocks of a concatenation. */
export function ReadAllColumns(block: ArrayBuffer): ColumnBlock[] {
  const blocks: ColumnBlock[] = [];
  for (let at = 0; at < block.byteLength; ) {
    const next = ReadBlock(block, at);
    blocks.push(next.block);
    at = next.end;
  }
  return blocks;
}
