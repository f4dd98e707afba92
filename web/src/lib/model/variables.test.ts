// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NewVariable, type Variable } from './dashboard_file.ts';
import { AutoWidthMs, Dependents, FixedOptions, InOrder, kAll, ParamsOf, References, Settle, Substitute, ValueText, WidthMs, WishedOf } from './variables.ts';

const Query = (name: string, sql: string, more: Partial<Variable> = {}): Variable => ({ ...NewVariable(name), kind: 'query', sql, ...more });
const Options = (...values: string[]): { value: string; label: string }[] => values.map((value) => ({ value, label: value }));

test('references are names, not macros and not prices', () => {
  assert.deepEqual(References("WHERE a = '$a' AND $__timeFilter AND b IN (${b}) AND c = $a AND d = $5"), ['a', 'b']);
});

test('queries run after those they refer to; a circle ends', () => {
  const variables = [Query('cell', "region = '$region'"), Query('region', "instance = '$instance'"), Query('instance', 'SELECT 1')];
  assert.deepEqual(InOrder(variables).map(({ name }) => name), ['instance', 'region', 'cell']);
  assert.deepEqual(Dependents(variables, 'instance'), ['region', 'cell']);
  assert.deepEqual(Dependents(variables, 'cell'), []);
  assert.deepEqual(InOrder([Query('a', '$b'), Query('b', '$a')]).map(({ name }) => name), ['a', 'b']);
});

test('a value is what is wished if it exists, else the default, All, the first', () => {
  const one = Query('v', '');
  assert.deepEqual(Settle(one, ['b'], Options('a', 'b')), ['b']);
  assert.deepEqual(Settle(one, ['gone'], Options('a', 'b')), ['a']);
  assert.deepEqual(Settle({ ...one, default: ['b'] }, undefined, Options('a', 'b')), ['b']);
  assert.deepEqual(Settle({ ...one, all: true }, undefined, Options('a')), []);
  assert.deepEqual(Settle({ ...one, all: true }, [kAll], Options('a')), []);
  assert.deepEqual(Settle({ ...one, multi: true }, ['a', 'b', 'a'], Options('a', 'b')), ['a', 'b']);
  assert.deepEqual(Settle(one, ['a', 'b'], Options('a', 'b')), ['a']);
  assert.deepEqual(Settle(one, undefined, []), []);
  assert.deepEqual(Settle({ ...one, kind: 'text', default: ['x'] }, undefined, []), ['x']);
  assert.deepEqual(Settle({ ...one, kind: 'constant', default: ['x'] }, ['y'], []), ['x']);
  const bin: Variable = { ...one, kind: 'interval', options: ['1m', '5m'], default: ['5m'] };
  assert.deepEqual(Settle(bin, undefined, FixedOptions(bin) ?? []), ['5m']);
  assert.deepEqual(Settle(bin, ['auto'], FixedOptions(bin) ?? []), ['auto']);
});

test('links hold every value, All too', () => {
  const params = new URLSearchParams([['var-a', 'x'], ['var-a', 'y&z'], ['from', 'now']]);
  assert.deepEqual(WishedOf(params), { a: ['x', 'y&z'] });
  assert.deepEqual(ParamsOf([]), [kAll]);
  assert.deepEqual(ParamsOf(['x', 'y']), ['x', 'y']);
});

test('a condition of equality needs exactly one value', () => {
  assert.equal(Substitute('$a', { a: ["i-'1"] }), "i-'1");
  assert.equal(Substitute('x-${a}-y $b', { a: ['1'] }), 'x-1-y $b');
  assert.equal(Substitute('$a', { a: [] }), null);
  assert.equal(Substitute('$a', { a: ['1', '2'] }), null);
});

test('widths of bins', () => {
  assert.deepEqual(['5m', '1 h', '0s', '5', 'x'].map(WidthMs), [300_000, 3_600_000, null, null, null]);
  assert.equal(AutoWidthMs(3_600_000, 1200), 10_000);
  assert.equal(AutoWidthMs(3_600_000, 1200, 300_000), 300_000);
  assert.equal(AutoWidthMs(400 * 86_400_000, 100), 86_400_000);
});

test('a control says what is chosen', () => {
  const variable = Query('v', '', { all: true, multi: true });
  assert.equal(ValueText(variable, [], []), 'All');
  assert.equal(ValueText(variable, ['a', 'b', 'c'], Options('a', 'b', 'c')), 'a and 2 more');
});
