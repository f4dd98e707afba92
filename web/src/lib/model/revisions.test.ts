// SPDX-License-Identifier: Apache-2.0
// The fixture is demo-60 (console specification 16.2): sixty windows of a minute from 16:00, now 16:59:30, watermark 16:52.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ParseTimestamp } from '../time.ts';
import { FirstValue, type Revision, type WindowRow } from './chart.ts';
import { kEmptyChart, type ChartData, type ChartLine } from './panel_chart.ts';
import { CardText, CauseWords, RawMeasure, RecordsSql, WindowHref } from './point_links.ts';
import { AsOf, DimensionsOf, JustRevised, RevisedRows, RevisionTimes, Sentence, StateOf, Summarize, ToChartsEntryOf, WindowWords } from './revisions.ts';
import { SpokenPoint } from './spoken.ts';

const kMinute = 60_000_000_000n;
const At = (clock: string): bigint => ParseTimestamp(`2026-01-15 ${clock}`) as bigint;
const kStart = At('16:00:00');

const Entry = (revision: bigint, old: number | null, value: number, at: bigint, late_points = 0n): Revision => ({
  revision, old, value, late_points, at, frozen: false, coarse: false, lateness_max_ns: late_points === 0n ? null : 490_000_000_000n, record_count: 118n + (revision - 1n) * 11n, records_added: revision === 1n ? null : 11n,
});

const kRevised: Record<string, [clock: string, value: number][]> = {
  '16:08:00': [['16:16:30', 0.5831], ['16:17:10', 0.601], ['16:19:40', 0.6244], ['16:22:05', 0.6702], ['16:25:30', 0.679]],
  '16:19:00': [['16:27:30', 0.6012], ['16:28:00', 0.63], ['16:29:00', 0.68], ['16:30:00', 0.7064]],
  '16:20:00': [['16:28:30', 0.718], ['16:29:00', 0.7], ['16:31:00', 0.6713]],
  '16:24:00': [['16:32:31', 0.517], ['16:33:40', 0.5604], ['16:35:02', 0.5911], ['16:37:18', 0.6189]],
  '16:33:00': [['16:41:30', 0.3312], ['16:45:00', 0.379]],
  '16:49:00': [['16:57:30', 0.1875], ['16:59:00', 0.3355]],
};

function Demo60(): ChartData {
  const rows: WindowRow[] = Array.from({ length: 60 }, (_, i) => {
    const start = kStart + BigInt(i) * kMinute;
    const clock = `16:${String(i).padStart(2, '0')}:00`;
    const values = kRevised[clock] ?? [[`x`, 0.5 + i / 1000]];
    const early = i >= 52;
    const revisions = early ? [] : values.map(([at, value], k) => Entry(BigInt(k + 1), k === 0 ? null : (values[k - 1]?.[1] ?? null), value, at === 'x' ? start + kMinute + 450_000_000_000n : At(at), k === 0 ? 0n : 9n));
    return { time: start, window_start: start, window_end: start + kMinute, revision: BigInt(revisions.length), value: values.at(-1)?.[1] ?? null, frozen: false, revisions, record_count: 151n, dimensions: { instance_name: "i-o'1" } };
  });
  return {
    ...kEmptyChart, range: { from: kStart, to: At('16:59:30') }, watermark: At('16:52:00'), allowed_lateness: 600_000_000_000n,
    lines: [{ name: 'avg_cpu_system', x: rows.map((r) => r.time), value: rows.map((r) => r.value), style: 'line', token: '--line', axis: 'left', rows }],
  };
}

test('the sentence says how many windows late data revised, and by how much at most', () => {
  const summary = Summarize(Demo60());
  assert.equal(Sentence(summary), '60 windows of 1 minute; 6 of 52 final windows were revised by late data, the largest by +0.1480 (+78.9 %) at 16:49; 8 windows are provisional.');
  assert.equal(Sentence(null), '');
  assert.equal(WindowWords(90_000_000_000n), '90 seconds');
  assert.equal(WindowWords(300_000_000_000n), '5 minutes');
});

test('windows are closed, revised, final or provisional by the watermark', () => {
  const data = Demo60();
  const States = (clock: string): string => StateOf(data.lines[0]?.rows?.find((r) => r.time === At(clock)) as WindowRow, data);
  assert.deepEqual(['16:08:00', '16:41:00', '16:42:00', '16:49:00', '16:51:00', '16:52:00'].map(States), ['closed', 'closed', 'final', 'revised', 'final', 'provisional']);
  assert.equal(RevisedRows(data).length, 6);
  // A revision inside the provisional area is not counted.
  assert.equal(RevisedRows({ ...data, watermark: At('16:49:30') }).length, 5);
  assert.equal(RevisedRows({ ...data, lines: data.lines.map((line) => ({ ...line, dotted: true })) }).length, 0);
});

test('the chart as of 16:20 shows what was known then', () => {
  const data = AsOf(Demo60(), At('16:20:00'));
  const rows = data.lines[0]?.rows ?? [];
  assert.equal(rows.find((r) => r.time === At('16:08:00'))?.value, 0.6244);
  assert.equal(rows.find((r) => r.time === At('16:08:00'))?.record_count, 140n);
  assert.equal(data.watermark, At('16:12:00'));
  assert.equal(data.lines[0]?.x.length, 12, 'published by then');
  // Windows that had begun are open: they are the provisional ones.
  assert.deepEqual(ToChartsEntryOf('p', 'p', data, 'mark').provisional.map(BigInt), Array.from({ length: 8 }, (_, i) => At('16:12:00') + BigInt(i) * kMinute));
  assert.equal(Sentence(Summarize(data)), '20 windows of 1 minute; 1 of 12 final windows was revised by late data, by +0.0413 (+7.1 %) at 16:08; 8 windows are provisional.');
  // What the server says of that time wins.
  const told = rows.find((r) => r.time === At('16:11:00')) as WindowRow;
  const known = AsOf(Demo60(), At('16:20:00'), { watermark: At('16:12:30'), rows: new Map([[0, new Map([[told.time, { ...told, value: 9 }]])]]) });
  assert.deepEqual([known.watermark, known.lines[0]?.value.at(-1)], [At('16:12:30'), 9]);
  // And now is all of it but what is early.
  const now = AsOf(Demo60(), At('17:00:00'));
  assert.equal(now.lines[0]?.x.length, 52);
  assert.equal(AsOf(Demo60(), At('15:00:00')).lines[0]?.x.length, 0);
});

test('raw points as of a time are those that had been measured', () => {
  const raw = { name: 'raw', x: [At('16:01:00'), At('16:30:00')], value: [1, 2], style: 'points' as const, token: '--s2', axis: 'left' as const, rows: null };
  assert.deepEqual(AsOf({ ...kEmptyChart, lines: [raw] }, At('16:20:00')).lines[0]?.value, [1]);
  assert.equal(AsOf({ ...kEmptyChart, axis: 'text', lines: [raw] }, At('16:20:00')).lines[0], raw);
});

test('replay stops where windows were published again', () => {
  const times = RevisionTimes(Demo60());
  assert.equal(times.length, 13, 'fourteen revisions, two of them at once');
  assert.ok(times.every((at, i) => i === 0 || at > (times[i - 1] as bigint)));
  assert.equal(times[0], At('16:17:10'));
});

test('a revision that just came is said once, and only of the same series', () => {
  const before = Demo60();
  const [line] = before.lines;
  const Change = (clock: string, value: number, dimensions?: Record<string, string>): ChartData => ({
    ...before,
    lines: before.lines.map((l) => ({
      ...l, rows: (l.rows ?? []).map((r) => (r.time !== At(clock) ? { ...r, dimensions: dimensions ?? r.dimensions } : { ...r, dimensions: dimensions ?? r.dimensions, value, revision: r.revision + 1n, revisions: [...r.revisions, Entry(r.revision + 1n, r.value, value, At('16:59:20'), 3n)] })),
    })),
  });
  assert.equal(JustRevised(before, Change('16:24:00', 0.64)), '16:24 of avg_cpu_system was revised from 0.6189 to 0.6400.');
  assert.equal(JustRevised(before, before), '');
  assert.equal(JustRevised(before, Change('16:53:00', 0.9)), '', 'provisional');
  assert.equal(JustRevised(before, Change('16:24:00', 0.64, { instance_name: 'another' })), '');
  assert.deepEqual(DimensionsOf(line as ChartLine), { instance_name: "i-o'1" });
});

test('the hook lists what is marked, and nothing when marks are off', () => {
  const data = Demo60();
  const entry = ToChartsEntryOf('p5', 'CPU', data, 'mark');
  assert.equal(entry.revised.length, 6);
  assert.deepEqual(entry.revised[0], { series: 'avg_cpu_system', time: String(At('16:08:00')), first: 0.5831, current: 0.679, revisions: 4 });
  assert.deepEqual([entry.provisional.length, entry.provisional[0]], [8, String(At('16:52:00'))]);
  assert.equal(entry.series[0]?.time.length, 60);
  assert.equal(ToChartsEntryOf('p5', 'CPU', data, 'off').revised.length, 0);
});

test('the point card links to the window and to the records behind it', () => {
  const row = Demo60().lines[0]?.rows?.find((r) => r.time === At('16:24:00')) as WindowRow;
  const source = { database: 'db', table: 't', measure: 'avg_cpu_system', view: 'cpu 1m', dimensions: {} };
  const view = { name: 'cpu 1m', database: 'db', table: 'raw"t', output: 'avg_{measure}' };
  assert.equal(WindowHref(source, row), '/ui/views/cpu%201m/windows?window=1768494240000000000');
  assert.equal(RecordsSql(source, row, view), `SELECT *
FROM "db"."raw""t"
WHERE measure_name = 'cpu_system'
  AND "instance_name" = 'i-o''1'
  AND time >= from_milliseconds(1768494240000)
  AND time < from_milliseconds(1768494300000)
ORDER BY time`);
  assert.equal(RawMeasure('max_cpu', 'avg_{measure}'), null);
  assert.deepEqual(row.revisions.map(CauseWords), ['watermark', ...Array.from({ length: 3 }, () => 'late, up to 8 m 10 s')]);
  assert.equal(CauseWords({ ...(row.revisions[1] as Revision), coarse: true }, 1), 'found by catching up');
  assert.match(CardText(row, 'avg_cpu_system', 'closed'), /first 0\.517, change \+0\.1019 \+19\.7 %\n1\t2026-01-15 16:32:31\.000 UTC\t0\.5170\t\+0\twatermark/);
  assert.equal(FirstValue(row), 0.517);
  assert.equal(SpokenPoint({ line: 0, at: row.time, value: row.value, row }, Demo60()), '16:24, 0.6189, revised 3 times, first 0.5170');
});
