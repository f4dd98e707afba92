// SPDX-License-Identifier: Apache-2.0
// What the editor offers at a place in the text, from the schema, the dialect's functions and the macros. Pure: values of dimensions
// are asked for by whoever calls.
import type { SqlFunctions } from '../api/types.ts';
import { QuoteName, StatementRange, Tokenize, type Token } from './sql.ts';

export interface SchemaColumn {
  name: string;
  type: string;
  kind: string;
}

export interface Schema {
  databases: { name: string; tables: string[] }[];
  /** Of `"D"."T"`; absent until read. */
  columns: Map<string, SchemaColumn[]>;
}

export interface Option {
  label: string;
  type: 'keyword' | 'function' | 'column' | 'table' | 'database' | 'macro' | 'unit' | 'value';
  detail: string;
  info: string;
  /** What is typed for it, where that is not the label. */
  apply: string;
}

export interface TableUse {
  database: string | null;
  table: string;
  alias: string | null;
}

export type Offer =
  | { kind: 'options'; from: number; options: Option[] }
  | { kind: 'values'; from: number; to: number; column: string; prefix: string; tables: TableUse[] }
  | null;

const kUnits: [string, string][] = [['ms', 'milliseconds'], ['s', 'seconds'], ['m', 'minutes'], ['h', 'hours'], ['d', 'days']];

export const TableKey = (database: string, table: string): string => `${QuoteName(database)}.${QuoteName(table)}`;

const Plain = (token: Token): string | null =>
  token.kind === 'name' ? token.text.slice(1, token.text.endsWith('"') ? -1 : undefined).replaceAll('""', '"') : /^[A-Za-z_]\w*$/.test(token.text) && token.kind !== 'string' ? token.text : null;

/** The tables that FROM and JOIN of a statement name. */
export function TablesOf(sql: string): TableUse[] {
  const tokens = Tokenize(sql).flatMap((token): Token[] =>
    token.kind === 'comment' ? [] : token.kind === 'text' ? (token.text.match(/\w+|[^\s\w]/g) ?? []).map((text) => ({ kind: 'text', text })) : [token]);
  const found: TableUse[] = [];
  for (let i = 0; i < tokens.length; i += 1) {
    if (!/^(from|join)$/i.test(tokens[i]?.text ?? '') || tokens[i]?.kind !== 'keyword') continue;
    for (let at = i + 1; ; ) {
      const first = tokens[at];
      const name = first === undefined || first.kind === 'keyword' ? null : Plain(first);
      if (name === null) break;
      let use: TableUse = { database: null, table: name, alias: null };
      at += 1;
      if (tokens[at]?.text === '.') {
        const second = tokens[at + 1];
        use = { database: name, table: (second === undefined ? null : Plain(second)) ?? '', alias: null };
        at += 2;
      }
      if (/^as$/i.test(tokens[at]?.text ?? '')) at += 1;
      const alias = tokens[at];
      if (alias !== undefined && (alias.kind === 'name' || (alias.kind === 'text' && /^\w/.test(alias.text)) || alias.kind === 'function')) {
        use.alias = Plain(alias);
        at += 1;
      }
      if (use.table !== '') found.push(use);
      if (tokens[at]?.text !== ',') break;
      at += 1;
    }
  }
  return found;
}

/** Where the columns of a use come from: its own database, else `database`, else the only one that has the table. */
export function Resolve(use: TableUse, schema: Schema, database: string | null): string | null {
  const candidates = use.database !== null ? [use.database] : database !== null ? [database] : schema.databases.map((d) => d.name);
  for (const name of candidates) {
    const owner = schema.databases.find((d) => d.name.toLowerCase() === name.toLowerCase());
    const table = owner?.tables.find((t) => t.toLowerCase() === use.table.toLowerCase());
    if (owner !== undefined && table !== undefined) return TableKey(owner.name, table);
  }
  return null;
}

const ApplyName = (name: string): string => (/^[a-z_][a-z0-9_]*$/.test(name) || /^measure_value::\w+$/.test(name) ? name : QuoteName(name));

const Simple = (label: string, type: Option['type'], detail = '', info = '', apply = label): Option => ({ label, type, detail, info, apply });

function TokenAt(tokens: readonly Token[], base: number, cursor: number): { token: Token; from: number } | null {
  let offset = base;
  for (const token of tokens) {
    const end = offset + token.text.length;
    const quote = token.kind === 'string' ? "'" : token.kind === 'name' ? '"' : null;
    const closed = quote === null || (token.text.length > 1 && token.text.endsWith(quote));
    if (cursor > offset && (cursor < end || (cursor === end && (token.kind === 'comment' || !closed)))) return { token, from: offset };
    offset = end;
  }
  return null;
}

const kWordMax = 512;

export function Complete(sql: string, cursor: number, schema: Schema, help: SqlFunctions | null, database: string | null): Offer {
  const { begin, end } = StatementRange(sql, cursor);
  const statement = sql.slice(begin, end);
  const tables = TablesOf(statement);
  const inside = TokenAt(Tokenize(statement), begin, cursor);
  if (inside?.token.kind === 'comment') return null;
  // A word is short: what lies far before it is not looked through with each key.
  const before = sql.slice(Math.max(begin, cursor - kWordMax), cursor);
  const base = cursor - before.length;
  if (inside?.token.kind === 'string') {
    const column = /(?:"((?:[^"]|"")+)"|([A-Za-z_]\w*))\s*(?:=|<>|!=|(?:not\s+)?in\s*\((?:[^()']|'[^']*')*)\s*$/i.exec(sql.slice(begin, inside.from));
    if (column === null) return null;
    const closed = inside.token.text.length > 1 && inside.token.text.endsWith("'");
    return {
      kind: 'values', from: inside.from + 1, to: inside.from + inside.token.text.length - (closed ? 1 : 0), column: column[1]?.replaceAll('""', '"') ?? column[2] ?? '',
      prefix: sql.slice(inside.from + 1, cursor).replaceAll("''", "'"), tables,
    };
  }
  const macro = /\$\w*$/.exec(before);
  if (macro !== null) {
    return { kind: 'options', from: base + macro.index, options: (help?.macros ?? []).map(({ name, help: text }) => Simple(name, 'macro', '', text)) };
  }
  const unit = /(?<![\w."$])\d+(?:\.\d+)?([a-z]*)$/i.exec(before);
  if (unit !== null) return { kind: 'options', from: cursor - (unit[1] ?? '').length, options: kUnits.map(([name, text]) => Simple(name, 'unit', text)) };

  const word = /(?:[A-Za-z_][\w:]*)?$/.exec(before);
  const from = inside?.token.kind === 'name' ? inside.from : cursor - (word?.[0].length ?? 0);
  const lead = sql.slice(begin, from);
  const dotted = /(?:"((?:[^"]|"")+)"|([A-Za-z_]\w*))\.$/.exec(lead);
  if (dotted !== null) return { kind: 'options', from, options: AfterDot(dotted[1]?.replaceAll('""', '"') ?? dotted[2] ?? '', tables, schema, database) };
  if (/\b(from|join|describe|tables\s+from)\s+(?:[^()]*,\s*)?$/i.test(lead) && !/\bfrom\b[^]*\b(where|group|order|on)\b[^]*$/i.test(lead.slice(lead.toLowerCase().lastIndexOf('from')))) {
    return { kind: 'options', from, options: TableOptions(schema) };
  }
  const columns = new Map<string, Option>();
  for (const use of tables) {
    for (const { name, type, kind } of schema.columns.get(Resolve(use, schema, database) ?? '') ?? []) columns.set(name, Simple(name, 'column', type, `${kind.replaceAll('_', ' ')} of ${use.table}`, ApplyName(name)));
  }
  const functions = (help?.functions ?? []).map(({ name, signatures, help: text }) => Simple(name, 'function', (signatures[0] ?? '').replace(name, ''), [...signatures, text].join('\n'), `${name}(`));
  const keywords = (help?.keywords ?? []).map((keyword) => Simple(keyword.toUpperCase(), 'keyword'));
  return { kind: 'options', from, options: [...columns.values(), ...functions, ...TableOptions(schema), ...keywords] };
}

const TableOptions = (schema: Schema): Option[] =>
  schema.databases.flatMap(({ name: database, tables }) => [
    Simple(database, 'database', 'database', '', QuoteName(database)),
    ...tables.map((table) => Simple(table, 'table', database, '', TableKey(database, table))),
  ]);

function AfterDot(name: string, tables: TableUse[], schema: Schema, database: string | null): Option[] {
  const same = (a: string | null): boolean => a !== null && a.toLowerCase() === name.toLowerCase();
  const use = tables.find((t) => same(t.alias)) ?? tables.find((t) => same(t.table));
  if (use !== undefined) {
    const columns = schema.columns.get(Resolve(use, schema, database) ?? '');
    if (columns !== undefined) return columns.map(({ name: column, type, kind }) => Simple(column, 'column', type, kind, ApplyName(column)));
  }
  const owner = schema.databases.find((d) => same(d.name));
  return (owner?.tables ?? []).map((table) => Simple(table, 'table', owner?.name ?? '', '', QuoteName(table)));
}

/** Help for the word under the pointer: a column's type, a function's signatures, a macro. */
export function HelpFor(word: string, sql: string, cursor: number, schema: Schema, help: SqlFunctions | null, database: string | null): string | null {
  const { begin, end } = StatementRange(sql, cursor);
  const f = help?.functions.find(({ name }) => name.toLowerCase() === word.toLowerCase());
  for (const use of TablesOf(sql.slice(begin, end))) {
    const column = schema.columns.get(Resolve(use, schema, database) ?? '')?.find(({ name }) => name.toLowerCase() === word.toLowerCase());
    if (column !== undefined) return `${column.name}: ${column.type}, ${column.kind.replaceAll('_', ' ')} of ${use.table}`;
  }
  if (f !== undefined) return [...f.signatures, f.help].join('\n');
  const macro = help?.macros.find(({ name }) => name === word);
  return macro === undefined ? null : `${macro.name}: ${macro.help}`;
}
