// SPDX-License-Identifier: Apache-2.0
// A statement in a link: as it is while it is short, else `~` and its deflated bytes in base64url.

export const kLinkSqlMax = 2000;
const kPlainMax = 400;

async function Pipe(bytes: Uint8Array, stream: CompressionStream | DecompressionStream): Promise<Uint8Array> {
  const out = new Response(new Blob([bytes as BlobPart]).stream().pipeThrough(stream as unknown as ReadableWritablePair<Uint8Array, Uint8Array>));
  return new Uint8Array(await out.arrayBuffer());
}

export async function EncodeSql(sql: string): Promise<string> {
  if (sql.length <= kPlainMax && !sql.startsWith('~')) return sql;
  const packed = await Pipe(new TextEncoder().encode(sql), new CompressionStream('deflate-raw'));
  let binary = '';
  for (const byte of packed) binary += String.fromCharCode(byte);
  return `~${btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')}`;
}

/** Null if it cannot be unpacked. */
export async function DecodeSql(text: string): Promise<string | null> {
  if (!text.startsWith('~')) return text;
  try {
    const binary = atob(text.slice(1).replaceAll('-', '+').replaceAll('_', '/'));
    return new TextDecoder().decode(await Pipe(Uint8Array.from(binary, (c) => c.charCodeAt(0)), new DecompressionStream('deflate-raw')));
  } catch {
    return null;
  }
}
