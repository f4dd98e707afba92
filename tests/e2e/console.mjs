// SPDX-License-Identifier: Apache-2.0
// The console against a running server with the EC2 sample and data arriving: runs a statement in the editor, sees the sample dashboard
// change, and compares the plotted series and the revised marks, read through window.tidemark.charts(), with what the server answers
// for the same range.
//
//   TIDEMARK_ENDPOINT=http://127.0.0.1:4580 node console.mjs
//
// Environment: TIDEMARK_ENDPOINT; TIDEMARK_HOST (an instance_name, default the first); TIDEMARK_REVISED_MIN (default 1: revised windows to
// wait for); TIDEMARK_RANGE_FROM, TIDEMARK_RANGE_TO (of the dashboard, default now-2h and now); TIDEMARK_WAIT_S (per step, default 120);
// TIDEMARK_SCREENSHOTS (a directory for pictures, default none); TIDEMARK_CHROMIUM (default /usr/bin/chromium). Exit code 0 if all steps passed, else 1 with the step and the reason.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LaunchBrowser, OpenPage } from './browser.mjs';
import { CheckWells } from './wells_sql.mjs';

const env = process.env;
const endpoint = (env.TIDEMARK_ENDPOINT ?? 'http://127.0.0.1:4580').replace(/\/$/, '');
const database = 'InterpolatedBlogDB';
const table = 'EC2MetricTable';
const measure = 'cpu_system';
const avg_measure = 'avg_cpu_system';
const revised_min = Number(env.TIDEMARK_REVISED_MIN ?? 1);
const wait_ms = Number(env.TIDEMARK_WAIT_S ?? 120) * 1000;
const pictures = env.TIDEMARK_SCREENSHOTS ?? '';

const kAttemptsMax = 60;
const kNsPerMinute = 60_000_000_000n;

// ---- what the server says, without the page ----

async function Api(path, body, headers = {}) {
  const init = body === undefined ? {} : { method: 'POST', headers: { 'Content-Type': 'application/json', 'X-Console': '1', ...headers }, body: JSON.stringify(body) };
  const response = await fetch(`${endpoint}/api/v1${path}`, init);
  const answer = await response.json();
  assert.ok(response.ok, `${path} answered ${response.status}: ${JSON.stringify(answer)}`);
  return answer;
}

const Has = async (path) => (await fetch(`${endpoint}/api/v1${path}`)).ok;

async function Sql(sql) {
  let page = await Api('/query', { sql, max_rows: 10_000 });
  const rows = [...page.rows];
  while (page.next !== null) {
    page = await Api('/query', { next: page.next });
    rows.push(...page.rows);
  }
  return rows;
}

const Name = (name) => `"${name.replaceAll('"', '""')}"`;
const Text = (text) => `'${text.replaceAll("'", "''")}'`;
const Ms = (ns) => BigInt(ns) / 1_000_000n;

/** `YYYY-MM-DD HH:MM:SS.nnnnnnnnn` to ns, by integers. */
function ToNs(text) {
  const m = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)\.(\d{9})$/.exec(text);
  assert.ok(m, `not a timestamp of the dialect: ${text}`);
  return String(BigInt(Date.parse(`${m[1]}T${m[2]}Z`)) * 1_000_000n + BigInt(m[3]));
}

const Where = (name, host) => [`measure_name = ${Text(name)}`, ...Object.entries(host).map(([k, v]) => `${Name(k)} = ${Text(v)}`)].join(' AND ');

const Series = async (name, host, from, to) =>
  (await Sql(
    `SELECT time, measure_value::double FROM ${Name(database)}.${Name(table)} WHERE ${Where(name, host)} ` +
      `AND time >= from_milliseconds(${Ms(from)}) AND time < from_milliseconds(${Ms(to)}) ORDER BY time`,
  )).map(([time, value]) => [ToNs(time), Number(value)]);

/** The same range as the page's model has it, from three answers of the server. */
async function Expected(from, to) {
  const params = new URLSearchParams({ measure: avg_measure, from, to, limit: '10000', ...host });
  const [raw, avg, { rows }] = await Promise.all([
    Series(measure, host, from, to),
    Series(avg_measure, host, from, to),
    Api(`/databases/${database}/tables/${table}/revisions?${params}`),
  ]);
  const Values = (row) => row.revisions.filter((r) => r.frozen !== true);
  const revised = rows.filter((row) => Values(row).length > 1);
  return {
    raw, avg, rows, revised,
    marks: revised.map((row) => ({ series: avg_measure, time: row.time, first: Number(Values(row)[0].new), current: Number(row.value), revisions: Values(row).length - 1 })),
  };
}

/** The sample dashboard, as a stack makes it; made here where the server has none. */
async function MakeSample() {
  if (await Has('/dashboards/ec2')) return;
  const definition = JSON.parse(readFileSync(new URL('../../examples/ec2/dashboards/ec2.json', import.meta.url), 'utf8'));
  const { etag } = await Api('/dashboards', { id: 'ec2', definition });
  await Api('/dashboards/ec2:publish', { message: 'the sample' }, { 'If-Match': etag });
}

// ---- steps ----

const Model = (page, part) => page.evaluate((name) => window.__tidemark?.[name] ?? null, part);
const Until = (page, condition, argument) => page.waitForFunction(condition, argument, { timeout: wait_ms, polling: 100 });
const InRange = (list, from, to, time) => list.filter((item) => BigInt(time(item)) >= BigInt(from) && BigInt(time(item)) < BigInt(to));
const Cpu = (page) => page.evaluate(() => window.tidemark.charts().find(({ id }) => id === 'cpu') ?? null);
const CpuReady = (page) => Until(page, () => window.__tidemark?.dashboard?.panels.find(({ id }) => id === 'cpu')?.status === 'ready' && window.tidemark.charts().find(({ id }) => id === 'cpu')?.series[1]?.time.length > 0);

const Go = (page, name) => page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name, exact: true }).click();

async function Picture(page, name) {
  if (pictures === '') return;
  mkdirSync(pictures, { recursive: true });
  await page.screenshot({ path: join(pictures, `${name}.png`) });
}

let host = {};

const steps = [
  ['the sample dashboard opens on a host with data', async (page) => {
    await MakeSample();
    const params = new URLSearchParams({ from: env.TIDEMARK_RANGE_FROM ?? 'now-2h', to: env.TIDEMARK_RANGE_TO ?? 'now' });
    if (env.TIDEMARK_HOST) params.set('var-instance', env.TIDEMARK_HOST);
    const response = await page.goto(`${endpoint}/ui/dash/ec2?${params}`);
    const policy = response.headers()['content-security-policy'] ?? '';
    assert.match(policy, /default-src 'none'/, 'the page has no content security policy');
    await CpuReady(page);
    await Until(page, () => window.__tidemark.live.status === 'live');
    const { instance, region, cell, silo } = (await Model(page, 'dashboard')).variables;
    host = { instance_name: instance[0], region: region[0], cell: cell[0], silo: silo[0] };
    console.log(`      host ${JSON.stringify(host)}`);
  }],

  ['the editor runs a statement and shows what the server answers', async (page) => {
    await Go(page, 'Query');
    await Until(page, () => window.__tidemark.query?.text.includes('SELECT'));
    assert.match((await Model(page, 'query')).text, /measure_name IN \('cpu_idle', ?'avg_cpu_idle'\)[^]*instance_name = '[^]*ORDER BY time DESC[^]*LIMIT 100/, 'the sample statement');
    await page.getByTestId('sql').press('Control+Enter');
    await Until(page, () => ['ready', 'error'].includes(window.__tidemark.query?.status));
    let query = await Model(page, 'query');
    assert.equal(query.error, null, `the sample statement failed: ${JSON.stringify(query.error)}`);
    assert.ok(query.rows.length > 0 && query.rows.length <= 100, `the sample statement gave ${query.rows.length} rows`);

    // Of a range that has ended, in a total order: the same text whenever it is asked, but for a late point in between.
    const to = BigInt(Date.now()) - 600_000n;
    const sql = `SELECT time, measure_name, measure_value::double FROM ${Name(database)}.${Name(table)}\nWHERE measure_name IN (${Text(measure)}, ${Text(`avg_${measure}`)})\n` +
      Object.entries(host).map(([k, v]) => `  AND ${Name(k)} = ${Text(v)}\n`).join('') + `  AND time < from_milliseconds(${to})\nORDER BY time DESC, measure_name LIMIT 200`;
    for (let attempt = 1; ; attempt += 1) {
      const before = await Sql(sql);
      await page.getByTestId('sql').fill(sql);
      await page.getByTestId('sql').press('Control+Enter');
      await Until(page, (text) => window.__tidemark.query.sql.trim() === text.trim() && ['ready', 'error'].includes(window.__tidemark.query.status), sql);
      query = await Model(page, 'query');
      assert.equal(query.error, null, JSON.stringify(query.error));
      if (JSON.stringify(before) === JSON.stringify(await Sql(sql)) || attempt === kAttemptsMax) {
        assert.deepEqual(query.rows, before);
        assert.deepEqual(query.columns.map((c) => c.type), ['TIMESTAMP', 'VARCHAR', 'DOUBLE']);
        break;
      }
    }
    await page.getByTestId('footer').getByText(/complete/).waitFor();
    await Picture(page, 'query');
  }],

  ['EXPLAIN works and an error is shown with line and column', async (page) => {
    await page.getByTestId('explain').click();
    await Until(page, () => window.__tidemark.query.sql.startsWith('EXPLAIN') && ['ready', 'error'].includes(window.__tidemark.query.status));
    const explained = await Model(page, 'query');
    assert.equal(explained.error, null, JSON.stringify(explained.error));
    assert.ok(explained.rows.length > 0);
    await page.getByTestId('sql').fill(`SELECT time,\n       no_such_column\nFROM ${Name(database)}.${Name(table)}`);
    await page.getByTestId('sql').press('Control+Enter');
    await Until(page, () => window.__tidemark.query.status === 'error');
    const { error } = await Model(page, 'query');
    assert.equal(error.status, 400);
    assert.deepEqual([error.line, error.column], [2, 8], `the error's place: ${JSON.stringify(error)}`);
    assert.match(error.message, /no_such_column/);
    assert.equal(await page.getByTestId('error-place').innerText(), 'line 2, column 8');
  }],

  ['macros expand, mistakes are underlined, a long result is charted reduced', async (page) => {
    const sql = `SELECT time, measure_name, measure_value::double AS v FROM ${Name(database)}.${Name(table)} WHERE $__timeFilter AND measure_name IN (${Text(measure)}, 'cpu_idle', 'cpu_user') ORDER BY time`;
    await page.goto(`${endpoint}/ui/query?from=now-2h&sql=${encodeURIComponent(sql)}`);
    await Until(page, (text) => window.__tidemark?.query?.text === text, sql);
    await page.getByTestId('run').click();
    await Until(page, () => window.__tidemark.query.rows.length >= 10_000 || window.__tidemark.query.status === 'error');
    const query = await Model(page, 'query');
    assert.equal(query.error, null, JSON.stringify(query.error));
    assert.match(query.query_id, /^ui-/, 'the id that the page chose');
    await page.getByTestId('footer').getByText(/of at least/).waitFor();
    await page.getByRole('tab', { name: 'Messages' }).click();
    assert.match(await page.getByTestId('expanded').innerText(), /time BETWEEN from_milliseconds\(\d+\) AND from_milliseconds\(\d+\)/);
    await page.getByRole('tab', { name: 'Chart' }).click();
    await page.getByText('3 lines · reduced').waitFor();
    const [chart] = await page.evaluate(() => window.tidemark.charts());
    assert.ok(chart.series.length === 3 && chart.series.every(({ time, value }) => time.length === value.length && time.length > 0));
    assert.match(chart.watermark ?? '', /^\d+$/);
    await Picture(page, 'query-chart');
    await page.getByTestId('sql').fill(sql.replace('measure_name,', 'measure_nam,'));
    await page.locator('.cm-lintRange-error').getByText('measure_nam').waitFor();
  }],

  ['the dashboard is listed, complete, and changes as data arrives', async (page) => {
    await Go(page, 'Dashboards');
    await page.getByRole('link', { name: 'EC2 host metrics' }).click();
    await CpuReady(page);
    await page.setViewportSize({ width: 1440, height: 1500 });
    await Until(page, () => window.__tidemark.dashboard.panels.every(({ status }) => status === 'ready'));
    const { panels } = await Model(page, 'dashboard');
    assert.equal(panels.length, 10);
    // What the switch "fill gaps" of a panel asks for, its last query, is off.
    const asked = ({ id, rows }) => (id === 'cpu' ? rows.slice(0, -1) : rows);
    assert.ok(panels.every((panel) => panel.failed === 0 && asked(panel).every((n) => n > 0)), JSON.stringify(panels));
    const before = await Cpu(page);
    const { events } = await Model(page, 'live');
    await Until(page, ([last, n]) => window.tidemark.charts().find(({ id }) => id === 'cpu').series[1].time.at(-1) !== last && window.__tidemark.live.events > n, [before.series[1].time.at(-1), events]);
    await Picture(page, 'dashboard');
  }],

  ['late data has revised windows of the chart', async (page) => {
    await page.getByTestId('time-range').click();
    await page.getByRole('dialog', { name: /^Time range/ }).getByLabel('From').fill('now-2h');
    await page.keyboard.press('Enter');
    await Until(page, (n) => {
      const chart = window.tidemark.charts().find(({ id }) => id === 'cpu');
      return chart.revised.length >= n && chart.watermark !== null;
    }, revised_min);
    const { watermark } = await Cpu(page);
    const { revised } = await Expected(String(BigInt(watermark) - 110n * kNsPerMinute), watermark);
    for (const { revisions, value } of revised) {
      const values = revisions.filter((r) => r.frozen !== true);
      assert.equal(values[0].old, null, 'the first revision has no old value');
      assert.equal(values.at(-1).new, value);
      for (let i = 1; i < values.length; i += 1) {
        assert.equal(values[i].old, values[i - 1].new, 'revisions form a chain');
        assert.ok(BigInt(values[i].at) >= BigInt(values[i - 1].at));
        assert.ok(BigInt(values[i].late_points) >= 1n, 'a revision answers for at least one late point');
      }
    }
    console.log(`      ${revised.length} windows revised`);
  }],

  ['plotted series and revised marks equal what the server answers', async (page) => {
    let difference = null;
    for (let attempt = 1; attempt <= kAttemptsMax; attempt += 1) {
      // The range of the page moves with the clock: well inside it stays inside. Up to the watermark only late data comes.
      const { watermark } = await Cpu(page);
      const to = String((BigInt(watermark) / 1_000_000n) * 1_000_000n);
      const from = String(BigInt(to) - 110n * kNsPerMinute);
      const before = await Expected(from, to);
      const chart = await Cpu(page);
      const { changes } = await Model(page, 'dashboard');
      const after = await Expected(from, to);
      if (JSON.stringify(before) !== JSON.stringify(after)) continue; // it changed meanwhile
      const Of = (i) => InRange(chart.series[i].time.map((time, at) => [time, chart.series[i].value[at]]), from, to, (p) => p[0]);
      const plotted = { avg: Of(0), raw: Of(1), marks: InRange(chart.revised, from, to, (row) => row.time) };
      try {
        assert.deepEqual(chart.series.map(({ name }) => name), [avg_measure, measure]);
        assert.deepEqual(plotted, { avg: before.avg, raw: before.raw, marks: before.marks });
        assert.deepEqual(before.rows.map((row) => [row.time, Number(row.value)]), before.avg, 'the revisions endpoint and SELECT disagree');
        assert.ok(plotted.raw.length > 0 && plotted.avg.length > 0 && plotted.marks.length > 0, 'nothing to compare');
        console.log(`      ${plotted.raw.length} raw points, ${plotted.avg.length} averages, ${plotted.marks.length} revised, attempt ${attempt}`);
        difference = null;
        break;
      } catch (e) {
        difference = e;
        // The page reads a moment after the server says so: wait for that, at most a while.
        await page.waitForFunction((n) => window.__tidemark.dashboard.changes > n, changes, { timeout: 3000, polling: 50 }).catch(() => undefined);
      }
    }
    if (difference !== null) throw difference;
  }],

  ['a revised window is the average of its raw points now', async (page) => {
    const { watermark } = await Cpu(page);
    const { revised } = await Expected(String(BigInt(watermark) - 110n * kNsPerMinute), watermark);
    for (const row of revised.filter((one) => BigInt(one.window_end) <= BigInt(watermark)).slice(0, 3)) {
      let texts = [];
      for (let attempt = 1; attempt <= kAttemptsMax; attempt += 1) {
        const [again, [[value]]] = await Promise.all([
          Sql(`SELECT measure_value::double FROM ${Name(database)}.${Name(table)} WHERE ${Where(avg_measure, host)} AND time = from_milliseconds(${Ms(row.time)})`),
          Sql(`SELECT avg(measure_value::double) FROM ${Name(database)}.${Name(table)} WHERE ${Where(measure, host)} ` +
            `AND time >= from_milliseconds(${Ms(row.window_start)}) AND time < from_milliseconds(${Ms(row.window_end)})`),
        ]);
        texts = [again[0]?.[0], value];
        if (texts[0] === texts[1]) break;
        await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(resolve)));
      }
      assert.equal(texts[0], texts[1], `window ${row.window_start}`);
    }
  }],

  ['the card of a revised point lists every revision', async (page) => {
    await page.locator('[data-panel=cpu]').getByRole('group', { name: /windows of 5 minutes/ }).focus();
    await page.keyboard.press('End');
    const card = page.getByTestId('point-card');
    const { series } = await Cpu(page);
    for (let i = 0; i <= series[0].time.length; i += 1) {
      await card.waitFor();
      if (/revised ×/.test(await card.innerText())) break;
      await page.keyboard.press('ArrowLeft');
    }
    const text = await card.innerText();
    assert.match(text, /revised ×\d/);
    const times = Number(/revised ×(\d+)/.exec(text)[1]);
    assert.equal(await page.getByTestId('point-revision').count(), Math.min(times + 1, 8));
    await Picture(page, 'chart');
    await page.setViewportSize({ width: 1440, height: 900 });
  }],

  ['a link shares the dashboard, read only', async (page) => {
    await page.getByRole('button', { name: 'Share' }).click();
    const dialog = page.getByRole('dialog', { name: 'Share EC2 host metrics' });
    await dialog.getByRole('button', { name: 'Create link' }).click();
    const url = await dialog.getByTestId('shared-link').inputValue();
    const other = await page.context().newPage();
    await other.goto(url);
    await CpuReady(other);
    await Until(other, () => window.__tidemark.live.status === 'live');
    assert.equal(await other.getByRole('navigation').count(), 0);
    const token = url.split('#')[1];
    const refused = await fetch(`${endpoint}/api/v1/dashboards`, { headers: { Authorization: `Bearer ${token}` } });
    assert.equal(refused.status, 403);
    await Picture(other, 'share');
    await other.close();
    await dialog.getByRole('button', { name: 'Take back' }).click();
    await dialog.getByText('No links yet.').waitFor();
    assert.equal((await fetch(`${endpoint}/api/v1/share`, { headers: { Authorization: `Bearer ${token}` } })).status, 401);
    await dialog.getByRole('button', { name: 'Close' }).click();
  }],

  ['the graph shows stream, pipeline, table and view, live', async (page) => {
    await Go(page, 'Pipelines');
    await Until(page, () => window.__tidemark.graph?.status === 'ready');
    const { changes, nodes, edges } = await Model(page, 'graph');
    const Next = (id) => edges.filter((edge) => edge.from === id).map((edge) => edge.to);
    const table_id = `table:${database}.${table}`;
    const pipeline = nodes.find((node) => node.kind === 'pipeline' && Next(node.id).includes(table_id));
    assert.ok(pipeline, `no pipeline writes ${table_id}: ${JSON.stringify(edges)}`);
    assert.ok(edges.some((edge) => edge.to === pipeline.id && edge.from.startsWith('stream:')), 'the pipeline reads a stream');
    const view = nodes.find((node) => node.kind === 'view' && Next(table_id).includes(node.id));
    assert.ok(view, 'the table feeds a view');
    await Until(page, (n) => window.__tidemark.graph.changes >= n + 2, changes);
    const { views } = await Api('/views');
    const { facts } = (await Model(page, 'graph')).nodes.find((node) => node.id === view.id);
    const now = views.find((v) => `view:${v.name}` === view.id);
    assert.ok(BigInt(facts.watermark) <= BigInt(now.watermark) + kNsPerMinute && BigInt(facts.windows_published) <= BigInt(now.windows_published) + 100_000n);
    assert.ok(BigInt(now.revisions_total) >= BigInt(revised_min));
    await page.locator(`[data-id="${view.id}"]`).click();
    await page.getByTestId('inspector').getByText(/shardId-/).first().waitFor();
    await Picture(page, 'graph');
  }],

  ['every page of the console works against this server', async (page) => {
    const pages = [
      ['/ui/', 'Overview', () => page.getByTestId('kpis').waitFor()],
      ['/ui/streams', 'Streams', () => page.getByTestId('streams').getByRole('link').first().waitFor()],
      ['/ui/pipelines', 'Pipelines', () => Until(page, () => window.__tidemark.graph?.status === 'ready')],
      ['/ui/db', 'Databases', () => page.getByTestId('tables').getByRole('link', { name: table }).waitFor()],
      ['/ui/settings/diagnostics', 'Settings', () => page.getByText('sql.slow_query').first().waitFor()],
      ['/ui/alerts', 'Alerts', () => page.getByText('TidemarkViewBehind').waitFor()],
    ];
    for (const [path, name, Ready] of pages) {
      await page.goto(`${endpoint}${path}`);
      await page.getByRole('heading', { level: 1, name, exact: true }).waitFor();
      await Ready();
      assert.equal(await page.getByTestId('error').count(), 0, `${path} shows an error`);
      await Picture(page, `page-${name.toLowerCase()}`);
    }
  }],

  ['a table shows its schema, newest rows, storage and refusals', async (page) => {
    for (const [tab, Ready] of [
      ['', () => page.getByTestId('measures').getByText(`avg_${measure}`, { exact: true }).waitFor()], ['/sample', () => page.getByTestId('sample').waitFor()],
      ['/storage', () => page.getByTestId('landing').getByText('accepted').waitFor()], ['/rejections', () => page.getByText(/refused since/).waitFor()],
    ]) {
      await page.goto(`${endpoint}/ui/db/${encodeURIComponent(database)}/${encodeURIComponent(table)}${tab}`);
      await Ready();
      assert.equal(await page.getByTestId('error').count(), 0, `${tab} shows an error`);
      await Picture(page, `table${tab.replace('/', '-')}`);
    }
  }],

  ['a stream shows its shards, keys, readers and records', async (page) => {
    const { pipelines } = await Api('/pipelines');
    const { stream } = pipelines.find((p) => p.database === database && p.table === table);
    await page.goto(`${endpoint}/ui/streams/${encodeURIComponent(stream)}/shards`);
    await page.getByTestId('shards').getByText('shardId-000000000000').waitFor();
    await page.getByTestId('skew').waitFor();
    await page.getByRole('navigation', { name: 'Stream' }).getByRole('link', { name: 'Readers' }).click();
    await page.getByText('pipeline', { exact: true }).first().waitFor();
    await page.getByRole('navigation', { name: 'Stream' }).getByRole('link', { name: 'Records' }).click();
    const rows = page.getByTestId('records').locator('tbody tr');
    await rows.first().waitFor();
    assert.ok((await rows.count()) > 0);
    await rows.first().getByRole('button').click();
    await page.getByTestId('record').getByRole('list', { name: 'Payload' }).waitFor();
    await Picture(page, 'records');
  }],

  ['every statement that wells make runs', async () => {
    assert.ok((await CheckWells(endpoint)) > 80);
  }],

  ['wells by drag and drop draw what their statement answers, and become a published dashboard', async (page) => {
    await page.goto(`${endpoint}/ui/db/${database}/${table}`);
    await page.getByRole('link', { name: 'Visualise' }).click();
    const Field = (name) => page.locator(`[data-field="${name}"]`);
    const Well = (name) => page.getByRole('combobox', { name, exact: true });
    await Field('time').dragTo(Well('X axis'));
    await page.getByRole('button', { name: 'X axis: time · Auto' }).click();
    await page.getByLabel('Granularity').selectOption({ label: 'Minute' });
    await page.keyboard.press('Escape');
    await Field('measure_value::double').dragTo(Well('Value'));
    await Field('measure_name').dragTo(Well('Color'));
    await Field('measure_name').dragTo(Well('Filters'));
    await page.getByLabel('Find a value of measure_name').fill('cpu_system');
    for (const name of [avg_measure, measure]) await page.getByRole('checkbox', { name, exact: true }).check();
    await page.getByRole('button', { name: 'Apply', exact: true }).click();
    await page.waitForFunction(() => window.tidemark.charts().find((c) => c.id === 'query')?.series.length === 2);
    const chart = await page.evaluate(() => window.tidemark.charts().find((c) => c.id === 'query'));
    const statement = await page.getByTestId('generated-sql').innerText();
    const { rows } = await Api('/query', { sql: statement, max_rows: 10_000, from: 'now-2h', to: 'now' });
    const answered = new Map(rows.map(([time, name, value]) => [`${name} ${ToNs(time)}`, Number(value)]));
    for (const { name, time, value } of chart.series) {
      // The minute that goes on, and the first one, which the range cuts, may differ.
      const inner = time.slice(1, -2);
      assert.ok(inner.length > 5, `${name}: ${time.length} points`);
      inner.forEach((at, k) => assert.ok(Math.abs(answered.get(`${name} ${at}`) - value[k + 1]) < 1e-9, `${name} at ${at}: ${value[k + 1]} drawn, ${answered.get(`${name} ${at}`)} answered`));
    }
    await Picture(page, 'wells');
    await page.getByRole('button', { name: 'Add to dashboard' }).click();
    await page.getByLabel('Name of the new dashboard').fill('Made of wells');
    await page.getByRole('dialog', { name: 'Add to a dashboard' }).getByRole('button', { name: 'Save' }).click();
    await page.getByTestId('edit-grid').waitFor();
    await page.getByRole('button', { name: 'Publish', exact: true }).click();
    await page.getByRole('button', { name: 'Publish version 1' }).click();
    await page.getByText('Published version 1 of Made of wells').waitFor();
    await page.waitForFunction(() => window.tidemark.charts().some((c) => c.series.length === 2));
    const made = (await Api('/dashboards?limit=1000')).items.find(({ title }) => title === 'Made of wells');
    assert.deepEqual([made.published, made.has_draft], ['1', false]);
  }],

  ['the snippets that say so run as they stand', async (page) => {
    await page.goto(`${endpoint}/ui/connect`);
    const put_and_asked = /^put shardId-\d+ \d+\npoints \d+\s*$/;
    for (const [name, program, arguments_, said] of [
      ['Python', 'python3', ['-'], put_and_asked], ['AWS CLI', 'bash', ['-'], /"SequenceNumber": "\d+"[^]*\n\d+\s*$/],
      ['JavaScript', 'node', ['--input-type=module', '-'], put_and_asked], ['curl', 'bash', ['-'], /"rows":\s*\[\["\d+"\]\]/]]) {
      await page.getByRole('group', { name: 'Client', exact: true }).getByRole('button', { name, exact: true }).click();
      await page.getByText('run by a test', { exact: true }).waitFor();
      const text = await page.getByTestId('snippet').innerText();
      // The packages of JavaScript are those of tests/clients.
      const { status, stdout, stderr } = spawnSync(program, arguments_, { input: text, encoding: 'utf8', timeout: wait_ms, cwd: new URL('../clients', import.meta.url) });
      assert.equal(status, 0, `${name}: ${stderr}`);
      assert.match(stdout, said, name);
    }
    for (const library of ['Boto3', 'aws-cli', 'aws-sdk-js']) await page.getByTestId('connections').getByText(library).first().waitFor();
    await Picture(page, 'connect');
  }],
];

const browser = await LaunchBrowser();
// The wrong statement of a step: Chromium reports its 400 as a console error.
const { page, faults } = await OpenPage(browser, endpoint, { expected: [/status of 400/], color_scheme: env.TIDEMARK_COLORS ?? 'light' });
page.setDefaultTimeout(wait_ms);
let code = 0;
for (const [name, Run] of steps) {
  try {
    await Run(page);
    assert.deepEqual(faults, [], 'faults of the page');
    console.log(`ok    ${name}`);
  } catch (e) {
    code = 1;
    console.log(`FAIL  ${name}\n${e.stack ?? e}`);
    if (faults.length > 0) console.log(faults.join('\n'));
    await Picture(page, 'failed').catch(() => undefined);
    console.log(JSON.stringify(await page.evaluate(() => {
      const { live, dashboard, query } = window.__tidemark ?? {};
      return { live, dashboard, charts: window.tidemark?.charts().map(({ id, series, revised }) => [id, series.map(({ name, time }) => [name, time.length]), revised.length]), query: query && { status: query.status, error: query.error } };
    }).catch((error) => String(error))));
    break;
  }
}
await browser.close();
console.log(code === 0 ? 'console: all steps passed' : 'console: failed');
process.exit(code);
