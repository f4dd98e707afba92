// SPDX-License-Identifier: Apache-2.0
// Fixtures of charts for the small model (console specification 16.2): what their panel's statements give, and the history of their
// windows. `UseFixture(server, fixture)` makes it the sample dashboard `charts` with one panel p5.
import { EncodeBlock } from './mock_dash.mjs';

const kMinute = 60_000;
const Ns = (ms) => `${ms}000000`;
const Text = (ms) => `${new Date(ms).toISOString().replace('T', ' ').replace('Z', '')}000000`;
const At = (clock) => Date.parse(`2026-01-15T${clock}Z`);
const kDatabase = 'InterpolatedBlogDB';
const kTable = 'EC2MetricTable';

const kRevised = {
  '16:08': [['16:16:30', 0.5831], ['16:17:10', 0.601], ['16:19:40', 0.6244], ['16:22:05', 0.6702], ['16:25:30', 0.679]],
  '16:19': [['16:27:30', 0.6012], ['16:28:00', 0.63], ['16:29:10', 0.68], ['16:30:00', 0.7064]],
  '16:20': [['16:28:30', 0.718], ['16:29:00', 0.7], ['16:31:00', 0.6713]],
  '16:24': [['16:32:31', 0.517], ['16:33:40', 0.5604], ['16:35:02', 0.5911], ['16:37:18', 0.6189]],
  '16:33': [['16:41:30', 0.3312], ['16:45:00', 0.379]],
  '16:49': [['16:57:30', 0.1875], ['16:59:00', 0.3355]],
};

/** Rows of windows that begin at `start_ms`; `values` are [published ms, value] in order, none for an early value. */
function Row(start_ms, window_ms, values, current, dimensions) {
  return {
    time: Ns(start_ms), window_start: Ns(start_ms), window_end: Ns(start_ms + window_ms), dimensions, revision: String(values.length), value: String(current), frozen: false, record_count: values.length === 0 ? '40' : String(118 + 11 * (values.length - 1)),
    revisions: values.map(([at, value], i) => ({
      revision: String(i + 1), old: i === 0 ? null : String(values[i - 1][1]), new: String(value), late_points: i === 0 ? '0' : '11', lateness_max_ns: i === 0 ? null : '490000000000', record_count: String(118 + 11 * i), records_added: i === 0 ? null : '11',
      cause: i === 0 ? 'watermark' : 'late', at: Ns(at), frozen: false,
    })),
  };
}

class Fixture {
  view = { window_ns: Ns(kMinute), allowed_lateness_ns: Ns(600_000), out_of_orderness_ns: Ns(30_000), label: 'start' };
  rows = [];
  raw = [];
  watermark_ms = At('16:52:00');
  /** How far the watermark is behind the clock, always. */
  lag_ms = 450_000;
  range = { from: String(At('16:00:00')), to: 'now' };
  asked_as_of = [];

  Revisions(params) {
    const as_of = params.get('as_of') === null ? null : BigInt(params.get('as_of'));
    if (as_of !== null) this.asked_as_of.push(as_of);
    const [from, to] = [BigInt(params.get('from') ?? 0), BigInt(params.get('to') ?? Ns(1e15))];
    const host = params.get('instance_name');
    const rows = this.rows.filter((r) => BigInt(r.time) >= from && BigInt(r.time) < to && (host === null || r.dimensions.instance_name === host)).flatMap((r) => {
      if (as_of === null) return [r];
      const revisions = r.revisions.filter((e) => BigInt(e.at) <= as_of);
      const last = revisions.at(-1);
      return last === undefined ? [] : [{ ...r, revisions, revision: last.revision, value: last.new, record_count: last.record_count }];
    });
    return {
      database: kDatabase, table: kTable, view: 'ec2-5m', measure: params.get('measure'), truncated: false, rows, as_of: as_of === null ? null : String(as_of), watermark_exact: true, history_from: Ns(At('16:05:00')),
      watermark: as_of === null ? Ns(this.watermark_ms) : String(as_of - BigInt(Ns(this.lag_ms))),
    };
  }

  Run(sql, { as_of, id }) {
    if (!/view_rows/.test(sql)) return { columns: [{ name: 'time', type: 'TIMESTAMP' }, { name: 'cpu_system', type: 'DOUBLE' }], rows: this.raw.map(([t, v]) => [Text(t), String(v)]), watermark: null };
    const answer = this.Revisions(new URLSearchParams(as_of === undefined ? {} : { as_of }));
    if (as_of !== undefined) this.asked_as_of.pop();
    return {
      columns: [{ name: 'time', type: 'TIMESTAMP' }, { name: 'avg_cpu_system', type: 'DOUBLE' }], watermark: answer.watermark, as_of: answer.as_of,
      rows: answer.rows.map((r) => [Text(Number(BigInt(r.time) / 1_000_000n)), r.value]),
    };
  }
}

export class Demo60 extends Fixture {
  constructor() {
    super();
    const host = { instance_name: 'i-zaZswmJk-zeus-0002', region: 'us-east-2' };
    for (let i = 0; i < 60; i += 1) {
      const clock = `16:${String(i).padStart(2, '0')}`;
      const start = At(`${clock}:00`);
      const early = i >= 52;
      const base = Number((0.5 + 0.2 * Math.sin(i / 7) + 0.03 * Math.sin(i * 2.7)).toFixed(4));
      const values = early ? [] : (kRevised[clock]?.map(([at, v]) => [At(at), v]) ?? [[start + kMinute + 450_000, base]]);
      this.rows.push(Row(start, kMinute, values, values.at(-1)?.[1] ?? base, host));
      for (let k = 0; k < 12; k += 1) this.raw.push([start + k * 5000, Number((base + 0.18 * Math.sin(i * 5.1 + k * 2.3)).toFixed(4))]);
    }
  }

  /** A late point changes the window. */
  Revise(clock, value, at_ms) {
    const row = this.rows.find((r) => r.time === Ns(At(`${clock}:00`)));
    const n = row.revisions.length;
    row.revisions.push({ ...row.revisions[n - 1], revision: String(n + 1), old: row.value, new: String(value), late_points: '1', records_added: '1', cause: 'late', at: Ns(at_ms) });
    row.revision = String(n + 1);
    row.value = String(value);
  }
}

/** A day of minutes, thirty of a hundred windows of four hours revised. */
export class Dense1440 extends Fixture {
  constructor() {
    super();
    this.range = { from: String(At('16:59:00') - 1440 * kMinute), to: 'now' };
    for (let i = 0; i < 1440; i += 1) {
      const start = At('16:59:00') - (1440 - i) * kMinute;
      const value = Number((0.5 + 0.25 * Math.sin(i / 180) + 0.05 * Math.sin(i * 1.3)).toFixed(4));
      const late = i > 900 && i < 1140 && (i * 7) % 10 < 3;
      const published = start + kMinute + 450_000;
      const values = published > At('16:59:30') ? [] : late ? [[published, Number((value - 0.06 - 0.05 * Math.sin(i)).toFixed(4))], [published + 90_000, value]] : [[published, value]];
      this.rows.push(Row(start, kMinute, values, value, { instance_name: 'i-1' }));
    }
  }
}

/** A million points, one a millisecond, in one column block. */
export class Million extends Fixture {
  points = 1_000_000;
  range = { from: String(At('16:40:00')), to: String(At('16:40:00') + 1_000_000) };

  Run(_sql, { id }) {
    const [time, value] = [new BigInt64Array(this.points), new Float64Array(this.points)];
    const begin = BigInt(Ns(At('16:40:00')));
    for (let i = 0; i < this.points; i += 1) {
      time[i] = begin + BigInt(i) * 1_000_000n;
      value[i] = 0.5 + 0.3 * Math.sin(i / 40_000) + 0.1 * Math.sin(i * 1.7);
    }
    return { block: EncodeArrays([['time', 'TIMESTAMP', 'timestamp_ns', time], ['v', 'DOUBLE', 'double', value]], { panel: id, query: 0 }) };
  }
}

function EncodeArrays(columns, more) {
  // An empty block has the frame; the buffers follow it.
  const rows = columns[0][3].length;
  let end = 0;
  const heads = columns.map(([name, sql_type, type, array]) => {
    const at = end;
    end += array.byteLength;
    return { name, sql_type, type, buf: [at, array.byteLength], valid: null };
  });
  const frame = EncodeBlock([], [], { ...more, rows, bytes: end, columns: heads });
  return Buffer.concat([frame, ...columns.map(([, , , array]) => Buffer.from(array.buffer))]);
}

/** Lines of several hosts, each with windows of its own. */
export class Hosts extends Fixture {
  constructor(count) {
    super();
    for (let h = 0; h < count; h += 1) {
      for (let i = 0; i < 60; i += 1) {
        const start = At('16:00:00') + i * kMinute;
        const value = Number((0.2 + 0.06 * h + 0.04 * Math.sin(i / 5 + h)).toFixed(4));
        const published = start + kMinute + 450_000;
        const values = i >= 52 ? [] : (i + 3 * h) % 17 === 5 ? [[published, Number((value - 0.03).toFixed(4))], [published + 60_000, value]] : [[published, value]];
        this.rows.push(Row(start, kMinute, values, value, { instance_name: `host-${String(h).padStart(2, '0')}` }));
      }
    }
    this.rows.sort((a, b) => (BigInt(a.time) < BigInt(b.time) ? -1 : BigInt(a.time) > BigInt(b.time) ? 1 : 0));
  }

  Run(sql, members) {
    const { as_of } = members;
    const answer = this.Revisions(new URLSearchParams(as_of === undefined ? {} : { as_of }));
    return {
      columns: [{ name: 'time', type: 'TIMESTAMP' }, { name: 'instance_name', type: 'VARCHAR' }, { name: 'avg_cpu_system', type: 'DOUBLE' }], watermark: answer.watermark, as_of: answer.as_of,
      rows: answer.rows.map((r) => [Text(Number(BigInt(r.time) / 1_000_000n)), r.dimensions.instance_name, r.value]),
    };
  }
}

const Query = (name, sql, measure, more = {}) => ({ name, sql, database: kDatabase, table: kTable, measure, wells: null, style: 'line', axis: 'left', revisions: null, ...more });

export function UseFixture(server, fixture, { raw = 'shown', panels = 1, mode = 'mark', options = {} } = {}) {
  server.fixture = fixture;
  server.dash.Run = (sql, members) => fixture.Run(sql, members);
  const queries = [
    Query('avg_cpu_system', "SELECT time, avg_cpu_system FROM view_rows('ec2-5m')", 'avg_cpu_system', { revisions: { dimensions: {} } }),
    ...(raw === 'shown' && fixture.raw.length > 0 ? [Query('cpu_system', 'SELECT time, cpu_system FROM t', 'cpu_system', { style: 'points' })] : []),
  ];
  server.dash.Seed('charts', {
    schema: 1, title: 'Charts', description: '', tags: [], range: fixture.range, refresh: 'live', revisions: mode, variables: [],
    panels: Array.from({ length: panels }, (_, i) => ({ id: `p${5 + i}`, title: i === 0 ? 'avg_cpu_system vs cpu_system' : `Panel ${i + 1}`, visual: 'line', grid: { x: 0, y: 11 * i, w: 12, h: 11 }, queries, options })),
  }, { now_ms: server.now_ms });
}
