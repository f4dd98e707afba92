// SPDX-License-Identifier: Apache-2.0
// The grammar of console-ux section 4.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ParseTimestamp, type Ns } from '../time.ts';
import { DescribeRange, kPresets, ParseRangeEnd, RangeParams, RangeProblem, ResolveRange, Shift, Zoom } from './time_range.ts';

const At = (text: string): Ns => ParseTimestamp(text) as Ns;
const now = At('2026-01-15 16:59:30.120');

test('every form of the grammar is read', () => {
  const cases: [string, Ns | null][] = [
    ['now', now],
    ['now-15m', At('2026-01-15 16:44:30.120')],
    ['now+1h', At('2026-01-15 17:59:30.120')],
    ['now-1h/h', At('2026-01-15 15:00:00')],
    ['now-7d/d', At('2026-01-08 00:00:00')],
    ['now/w', At('2026-01-12 00:00:00')],
    ['now-1y', At('2025-01-15 16:59:30.120')],
    ['now-250ms', At('2026-01-15 16:59:29.870')],
    ['1768494300000', At('2026-01-15 16:25:00')],
    ['-1000', At('1969-12-31 23:59:59')],
    ['2026-01-15T16:00:00Z', At('2026-01-15 16:00:00')],
    ['2026-01-15T16:00:00.000000001Z', At('2026-01-15 16:00:00') + 1n],
    ['2026-01-15 16:00', At('2026-01-15 16:00:00')],
    [' now-2d ', At('2026-01-13 16:59:30.120')],
    ['yesterday', null], ['now-', null], ['now-1', null], ['now-1q', null], ['now/q', null], ['', null], ['16:00', null],
  ];
  for (const [text, time] of cases) assert.equal(ParseRangeEnd(text, now), time, text);
});

test('presets are readable and grow', () => {
  const lengths = kPresets.map(({ from }) => now - (ParseRangeEnd(from, now) as Ns));
  assert.deepEqual(lengths, [...lengths].sort((a, b) => (a < b ? -1 : 1)));
  assert.equal(lengths.length, 13);
});

test('zoom doubles around the centre and comes back', () => {
  const hour = { from: '1768492800000', to: '1768496400000' };
  const out = Zoom(hour, now, 'out');
  assert.deepEqual(out, { from: '1768491000000', to: '1768498200000' });
  assert.deepEqual(Zoom(out, now, 'in'), hour);
  assert.deepEqual(Zoom({ from: '0', to: '1' }, now, 'in'), { from: '0', to: '1' });
});

test('shift moves by the length of the range', () => {
  assert.deepEqual(Shift({ from: '1768492800000', to: '1768496400000' }, now, -1), { from: '1768489200000', to: '1768492800000' });
  const back = ResolveRange(Shift({ from: 'now-1h', to: 'now' }, now, -1), now);
  assert.deepEqual(back, { from: At('2026-01-15 14:59:30.120'), to: At('2026-01-15 15:59:30.120') });
});

test('problems name the field', () => {
  assert.equal(RangeProblem({ from: 'now-1h', to: 'now' }, now), null);
  assert.equal(RangeProblem({ from: 'x', to: 'now' }, now)?.field, 'from');
  assert.equal(RangeProblem({ from: 'now', to: 'now-1h' }, now)?.field, 'to');
  assert.equal(ResolveRange({ from: 'now', to: 'now' }, now), null);
});

test('words for the button, parameters for the link', () => {
  assert.equal(DescribeRange({ from: 'now-1h', to: 'now' }, now), 'last 1 h');
  assert.equal(DescribeRange({ from: 'now-45m', to: 'now' }, now), 'last 45 m');
  assert.equal(DescribeRange({ from: '1768492800000', to: '1768496400000' }, now), '2026-01-15 16:00 – 17:00');
  assert.equal(DescribeRange({ from: '1768492800000', to: '1768579200000' }, now), '2026-01-15 16:00 – 2026-01-16 16:00');
  assert.deepEqual(RangeParams({ from: 'now-6h', to: 'now' }, { from: 'now-1h', to: 'now' }), { from: 'now-6h', to: null });
});
