// SPDX-License-Identifier: Apache-2.0
// Smaller files of the same pictures: Chromium writes PNG for speed. Reads what it writes: eight bits, RGB or RGBA, not interlaced.
import assert from 'node:assert/strict';
import { crc32, deflateSync, inflateSync } from 'node:zlib';

const kSignature = Buffer.from('89504e470d0a1a0a', 'hex');
/** Levels of a channel that are kept: about half of what a comparison overlooks, and a third of the bytes. */
const kStep = 15;

function* Chunks(png) {
  for (let at = kSignature.length; at < png.length;) {
    const size = png.readUInt32BE(at);
    yield [png.toString('latin1', at + 4, at + 8), png.subarray(at + 8, at + 8 + size)];
    at += size + 12;
  }
}

function Chunk(kind, data) {
  const out = Buffer.alloc(data.length + 12);
  out.writeUInt32BE(data.length, 0);
  out.write(kind, 4, 'latin1');
  data.copy(out, 8);
  out.writeUInt32BE(crc32(out.subarray(4, data.length + 8)), data.length + 8);
  return out;
}

function Paeth(a, b, c) {
  const [pa, pb, pc] = [Math.abs(b - c), Math.abs(a - c), Math.abs(a + b - 2 * c)];
  return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
}
/** What each filter of PNG expects of a byte, from those to the left, above, and above the left. */
const kExpected = [() => 0, (a) => a, (a, b) => b, (a, b) => (a + b) >> 1, Paeth];

/** Rows of RGB, three bytes each. */
function Decode(png) {
  let header;
  const parts = [];
  for (const [kind, data] of Chunks(png)) {
    if (kind === 'IHDR') header = data;
    if (kind === 'IDAT') parts.push(data);
  }
  const [width, height, depth, type, , , interlaced] = [header.readUInt32BE(0), header.readUInt32BE(4), ...header.subarray(8)];
  assert.ok(depth === 8 && (type === 2 || type === 6) && interlaced === 0, 'a picture of another kind than Chromium writes');
  const n = type === 2 ? 3 : 4;
  const raw = inflateSync(Buffer.concat(parts));
  const rows = [];
  let above = Buffer.alloc(width * n);
  for (let y = 0; y < height; y += 1) {
    const Expected = kExpected[raw[y * (width * n + 1)]];
    const row = Buffer.from(raw.subarray(y * (width * n + 1) + 1, (y + 1) * (width * n + 1)));
    for (let i = 0; i < row.length; i += 1) row[i] += Expected(i < n ? 0 : row[i - n], above[i], i < n ? 0 : above[i - n]);
    above = row;
    const rgb = Buffer.alloc(width * 3);
    for (let i = 0; i < rgb.length; i += 1) rgb[i] = Math.round(row[n === 3 ? i : i + Math.floor(i / 3)] / kStep) * kStep;
    rows.push(rgb);
  }
  return { width, height, rows };
}

/** The same picture, with a palette where there are at most 256 colours. */
export function Small(png) {
  const { width, height, rows } = Decode(png);
  const palette = new Map();
  for (const row of rows) {
    for (let i = 0; i < row.length && palette.size <= 256; i += 3) {
      const colour = row.readUIntBE(i, 3);
      if (!palette.has(colour)) palette.set(colour, palette.size);
    }
  }
  const indexed = palette.size <= 256;
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, indexed ? 3 : 2], 8);
  const colours = Buffer.alloc(palette.size * 3);
  for (const [colour, i] of palette) colours.writeUIntBE(colour, i * 3, 3);
  const lines = rows.flatMap((row) => [Buffer.of(0), indexed ? Buffer.from(Uint8Array.from({ length: width }, (_, x) => palette.get(row.readUIntBE(x * 3, 3)))) : row]);
  const data = deflateSync(Buffer.concat(lines), { level: 9, memLevel: 9 });
  const small = Buffer.concat([kSignature, Chunk('IHDR', header), ...(indexed ? [Chunk('PLTE', colours)] : []), Chunk('IDAT', data), Chunk('IEND', Buffer.alloc(0))]);
  return small.length < png.length ? small : png;
}
