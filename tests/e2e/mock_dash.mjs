// SPDX-License-Identifier: Apache-2.0
// Dashboards of the small model of the server: API.md sections 12 to 14 over an evaluator of statements that the caller gives.
import { randomBytes } from 'node:crypto';

const Ns = (ms) => `${ms}000000`;

const kTypes = {
  TIMESTAMP: ['timestamp_ns', (cells) => new BigInt64Array(cells.map((c) => (c === null ? 0n : BigInt(Date.parse(`${c.slice(0, 19).replace(' ', 'T')}Z`)) * 1_000_000n + BigInt(c.slice(20).padEnd(9, '0')))))],
  BIGINT: ['bigint', (cells) => new BigInt64Array(cells.map((c) => BigInt(c ?? 0)))],
  DOUBLE: ['double', (cells) => new Float64Array(cells.map((c) => Number(c ?? 0)))],
};

/** One column block of section 3.2. */
export function EncodeBlock(columns, rows, more = {}) {
  const buffers = [];
  let end = 0;
  const Put = (array) => {
    const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    const at = end;
    buffers.push([at, bytes]);
    end = (at + bytes.length + 7) & ~7;
    return [at, bytes.length];
  };
  const heads = columns.map(({ name, type }, i) => {
    const cells = rows.map((row) => row[i] ?? null);
    const valid = cells.every((c) => c !== null) ? null : Put(Uint8Array.from(cells, (c) => (c === null ? 0 : 1)));
    if (kTypes[type] !== undefined) return { name, sql_type: type, type: kTypes[type][0], buf: Put(kTypes[type][1](cells)), valid };
    const dict = [...new Set(cells.filter((c) => c !== null))];
    const at = new Map(dict.map((text, n) => [text, n]));
    return { name, sql_type: type, type: 'dict', buf: Put(Uint32Array.from(cells, (c) => at.get(c) ?? 0)), valid, dict };
  });
  const header = Buffer.from(JSON.stringify({
    rows: rows.length, bytes: end, query_id: 'q', next: null, truncated: false, reduced: false, as_of: null, watermark: null, expanded_sql: null, progress: {}, columns: heads, ...more,
  }));
  const data_at = (12 + header.length + 7) & ~7;
  const out = Buffer.alloc(data_at + end);
  out.write('TMCOLS1\n', 0, 'latin1');
  out.writeUInt32LE(header.length, 8);
  header.copy(out, 12);
  for (const [at, bytes] of buffers) out.set(bytes, data_at + at);
  return out;
}

export class DashModel {
  dashboards = new Map();
  shares = new Map();
  /** The bodies of panels:data, as they came. */
  asked = [];
  #next = 1;

  /** `Run(sql, members)` answers {columns, rows, watermark} or throws {status, code, message}. */
  constructor(Run) {
    this.Run = Run;
  }

  /** A dashboard as it would be after a publication. */
  Seed(id, definition, { draft = null, versions = 1, source = 'console', now_ms = 0 } = {}) {
    const all = Array.from({ length: versions }, (_, i) => ({ version: String(i + 1), at: Ns(now_ms - (versions - i) * 3_600_000), message: i === 0 ? 'first' : `version ${i + 1}`, definition }));
    this.dashboards.set(id, { id, draft, versions: all, created: Ns(now_ms), updated: Ns(now_ms), source, etag: `"${this.#next++}"` });
  }

  #Out(d) {
    const { versions, ...rest } = d;
    const definition = d.draft ?? versions.at(-1)?.definition;
    return { ...rest, title: definition?.title ?? '', published: versions.at(-1) ?? null };
  }

  Handle({ request, path, body, now_ms, endpoint, Json, Fail, response }) {
    const method = request.method;
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
    const share = token === undefined ? null : this.shares.get(token);
    if (token !== undefined && share === undefined) return Fail(401, 'invalid_token', 'This link does not open anything.'), true;
    if (path[0] === 'share') {
      if (share === null) return Fail(404, 'not_found', 'There is nothing here.'), true;
      const d = this.dashboards.get(share.dashboard);
      const published = d?.versions.at(-1);
      return Json({ id: d.id, title: published.definition.title, version: published.version, definition: published.definition, variables: share.variables, expires: share.expires }), true;
    }
    if (path[0] === 'panels:data') return this.#Panels(JSON.parse(body), request, share, Json, Fail, response), true;
    if (path[0] !== 'dashboards') return false;
    if (share !== null) return Fail(403, 'forbidden', 'This link only reads its dashboard.'), true;
    if (path[1] === undefined) {
      if (method === 'GET') {
        const items = [...this.dashboards.values()].map((d) => {
          const { title, published, draft, id, created, updated, source } = this.#Out(d);
          const definition = draft ?? published?.definition;
          return { id, title, description: definition?.description ?? '', tags: definition?.tags ?? [], published: published?.version ?? null, has_draft: draft !== null, created, updated, source };
        }).sort((a, b) => (a.title < b.title ? -1 : 1));
        return Json({ items, next_cursor: null, total: items.length }), true;
      }
      const { id = `d-${this.#next}`, definition } = JSON.parse(body);
      if (this.dashboards.has(id)) return Fail(409, 'conflict', `There is a dashboard ${id}.`), true;
      this.dashboards.set(id, { id, draft: definition, versions: [], created: Ns(now_ms), updated: Ns(now_ms), source: 'console', etag: `"${this.#next++}"` });
      return Json(this.#Out(this.dashboards.get(id)), 201), true;
    }
    const [id, verb] = path[1].split(':');
    const d = this.dashboards.get(id);
    if (d === undefined) return Fail(404, 'not_found', `There is no dashboard ${id}.`), true;
    if (path[2] === 'versions') {
      if (path[3] === undefined) return Json({ items: [...d.versions].reverse().map(({ version, at, message, definition }) => ({ version, at, message, title: definition.title })) }), true;
      const found = d.versions.find((v) => v.version === path[3]);
      return found === undefined ? Fail(404, 'not_found', 'There is no such version.') : Json(found), true;
    }
    if (path[2] === 'shares') return this.#Shares(d, method, path[3], body, now_ms, endpoint, Json, Fail, response), true;
    if (method === 'GET') return Json(this.#Out(d)), true;
    const match = request.headers['if-match'];
    if (match === undefined) return Fail(428, 'precondition_required', 'If-Match is missing.'), true;
    if (match !== d.etag) return Fail(412, 'precondition_failed', 'It was changed meanwhile.', { current: this.#Out(d) }), true;
    if (method === 'DELETE') {
      this.dashboards.delete(id);
      return response.writeHead(204).end(), true;
    }
    const said = JSON.parse(body);
    if (method === 'PUT') d.draft = said.definition;
    else if (verb === 'publish') {
      if (d.draft === null) return Fail(409, 'conflict', 'There is no draft.'), true;
      d.versions.push({ version: String(Number(d.versions.at(-1)?.version ?? 0) + 1), at: Ns(now_ms), message: said.message ?? '', definition: d.draft });
      d.draft = null;
    } else if (verb === 'revert') d.draft = said.version === undefined ? null : d.versions.find((v) => v.version === said.version).definition;
    else return Fail(404, 'not_found', 'There is nothing here.'), true;
    d.updated = Ns(now_ms);
    d.etag = `"${this.#next++}"`;
    return Json(this.#Out(d)), true;
  }

  #Shares(d, method, sid, body, now_ms, endpoint, Json, Fail, response) {
    if (method === 'GET') return Json({ items: [...this.shares.values()].filter((s) => s.dashboard === d.id).map(({ id, created, expires, variables }) => ({ id, created, expires, variables })) });
    if (method === 'DELETE') {
      for (const [token, s] of this.shares) if (s.id === sid) this.shares.delete(token);
      return response.writeHead(204).end();
    }
    if (d.versions.length === 0) return Fail(409, 'conflict', 'Publish it first: a link shows what is published.');
    const token = randomBytes(24).toString('base64url');
    const { expires = null, variables = null } = JSON.parse(body);
    const id = `s-${this.#next++}`;
    this.shares.set(token, { id, dashboard: d.id, created: Ns(now_ms), expires, variables });
    return Json({ id, url: `${endpoint}/ui/share#${token}`, token, expires }, 201);
  }

  #Panels(said, request, share, Json, Fail, response) {
    this.asked.push(said);
    const { dashboard, version = 'published', variables = {}, panels, ...members } = said;
    const id = share?.dashboard ?? dashboard;
    const d = this.dashboards.get(id);
    const definition = d === undefined ? null : version === 'draft' && share === null ? (d.draft ?? d.versions.at(-1)?.definition) : d.versions.at(-1)?.definition;
    const answers = [];
    for (const panel of panels) {
      if (panel.sql !== undefined && share !== null) return Fail(403, 'forbidden', 'This link runs its own panels only.');
      const queries = panel.sql !== undefined ? [panel] : (definition?.panels.find((p) => p.id === panel.id)?.queries ?? null);
      if (queries === null) return Fail(404, 'not_found', `There is no panel ${panel.id}.`);
      queries.forEach((query, i) => {
        if (panel.queries !== undefined && !panel.queries.includes(i)) return;
        const given = { ...Object.fromEntries((definition?.variables ?? []).map((v) => [v.name, v.default ?? []])), ...variables, ...share?.variables };
        const optional = query.sql.replace(/\[\[([^]*?)\]\]/g, (_, inside) => (Object.entries(given).some(([name, values]) => values.length === 0 && inside.includes(`$${name}`)) ? '' : inside));
        const sql = Object.entries(given).reduce((text, [name, values]) => text.replace(new RegExp(`'?\\$\\{?${name}\\b\\}?'?`, 'g'), values.map((v) => `'${v.replaceAll("'", "''")}'`).join(',')), optional);
        try {
          answers.push({ panel: panel.id, query: i, ...this.Run(sql, { ...members, ...query, ...panel }) });
        } catch (e) {
          if (e.status === undefined) throw e;
          answers.push({ panel: panel.id, query: i, error: { hint: null, field: null, line: null, column: null, request_id: '01JD9Z6V5K8M', retryable: false, ...e } });
        }
      });
    }
    if (!/columns/.test(request.headers.accept ?? '')) return Json({ panels: answers });
    const blocks = answers.map(({ block, columns = [], rows = [], ...more }) => block ?? EncodeBlock(columns, rows, more));
    response.writeHead(200, { 'Content-Type': 'application/vnd.tidemark.columns', 'Cache-Control': 'no-store' }).end(Buffer.concat(blocks));
  }
}
