// SPDX-License-Identifier: Apache-2.0
// Scheduled queries of the small model: API.md section 15.

const Ns = (ms) => `${ms}000000`;

export class ScheduledModel {
  queries = new Map();
  /** As on a server that does not offer them to the console. */
  absent = false;

  Handle({ request, path, body, now_ms, Json, Fail, response }) {
    if (this.absent && path[0]?.startsWith('scheduled-queries')) return Fail(404, 'not_found', 'There is nothing here.'), true;
    if (path[0] === 'scheduled-queries:check') {
      const { schedule } = JSON.parse(body);
      if (/^cron\(\S+ \S+ \S+ \S+ \S+ \S+\)$/.test(schedule)) return Json({ next: Array.from({ length: 5 }, (_, i) => Ns(Math.ceil(now_ms / 3_600_000) * 3_600_000 + i * 3_600_000)) }), true;
      const rate = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(schedule);
      if (rate === null) return Fail(400, 'invalid_request', 'cron() takes six fields.', { field: 'schedule' }), true;
      const step = Number(rate[1]) * { minute: 60_000, hour: 3_600_000, day: 86_400_000 }[rate[2]];
      return Json({ next: Array.from({ length: 5 }, (_, i) => Ns(now_ms + step * (i + 1))) }), true;
    }
    if (path[0] !== 'scheduled-queries') return false;
    const Out = ({ runs, ...q }) => ({ ...q, last: runs[0] ?? null });
    if (path[1] === undefined) {
      if (request.method === 'GET') return Json({ items: [...this.queries.values()].map(Out), next_cursor: null, total: this.queries.size }), true;
      const said = JSON.parse(body);
      if (this.queries.has(said.name)) return Fail(409, 'conflict', `There is a scheduled query ${said.name}.`), true;
      const made = { ...said, arn: `arn:aws:timestream:us-east-1:000000000000:scheduled-query/${said.name}-0123456789ab`, enabled: true, created: Ns(now_ms), previous_run: null, next_run: Ns(now_ms + 3_600_000), runs: [] };
      this.queries.set(said.name, made);
      return Json(Out(made), 201), true;
    }
    const [name, verb] = path[1].split(':');
    const q = this.queries.get(name);
    if (q === undefined) return Fail(404, 'not_found', `There is no scheduled query ${name}.`), true;
    if (request.method === 'DELETE') {
      this.queries.delete(name);
      return response.writeHead(204).end(), true;
    }
    if (request.method === 'PATCH') q.enabled = JSON.parse(body).enabled;
    if (verb === 'run') {
      const failed = q.runs.length % 2 === 1;
      q.runs.unshift({
        invocation: Ns(now_ms), started: Ns(now_ms), manual: true, succeeded: !failed, execution_ms: '42', rows: '60', records: failed ? '58' : '60', failure: failed ? '2 rows were not written: the value of "avg_cpu" is not a finite number.' : null,
        report: failed ? 's3://errors/hourly/0001.json' : null,
      });
    }
    return Json(request.method === 'GET' ? { ...Out(q), runs: q.runs } : Out(q), verb === 'run' ? 202 : 200), true;
  }
}
