// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FormatSql, HostsSql, OffsetOf, StatementAt, Statements, TokenEnd, Tokenize } from './sql.ts';

test('names and texts are quoted by doubling', () => {
  assert.equal(
    HostsSql({ database: 'd"x', table: 't' }, "c'pu", ['host', 'region']),
    `SELECT "host", "region" FROM "d""x"."t" WHERE measure_name = 'c''pu' GROUP BY "host", "region" ORDER BY "host", "region" LIMIT 2000`,
  );
});

test('tokens joined again are the text', () => {
  for (const sql of ["SELECT 'a;''b', \"x\"\"y\" -- c;\nFROM t WHERE bin(time, 5m) > 1e-3;", "'open", '"open', '😀 SELECT']) {
    assert.equal(Tokenize(sql).map((t) => t.text).join(''), sql);
  }
  const kinds = Object.fromEntries(Tokenize("SELECT bin(time) 'x' \"y\" 5m -- c").map((t) => [t.text, t.kind]));
  assert.deepEqual([kinds['SELECT'], kinds['bin'], kinds['time'], kinds["'x'"], kinds['"y"'], kinds['5m'], kinds['-- c']], ['keyword', 'function', undefined, 'string', 'name', 'number', 'comment']);
});

test('the statement at the cursor is cut at semicolons outside text', () => {
  const sql = "SELECT ';' ;\nSELECT 2; -- a;b\nSELECT 3";
  assert.equal(StatementAt(sql, 0).trim(), "SELECT ';'");
  assert.equal(StatementAt(sql, sql.indexOf('2')).trim(), 'SELECT 2');
  assert.equal(StatementAt(sql, sql.length).trim(), '-- a;b\nSELECT 3');
  assert.equal(StatementAt('SELECT 1;\n', 10).trim(), 'SELECT 1');
});

test('places of errors count code points', () => {
  const sql = "SELECT '😀', nope\nFROM t";
  const offset = OffsetOf(sql, 1, 13);
  assert.equal(sql.slice(offset, TokenEnd(sql, offset)), 'nope');
  assert.equal(sql.slice(OffsetOf(sql, 2, 6)), 't');
  assert.equal(OffsetOf(sql, 99, 99), sql.length);
});

test('formatting moves lines and case, never a token', () => {
  const sql = "select a, count(*) from \"D\".\"T\" t left join u on t.x = u.x where time between ago(1h) and now() and b = 'and from' -- why\ngroup by a order by 2 limit 5; select 1";
  const formatted = FormatSql(sql);
  assert.equal(formatted, "SELECT a, count(*)\nFROM \"D\".\"T\" t\n  LEFT JOIN u\n  ON t.x = u.x\nWHERE time BETWEEN ago(1h) AND now()\n  AND b = 'and from' -- why\nGROUP BY a\nORDER BY 2\nLIMIT 5;\nSELECT 1");
  const bare = (text: string): string => text.replace(/\s+/g, '').toLowerCase();
  assert.equal(bare(formatted), bare(sql));
  assert.equal(FormatSql(formatted), formatted);
});

test('statements are cut outside strings, names and comments', () => {
  const sql = "SELECT ';' ; -- a ; b\nSELECT \"x;y\" ;;\n";
  assert.deepEqual(Statements(sql).map(({ begin, end }) => sql.slice(begin, end).trim()), ["SELECT ';'", '-- a ; b\nSELECT "x;y"']);
});
