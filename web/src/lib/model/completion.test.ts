// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SqlFunctions } from '../api/types.ts';
import { Complete, HelpFor, TableKey, TablesOf, type Offer, type Schema } from './completion.ts';

const kSchema: Schema = {
  databases: [{ name: 'BlogDB', tables: ['EC2', 'other table'] }, { name: 'x', tables: ['t'] }],
  columns: new Map([[TableKey('BlogDB', 'EC2'), [
    { name: 'region', type: 'varchar', kind: 'dimension' }, { name: 'Odd Name', type: 'varchar', kind: 'dimension' }, { name: 'time', type: 'timestamp', kind: 'time' },
    { name: 'measure_value::double', type: 'double', kind: 'measure_value' },
  ]]]),
};
const kHelp: SqlFunctions = {
  functions: [{ name: 'bin', kind: 'scalar', signatures: ['bin(timestamp, interval) -> timestamp'], help: 'Rounds down.' }],
  keywords: ['select', 'from'], macros: [{ name: '$__timeFilter', help: 'time in range' }, { name: '$__interval', help: 'width' }],
};

/** `|` is the cursor. */
const At = (text: string, database: string | null = null): Offer => {
  const cursor = text.indexOf('|');
  return Complete(text.replace('|', ''), cursor, kSchema, kHelp, database);
};
const Labels = (offer: Offer): string[] => (offer?.kind === 'options' ? offer.options.map((o) => o.label) : []);

test('tables of FROM and JOIN, quoted, with aliases', () => {
  assert.deepEqual(TablesOf('SELECT * FROM "BlogDB"."EC2" AS a JOIN x.t b ON a.id = b.id, y WHERE 1 = 1 -- from z'), [
    { database: 'BlogDB', table: 'EC2', alias: 'a' }, { database: 'x', table: 't', alias: 'b' },
  ]);
  assert.deepEqual(TablesOf('SELECT 1 FROM t, "d"."u" WHERE x'), [{ database: null, table: 't', alias: null }, { database: 'd', table: 'u', alias: null }]);
});

test('columns of the tables in FROM come first, then functions', () => {
  const labels = Labels(At('SELECT re| FROM "BlogDB"."EC2"'));
  assert.deepEqual(labels.slice(0, 5), ['region', 'Odd Name', 'time', 'measure_value::double', 'bin']);
  assert.equal(Labels(At('SELECT r| FROM EC2', 'BlogDB'))[0], 'region');
});

test('names that need quotes are typed with them', () => {
  const offer = At('SELECT O| FROM "BlogDB"."EC2"');
  assert.equal(offer?.kind === 'options' ? offer.options.find((o) => o.label === 'Odd Name')?.apply : '', '"Odd Name"');
});

test('after FROM and after a dot', () => {
  assert.deepEqual(Labels(At('SELECT * FROM |')), ['BlogDB', 'EC2', 'other table', 'x', 't']);
  assert.deepEqual(Labels(At('SELECT * FROM "BlogDB".|')), ['EC2', 'other table']);
  assert.deepEqual(Labels(At('SELECT a.| FROM "BlogDB"."EC2" a')).slice(0, 2), ['region', 'Odd Name']);
});

test('values inside a text that is compared with a column', () => {
  const offer = At(`SELECT * FROM "BlogDB"."EC2" WHERE region = 'us|'`);
  assert.ok(offer?.kind === 'values');
  assert.deepEqual([offer.column, offer.prefix, offer.from, offer.to], ['region', 'us', 45, 47]);
  const list = At(`SELECT * FROM t WHERE "Odd Name" IN ('a', 'b|`);
  assert.deepEqual(list?.kind === 'values' ? [list.column, list.prefix] : null, ['Odd Name', 'b']);
  assert.equal(At(`SELECT 'fr|'`), null);
});

test('macros, units, and nothing in comments', () => {
  assert.deepEqual(Labels(At('SELECT * FROM t WHERE $__t|')), ['$__timeFilter', '$__interval']);
  assert.deepEqual(Labels(At('SELECT bin(time, 5|)')), ['ms', 's', 'm', 'h', 'd']);
  assert.equal(At('SELECT 1 -- fro|'), null);
});

test('help for a word', () => {
  const sql = 'SELECT bin(time, 1m) FROM "BlogDB"."EC2" WHERE $__timeFilter';
  assert.equal(HelpFor('bin', sql, 8, kSchema, kHelp, null), 'bin(timestamp, interval) -> timestamp\nRounds down.');
  assert.equal(HelpFor('time', sql, 12, kSchema, kHelp, null), 'time: timestamp, time of EC2');
  assert.equal(HelpFor('$__timeFilter', sql, 50, kSchema, kHelp, null), '$__timeFilter: time in range');
  assert.equal(HelpFor('nothing', sql, 0, kSchema, kHelp, null), null);
});
