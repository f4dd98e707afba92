// SPDX-License-Identifier: Apache-2.0
// What the small model of the server knows beside the sample's data: API.md sections 3.1, 3.4, 9 to 11 and the streams of section 5,
// over fixed figures. `HandleConsole` answers true if the path was its own.

const Ns = (ms) => `${ms}000000`;

const kFunctions = [
  { name: 'bin', kind: 'scalar', signatures: ['bin(timestamp, interval) -> timestamp'], help: 'Rounds down to a multiple of the width.' },
  { name: 'avg', kind: 'aggregate', signatures: ['avg(double) -> double'], help: 'Mean of the values that are not NULL.' },
  { name: 'interpolate_linear', kind: 'scalar', signatures: ['interpolate_linear(timeseries, array(timestamp)) -> timeseries'], help: 'Fills missing points on straight lines.' },
  { name: 'ago', kind: 'scalar', signatures: ['ago(interval) -> timestamp'], help: 'That long before now.' },
];
const kMacros = [
  ['$__timeFilter', 'time within the range'], ['$__timeFrom', 'begin of the range in ms'], ['$__timeTo', 'end of the range in ms'], ['$__now_ms', 'the server clock in ms'],
  ['$__interval', 'bin width'], ['$__interval_ms', 'bin width'], ['$__interval_raw_ms', 'bin width as a number'], ['$__database', 'database'], ['$__table', 'table'], ['$__measure', 'measure'],
].map(([name, help]) => ({ name, help }));

const kActivities = [
  ['dashboard', 'ec2', 'published', 'EC2 host metrics', 40], ['view', 'ec2-5m', 'resumed', null, 190], ['table', 'InterpolatedBlogDB.EC2MetricTable', 'changed', null, 900],
  ['stream', 'scratch', 'deleted', null, 3_700], ['server', 'tidemark', 'restarted', '0.1.0', 7_300], ['saved_query', 'q-1', 'created', 'cpu by zone', 90_000],
];

export class ConsoleModel {
  saved = new Map();
  #next_saved = 1;
  /** Statements that wait until they are cancelled or let go: id -> {resolve}. */
  running = new Map();
  cancelled = [];

  Info(now_ms, url) {
    return {
      name: 'tidemark', version: '0.1.0', build: { compiler: 'gcc 12.2.0', type: 'release' }, api: 'v1', started: Ns(now_ms - 123_456), now: Ns(now_ms), uptime_ms: '123456', url,
      region: 'us-east-1', account: '000000000000', sign_in: 'none', allowed_hosts: [], features: ['column_blocks', 'live', 'macros', 'dashboards', 'shares', 'revisions_as_of'],
      limits: { rows_max: 10000, block_rows_max: 1000000, statement_time_ms: '60000', live_streams_max: 64, sql_bytes_max: 262144, panels_max: 32, dashboard_bytes_max: 1048576 },
    };
  }

  Settings() {
    return {
      file: '/etc/tidemark.toml',
      settings: [
        { name: 'http.listen', value: '127.0.0.1:4580', default: '127.0.0.1:4580', source: 'default', unit: 'address', help: 'Address and port of the one listener.' },
        { name: 'sql.timeout', value: '30s', default: '60s', source: 'file', unit: 'duration', help: 'Time limit of one statement, waiting for its turn included.' },
        { name: 'store.memory_max', value: '4GiB', default: '1GiB', source: 'flag', unit: 'bytes', help: 'Memory for points that are not in files yet; at its maximum writers are slowed.' },
        { name: 'log.level', value: 'debug', default: 'info', source: 'environment', unit: 'text', help: 'What is logged.' },
      ],
    };
  }

  Connections(now_ms) {
    const One = (i, more) => ({
      first: Ns(now_ms - 60_000 * (i + 1)), last: Ns(now_ms - 4_000 * (i + 1)), count: '12', peer: '127.0.0.1', library: 'Boto3', version: '1.43.2', agent: 'Boto3/1.43.2 md/Botocore#1.43.2 ua/2.0',
      protocol: 'HTTP/1.1', service: 'kinesis', operation: 'PutRecords', signed: true, status: 200, code: null, ok: true, sentence: null, ...more,
    });
    return {
      items: [
        One(0, {}),
        One(1, { library: 'aws-sdk-js', version: '3.900.0', protocol: 'HTTP/2', operation: null, service: null, status: 400, code: 'ProtocolError', ok: false,
          sentence: 'The client opened HTTP/2 and this server answers HTTP/1.1: give the Kinesis client the HTTP/1.1 handler.' }),
        One(2, { library: 'aws-cli', version: '2.9.19', service: 'timestream-query', operation: 'Query', status: 403, code: 'InvalidSignatureException', ok: false,
          sentence: 'The signature does not match: the clock of the client is 312 s behind this server.' }),
      ],
    };
  }

  Statements(now_ms) {
    const One = (i, more) => ({
      query_id: `AEHQ${i}`, origin: 'timestream', state: 'succeeded', sql: 'SELECT BIN(time, 1m) AS t, AVG(measure_value::double) FROM "InterpolatedBlogDB"."EC2MetricTable" WHERE time > ago(1h) GROUP BY 1',
      started: new Date(now_ms - 20_000 * (i + 1)).toISOString(), elapsed_ms: String(12 + i * 7), worked_ms: String(11 + i * 7), percent: 100, points_scanned: '2592', bytes_scanned: '41472', rows: '60', error: null, ...more,
    });
    return { queries: [...Array.from({ length: 8 }, (_, i) => One(i, i === 3 ? { state: 'failed', error: 'Column nope does not exist' } : { origin: i % 2 ? 'console' : 'timestream' }))] };
  }

  async HandleConsole({ request, path, url, body, now_ms, endpoint, Json, Fail, response }) {
    const method = request.method;
    if (method !== 'GET' && request.headers['x-console'] !== '1') return Fail(403, 'forbidden', 'X-Console is missing.'), true;
    if (path[0] === 'info') return Json(this.Info(now_ms, endpoint)), true;
    if (path[0] === 'settings') return Json(this.Settings()), true;
    if (path[0] === 'connections') return Json(this.Connections(now_ms)), true;
    if (path[0] === 'activity') return Json({ items: kActivities.map(([kind, name, action, detail, ago_s], i) => ({ number: String(kActivities.length - i), at: `${now_ms - ago_s * 1000}000000`, kind, name, action, detail })) }), true;
    if (path[0] === 'overview' && path[1] === 'history') {
      return Json({ step_ms: 10_000, steps: Array.from({ length: 90 }, (_, i) => ({ at: `${now_ms - (89 - i) * 10_000}000000`, freshness_ms: String(900 + (i % 7) * 120), late: String(i % 11), query_p95_ms: String(20 + (i % 5) * 4) })) }), true;
    }
    if (path[0] === 'queries') return Json(this.Statements(now_ms)), true;
    if (path[0] === 'sql' && path[1] === 'functions') return Json({ functions: kFunctions, keywords: ['SELECT', 'FROM', 'WHERE', 'GROUP', 'BY', 'ORDER', 'LIMIT', 'AND', 'IN', 'BETWEEN'], macros: kMacros }), true;
    if (path[0] === 'sql:validate') return Json(this.Validate(JSON.parse(body))), true;
    if (path[0] === 'saved-queries') return this.Saved(method, path[1], body, request, now_ms, Json, Fail, response), true;
    if (path[0] === 'query' && path[1] !== undefined) {
      const entry = this.running.get(path[1]);
      if (method === 'DELETE') {
        this.cancelled.push(path[1]);
        entry?.resolve('cancelled');
        response.writeHead(204).end();
        return true;
      }
      if (entry === undefined) return Fail(404, 'not_found', 'No such statement.'), true;
      return Json({ query_id: path[1], state: 'running', percent: 41.5, rows: '0', points_scanned: '1234567', bytes_scanned: '9876536', elapsed_ms: '5210', worked_ms: '5208', error: null }), true;
    }
    return false;
  }

  Validate({ sql, from = 'now-1h', to = 'now' }) {
    const statements = [];
    let at = 0;
    for (const part of sql.split(';')) {
      const blank = part.length - part.trimStart().length;
      if (part.trim() !== '') statements.push({ start: [...sql.slice(0, at + blank)].length, end: [...sql.slice(0, at + blank + part.trim().length)].length });
      at += part.length + 1;
    }
    const diagnostics = [];
    for (const m of sql.matchAll(/\b(nope|no_such_column|cpu_sytem)\b/g)) {
      const before = sql.slice(0, m.index).split('\n');
      const column = [...before.at(-1)].length + 1;
      diagnostics.push({ severity: 'error', line: before.length, column, end_line: before.length, end_column: column + m[0].length, message: `Column '${m[0]}' does not exist`, hint: "did you mean 'cpu_system'?" });
    }
    return { statements, expanded_sql: sql.includes('$__') ? this.Expand(sql, from, to) : null, diagnostics };
  }

  Expand(sql, from, to) {
    return sql.replaceAll('$__timeFilter', `time BETWEEN from_milliseconds(${from}) AND from_milliseconds(${to})`).replaceAll('$__interval', '60000ms');
  }

  Saved(method, id, body, request, now_ms, Json, Fail, response) {
    const Out = (entry, status = 200) => Json(entry, status);
    if (id === undefined) {
      if (method === 'GET') return Json({ items: [...this.saved.values()], next_cursor: null, total: this.saved.size });
      const made = { id: `q-${this.#next_saved}`, description: '', range: null, database: null, tags: [], ...JSON.parse(body), created: Ns(now_ms), updated: Ns(now_ms), etag: '"1"' };
      this.#next_saved += 1;
      this.saved.set(made.id, made);
      return Out(made, 201);
    }
    const stored = this.saved.get(id);
    if (stored === undefined) return Fail(404, 'not_found', 'This query does not exist.');
    if (method === 'GET') return Out(stored);
    const match = request.headers['if-match'];
    if (match === undefined) return Fail(428, 'precondition_required', 'If-Match is missing.');
    if (match !== stored.etag) return Fail(412, 'precondition_failed', 'It was changed meanwhile.', { current: stored });
    if (method === 'DELETE') {
      this.saved.delete(id);
      return void response.writeHead(204).end();
    }
    const next = { ...stored, ...JSON.parse(body), updated: Ns(now_ms), etag: `"${Number(stored.etag.slice(1, -1)) + 1}"` };
    this.saved.set(id, next);
    return Out(next);
  }
}
