// SPDX-License-Identifier: Apache-2.0
// The statements that the pages send, and the little that the editor knows about the text of a statement.

export const QuoteName = (name: string): string => `"${name.replaceAll('"', '""')}"`;
export const QuoteText = (text: string): string => `'${text.replaceAll("'", "''")}'`;
export const TableName = (database: string, table: string): string => `${QuoteName(database)}.${QuoteName(table)}`;

export interface TableRef {
  database: string;
  table: string;
}

export const DescribeSql = ({ database, table }: TableRef): string => `DESCRIBE ${TableName(database, table)}`;

export function HostsSql({ database, table }: TableRef, measure: string, dimensions: string[]): string {
  const names = dimensions.map(QuoteName).join(', ');
  return `SELECT ${names} FROM ${TableName(database, table)} WHERE measure_name = ${QuoteText(measure)} ` +
    `GROUP BY ${names} ORDER BY ${names} LIMIT 2000`;
}

/** The editor's first statement: raw points and their averages of one host, newest first. */
export const SampleSql = ({ database, table }: TableRef, host: string): string =>
  `SELECT * FROM ${TableName(database, table)}\n` +
  "WHERE measure_name IN ('cpu_idle', 'avg_cpu_idle')\n" +
  `  AND instance_name = ${QuoteText(host)}\n` +
  'ORDER BY time DESC\nLIMIT 100';

export type TokenKind = 'keyword' | 'function' | 'string' | 'name' | 'number' | 'comment' | 'text';

export interface Token {
  kind: TokenKind;
  text: string;
}

const kKeywords = new Set(
  ('all and as asc between by case cast create cross database databases delete desc describe distinct else end escape except exists explain false ' +
    'filter from full group having if in inner insert intersect interval is join lateral left like limit measures not null nulls on or order ' +
    'outer over partition right rows select show table tables then true union unnest using values when where with within').split(' '),
);
const kToken = /(--[^\n]*)|('(?:[^']|'')*'?)|("(?:[^"]|"")*"?)|(\d[\w.]*)|([A-Za-z_]\w*)|(\s+|[^])/g;

// With each key several parts of the page ask for the pieces of the same text.
let cut: { sql: string; tokens: readonly Token[] } = { sql: '', tokens: [] };

/** Cuts a statement into coloured pieces; joined again they give the same text. */
export function Tokenize(sql: string): readonly Token[] {
  if (cut.sql !== sql) cut = { sql, tokens: Cut(sql) };
  return cut.tokens;
}

const kOpens = /\s*\(/y;

function Cut(sql: string): Token[] {
  const tokens: Token[] = [];
  for (const m of sql.matchAll(kToken)) {
    const text = m[0];
    let kind: TokenKind = 'text';
    if (m[1] !== undefined) kind = 'comment';
    else if (m[2] !== undefined) kind = 'string';
    else if (m[3] !== undefined) kind = 'name';
    else if (m[4] !== undefined) kind = 'number';
    else if (m[5] !== undefined) {
      if (kKeywords.has(text.toLowerCase())) kind = 'keyword';
      else {
        kOpens.lastIndex = m.index + text.length;
        if (kOpens.test(sql)) kind = 'function';
      }
    }
    const last = tokens.at(-1);
    if (last !== undefined && last.kind === kind && kind === 'text') last.text += text;
    else tokens.push({ kind, text });
  }
  return tokens;
}

/** The UTF-16 offset of a 1-based line and column (in code points), clamped to the text. */
export function OffsetOf(sql: string, line: number, column: number): number {
  const lines = sql.split('\n');
  const row = Math.max(1, Math.min(line, lines.length));
  let offset = 0;
  for (let i = 0; i < row - 1; i += 1) offset += (lines[i] ?? '').length + 1;
  const points = [...(lines[row - 1] ?? '')];
  return offset + points.slice(0, Math.max(0, column - 1)).join('').length;
}

/** The end of the word, string or sign at an offset: what an error message is about. */
export function TokenEnd(sql: string, offset: number): number {
  const m = /^(?:"(?:[^"\n]|"")*"?|'(?:[^'\n]|'')*'?|[\w$]+|[^\s])/.exec(sql.slice(offset));
  return offset + (m === null ? 1 : m[0].length);
}

export interface TextRange {
  begin: number;
  end: number;
}

/** Every statement of a text, cut at `;` outside strings, quoted names and comments; blank ones are left out. */
export function Statements(sql: string): TextRange[] {
  const cuts: number[] = [];
  let offset = 0;
  for (const token of Tokenize(sql)) {
    if (token.kind === 'text') for (let i = 0; i < token.text.length; i += 1) if (token.text[i] === ';') cuts.push(offset + i);
    offset += token.text.length;
  }
  const ranges: TextRange[] = [];
  let begin = 0;
  for (const end of [...cuts, sql.length]) {
    if (sql.slice(begin, end).trim() !== '') ranges.push({ begin, end });
    begin = end + 1;
  }
  return ranges;
}

/** The statement around the cursor, else the last one before it. */
export function StatementRange(sql: string, cursor: number): TextRange {
  const all = Statements(sql);
  return all.find(({ end }) => cursor <= end) ?? all.at(-1) ?? { begin: 0, end: sql.length };
}

export function StatementAt(sql: string, cursor: number): string {
  const { begin, end } = StatementRange(sql, cursor);
  return sql.slice(begin, end);
}

const kNewLine = new Set('select from where group order having limit union except intersect with'.split(' '));
const kIndented = new Set('and or on when else left right inner full cross join'.split(' '));

/** The same tokens, with keywords in capitals and clauses on lines of their own. Strings, names and comments stay as they are. */
export function FormatSql(sql: string): string {
  let out = '';
  let depth = 0;
  let between = false;
  let previous = '';
  const tokens = Tokenize(sql).flatMap((token): Token[] =>
    token.kind === 'text' ? (token.text.match(/\s+|[^\s]/g) ?? []).map((text) => ({ kind: 'text', text })) : [token]);
  const Line = (indent: string): void => {
    out = out.replace(/[ \t]+$/, '');
    if (out !== '' && !out.endsWith('\n')) out += '\n';
    if (out !== '') out += indent;
  };
  for (const { kind, text } of tokens) {
    if (/^\s+$/.test(text)) {
      if (out !== '' && !/\s$/.test(out) && !out.endsWith('(')) out += ' ';
      continue;
    }
    const word = text.toLowerCase();
    if (kind === 'keyword') {
      const closes_between = word === 'and' && between;
      const joined = (word === 'join' && /^(left|right|inner|full|cross|outer)$/.test(previous)) || (word === 'from' && previous === 'distinct');
      if (word === 'between') between = true;
      else if (closes_between) between = false;
      if (depth === 0 && kNewLine.has(word)) Line('');
      else if (depth === 0 && kIndented.has(word) && !closes_between && !joined && previous !== 'by') Line('  ');
      out += text.toUpperCase();
    } else if (kind === 'comment') out += `${text.trimEnd()}\n`;
    else {
      if (text === '(') depth += 1;
      if (text === ')') depth = Math.max(0, depth - 1);
      if (/^[),;.]$/.test(text)) out = out.replace(/[ \t]+$/, '');
      out += text;
      if (text === ';' && depth === 0) out += '\n';
    }
    previous = word;
  }
  return out.trim();
}
