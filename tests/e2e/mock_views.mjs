// SPDX-License-Identifier: Apache-2.0
// Pipelines and views of the small model, one by one: API.md section 5 over fixed figures. A test sets `late`, `shards` and `letters`.

import { LineageModel } from './mock_lineage.mjs';

const Ns = (ms) => `${ms}000000`;
const kOutOfOrdernessMs = 30_000;

const kReasons = [
  { stage: 'decode', reason: 'bad_time', field: 'Time', message: 'Time is not a timestamp: "yesterday"', count: 10, text: '{"Time":"yesterday","region":"us-east-2","cpu_system":0.41}' },
  { stage: 'write', reason: 'retention', field: null, message: 'The time is older than the magnetic retention of the table (1 d)', count: 4, text: '{"Time":"2026-01-02 16:24:00","note":"<img src=x onerror=alert(1)>"}' },
];

export class ViewModel {
  /** `recompute` takes up every late point; `freeze` is the fixture late-drop: 87 points were not. */
  late = 'recompute';
  /** 'even', or 'idle-shard': one partition is idle and one holds the watermark back. */
  shards = 'even';
  letters = kReasons.map((r) => ({ ...r }));
  resubmitted = [];
  started = [];
  paused = false;
  savepoints = [];
  lineage = new LineageModel();
  /** Records were lost unread in one partition, and another reads no further. */
  gap = false;
  /** Of the pipeline's time; null: as a server that does not say. */
  busy = null;
  /** 'missing': a server that has no such route. */
  definitions = 'there';

  /** Answers true if the path was its own. */
  async Handle({ request, path, url, body, status, now_ms, Json, Fail, SetPipeline }) {
    const [kind, name_and_verb, part] = path;
    if (kind !== 'pipelines' && kind !== 'views') return false;
    if (name_and_verb === undefined) return false;
    const [name, verb] = name_and_verb.split(':');
    const list = status[kind];
    const one = list.find((item) => item.name === name);
    if (one === undefined) return Fail(404, `${kind.slice(0, -1)}_not_found`, `There is no ${kind.slice(0, -1)} ${name}.`), true;
    if (request.method !== 'GET' && request.headers['x-console'] !== '1') return Fail(403, 'forbidden', 'X-Console is missing.'), true;
    if (kind === 'pipelines') return this.#Pipeline({ one, part, body, now_ms, Json, Fail, SetPipeline }), true;
    if (verb !== undefined) this.paused = verb === 'pause';
    const view = { ...one, late: this.late, state: this.paused ? 'paused' : one.state, ...(this.late === 'freeze' ? { late_points_total: '92', frozen_total: '87' } : {}) };
    return this.#View({ view, part, url, now_ms, status, Json, Fail }), true;
  }

  #Pipeline({ one, part, body, now_ms, Json, Fail, SetPipeline }) {
    if (part === undefined) return Json(one);
    if (part === 'start' || part === 'stop') {
      const { from = 'positions', replace = false } = JSON.parse(body || '{}');
      const known = from.startsWith('savepoint:') ? this.savepoints.some(({ name }) => `savepoint:${name}` === from) : true;
      if (!known) return Fail(404, 'savepoint_not_found', `There is no ${from}.`);
      if (part === 'start' && from !== 'positions' && one.state !== 'stopped') return Fail(409, 'conflict', 'The pipeline runs: stop it first.');
      this.started.push(part === 'stop' ? 'stop' : replace ? `${from} replace` : from);
      return Json(SetPipeline(part === 'stop' ? 'stopped' : 'running'));
    }
    if (part === 'savepoints') {
      if (body === '') return Json({ items: this.savepoints });
      const made = { name: JSON.parse(body).name, created: Ns(now_ms), definition: '{}', differs: false, partitions: [] };
      this.savepoints.push(made);
      return Json(made);
    }
    if (part === 'positions') {
      return Json({
        state: one.state, start: 'trim_horizon', idle_timeout_ms: '15000',
        items: one.partitions.map((p, i) => ({
          partition: p.partition, sequence: i === 3 ? null : p.position, oldest_sequence: '49671603180000000000000000000000000000000000000001', newest_sequence: p.position,
          ...(i === 1 && this.gap ? { gap_records: '1200', gap_until: Ns(now_ms - 7_200_000), whole_from: Ns(now_ms - 6_900_000) } : {}), stopped: i === 2 && this.gap ? 'record 49671… cannot be read' : null,
          unread: String(i === 2 ? 4120 : 0), behind_ms: String(i === 2 ? 417_000 : 0), max_event_time: p.max_event_time, idle: p.idle,
        })),
      });
    }
    if (part === 'errors') {
      return Json({
        stream: 'ec2-dead', total: String(this.letters.reduce((sum, g) => sum + g.count, 0)), complete: true,
        groups: this.letters.map((g, k) => ({
          stage: g.stage, reason: g.reason, field: g.field, message: g.message, count: String(g.count), first: Ns(now_ms - 900_000), last: Ns(now_ms - 30_000 * (k + 1)), resubmittable: String(g.count),
          samples: Array.from({ length: Math.min(3, g.count) }, (_, i) => ({
            id: `4967${k}${i}`, at: Ns(now_ms - 30_000 * (k + 1) - i * 1000), shard: 'shardId-000000000002', sequence: '4967160318', key: 'i-zaZswmJk-0000.amazonaws.com', arrival: Ns(now_ms - 31_000), bytes: String(g.text.length),
            encoding: 'json', text: g.text, truncated: false, resubmittable: true,
          })),
        })),
      });
    }
    if (part === 'errors:resubmit') {
      const what = JSON.parse(body);
      this.resubmitted.push(what);
      const fits = this.letters.filter((g) => what.all === true || what.reason === g.reason);
      return Json({ resubmitted: String(what.ids?.length ?? fits.reduce((sum, g) => sum + g.count, 0)), skipped: '0', more: false });
    }
    if (part === 'definition') {
      return Json({ name: one.name, kind: 'pipeline', toml: '[[pipeline]]\nname = "ec2"\nstream = "ec2-metrics"\ntable = "InterpolatedBlogDB.EC2MetricTable"\ndead_letter_stream = "ec2-dead"\nidle_timeout = "15s"\n\n[pipeline.decode]\nformat = "json"\ntime = "Time"\ntime_format = "%Y-%m-%d %H:%M:%S"\n' });
    }
    return Fail(404, 'not_found', 'There is nothing here.');
  }

  #View({ view, part, url, now_ms, status, Json, Fail }) {
    const behind = [2_000, 3_000, this.shards === 'idle-shard' ? 420_000 : 2_500, this.shards === 'idle-shard' ? 1_708_000 : 1_000];
    const marks = behind.map((ms) => now_ms - ms - kOutOfOrdernessMs);
    const least = Math.min(...marks.filter((_, i) => i !== 3 || this.shards !== 'idle-shard'));
    switch (part) {
      case 'verify':
      case 'generations':
        return this.lineage.View({ part, url, now_ms, Json });
      case undefined:
        return Json(this.shards === 'idle-shard' ? { ...view, watermark: Ns(least), lag_ms: String(now_ms - least), out_of_orderness_ns: Ns(kOutOfOrdernessMs) } : view);
      case 'watermarks':
        return Json({
          watermark: this.shards === 'idle-shard' ? Ns(least) : view.watermark,
          partitions: status.pipelines[0].partitions.map((p, i) => ({
            source: 'ec2', partition: p.partition, max_event_time: Ns(now_ms - behind[i]), idle: this.shards === 'idle-shard' && i === 3, watermark: this.shards === 'idle-shard' && i === 3 ? null : Ns(marks[i]),
            holds_back: i === 2,
          })),
        });
      case 'history':
        return Json({
          step_ms: 10_000,
          steps: Array.from({ length: 90 }, (_, i) => ({
            at: Ns(now_ms - (89 - i) * 10_000), watermark: Ns(now_ms - (89 - i) * 10_000 - 3_000 - (i % 9) * 400), lag_ms: String(3_000 + (i % 9) * 400), late: String((i * 7) % 13), frozen: '0', published: '100', revisions: '2',
          })),
        });
      case 'lateness': {
        const frozen = this.late === 'freeze';
        const late = [0, 60, 420, 310, 900, 5200, 120, 14, 3];
        return Json({
          buckets: [0, 1000, 5000, 15000, 60000, 300000, 900000, 3600000, null].map((le, i) => ({
            le_ms: le === null ? null : String(le), on_time: i === 0 ? '205000' : i === 1 ? '800' : i < 4 ? '90' : '0', late: String(frozen && i > 5 ? 0 : late[i]), frozen: String(frozen ? [0, 0, 0, 0, 0, 0, 66, 18, 3][i] : 0),
          })),
          partitions: [['shardId-000000000002', '5900', frozen ? '80' : '0', '550000'], ['shardId-000000000000', '1127', frozen ? '7' : '0', '3720000']].map(([partition, l, f, max]) => ({ source: 'ec2', partition, late: l, frozen: f, lateness_max_ms: max })),
        });
      }
      case 'windows': {
        const window_ms = Number(BigInt(view.window_ns) / 1_000_000n);
        const end = Math.floor(least / window_ms) * window_ms;
        let windows = Array.from({ length: 30 }, (_, i) => {
          const start = end - (i + 1) * window_ms;
          const more = i % 3 === 1 ? 4 + i : 0;
          return { window_start: Ns(start), window_end: Ns(start + window_ms), series: '24', revisions: String(24 + more), state: more > 0 ? 'revised' : i > 2 ? 'closed' : 'final' };
        });
        windows.unshift({ window_start: Ns(end), window_end: Ns(end + window_ms), series: '0', revisions: '0', state: 'open' });
        if (url.searchParams.get('revised') === 'true') windows = windows.filter((w) => w.state === 'revised');
        return Json({ windows: windows.slice(0, Number(url.searchParams.get('limit') ?? 100)) });
      }
      case 'definition':
        if (this.definitions === 'missing') break;
        return Json({ name: view.name, kind: 'view', toml: `[[view]]\nname = "${view.name}"\ntable = "InterpolatedBlogDB.EC2MetricTable"\noutput = "avg_{measure}"\naggregate = "avg"\nwindow = "5m"\nlate = "${this.late}"\nallowed_lateness = "2m"\nprovisional_after = "30s"\n` });
    }
    return Fail(404, 'not_found', 'There is nothing here.');
  }
}
