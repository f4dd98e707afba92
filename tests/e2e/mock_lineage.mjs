// SPDX-License-Identifier: Apache-2.0
// What views and points can be asked in the small model (API.md section 5): advice, verification, generations, the story of a point.

const Ns = (ms) => `${ms}000000`;
const Seconds = (s) => (s === 0 ? '0' : Ns(s * 1000));

export class LineageModel {
  /** What `verify` answers: 'clean' or 'differs'. */
  rows = 'clean';
  /** The generation that is being built, and what the last switch did; null: none. */
  next = null;
  last = null;
  verified = [];
  simulated = [];

  View({ part, url, now_ms, Json, Fail }) {
    if (part === 'advice') {
      return Json({
        view: 'ec2-5m', points: '216000', out_of_order: '7027', out_of_order_max_ns: Seconds(3720), out_of_orderness_ns: Seconds(30), allowed_lateness_ns: Seconds(120), covered: 0.99234567, covered_with_lateness: 1,
        advice: [['99', 28, 0], ['99.9', 290, 260], ['99.99', 1860, 1830]].map(([quantile, o, a]) => ({ quantile, out_of_orderness_ns: Seconds(o), allowed_lateness_ns: Seconds(a), delay_ns: Seconds(o) })), partitions: [],
      });
    }
    if (part === 'verify') {
      this.verified.push([url.searchParams.get('from'), url.searchParams.get('to')]);
      if (url.searchParams.get('from') === 'yesterday') return Fail(400, 'invalid_request', 'from is not a time: yesterday');
      const start = Date.parse('2026-01-15T16:05:00Z');
      const row = (difference, old, now) => ({ difference, measure: 'avg_cpu_system', dimensions: { instance_name: 'i-<b>0001</b>' }, time: Ns(start + 300_000), window_start: Ns(start), window_end: Ns(start + 300_000), revision: 1, old, new: now });
      const rows = this.rows === 'clean' ? [] : [row('value', '41.5', '41.25'), row('missing', null, '7')];
      return Json({ view: 'ec2-5m', generation: 1, watermark: Ns(now_ms - 30_000), windows: 288, points_read: 28800, differences: rows.length, frozen: this.rows === 'clean' ? 0 : 3, gaps: 0, open: 24, waiting: 0, rows });
    }
    if (part === 'generations') return Json({ generation: 2, next: this.next, last: this.last });
    return null;
  }

  Simulate({ body, Json, Fail }) {
    const { settings } = JSON.parse(body);
    if (settings.source !== undefined) return Fail(400, 'invalid_request', 'source cannot be simulated.');
    this.simulated.push(settings);
    const side = { rows: 40, revisions: 5, late_points: 7, frozen: 0, watermark: '1768494300000000000' };
    const start = '1768493100000000000';
    return Json({
      view: 'ec2-5m', records: 1000, points: 998, skipped: 2, differences: 1, present: side, simulated: { ...side, revisions: 0, frozen: 7 },
      rows: [{ difference: 'value', measure: 'avg_cpu_system', dimensions: { instance_name: 'i-1' }, time: start, window_start: start, window_end: '1768493400000000000', old: '8.5', new: '8.25' }],
    });
  }

  Explain({ url, now_ms, Json, Fail }) {
    const { searchParams: asked } = url;
    if (asked.get('measure') === 'nothing') return Fail(404, 'point_not_found', 'The table has no measure nothing.');
    const time_ms = Number(BigInt(asked.get('time_ns')) / 1_000_000n);
    const start = Math.floor(time_ms / 300_000) * 300_000;
    const dimensions = Object.fromEntries([...asked].filter(([name]) => name.startsWith('dim.')).map(([name, value]) => [name.slice(4), value]));
    const found = time_ms % 1000 === 0;
    return Json({
      database: asked.get('database'), table: asked.get('table'), measure: asked.get('measure'), dimensions, time: asked.get('time_ns'), found, columns: {}, records_searched: 12, records_complete: true, records_problem: null,
      nearest: found ? [] : [Ns(Math.floor(time_ms / 1000) * 1000)],
      versions: !found ? [] : [
        { version: String(now_ms - 90_000), value: '12.5', current: false, arrival: String(now_ms - 90_000), pipeline: 'ec2', stream: 'ec2-metrics', partition: 'shardId-000000000002', sequence: '49671603180000000000000000000000000000000000000001' },
        { version: String(now_ms - 60_000), value: '99', current: true, arrival: String(now_ms - 60_000), pipeline: 'ec2', stream: 'ec2-metrics', partition: 'shardId-000000000002', sequence: '49671603180000000000000000000000000000000000000002' },
      ],
      views: !found ? [] : [{
        view: 'ec2-5m', generation: 2, watermark: Ns(now_ms - 30_000), problem: null,
        windows: [{
          window_start: Ns(start), window_end: Ns(start + 300_000), state: 'complete',
          rows: [{ measure: `avg_${asked.get('measure')}`, dimensions, time: Ns(start + 300_000), published: true, value: '44.25', revision: 2, record_count: 60, looks_back: false, revisions: [{ revision: 2, cause: 'late', at: Ns(now_ms - 59_000), old: '43.5', new: '44.25' }] }],
        }],
      }],
    });
  }
}
