// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { WindowRow } from './chart.ts';
import { Outliers, Tell, type Story } from './narrative.ts';

const kMinute = 60_000_000_000n;
const kBase = 1_768_492_800_000_000_000n; // 2026-01-15 16:00 UTC
const LineOf = (name: string, value: (number | null)[]): Story['lines'][number] => ({ name, value, x: value.map((_, i) => kBase + BigInt(i) * kMinute) });
const Of = (lines: Story['lines'], more: Partial<Story> = {}): Story => ({ lines, axis: 'time', labels: [], rows: null, watermark: null, ...more });
const Say = (template: string, story: Story): string => Tell(template, () => story);

test('each statistic is a sentence', () => {
  const story = Of([LineOf('cpu', [1, 5, null, 2])]);
  assert.equal(Say('{{maximum}} {{minimum}}', story), 'The maximum of cpu is 5.000 at 16:01. The minimum of cpu is 1.000 at 16:00.');
  assert.equal(Say('{{last}}', story), 'cpu is 2.000 at 16:03, −3.000 (−60.0 %) against the period before.');
  assert.equal(Say('{{growth 2}}', story), 'cpu changed by +1.000 (+100.0 %) over 2 periods.');
  assert.equal(Say('{{total}}', story), 'The total is 8 in 3 values.');
  assert.equal(Say('{{count}}', story), 'There is 1 series.');
});

test('ranks are over lines, or over the categories of one', () => {
  const lines = Of([LineOf('a', [1, 3]), LineOf('b', [5]), LineOf('c', [null])]);
  assert.equal(Say('{{top 1}} {{bottom 2}}', lines), 'Highest: b (5.000). Lowest 2 of 2: a (2.000), b (5.000).');
  const bars = Of([{ name: 'n', x: [0n, 1_000_000_000n], value: [7, 9] }], { axis: 'text', labels: ['OK', 'BAD'] });
  assert.equal(Say('{{top 1}} {{maximum}} {{count value}}', bars), 'Highest: BAD (9.000). The maximum of n is 9.000 for BAD. 2');
});

test('fields make sentences of one’s own; what is not known stays as it was written', () => {
  const story = Of([LineOf('cpu', [1, 5])]);
  assert.equal(Say('**{{maximum value}}** at {{maximum time}} by {{ maximum line }}', story), '**5.000** at 16:01 by cpu');
  assert.equal(Say('{{nothing}} {{maximum colour}} {{Maximum}} {{revisions}}', story), '{{nothing}} {{maximum colour}} {{Maximum}} No data yet.');
  assert.equal(Say('{{maximum}} {{maximum value}}', Of([])), 'No data yet. –');
  assert.equal(Tell('{{maximum value of b}} {{maximum of x}}', (name) => (name === 'b' ? Of([LineOf('b', [2])]) : null)), '2.000 {{maximum of x}}');
});

test('an outlier is far by the robust z-score', () => {
  const values = [10, 11, 9, 10, 12, 8, 10, 40, 11, 9];
  const found = Outliers(Of([LineOf('cpu', values)]));
  assert.deepEqual(found.map(({ value }) => value), [40]);
  assert.ok(Math.abs((found[0]?.score ?? 0) - 0.6745 * 30) < 1e-9); // median 10, median distance 1
  assert.match(Say('{{outlier}}', Of([LineOf('cpu', values)])), /^40\.00 of cpu at 16:07 is far from the others \(score 20\.2\)\.$/);
  assert.equal(Say('{{outlier}}', Of([LineOf('flat', new Array(20).fill(3) as number[])])), 'No value is far from the others.');
});

test('the summary of revisions', () => {
  const row = (i: number, values: number[]): WindowRow => ({
    time: kBase + BigInt(i + 1) * kMinute, window_start: kBase + BigInt(i) * kMinute, window_end: kBase + BigInt(i + 1) * kMinute, revision: BigInt(values.length), value: values.at(-1) ?? null, frozen: false, record_count: null, dimensions: {},
    revisions: values.map((value, r) => ({ revision: BigInt(r + 1), old: values[r - 1] ?? null, value, late_points: 1n, at: kBase, frozen: false, coarse: false, lateness_max_ns: null })),
  });
  const rows = [row(0, [1]), row(1, [0.1875, 0.3355]), row(2, [2, 2.01]), row(3, [1])];
  const story = Of([], { rows, watermark: kBase + 3n * kMinute });
  assert.equal(Say('{{revisions}}', story), '4 windows of 1 minute; 2 of 3 final windows were revised by late data, the largest by +0.1480 (+78.9 %) at 16:02; 1 window is provisional.');
  assert.equal(Say('{{revisions revised}}/{{revisions final}} {{revisions time}}', story), '2/3 16:02');
  assert.equal(Say('{{revisions}}', Of([], { rows: [] })), 'No window is published in this range yet.');
});
