// SPDX-License-Identifier: Apache-2.0
// The console against a running server, with data arriving: runs a statement in the editor, sees the chart change, and compares the
// plotted series and the revised marks, read through the page's typed model, with what the server answers for the same range.
//
//   TIDEMARK_ENDPOINT=http://127.0.0.1:4580 node console.mjs
//
// Environment: TIDEMARK_ENDPOINT; TIDEMARK_DATABASE, TIDEMARK_TABLE, TIDEMARK_MEASURE (the sample's); TIDEMARK_HOST (an instance_name,
// default the first); TIDEMARK_REVISED_MIN (default 1: revised windows to wait for); TIDEMARK_RANGE_FROM, TIDEMARK_RANGE_TO (of the
// chart, default now-2h and now); TIDEMARK_WAIT_S (per step, default 120); TIDEMARK_SCREENSHOTS (a directory for pictures, default none);
// TIDEMARK_CHROMIUM (default /usr/bin/chromium). Exit code 0 if all steps passed, else 1 with the step and the reason.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { LaunchBrowser, OpenPage } from './browser.mjs';

const env = process.env;
const endpoint = (env.TIDEMARK_ENDPOINT ?? 'http://127.0.0.1:4580').replace(/\/$/, '');
const database = env.TIDEMARK_DATABASE ?? 'InterpolatedBlogDB';
const table = env.TIDEMARK_TABLE ?? 'EC2MetricTable';
const measure = env.TIDEMARK_MEASURE ?? 'cpu_system';
const revised_min = Number(env.TIDEMARK_REVISED_MIN ?? 1);
const wait_ms = Number(env.TIDEMARK_WAIT_S ?? 120) * 1000;
const pictures = env.TIDEMARK_SCREENSHOTS ?? '';

const kAttemptsMax = 60;
const kNsPerMinute = 60_000_000_000n;

// ---- what the server says, without the page ----

async function Api(path, body) {
  const init = body === undefined ? {} : { method: 'POST', headers: { 'Content-Type': 'application/json', 'X-Console': '1' }, body: JSON.stringify(body) };
  const response = await fetch(`${endpoint}/api/v1${path}`, init);
  const answer = await response.json();
  assert.ok(response.ok, `${path} answered ${response.status}: ${JSON.stringify(answer)}`);
  return answer;
}

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
/** Whether the server has a part at all. */
const Has = async (path) => (await fetch(`${endpoint}/api/v1${path}`)).status !== 404;
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
async function Expected(chart, from, to) {
  const params = new URLSearchParams({ measure: chart.avg_measure, from, to, limit: '10000', ...chart.host });
  const [raw, avg, revisions] = await Promise.all([
    Series(measure, chart.host, from, to),
    Series(chart.avg_measure, chart.host, from, to),
    Api(`/databases/${encodeURIComponent(database)}/tables/${encodeURIComponent(table)}/revisions?${params}`),
  ]);
  const rows = revisions.rows.map((row) => ({
    time: row.time, window_start: row.window_start, window_end: row.window_end, revision: row.revision, value: row.value === null ? null : Number(row.value),
    frozen: row.frozen === true || row.revisions.some((r) => r.frozen === true),
    revisions: row.revisions.map((r) => ({
      revision: r.revision, old: r.old === null ? null : Number(r.old), new: r.new === null ? null : Number(r.new), late_points: r.late_points, at: r.at, frozen: r.frozen === true,
    })),
  }));
  return { raw, avg, rows, revised: rows.filter((row) => row.revisions.filter((r) => !r.frozen).length > 1 || row.frozen) };
}

// ---- steps ----

const Model = (page, part) => page.evaluate((name) => window.__tidemark?.[name] ?? null, part);
const Until = (page, condition, argument) => page.waitForFunction(condition, argument, { timeout: wait_ms, polling: 100 });
const InRange = (list, from, to, time) => list.filter((item) => BigInt(time(item)) >= BigInt(from) && BigInt(time(item)) < BigInt(to));

const Go = (page, name) => page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name, exact: true }).click();

async function Picture(page, name) {
  if (pictures === '') return;
  mkdirSync(pictures, { recursive: true });
  await page.screenshot({ path: join(pictures, `${name}.png`) });
}

let host = {};

const steps = [
  ['the sample chart opens on a host with data', async (page) => {
    const params = new URLSearchParams();
    if (env.TIDEMARK_HOST) params.set('var-instance_name', env.TIDEMARK_HOST);
    for (const [name, value] of [['from', env.TIDEMARK_RANGE_FROM], ['to', env.TIDEMARK_RANGE_TO], ['db', env.TIDEMARK_DATABASE], ['table', env.TIDEMARK_TABLE], ['measure', env.TIDEMARK_MEASURE]]) {
      if (value) params.set(name, value);
    }
    const response = await page.goto(`${endpoint}/ui/dash/ec2-host-metrics?${params}`);
    const policy = response.headers()['content-security-policy'] ?? '';
    assert.match(policy, /default-src 'none'/, 'the page has no content security policy');
    await Until(page, () => window.__tidemark?.chart?.status === 'ready' && window.__tidemark.chart.series.raw.length > 0);
    await Until(page, () => window.__tidemark.live.status === 'live');
    host = (await Model(page, 'chart')).host;
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
    const to = Ms((await Model(page, 'chart'))?.range.to ?? String(BigInt(Date.now()) * 1_000_000n)) - 600_000n;
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

  ['the chart changes as data arrives', async (page) => {
    await Go(page, 'Dashboards');
    await page.getByRole('link', { name: 'EC2 host metrics' }).click();
    await Until(page, () => window.__tidemark.page === 'chart' && window.__tidemark.chart?.status === 'ready');
    const before = await Model(page, 'chart');
    const { events } = await Model(page, 'live');
    await Until(page, ([changes, n]) => window.__tidemark.chart.changes > changes && window.__tidemark.live.events > n, [before.changes, events]);
  }],

  ['late data has revised windows of the chart', async (page) => {
    await Until(page, (n) => window.__tidemark.chart.series.revised.length >= n && window.__tidemark.chart.watermark !== null, revised_min);
    const { series } = await Model(page, 'chart');
    for (const row of series.revised) {
      if (row.frozen) continue;
      assert.ok(row.revisions.length > 1);
      assert.equal(row.revisions[0].old, null, 'the first revision has no old value');
      assert.equal(row.revisions.at(-1).new, row.value);
      for (let i = 1; i < row.revisions.length; i += 1) {
        assert.equal(row.revisions[i].old, row.revisions[i - 1].new, 'revisions form a chain');
        assert.ok(BigInt(row.revisions[i].at) >= BigInt(row.revisions[i - 1].at));
        assert.ok(BigInt(row.revisions[i].late_points) >= 1n, 'a revision answers for at least one late point');
      }
    }
    console.log(`      ${series.revised.length} windows revised`);
  }],

  ['plotted series and revised marks equal what the server answers', async (page) => {
    let difference = null;
    for (let attempt = 1; attempt <= kAttemptsMax; attempt += 1) {
      const first = await Model(page, 'chart');
      // The range of the page moves with the clock: a minute inside it stays inside. Up to the watermark only late data comes.
      const from = String(((BigInt(first.range.from) + kNsPerMinute) / 1_000_000n) * 1_000_000n);
      const to = String((BigInt(first.watermark ?? first.range.to) / 1_000_000n) * 1_000_000n);
      const before = await Expected(first, from, to);
      const chart = await Model(page, 'chart');
      const after = await Expected(first, from, to);
      if (JSON.stringify(before) !== JSON.stringify(after)) continue; // it changed meanwhile
      const plotted = {
        raw: InRange(chart.series.raw, from, to, (p) => p[0]),
        avg: InRange(chart.series.avg, from, to, (p) => p[0]),
        revised: InRange(chart.series.revised, from, to, (row) => row.time),
      };
      try {
        assert.deepEqual(plotted, { raw: before.raw, avg: before.avg, revised: before.revised });
        assert.deepEqual(before.rows.map((row) => [row.time, row.value]), before.avg, 'the revisions endpoint and SELECT disagree');
        assert.ok(plotted.raw.length > 0 && plotted.avg.length > 0 && plotted.revised.length > 0, 'nothing to compare');
        console.log(`      ${plotted.raw.length} raw points, ${plotted.avg.length} averages, ${plotted.revised.length} revised, attempt ${attempt}`);
        difference = null;
        break;
      } catch (e) {
        difference = e;
        // The page reads a moment after the server says so: wait for that, at most a while.
        await page.waitForFunction((n) => window.__tidemark.chart.changes > n, chart.changes, { timeout: 3000, polling: 50 }).catch(() => undefined);
      }
    }
    if (difference !== null) throw difference;
  }],

  ['a revised window is the average of its raw points now', async (page) => {
    const chart = await Model(page, 'chart');
    const closed = chart.series.revised.filter((row) => BigInt(row.window_end) <= BigInt(chart.watermark));
    for (const row of closed.slice(0, 3)) {
      let texts = [];
      for (let attempt = 1; attempt <= kAttemptsMax; attempt += 1) {
        const [again, [[value]]] = await Promise.all([
          Sql(`SELECT measure_value::double FROM ${Name(database)}.${Name(table)} WHERE ${Where(chart.avg_measure, chart.host)} AND time = from_milliseconds(${Ms(row.time)})`),
          Sql(`SELECT avg(measure_value::double) FROM ${Name(database)}.${Name(table)} WHERE ${Where(measure, chart.host)} ` +
            `AND time >= from_milliseconds(${Ms(row.window_start)}) AND time < from_milliseconds(${Ms(row.window_end)})`),
        ]);
        texts = [again[0]?.[0], value];
        if (texts[0] === texts[1]) break;
        await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(resolve)));
      }
      assert.equal(texts[0], texts[1], `window ${row.window_start}`);
    }
  }],

  ['a mark is drawn for each and its card lists every revision', async (page) => {
    await Until(page, () => {
      const { drawn, series } = window.__tidemark.chart;
      return drawn.revised > 0 && drawn.revised === series.revised.filter((row) => row.revisions.filter((r) => !r.frozen).length > 1).length;
    });
    await page.getByTestId('chart').focus();
    await page.keyboard.press('End');
    const card = page.getByTestId('point-card');
    const { series } = await Model(page, 'chart');
    for (let i = 0; i <= series.avg.length; i += 1) {
      await card.waitFor();
      if (/revised ×/.test(await card.innerText())) break;
      await page.keyboard.press('ArrowLeft');
    }
    const text = await card.innerText();
    assert.match(text, /revised ×\d/);
    const times = Number(/revised ×(\d+)/.exec(text)[1]);
    assert.equal(await page.getByTestId('point-revision').count(), Math.min(times + 1, 8));
    await Picture(page, 'chart');
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
    if (!(await Has(`/databases/${encodeURIComponent(database)}/tables/${encodeURIComponent(table)}/schema`))) return console.log('      this server has no pages of tables');
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

  ['the snippets that say so run as they stand', async (page) => {
    await page.goto(`${endpoint}/ui/connect`);
    for (const [name, program] of [['Python', 'python3'], ['AWS CLI', 'bash'], ['curl', 'bash']]) {
      await page.getByRole('group', { name: 'Client', exact: true }).getByRole('button', { name, exact: true }).click();
      await page.getByText('run by a test', { exact: true }).waitFor();
      const text = await page.getByTestId('snippet').innerText();
      const { status, stdout, stderr } = spawnSync(program, ['-'], { input: text, encoding: 'utf8', timeout: wait_ms });
      assert.equal(status, 0, `${name}: ${stderr}`);
      assert.match(stdout, name === 'curl' ? /"rows":\s*\[\["\d+"\]\]/ : name === 'Python' ? /^put shardId-\d+ \d+\npoints \d+\s*$/ : /"SequenceNumber": "\d+"[^]*\n\d+\s*$/, name);
    }
    if (await Has('/connections')) {
      await page.getByTestId('connections').getByText('Boto3').first().waitFor();
      await page.getByTestId('connections').getByText('aws-cli').first().waitFor();
    } else console.log('      this server has no inspector');
    await Picture(page, 'connect');
  }],
];

const browser = await LaunchBrowser();
// The wrong statement of a step: Chromium reports its 400 as a console error, and a
// 404 of parts that a server does not have.
const { page, faults } = await OpenPage(browser, endpoint, { expected: [/status of 40[04]/], color_scheme: env.TIDEMARK_COLORS ?? 'light' });
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
      const { live, chart, query } = window.__tidemark ?? {};
      return { live, chart: chart && { status: chart.status, error: chart.error, raw: chart.series.raw.length, avg: chart.series.avg.length, revised: chart.series.revised.length }, query: query && { status: query.status, error: query.error } };
    }).catch((error) => String(error))));
    break;
  }
}
await browser.close();
console.log(code === 0 ? 'console: all steps passed' : 'console: failed');
process.exit(code);
