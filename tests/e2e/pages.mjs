// SPDX-License-Identifier: Apache-2.0
// Tests of the pages alone, in Chromium over the small model of the server. `node pages.mjs [NAME]` runs the tests whose name
// holds NAME, `node pages.mjs --part K/N` the K-th of N parts. They wait on the page's state, never on time. Exit code 0 or 1.
import assert from 'node:assert/strict';
import { LaunchBrowser, OpenPage } from './browser.mjs';
import { AssertAxe, Cpu, kNow, kWaitMs, Model, ms, OpenFirstHost, Until } from './harness.mjs';
import { MockServer } from './mock_server.mjs';
import { tests as edit_tests } from './pages_edit.mjs';
import { tests as table_tests } from './pages_tables.mjs';
import { tests as query_tests } from './pages_query.mjs';
import { tests as stream_tests } from './pages_streams.mjs';
import { tests as dash_tests } from './pages_dash.mjs';
import { tests as chart_tests } from './pages_charts.mjs';
import { tests as schedule_tests } from './pages_schedule.mjs';
import { tests as lineage_tests } from './pages_lineage.mjs';
import { tests as shell_tests } from './pages_shell.mjs';
import { tests as wells_tests } from './pages_wells.mjs';
import { tests as view_tests } from './pages_views.mjs';

const tests = {
  async 'the point card lists every revision, by keyboard and by mouse'({ page, endpoint, server }) {
    await OpenFirstHost(page, endpoint, server);
    const kWindow = '1768496100000000000';
    const Times = async () => (await Cpu(page)).revised.find(({ time }) => time === kWindow)?.revisions ?? 0;
    for (const value of [99, 98, 97]) {
      const before = await Times();
      server.AddLate('cpu_system', Date.parse('2026-01-15T16:52:30Z'), value);
      await Until(page, ([time, n]) => (window.tidemark.charts().find(({ id }) => id === 'cpu').revised.find((row) => row.time === time)?.revisions ?? 0) > n, [kWindow, before]);
    }
    const times = await Times();
    const chart = page.getByRole('group', { name: /^avg_cpu_system and cpu_system\. 24 windows/ });
    await chart.focus();
    await page.keyboard.press('End');
    const card = page.getByTestId('point-card');
    await card.waitFor();
    assert.match(await card.innerText(), new RegExp(`16:50 – 16:55[^]*revised ×${times}`));
    assert.equal(await page.getByTestId('point-revision').count(), times + 1);
    await page.keyboard.press('Escape');
    await card.waitFor({ state: 'detached' });
    const box = await chart.locator('.u-over').boundingBox();
    const now = await page.evaluate(() => Date.now());
    await page.mouse.move(box.x + box.width * ((ms(kWindow) - (now - 7_200_000)) / 7_200_000), box.y + box.height / 2);
    await card.waitFor();
    assert.match(await card.innerText(), /16:50 – 16:55[^]*late/);
  },

  async 'new points move the chart, a pause holds it, going on catches up'({ page, endpoint, server }) {
    await OpenFirstHost(page, endpoint, server);
    const newest = () => String(BigInt(server.newest_ms) * 1_000_000n);
    const Shows = (time) => Until(page, (wanted) => window.tidemark.charts().find(({ id }) => id === 'cpu').series[1].time.at(-1) === wanted, time);
    await page.evaluate((by) => {
      const real = Date.now;
      Date.now = () => real() + by;
    }, 60_000);
    server.Advance();
    await Shows(newest());
    await page.keyboard.press('.');
    await Until(page, () => window.__tidemark.live.status === 'paused');
    const held = newest();
    server.Advance();
    server.Advance();
    await page.getByTestId('live-badge').getByText('paused').waitFor();
    assert.equal((await Cpu(page)).series[1].time.at(-1), held);
    await page.keyboard.press('.');
    await Shows(newest());
  },

  async 'a broken stream is shown, then polled, and loses nothing'({ page, endpoint, server }) {
    await OpenFirstHost(page, endpoint, server);
    server.SetSilent(true);
    await Until(page, () => ['stale', 'polling'].includes(window.__tidemark.live.status));
    await page.getByTestId('live-badge').getByText(/stale|polling/).waitFor();
    server.AddLate('cpu_system', Date.parse('2026-01-15T16:12:30Z'), 99);
    server.SetSilent(false);
    await Until(page, () => window.__tidemark.live.status === 'live');
    await Until(page, () => window.tidemark.charts().find(({ id }) => id === 'cpu').series[1].value.includes(99));
  },

  async 'the graph shows the flow, live, and stops a pipeline'({ page, endpoint, server }) {
    await page.goto(`${endpoint}/ui/pipelines`);
    await Until(page, () => window.__tidemark?.graph?.status === 'ready');
    let { graph } = await Model(page);
    assert.deepEqual(graph.nodes.map((node) => node.id), ['stream:ec2-metrics', 'stream:ec2-dead', 'pipeline:ec2', 'table:InterpolatedBlogDB.EC2MetricTable', 'view:ec2-5m']);
    assert.deepEqual(
      graph.edges.map((edge) => `${edge.from} ${edge.to}`).slice(0, 2),
      ['stream:ec2-metrics pipeline:ec2', 'pipeline:ec2 table:InterpolatedBlogDB.EC2MetricTable'],
    );
    const before = graph.changes;
    server.Advance();
    await Until(page, (n) => window.__tidemark.graph.changes > n, before);
    ({ graph } = await Model(page));
    assert.equal(ms(graph.nodes.at(-1).facts.watermark), server.watermark_ms);
    await page.locator('[data-id="pipeline:ec2"]').click();
    await page.getByTestId('inspector').getByText('shardId-000000000003').waitFor();
    await page.getByRole('button', { name: 'Stop' }).click();
    await Until(page, () => window.__tidemark.graph.nodes.find((node) => node.kind === 'pipeline').state === 'stopped');
    server.views.shards = 'idle-shard';
    await page.locator('[data-id="view:ec2-5m"]').click();
    await page.getByTestId('inspector').getByText('holds back').waitFor();
    assert.match(page.url(), /node=view/);
  },

  async 'axe finds nothing serious on any page, light and dark'({ page, endpoint }) {
    for (const color_scheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme: color_scheme });
      for (const [path, key] of [['/ui/pipelines?node=view:ec2-5m', 'graph'], ['/ui/query', 'query']]) {
        await page.goto(endpoint + path);
        await Until(page, (name) => ['ready', 'idle'].includes(window.__tidemark?.[name]?.status), key);
        if (key === 'query') {
          await page.getByTestId('run').click();
          await Until(page, () => window.__tidemark.query.status !== 'loading');
        }
        await AssertAxe(page, `${path} ${color_scheme}`);
      }
    }
  },

  async 'nothing overflows on a phone'({ page, endpoint }) {
    await page.setViewportSize({ width: 390, height: 844 });
    for (const [path, key] of [['/ui/pipelines', 'graph'], ['/ui/query', 'query']]) {
      await page.goto(endpoint + path);
      await Until(page, (name) => window.__tidemark?.[name] != null, key);
      const [wide, high] = await page.evaluate(() => {
        const main = document.querySelector('main');
        return [main.scrollWidth - main.clientWidth, document.documentElement.scrollHeight - innerHeight];
      });
      assert.ok(wide <= 0 && high <= 0, `${path}: ${wide} px too wide, ${high} too high`);
    }
  },
};

const [first = '', second = ''] = process.argv.slice(2);
const [part, parts] = first === '--part' ? second.split('/').map(Number) : [1, 1];
assert.ok(part >= 1 && part <= parts, `--part ${second}: K/N with K from 1 to N`);
const wanted = first === '--part' ? '' : first;
const browser = await LaunchBrowser();
let failed = 0;
const all = Object.entries({ ...tests, ...query_tests, ...shell_tests, ...stream_tests, ...table_tests, ...wells_tests, ...view_tests, ...dash_tests, ...edit_tests, ...chart_tests, ...schedule_tests, ...lineage_tests });
for (const [i, [name, Run]] of all.entries()) {
  if (!name.includes(wanted) || i % parts !== part - 1) continue;
  const server = new MockServer({ now_ms: kNow, history: name.startsWith('a first run') ? 'first-run' : 'filled' });
  const endpoint = await server.Listen();
  // The stream is refused and a statement fails on purpose; Chromium reports both as console errors.
  const { page, context, faults } = await OpenPage(browser, endpoint, {
    now_ms: kNow, clock: 'slow', expected: [/status of (400|401|404|409|412|503)/, /ERR_INCOMPLETE_CHUNKED_ENCODING/, /ERR_EMPTY_RESPONSE/],
  });
  page.setDefaultTimeout(kWaitMs);
  try {
    await Run({ page, context, endpoint, server });
    assert.deepEqual(faults, []);
    console.log(`ok    ${name}`);
  } catch (e) {
    failed += 1;
    console.log(`FAIL  ${name}\n${e.stack}\n${faults.join('\n')}\n${JSON.stringify(await page.evaluate(() => window.__tidemark?.live).catch(() => null))}`);
  }
  await context.close();
  await server.Close();
}
await browser.close();
console.log(failed === 0 ? 'all passed' : `${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
