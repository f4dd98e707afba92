// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DefaultOptions, FaultText, NewDashboard, NewQuery, NewVariable, Parse, ParseText, ToJson, Write, type DashboardFile } from './dashboard_file.ts';
import { EmptySpec } from './well_spec.ts';

const Sample = (): DashboardFile => ({
  ...NewDashboard('Hosts "x" <b>'),
  description: 'מארחים', tags: ['cpu'], range: { from: 'now-3h', to: 'now' }, refresh: '10s', revisions: 'compare',
  variables: [{ ...NewVariable('instance'), kind: 'query', sql: 'SELECT 1', multi: true, all: true, default: ["i-'1"] }],
  panels: [
    {
      id: 'p1', title: 'CPU', visual: 'line', grid: { x: 0, y: 3, w: 12, h: 7 },
      queries: [NewQuery({ name: 'a', sql: 'SELECT time', database: 'D', table: 'T', measure: 'm', wells: EmptySpec('D', 'T'), revisions: { dimensions: { region: '$region', instance_name: '$instance' } } })],
      options: { ...DefaultOptions(), decimals: 0, thresholds: [{ value: 0.9, label: 'hot', token: '--warn' }], revisions: 'off' },
    },
    { id: 'p2', title: '', visual: 'text', grid: { x: 0, y: 10, w: 3, h: 2 }, queries: [], options: { ...DefaultOptions(), text: '# **hi**' } },
  ],
});

test('what is written reads back the same, and is the same text again', () => {
  for (const file of [Sample(), NewDashboard('empty')]) {
    const text = Write(file);
    const back = ParseText(text);
    assert.ok(back.ok);
    assert.deepEqual(back.file, file);
    assert.equal(Write(back.file), text);
    assert.deepEqual(JSON.parse(text), ToJson(file));
  }
});

test('the order of members does not depend on how the dashboard was put together', () => {
  const file = Sample();
  const panel = file.panels[0];
  assert.ok(panel !== undefined);
  const turned = Object.fromEntries(Object.entries(panel).reverse()) as unknown as typeof panel;
  const query = panel.queries[0];
  assert.ok(query !== undefined);
  turned.queries = [{ ...query, revisions: { dimensions: { instance_name: '$instance', region: '$region' } } }];
  assert.equal(Write({ ...file, panels: [turned, ...file.panels.slice(1)] }), Write(file));
  assert.match(Write(file), /^\{\n {2}"schema": 1,\n {2}"title": /);
  assert.match(Write(file), /"grid": \{ "x": 0, "y": 3, "w": 12, "h": 7 \}/);
});

test('only what differs from its default is in options', () => {
  const json = ToJson(Sample()) as { panels: { options: object }[] };
  assert.deepEqual(json.panels.map(({ options }) => Object.keys(options)), [['decimals', 'revisions', 'thresholds'], ['text']]);
});

test('a file may leave out what has a default', () => {
  const parsed = Parse({ schema: 1, title: 'T', panels: [{ id: 'a', visual: 'kpi', grid: { x: 0, y: 0, w: 3, h: 3 }, queries: [{ sql: 'SELECT 1' }] }] });
  assert.ok(parsed.ok);
  assert.deepEqual(parsed.file.panels[0]?.options, DefaultOptions());
  assert.deepEqual(parsed.file.panels[0]?.queries[0], NewQuery({ sql: 'SELECT 1' }));
  assert.deepEqual(parsed.file.range, { from: 'now-1h', to: 'now' });
});

test('a fault is told with its place', () => {
  const With = (change: (json: Record<string, never>) => void): string => {
    const json = JSON.parse(Write(Sample())) as Record<string, never>;
    change(json);
    const parsed = Parse(json);
    return parsed.ok ? 'ok' : FaultText(parsed);
  };
  type Any = Record<string, never> & { panels: Any[]; variables: Any[]; queries: Any[]; grid: Any; options: Any; schema: unknown; w: unknown; name: unknown; id: unknown; revisions: unknown };
  const cases: [(json: Any) => void, RegExp][] = [
    [(j) => (j.schema = 2 as never), /^schema must be 1/],
    [(j) => delete (j as Partial<Any>)['title'], /^title is missing/],
    [(j) => ((j.panels[1] as Any).grid.w = 13 as never), /^panels\[1\]\.grid\.w must be a whole number from 1 to 12/],
    [(j) => Object.assign((j.panels[1] as Any).grid, { x: 10, w: 3 }), /^panels\[1\]\.grid\.w reaches beyond/],
    [(j) => ((j.panels[1] as Any).id = 'p1' as never), /^panels\[1\]\.id is p1 a second time/],
    [(j) => Object.assign((j.panels[0] as Any).options, { colour: 1 }), /^panels\[0\]\.options\.colour is not a member/],
    [(j) => Object.assign(((j.panels[0] as Any).queries[0] as Any), { style: 'bar' }), /^panels\[0\]\.queries\[0\]\.style must be one of line/],
    [(j) => Object.assign(((j.panels[0] as Any).queries[0] as Any), { revisions: { dimensions: { a: 1 } } }), /^panels\[0\]\.queries\[0\]\.revisions\.dimensions\.a must be a text/],
    [(j) => ((j.variables[0] as Any).name = 'a b' as never), /^variables\[0\]\.name must be a name/],
    [(j) => Object.assign(j, { tags: 'x' }), /^tags must be a list/],
    [() => undefined, /^ok$/],
  ];
  for (const [change, expected] of cases) assert.match(With(change as never), expected);
  const text = ParseText('{"schema":1,');
  assert.ok(!text.ok && /^The file is not JSON/.test(FaultText(text)));
  const list = Parse([]);
  assert.ok(!list.ok && list.at === '');
});
