// SPDX-License-Identifier: Apache-2.0
// The real server for a test: its program in a temporary folder, its clock in the test's hand, and what fixtures say to it.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const kRoot = join(dirname(fileURLToPath(import.meta.url)), '../..');
const kWaitMs = 120_000;

export const Ns = (time) => `${typeof time === 'number' ? time : Date.parse(time)}000000`;

/** The first true answer of `probe`; fails with the last one when none comes in time. */
export async function WaitFor(what, probe, limit_ms = kWaitMs) {
  const end = performance.now() + limit_ms;
  let last;
  while (performance.now() < end) {
    last = await probe();
    if (last) return last;
    await new Promise((resolve) => setTimeout(resolve, 10)); // between two questions, not a guess of how long something takes
  }
  throw new Error(`waited ${limit_ms} ms for: ${what}; last answer: ${JSON.stringify(last)}`);
}

export class FixtureServer {
  /** `now`: where the wall clock stands, RFC 3339. */
  static async Start(now, { binary = process.env.TIDEMARK_BINARY ?? join(kRoot, 'build/release/tidemark') } = {}) {
    const server = new FixtureServer();
    server.binary = binary;
    server.folder = mkdtempSync(join(tmpdir(), 'tidemark-fixture-'));
    server.now = Date.parse(now);
    server.listen = '127.0.0.1:0';
    server.env = {};
    await server.Run();
    return server;
  }

  async Run() {
    const address = join(this.folder, 'data/endpoint');
    rmSync(address, { force: true });
    const log = openSync(join(this.folder, 'log'), 'a');
    const time = new Date(this.now).toISOString();
    this.child = spawn(this.binary, ['serve', '--data-dir', join(this.folder, 'data'), '--listen', this.listen, '--test-clock', time], { stdio: ['ignore', log, log], env: { ...process.env, ...this.env } });
    this.gone = new Promise((resolve) => this.child.on('exit', resolve));
    await WaitFor('the address', () => {
      if (this.child.exitCode !== null) throw new Error(`the server ended: ${this.Log()}`);
      return existsSync(address) && readFileSync(address, 'utf8').endsWith('\n');
    });
    this.endpoint = readFileSync(address, 'utf8').trim();
    await WaitFor('the server to be ready', async () => (await fetch(`${this.endpoint}/readyz`)).ok);
  }

  Log() {
    if (!existsSync(this.folder)) return '(stopped, its folder is gone)';
    return readFileSync(join(this.folder, 'log'), 'utf8').split('\n').slice(-20).join('\n');
  }

  /** Also what a clock needs that was moved by days: the store does not trust such a leap while it runs. */
  async Restart() {
    this.child.kill('SIGTERM');
    await this.gone;
    await this.Run();
  }

  /** Another program takes its place, at the same address. */
  async Replace(binary) {
    // A program finds its libraries beside itself.
    const libraries = spawnSync('ldd', [this.binary], { encoding: 'utf8' }).stdout.match(/(?<==> )\/.*(?=\/[^/]*duckdb)/g) ?? [];
    this.env = { LD_LIBRARY_PATH: libraries.join(':') };
    this.listen = new URL(this.endpoint).host;
    this.binary = binary;
    await this.Restart();
  }

  /** The value of a metric without labels. */
  async Metric(name) {
    const text = await (await fetch(`${this.endpoint}/metrics`)).text();
    return Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1]);
  }

  async Stop() {
    clearInterval(this.keeping);
    this.child.kill('SIGTERM');
    const code = await this.gone;
    rmSync(this.folder, { recursive: true, force: true });
    return code;
  }

  async Send(method, path, body) {
    const headers = { 'X-Console': '1', ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) };
    const response = await fetch(`${this.endpoint}/api/v1${path}`, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
    const text = await response.text();
    return { status: response.status, body: text === '' ? null : JSON.parse(text) };
  }

  async Api(method, path, body) {
    const answer = await this.Send(method, path, body);
    assert.ok(answer.status < 300, `${method} ${path} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  }
  Get(path) {
    return this.Api('GET', path);
  }

  /** A call of the AWS APIs: Aws('Timestream_20181101.WriteRecords', {…}). */
  async Aws(target, body) {
    const response = await fetch(this.endpoint, { method: 'POST', headers: { 'Content-Type': 'application/x-amz-json-1.0', 'X-Amz-Target': target }, body: JSON.stringify(body) });
    const text = await response.text();
    return { status: response.status, body: text === '' ? null : JSON.parse(text) };
  }

  async Apply(text, files = {}) {
    return this.Api('POST', '/stack:apply', { file: 'fixture.toml', text, files });
  }

  async MoveTo(time) {
    this.now = typeof time === 'number' ? time : Date.parse(time);
    await this.Api('POST', '/test:clock', { now: new Date(this.now).toISOString() });
  }

  /** Puts records, each {key, data[, explicit_hash]}, and returns once the pipeline has taken them. */
  async Put(stream, records, pipeline = 'ec2') {
    for (let i = 0; i < records.length; i += 500) await this.Api('POST', `/streams/${stream}/records`, { records: records.slice(i, i + 500) });
    if (pipeline === null) return;
    await WaitFor('the records to be taken', async () => (await this.Get(`/pipelines/${pipeline}/positions`)).items.every((p) => p.unread === '0'));
  }

  /** Until the view has done all that came; `watermark` in ns, `revisions` in all. */
  async Settled(view, watermark, revisions) {
    await WaitFor(`${view} to be at ${watermark} with ${revisions} revisions`, async () => {
      const v = await this.Get(`/views/${view}`);
      if (v.state === 'failed') throw new Error(`the view failed: ${v.error}`);
      return v.watermark === watermark && v.dirty === '0' && v.revisions_total === String(revisions) && v;
    });
  }

  async Rows(sql) {
    let page = await this.Api('POST', '/query', { sql, max_rows: 10_000 });
    const rows = [...page.rows];
    while (page.next !== null) {
      page = await this.Api('POST', '/query', { next: page.next });
      rows.push(...page.rows);
    }
    return rows;
  }
}
