// SPDX-License-Identifier: Apache-2.0
// A small model of the server for the tests of the pages alone (pages.mjs): web/API.md over deterministic data, with a frozen clock
// and control paths under /mock/ that make late data arrive. The real server is tested by console.mjs.
import { createServer } from 'node:http';
import { readFileSync, statSync } from 'node:fs';
import { dirname, extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ConsoleModel } from './mock_console.mjs';
import { DashModel } from './mock_dash.mjs';
import { RunSample } from './mock_sample.mjs';
import { ScheduledModel } from './mock_scheduled.mjs';
import { HandleTables } from './mock_tables.mjs';
import { EvalWells } from './mock_wells.mjs';
import { StreamModel } from './mock_streams.mjs';
import { ViewModel } from './mock_views.mjs';

const kDist = process.env.TIDEMARK_WEB_DIST ?? join(dirname(fileURLToPath(import.meta.url)), '../../web/dist');
const kDatabase = 'InterpolatedBlogDB';
const kTable = 'EC2MetricTable';
const kView = 'ec2-5m';
const kStepMs = 10_000;
const kWindowMs = 300_000;
const kLateByMs = 75_000;
const kOutOfOrdernessMs = 3_000;
const kCsp =
  "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self' data: blob:; font-src 'self'; worker-src 'self' blob:; " +
  "style-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'";
const kTypes = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };

/** Uniform in [0, 1), a function of its arguments alone. */
function Noise(...parts) {
  let h = 2166136261;
  for (const c of parts.join('/')) h = Math.imul(h ^ c.charCodeAt(0), 16777619);
  h ^= h >>> 15;
  h = Math.imul(h, 2246822507);
  h ^= h >>> 13;
  h = Math.imul(h, 3266489909);
  return ((h ^ (h >>> 16)) >>> 0) / 2 ** 32;
}

const Ns = (ms) => `${ms}000000`;
const Text = (ms) => `${new Date(ms).toISOString().replace('T', ' ').replace('Z', '')}000000`;

const kRegions = ['us-east-2', 'us_east_1', 'eu-west-1', 'ap-northeast-1'];
const kHosts = Array.from({ length: 12 }, (_, i) => ({
  instance_name: `i-${['zaZswmJk', 'pylRMBiU', 'AUa00ZAe', 'mZQZCFxk'][i % 4]}-${String(i).padStart(4, '0')}.amazonaws.com`,
  region: kRegions[i % 4],
  cell: `${kRegions[i % 4]}-cell-${1 + (i % 3)}`,
  silo: `${kRegions[i % 4]}-cell-${1 + (i % 3)}-silo-${1 + (i % 5)}`,
  availability_zone: `${kRegions[i % 4]}-${1 + (i % 3)}`,
  microservice_name: ['athena', 'hercules', 'zeus', 'apollo'][i % 4],
  instance_type: ['m5.8xlarge', 'r5.4xlarge', 'c5.16xlarge'][i % 3],
  os_version: ['AL2', 'AL2012'][i % 2],
}));

export class MockServer {
  #server;
  #clients = new Set();
  #seq = 0;
  #epoch = 1;
  #series = new Map();
  #windows = new Map();
  #pipeline_state = 'running';
  #pages = new Map();
  #silent = false;
  #empty = false;
  requests = [];
  console = new ConsoleModel();
  streams = new StreamModel();
  scheduled = new ScheduledModel();
  dash = new DashModel((sql, members) => this.RunPanel(sql, members));
  views = new ViewModel();
  /** A chart's fixture (mock_charts.mjs): its view, its windows. */
  fixture = null;
  /** Further pipelines, each with a stream, a table and a view of its own. */
  wide = 0;
  /** Problems of the overview. */
  problems = [];

  /** now_ms is the frozen clock; history covers the two hours and a half before it. */
  constructor({ now_ms, history = 'filled' }) {
    this.now_ms = now_ms;
    this.newest_ms = Math.floor(now_ms / kStepMs) * kStepMs;
    // Nothing was ever made.
    this.#empty = history === 'first-run';
    if (history === 'filled') {
      for (const host of kHosts) for (const measure of ['cpu_system', 'cpu_idle']) this.#Fill(host, measure);
    }
  }

  get watermark_ms() {
    return this.newest_ms - kOutOfOrdernessMs;
  }

  /** Event streams that are open now. */
  get open_streams() {
    return this.#clients.size;
  }

  async Listen() {
    this.#server = createServer((request, response) => this.#Handle(request, response).catch((e) => {
      response.writeHead(500).end(String(e.stack));
    }));
    await new Promise((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${this.#server.address().port}`;
  }

  async Close() {
    this.DropStreams();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  // ---- what a test does ----

  DropStreams() {
    for (const client of this.#clients) client.response.destroy();
    this.#clients.clear();
  }

  /** Refuses event streams until the next call with false. */
  SetSilent(silent) {
    this.#silent = silent;
    if (silent) this.DropStreams();
  }

  /** A point of host 0 that arrives late; revises its window if that is published. Tells the pages. */
  AddLate(measure, time_ms, value) {
    const host = kHosts[0];
    const points = this.#Points(host, measure);
    points.set(time_ms, value);
    const kinds = this.#Evaluate(host, measure, Math.floor(time_ms / kWindowMs) * kWindowMs, this.now_ms, 1, [{ time: Ns(time_ms), measure, dimensions: host }]) ? ['raw', 'view', 'revision'] : ['raw'];
    const window_end = (Math.floor(time_ms / kWindowMs) + 1) * kWindowMs;
    this.#Table([measure, `avg_${measure}`], time_ms, Math.max(time_ms, window_end), kinds);
  }

  /** Rows of the fixture changed: tells the pages. */
  Tell(measures, from_ms, to_ms) {
    this.#Table(measures, from_ms, to_ms, ['view', 'revision']);
    this.#Graph();
  }

  /** Event time goes on by one step. */
  Advance() {
    this.newest_ms += kStepMs;
    for (const host of kHosts) for (const measure of ['cpu_system', 'cpu_idle']) {
      this.#Points(host, measure).set(this.newest_ms, this.#Value(host, measure, this.newest_ms));
      const closed = Math.floor(this.watermark_ms / kWindowMs) * kWindowMs;
      if (closed > this.newest_ms - kStepMs - kOutOfOrdernessMs) this.#Evaluate(host, measure, closed - kWindowMs, this.now_ms, 0);
    }
    this.#Table(['cpu_system', 'cpu_idle'], this.newest_ms, this.newest_ms, ['raw']);
    this.#Table(['avg_cpu_system', 'avg_cpu_idle'], this.newest_ms - kStepMs, this.newest_ms, ['view']);
    this.#Graph();
  }

  // ---- data ----

  #Key(host, measure) {
    return `${host.instance_name}/${measure}`;
  }

  #Points(host, measure) {
    const key = this.#Key(host, measure);
    if (!this.#series.has(key)) this.#series.set(key, new Map());
    return this.#series.get(key);
  }

  #Value(host, measure, time_ms) {
    const phase = Noise(host.instance_name) * 6.28;
    const slow = Math.sin(time_ms / 2_600_000 + phase) * 14 + Math.sin(time_ms / 700_000 + 2 * phase) * 6;
    const burst = Math.floor(time_ms / 180_000) % 17 === Math.floor(phase * 2) ? 26 : 0;
    const late = this.#IsLate(host, time_ms) ? 18 : 0;
    const cpu = 42 + slow + burst + late + (Noise(host.instance_name, time_ms) - 0.5) * 9;
    const bounded = Math.max(2, Math.min(98, cpu));
    return Number((measure === 'cpu_system' ? bounded : 100 - bounded).toFixed(4));
  }

  #IsLate(host, time_ms) {
    return Noise(host.instance_name, 'late', Math.floor(time_ms / 40_000)) < 0.13;
  }

  #Fill(host, measure) {
    const points = this.#Points(host, measure);
    const begin = Math.floor((this.newest_ms - 9_000_000) / kWindowMs) * kWindowMs;
    for (let w = begin; w <= this.newest_ms; w += kWindowMs) {
      const late = [];
      for (let t = w; t < w + kWindowMs && t <= this.newest_ms; t += kStepMs) {
        // Late points of a window matter only if its end came before they did.
        if (this.#IsLate(host, t) && t + kLateByMs > w + kWindowMs + kOutOfOrdernessMs) late.push(t);
        else points.set(t, this.#Value(host, measure, t));
      }
      this.#Evaluate(host, measure, w, w + kWindowMs + kOutOfOrdernessMs + 120, 0);
      const groups = new Map();
      for (const t of late) groups.set(Math.floor(t / 40_000), [...(groups.get(Math.floor(t / 40_000)) ?? []), t]);
      for (const times of groups.values()) {
        const arrival = times.at(-1) + kLateByMs;
        if (arrival > this.now_ms) continue;
        for (const t of times) points.set(t, this.#Value(host, measure, t));
        this.#Evaluate(host, measure, w, arrival + 240, times.length);
      }
    }
  }

  #Evaluate(host, measure, window_start, at_ms, late_points, points = []) {
    const window_end = window_start + kWindowMs;
    if (this.watermark_ms < window_end) return false;
    const values = [...this.#Points(host, measure)].filter(([t]) => t >= window_start && t < window_end).map(([, v]) => v);
    if (values.length === 0) return false;
    const value = values.reduce((a, b) => a + b, 0) / values.length;
    const key = this.#Key(host, `avg_${measure}`);
    if (!this.#windows.has(key)) this.#windows.set(key, new Map());
    const rows = this.#windows.get(key);
    const row = rows.get(window_end) ?? { window_start, window_end, value: null, revisions: [] };
    if (row.value === value) return false;
    row.revisions.push({ revision: String(row.revisions.length + 1), old: row.value === null ? null : String(row.value), new: String(value), late_points: String(late_points), points, at: Ns(at_ms), frozen: false });
    row.value = value;
    rows.set(window_end, row);
    return true;
  }

  // ---- status ----

  #GraphStatus() {
    const revisions = [...this.#windows.values()].flatMap((rows) => [...rows.values()]);
    const late = revisions.reduce((sum, row) => sum + row.revisions.reduce((s, r) => s + Number(r.late_points), 0), 0);
    const total = kHosts.length * 20 * 900;
    const view = {
      name: kView, database: kDatabase, table: kTable, target_table: kTable, state: 'running', generation: '1', output: 'avg_{measure}', aggregate: 'avg',
      label: 'end', late: 'recompute', watermark: Ns(this.watermark_ms), windows_published: String(revisions.length),
      revisions_total: String(revisions.reduce((sum, row) => sum + row.revisions.length - 1, 0)), late_points_total: String(late), frozen_total: '0', dirty: '0',
      lag_ms: String(this.now_ms - this.watermark_ms), windows: '5m', window_ns: Ns(kWindowMs), out_of_orderness_ns: Ns(kOutOfOrdernessMs), allowed_lateness_ns: Ns(120_000), error: null,
    };
    if (this.fixture !== null) Object.assign(view, this.fixture.view, { watermark: Ns(this.fixture.watermark_ms), lag_ms: String(this.now_ms - this.fixture.watermark_ms) });
    const pipeline = {
      name: 'ec2', stream: 'ec2-metrics', database: kDatabase, table: kTable, dead_letter_stream: 'ec2-dead', state: this.#pipeline_state,
      records_per_second: this.#pipeline_state === 'running' ? 1264.5 : 0, records_total: String(total), points_total: String(total - 14), late_points_total: String(late),
      dead_letters_total: '14', lag_records: '12', lag_ms: '35', ...(this.views.busy === null ? {} : { busy: this.views.busy }),
      partitions: [0, 1, 2, 3].map((i) => ({
        partition: `shardId-00000000000${i}`, position: `4967160318${i}5938475629384756293847562938475602938475${i}`, max_event_time: Ns(this.newest_ms - i * 1000), idle: i === 3,
      })),
      error: null,
    };
    if (this.#empty) {
      return {
        overview: {
          version: '0.1.0', uptime_ms: '4000', health: 'ok', problems: [], streams: 0, pipelines: 0, databases: 0, tables: 0, views: 0, records_per_second: 0, late_points_total: '0',
          revisions_total: '0', dead_letters_total: '0', memory_used_bytes: '0', memory_max_bytes: '4123456789',
        },
        streams: [], pipelines: [], views: [], databases: [],
      };
    }
    return {
      overview: {
        version: this.version, uptime_ms: '123456', health: this.problems.some((p) => p.severity === 'failed') ? 'failed' : 'ok', problems: this.problems, streams: 2, pipelines: 1, databases: 1, tables: 1, views: 1,
        records_per_second: 1264.5, late_points_total: view.late_points_total, revisions_total: view.revisions_total, dead_letters_total: '14',
        memory_used_bytes: '123456789', memory_max_bytes: '4123456789',
      },
      streams: [
        ...this.#Wide((i) => ({ name: `stream-${i}`, shards: 2, records_per_second: 2 ** i, bytes_per_second: 400, records_total: '2000', retention_hours: '24' })),
        { name: 'ec2-dead', shards: 1, records_per_second: 0, bytes_per_second: 0, records_total: '14', retention_hours: '24' },
        { name: 'ec2-metrics', shards: 4, records_per_second: 1264.5, bytes_per_second: 518445, records_total: String(total), retention_hours: '24' },
      ],
      pipelines: [pipeline, ...this.#Wide((i) => ({ ...pipeline, name: `pipe-${i}`, stream: `stream-${i}`, table: `Table${i}`, dead_letter_stream: null, records_per_second: 2 ** i }))],
      views: [view, ...this.#Wide((i) => ({ ...view, name: `view-${i}`, table: `Table${i}`, target_table: `Table${i}` }))],
      databases: [{ name: kDatabase, tables: [...this.#Wide((i) => ({ name: `Table${i}`, memory_retention_hours: '6', magnetic_retention_days: '1', series: '12', points: '2000' })), { name: kTable, memory_retention_hours: '6', magnetic_retention_days: '1', series: String(kHosts.length * 40), points: String(total - 14) }] }],
    };
  }

  #Wide(Make) {
    return Array.from({ length: this.wide }, (_, i) => Make(i + 1));
  }

  version = '0.1.0';

  /** Another version answers from now on. */
  Upgrade(version) {
    this.version = version;
    this.#Graph();
  }

  // ---- events ----

  #Send(client, event, topic, data) {
    this.#seq += 1;
    client.response.write(`id: ${this.#epoch}-${this.#seq}\nevent: ${event}\ndata: ${JSON.stringify({ topic, at: new Date(this.now_ms).toISOString(), ...data })}\n\n`);
  }

  #Table(measures, from_ms, to_ms, kinds) {
    const topic = `table:${kDatabase}.${kTable}`;
    for (const client of this.#clients) {
      if (client.topics.includes(topic)) {
        this.#Send(client, 'table', topic, { database: kDatabase, table: kTable, dirty: { measures, from: Ns(from_ms), to: Ns(to_ms), kinds } });
      }
    }
  }

  /** Says that objects came, changed or went, as the server does after a change that another made. */
  Changed(...items) {
    for (const client of this.#clients) if (client.topics.includes('graph')) this.#Send(client, 'object', 'graph', { items });
  }

  #Graph() {
    for (const client of this.#clients) if (client.topics.includes('graph')) this.#Send(client, 'graph', 'graph', this.#GraphStatus());
  }

  // ---- HTTP ----

  async #Handle(request, response) {
    const url = new URL(request.url, 'http://127.0.0.1');
    this.requests.push(`${request.method} ${url.pathname}`);
    const Json = (body, status = 200) => {
      response.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' }).end(JSON.stringify(body));
    };
    const Fail = (status, code, message, more = {}) =>
      Json({ error: { code, status, message, hint: null, field: null, line: null, column: null, request_id: '01JD9Z6V5K8M', retryable: false, ...more } }, status);

    if (url.pathname === '/') return void response.writeHead(302, { Location: `/ui/${url.search}` }).end();
    if (url.pathname === '/ui' || url.pathname.startsWith('/ui/')) return this.#File(url.pathname, response);
    const path = url.pathname.replace(/^\/api\/v1/, '').split('/').map(decodeURIComponent).slice(1);
    const status = this.#GraphStatus();
    if (path[0] === 'live') {
      if (this.#silent) return Fail(503, 'unavailable', 'Not now.', { retryable: true });
      response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'no' });
      const client = { response, topics: url.searchParams.get('topics').split(',').map(decodeURIComponent) };
      this.#clients.add(client);
      response.on('close', () => this.#clients.delete(client));
      response.write('retry: 200\n\n: hb\n\n');
      this.#Send(client, 'hello', 'hello', { version: '0.1.0', epoch: String(this.#epoch), resumed: false });
      if (client.topics.includes('graph')) this.#Send(client, 'graph', 'graph', this.#GraphStatus());
      return;
    }
    let body = '';
    for await (const chunk of request) body += chunk;
    const endpoint = `http://${request.headers.host}`;
    // A shared link reads its dashboard, and little else.
    if (request.headers.authorization !== undefined && !['share', 'panels:data', 'info'].includes(path[0]) && path[4] !== 'revisions') return Fail(403, 'forbidden', 'This link only reads its dashboard.');
    if (await this.console.HandleConsole({ request, path, url, body, now_ms: this.now_ms, endpoint, Json, Fail, response })) return;
    if (this.scheduled.Handle({ request, path, body, now_ms: this.now_ms, Json, Fail, response })) return;
    if (this.dash.Handle({ request, path, body, now_ms: this.now_ms, endpoint, Json, Fail, response })) return;
    if (path[0] === 'overview') return Json(status.overview);
    if (path[0] === 'streams') return this.streams.Handle({ request, path, url, body, status, now_ms: this.now_ms, Json, Fail, response });
    if (path[0] === 'databases' && path.length === 1) return Json({ databases: status.databases });
    if (path[0] === 'databases' && path[4] === 'revisions' && this.fixture !== null) return Json(this.fixture.Revisions(url.searchParams));
    if (path[0] === 'databases' && path[4] === 'revisions') return this.#Revisions(url.searchParams, Json, Fail);
    if (path[0] === 'databases') return HandleTables({ request, body, path, url, hosts: kHosts, now_ms: this.now_ms, Json, Fail });
    const SetPipeline = (state) => {
      this.#pipeline_state = state;
      this.#Graph();
      return this.#GraphStatus().pipelines[0];
    };
    if (await this.views.Handle({ request, path, url, body, status, now_ms: this.now_ms, Json, Fail, SetPipeline })) return;
    if (path[0] === 'pipelines') return Json({ pipelines: status.pipelines });
    if (path[0] === 'views') return Json({ views: status.views });
    if (path[0] === 'query' && request.method === 'POST') return this.#Query(JSON.parse(body), Json, Fail);
    return Fail(404, 'not_found', `There is nothing at ${url.pathname}.`);
  }

  #File(path, response) {
    let file = normalize(join(kDist, path.replace(/^\/ui\/?/, '') || 'index.html'));
    const asset = path.startsWith('/ui/assets/') || path === '/ui/favicon.svg';
    if (!file.startsWith(kDist) || !asset) file = join(kDist, 'index.html');
    try {
      if (!statSync(file).isFile()) throw new Error('no file');
    } catch {
      return void response.writeHead(404).end();
    }
    const headers = { 'Content-Type': kTypes[extname(file)] ?? 'application/octet-stream', 'Content-Security-Policy': kCsp, 'X-Content-Type-Options': 'nosniff' };
    response.writeHead(200, { ...headers, 'Cache-Control': asset ? 'public, max-age=31536000, immutable' : 'no-cache' }).end(readFileSync(file));
  }

  #Revisions(params, Json, Fail) {
    const measure = params.get('measure') ?? '';
    if (!/^avg_/.test(measure)) return Fail(404, 'not_found', 'No view writes this measure.');
    const hosts = kHosts.filter((h) => Object.entries(h).every(([name, value]) => (params.get(name) ?? value) === value));
    const from = BigInt(params.get('from') ?? '0');
    const to = BigInt(params.get('to') ?? Ns(1e14));
    const as_of = params.get('as_of') === null ? null : BigInt(params.get('as_of'));
    const rows = hosts.flatMap((host) => [...(this.#windows.get(this.#Key(host, measure))?.values() ?? [])].map((row) => ({ host, row })))
      .filter(({ row }) => BigInt(Ns(row.window_end)) >= from && BigInt(Ns(row.window_end)) < to)
      .sort((a, b) => a.row.window_end - b.row.window_end)
      .flatMap(({ host, row }) => {
        const revisions = row.revisions.filter((r) => as_of === null || BigInt(r.at) <= as_of);
        const last = revisions.at(-1);
        return last === undefined ? [] : [{
          time: Ns(row.window_end), window_start: Ns(row.window_start), window_end: Ns(row.window_end), dimensions: host,
          revision: last.revision, value: last.new, frozen: false, revisions, record_count: null,
        }];
      });
    Json({
      database: kDatabase, table: kTable, view: kView, measure, truncated: false, as_of: as_of === null ? null : String(as_of), watermark_exact: true, history_from: Ns(this.now_ms - 6_000_000),
      watermark: as_of === null ? Ns(this.watermark_ms) : String(as_of - BigInt(Ns(kOutOfOrdernessMs))), rows,
    });
  }

  // ---- SQL: just the statements of the pages and of the tests ----

  /** Points of the measures that a statement may mean, in a range of milliseconds. */
  #PointsOf(sql, from_ms, to_ms) {
    return kHosts.flatMap((host) => ['cpu_system', 'cpu_idle', 'avg_cpu_system', 'avg_cpu_idle'].flatMap((measure) => {
      const points = measure.startsWith('avg_')
        ? [...(this.#windows.get(this.#Key(host, measure))?.values() ?? [])].map((row) => [row.window_end, row.value])
        : [...(this.#series.get(this.#Key(host, measure)) ?? [])];
      return points.filter(([t]) => t >= from_ms && t <= to_ms).map(([t, v]) => ({ host, measure, t, v }));
    }));
  }

  /** One query of a panel: what wells make, else what #Query knows. */
  RunPanel(sql, { from = 'now-1h', to = 'now', interval_ms }) {
    const At = (text) => (/^\d+$/.test(text) ? Number(text) : this.now_ms - Number(/-(\d+)/.exec(text)?.[1] ?? 0) * { m: 60_000, h: 3_600_000, d: 86_400_000 }[/[mhd]$/.exec(text)?.[0] ?? 'm']);
    const data = {
      hosts: this.#empty || this.#series.size === 0 ? [] : kHosts, now_ms: this.now_ms, watermark_ms: this.watermark_ms,
      Points: (host, measure) => [...(this.#series.get(this.#Key(host, measure)) ?? [])], Windows: (host, measure) => [...(this.#windows.get(this.#Key(host, measure))?.values() ?? [])],
    };
    const of_sample = RunSample(sql, data, { from_ms: At(from), to_ms: At(to), step_ms: Number(interval_ms ?? 60_000) });
    if (of_sample !== null) return of_sample;
    const made = EvalWells(sql, this.#PointsOf(sql, At(from), At(to)), { interval_ms });
    if (made !== null) return { ...made, watermark: Ns(this.watermark_ms) };
    let out = null;
    const Fail = (status, code, message, more = {}) => void (out = { error: { status, code, message, ...more } });
    void this.#Query({ sql, max_rows: 10_000, from, to }, (answer) => void (out = answer), Fail);
    if (out?.error !== undefined) throw out.error;
    return { columns: out.columns, rows: out.rows, watermark: null };
  }

  async #Query({ sql, next, max_rows = 1000, id, from, to }, Json, Fail) {
    if (next !== undefined) {
      const page = this.#pages.get(next);
      return page === undefined ? Fail(404, 'not_found', 'This page has expired.') : Json(this.#Page(page.columns, page.rows, page.max_rows, page.id));
    }
    if (id !== undefined && this.console.running.has(id)) return Fail(409, 'conflict', 'Another statement has this id.');
    const expanded = sql.includes('$__') ? this.console.Expand(sql, from, to) : null;
    if (/\bslow\b/.test(sql)) {
      const end = await new Promise((resolve) => this.console.running.set(id, { resolve }));
      this.console.running.delete(id);
      if (end === 'cancelled') return Fail(409, 'cancelled', 'The statement was cancelled.');
    }
    const columns = (names) => names.map((name) => ({ name, type: { time: 'TIMESTAMP', t: 'TIMESTAMP', 'measure_value::double': 'DOUBLE', big: 'BIGINT', series: 'timeseries(double)', pair: 'row(a bigint, b varchar)' }[name] ?? (/^n\d+$/.test(name) ? 'DOUBLE' : 'VARCHAR') }));
    const names = Object.keys(kHosts[0]);
    const Answer = (column_names, rows) => Json({ ...this.#Page(columns(column_names), rows, max_rows, id ?? `Q${this.requests.length}`), expanded_sql: expanded });
    if (/^\s*EXPLAIN/i.test(sql)) {
      return Answer(['Query Plan'], ['scan "InterpolatedBlogDB"."EC2MetricTable"', '  measures  cpu_idle, avg_cpu_idle', '  series    2', '  time      [-inf, +inf)'].map((line) => [line]));
    }
    if (/^\s*DESCRIBE/i.test(sql)) {
      return Answer(['Column', 'Type', 'Timestream attribute type'], [
        ...names.map((name) => [name, 'varchar', 'DIMENSION']), ['measure_name', 'varchar', 'MEASURE_NAME'], ['time', 'timestamp', 'TIMESTAMP'],
        ['measure_value::double', 'double', 'MEASURE_VALUE'],
      ]);
    }
    if (/FROM view_revisions\(/.test(sql)) return Answer(['window_start', 'measure_name', 'late_points', 'at'], [['1768493100000000000', 'avg_cpu_system', '87', '1768494300000000000']]);
    if (/FROM wide/.test(sql)) {
      // 10 000 rows, 30 columns, NULLs, long text, nested values.
      const names30 = ['time', 'name', 'big', 'series', 'pair', ...Array.from({ length: 25 }, (_, i) => `n${i}`)];
      return Answer(names30, Array.from({ length: 12_000 }, (_, r) => names30.map((name, c) => {
        if (name === 'time') return Text(this.now_ms - r * 1000).replace(/0{6}$/, '000001');
        if (name === 'name') return r % 50 === 7 ? `long ${'text '.repeat(60)}` : `row ${r}`;
        if (name === 'big') return String(9007199254740993n + BigInt(r));
        if (name === 'series') return JSON.stringify(Array.from({ length: 12 }, (_, i) => ({ time: Text(this.now_ms + i * 1000), value: String(Noise(r, i)) })));
        if (name === 'pair') return `{"a":${9007199254740993n + BigInt(r)},"b":"x"}`;
        return (r + c) % 11 === 0 ? null : String(Noise(r, c).toFixed(6));
      })));
    }
    if (/SELECT BIN/.test(sql)) {
      return Answer(['t', 'region', 'n0'], Array.from({ length: 60 }, (_, i) => ['us-east-2', 'eu-west-1', 'us_east_1'].map((region, k) => [Text(this.now_ms - (60 - i) * 60_000), region, String(30 + 20 * k + 8 * Math.sin(i / 6 + k))])).flat());
    }
    if (/big/.test(sql)) return Answer(['big', 'name'], [['9007199254740993', '<b>not bold</b>'], [null, '']]);
    const unknown = /\b(nope|no_such_column)\b/.exec(sql);
    if (unknown !== null) {
      const before = sql.slice(0, unknown.index).split('\n');
      return Fail(400, 'invalid_sql', `Column ${unknown[0]} does not exist in ${kDatabase}.${kTable}.`, { line: before.length, column: before.at(-1).length + 1, hint: 'Did you mean time?' });
    }
    const Equal = (name) => new RegExp(`"?${name}"? = '([^']*)'`).exec(sql)?.[1];
    if (/GROUP BY/.test(sql)) {
      if (this.#series.size === 0) return Answer(names, []);
      return Answer(names, kHosts.map((host) => names.map((name) => host[name])).sort((a, b) => (a[0] < b[0] ? -1 : 1)));
    }
    const measures = Equal('measure_name') !== undefined ? [Equal('measure_name')] : [...(/IN \(([^)]*)\)/.exec(sql)?.[1] ?? '').matchAll(/'([^']*)'/g)].map((m) => m[1]);
    const hosts = kHosts.filter((h) => names.every((name) => (Equal(name) ?? h[name]) === h[name]));
    const since = Number(/time >= from_milliseconds\((\d+)\)/.exec(sql)?.[1] ?? 0);
    const until = Number(/time < from_milliseconds\((\d+)\)/.exec(sql)?.[1] ?? 1e15);
    const at = /time = from_milliseconds\((\d+)\)/.exec(sql)?.[1];
    let found = hosts.flatMap((host) => measures.flatMap((measure) => {
      const points = measure.startsWith('avg_')
        ? [...(this.#windows.get(this.#Key(host, measure))?.values() ?? [])].map((row) => [row.window_end, row.value])
        : [...(this.#series.get(this.#Key(host, measure)) ?? [])];
      return points.filter(([t]) => t >= since && t < until && (at === undefined || t === Number(at))).map(([t, v]) => ({ host, measure, t, v }));
    }));
    found.sort((a, b) => (/DESC/.test(sql) ? b.t - a.t : a.t - b.t) || (a.measure < b.measure ? -1 : 1));
    found = found.slice(0, Number(/LIMIT (\d+)/.exec(sql)?.[1] ?? 1e9));
    if (/SELECT \*/.test(sql)) {
      return Answer([...names, 'measure_name', 'time', 'measure_value::double'], found.map(({ host, measure, t, v }) => [...names.map((name) => host[name]), measure, Text(t), String(v)]));
    }
    if (/SELECT avg\(/.test(sql)) return Answer(['_col0'], [[String(found.reduce((sum, { v }) => sum + v, 0) / found.length)]]);
    if (/SELECT measure_value/.test(sql)) return Answer(['measure_value::double'], found.map(({ v }) => [String(v)]));
    if (/SELECT time, measure_name/.test(sql)) return Answer(['time', 'measure_name', 'measure_value::double'], found.map(({ measure, t, v }) => [Text(t), measure, String(v)]));
    return Answer(['time', 'measure_value::double'], found.map(({ t, v }) => [Text(t), String(v)]));
  }

  #Page(columns, rows, max_rows, id) {
    const rest = rows.slice(max_rows);
    let next = null;
    if (rest.length > 0) {
      next = `${id}:${rest.length}`;
      this.#pages.set(next, { columns, rows: rest, max_rows, id });
    }
    return { query_id: id, columns, rows: rows.slice(0, max_rows), next, progress: { percent: 100, rows_total: null, bytes_scanned: '5184', points_scanned: String(rows.length), elapsed_ms: '12' } };
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const server = new MockServer({ now_ms: Number(process.env.MOCK_NOW_MS ?? Date.now()) });
  console.log(`listening on ${await server.Listen()}`);
}
