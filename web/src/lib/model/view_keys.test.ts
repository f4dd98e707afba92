// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DurationAtLeast, KindOf, kKinds, LineOfKey, ListOf, OnlyView, OtherAggregates, OutputNames, SplitNumbers, ToToml, With, WithAggregates, WithKind, type ViewKeys } from './view_keys.ts';

const kView: ViewKeys = { name: 'v', database: 'd', table: 't', window: '5m' };

test('the text has the keys in their order, and those that it does not know', () => {
  assert.equal(
    ToToml({ late: 'freeze', ...kView, levels: ['1m'], filter: { 'a b': ['x', '"y"'], value_min: 0.5 }, some_day: true, label_map: { name: 'n', from: 'f', map: { 'm5*': 'g' } } }),
    '[[view]]\nname = "v"\ndatabase = "d"\ntable = "t"\nfilter = {"a b" = ["x", "\\"y\\""], value_min = 0.5}\nwindow = "5m"\nlevels = ["1m"]\nlabel_map = {name = "n", from = "f", map = {"m5*" = "g"}}\nlate = "freeze"\nsome_day = true\n',
  );
});

test('each kind of windows is known by its keys, and another takes its place', () => {
  for (const { kind, first } of kKinds) {
    const keys = WithKind({ ...kView, offset: '1m' }, kind);
    assert.equal(KindOf(keys), kind);
    for (const [key, value] of Object.entries(first)) if (key !== 'window') assert.deepEqual(keys[key], value);
    assert.equal('offset' in keys, !['session', 'calendar'].includes(kind), kind);
    assert.deepEqual(WithKind(WithKind(keys, 'session'), 'tumbling')['window'], '5m');
  }
  assert.equal(WithKind(kView, 'hopping')['window'], '5m', 'what both have stays');
});

test('names follow the kind of windows', () => {
  const levels = WithKind({ ...kView, output: 'x_{measure}' }, 'levels');
  assert.equal(levels['output'], 'x_{measure}_{window}');
  assert.equal(WithKind(levels, 'tumbling')['output'], 'x_{measure}');
  assert.equal('output' in WithKind(WithKind(kView, 'levels'), 'calendar'), false);
  assert.deepEqual(OutputNames(WithKind({ ...kView, aggregates: ['avg', 'p95'] }, 'levels'), 'cpu', 4), { names: ['avg_1m_cpu', 'p95_1m_cpu', 'avg_1h_cpu', 'p95_1h_cpu'], more: 2 });
  assert.deepEqual(OutputNames({ ...kView, aggregate: 'histogram', buckets: [0, 50] }, 'cpu').names, ['le_0_cpu', 'le_50_cpu', 'le_inf_cpu']);
  assert.deepEqual(OutputNames({ ...kView, rows: 'multi', output: 'r_{measure}', aggregates: ['avg', 'max'] }, 'cpu').names, ['r_cpu']);
  assert.deepEqual(OutputNames(WithKind({ ...kView, aggregates: ['max'], group_by: [], rows: 'multi' }, 'grid'), 'cpu').names, ['linear_cpu']);
});

test('what goes with an aggregate goes with it', () => {
  const keys = WithAggregates({ ...kView, aggregate: 'histogram', buckets: [1], horizon: '1m', staleness: '2m' }, ['rate', 'p95']);
  assert.deepEqual(keys, { ...kView, aggregates: ['rate', 'p95'], staleness: '2m' });
  assert.deepEqual([WithAggregates(keys, [])['aggregates'], 'aggregates' in WithAggregates(keys, ['avg'])], [[], false]);
  assert.deepEqual(OtherAggregates(['avg', 'p99.9', 'mean']), ['p99.9', 'mean']);
});

test('keys are set and taken away; an empty list says something', () => {
  assert.deepEqual(With(kView, 'window', ''), { name: 'v', database: 'd', table: 't' });
  assert.deepEqual(With(kView, 'filter', {}), kView);
  assert.deepEqual(With(kView, 'group_by', [])['group_by'], []);
  assert.deepEqual(SplitNumbers('0, 2.5, -1e3, x'), [0, 2.5, -1000, 'x']);
  assert.deepEqual([ListOf({ a: 'x' }, 'a'), ListOf({ a: ['x', 1] }, 'a'), ListOf({}, 'a', ['*'])], [['x'], ['x', '1'], ['*']]);
});

test('one view alone can be shown', () => {
  assert.deepEqual(OnlyView({ view: [{ name: 'v' }] }), { name: 'v' });
  for (const [content, words] of [[null, /TOML/], [{}, /no \[\[view\]\]/], [{ view: [{}, {}] }, /one \[\[view\]\] alone:/], [{ view: [{}], stream: [{}] }, /not for stream/]] as const) assert.match(OnlyView(content as never) as string, words);
});

test('a duration covers what it is made of', () => {
  assert.deepEqual([0n, 1n, 1_500_000_000n, 290_000_000_001n, 3_600_000_000_000n].map(DurationAtLeast), ['0s', '1ms', '1s500ms', '4m51s', '1h']);
});

test('a problem is shown on the line of its key', () => {
  assert.deepEqual([LineOfKey('[[view]]\nlate_stream = "x"\n  late = "y"', 'late'), LineOfKey('a = 1', 'b'), LineOfKey('a = 1', null)], [3, null, null]);
});
