// SPDX-License-Identifier: Apache-2.0
// Rules of the stream pages: names, the commands that a form stands for, sampling of a tail, the forms of a payload.
import type { CreateStream, StreamRecord, StreamRow } from '../api/streams.ts';

/** Kinesis CreateStream: StreamName. */
export function NameProblem(name: string, taken: readonly string[]): string | null {
  if (name === '') return 'A name is needed.';
  if (!/^[a-zA-Z0-9_.-]*$/.test(name)) return 'Letters, digits, dot, hyphen and underscore only.';
  if (name.length > 128) return 'At most 128 characters.';
  return taken.includes(name) ? 'A stream of this name exists.' : null;
}

const Shell = (text: string): string => (/^[\w./:=@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

export function CreateCommands({ name, mode, shards, retention_hours, tags }: CreateStream, endpoint: string): { tidemark: string; aws: string } {
  const of = name === '' ? 'NAME' : Shell(name);
  const shard_part = mode === 'PROVISIONED' ? ` --shards ${shards}` : ' --mode on_demand';
  const aws = [
    `aws kinesis create-stream --endpoint-url ${endpoint} --stream-name ${of} ${mode === 'PROVISIONED' ? `--shard-count ${shards}` : '--stream-mode-details StreamMode=ON_DEMAND'}`,
    ...(retention_hours > 24 ? [`aws kinesis increase-stream-retention-period --endpoint-url ${endpoint} --stream-name ${of} --retention-period-hours ${retention_hours}`] : []),
    ...(Object.keys(tags).length > 0 ? [`aws kinesis add-tags-to-stream --endpoint-url ${endpoint} --stream-name ${of} --tags ${Object.entries(tags).map(([k, v]) => Shell(`${k}=${v}`)).join(',')}`] : []),
  ];
  return { tidemark: `tidemark stream create ${of}${shard_part} --retention ${retention_hours}h`, aws: aws.join('\n') };
}

/** IncreaseStreamRetentionPeriod takes 24 to 8760 hours. */
export const RetentionProblem = (hours: number): string | null => (Number.isInteger(hours) && hours >= 24 && hours <= 8760 ? null : 'From 24 to 8760 hours.');

/** The AWS call that a change of retention stands for. */
export const KeepCommands = (name: string, now_hours: number, hours: number, endpoint: string): string =>
  `aws kinesis ${hours < now_hours ? 'decrease' : 'increase'}-stream-retention-period --endpoint-url ${endpoint} --stream-name ${Shell(name)} --retention-period-hours ${hours}`;

/** `key=value` by line or comma; null if one is not of that form. */
export function ParseTags(text: string): Record<string, string> | null {
  const tags: Record<string, string> = {};
  for (const part of text.split(/[\n,]/).map((p) => p.trim()).filter((p) => p !== '')) {
    const at = part.indexOf('=');
    if (at <= 0) return null;
    tags[part.slice(0, at).trim()] = part.slice(at + 1).trim();
  }
  return tags;
}

export type StreamSort = 'name' | 'status' | 'mode' | 'shards' | 'records' | 'bytes' | 'age' | 'consumers' | 'retention' | 'throttled';

const kSortValue: Record<StreamSort, (s: StreamRow) => string | number> = {
  name: (s) => s.name, status: (s) => s.status, mode: (s) => s.mode, shards: (s) => s.shards, records: (s) => s.records_per_second, bytes: (s) => s.bytes_per_second,
  age: (s) => Number(s.iterator_age_ms ?? -1), consumers: (s) => s.consumers, retention: (s) => Number(s.retention_hours), throttled: (s) => s.throttled_per_minute,
};

/** `name`, `-records`: a minus before it is descending. */
export function SortStreams(streams: readonly StreamRow[], sort: string): StreamRow[] {
  const descending = sort.startsWith('-');
  const by = kSortValue[(descending ? sort.slice(1) : sort) as StreamSort] ?? kSortValue.name;
  return [...streams].sort((a, b) => {
    const [x, y] = [by(a), by(b)];
    return (x < y ? -1 : x > y ? 1 : a.name < b.name ? -1 : 1) * (descending && x !== y ? -1 : 1);
  });
}

export const kTailRowsPerSecond = 50;
export const kTailRowsShown = 500;

/** Of many records that arrived at once: so many that a person can follow, evenly taken, and how many stand for one. */
export function Sample<T>(records: readonly T[], most: number): { shown: T[]; one_in: number } {
  if (records.length <= most) return { shown: [...records], one_in: 1 };
  const one_in = Math.ceil(records.length / most);
  return { shown: records.filter((_, i) => i % one_in === 0), one_in };
}

/** Width of a delay's bar in percent: logarithmic, a second is a sixth, an hour is all. */
export function DelayShare(delay_ms: string | null): number {
  if (delay_ms === null) return 0;
  const seconds = Math.max(0, Number(delay_ms)) / 1000;
  return Math.min(100, (Math.log10(1 + seconds) / Math.log10(3601)) * 100);
}

export const VerdictWord = (record: StreamRecord): string =>
  record.verdict === null ? '' : { on_time: 'on time', late: 'late', frozen: 'not taken up', dead_letter: 'dead letter' }[record.verdict];

export function BytesOf(base64: string): Uint8Array {
  const binary = atob(base64);
  return Uint8Array.from(binary, (c) => c.charCodeAt(0));
}

/** Sixteen bytes a line, with what of them is text. */
export function HexDump(bytes: Uint8Array, lines_max = 512): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length && lines.length < lines_max; at += 16) {
    const row = [...bytes.subarray(at, at + 16)];
    const hex = row.map((b) => b.toString(16).padStart(2, '0')).join(' ');
    lines.push(`${at.toString(16).padStart(6, '0')}  ${hex.padEnd(47)}  ${row.map((b) => (b >= 32 && b < 127 ? String.fromCharCode(b) : '.')).join('')}`);
  }
  if (bytes.length > lines_max * 16) lines.push(`… ${bytes.length - lines_max * 16} more bytes`);
  return lines.join('\n');
}

export interface TreeLine {
  depth: number;
  key: string;
  value: string;
  kind: 'object' | 'array' | 'string' | 'number' | 'other';
}

/** JSON as lines of a tree; numbers keep every digit. Null if the text is not JSON. */
export function JsonTree(text: string, lines_max = 1000): TreeLine[] | null {
  let value: unknown;
  try {
    JSON.parse(text);
    // Long numbers are kept as texts with a mark that no JSON text can hold unescaped.
    value = JSON.parse(text.replace(/("(?:[^"\\]|\\.)*")|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)/g, (all, string: string | undefined) => (string !== undefined ? all : `"\\u0000${all}"`)));
  } catch {
    return null;
  }
  const lines: TreeLine[] = [];
  const Add = (key: string, item: unknown, depth: number): void => {
    if (lines.length >= lines_max) return;
    if (Array.isArray(item)) {
      lines.push({ depth, key, value: `${item.length} items`, kind: 'array' });
      item.forEach((child, i) => Add(String(i), child, depth + 1));
    } else if (typeof item === 'object' && item !== null) {
      lines.push({ depth, key, value: '', kind: 'object' });
      for (const [name, child] of Object.entries(item)) Add(name, child, depth + 1);
    } else if (typeof item === 'string' && item.startsWith('\0')) lines.push({ depth, key, value: item.slice(1), kind: 'number' });
    else lines.push({ depth, key, value: typeof item === 'string' ? JSON.stringify(item) : String(item), kind: typeof item === 'string' ? 'string' : 'other' });
  };
  Add('', value, 0);
  return lines[0]?.kind === 'object' || lines[0]?.kind === 'array' ? lines.slice(1).map((line) => ({ ...line, depth: line.depth - 1 })) : lines;
}
