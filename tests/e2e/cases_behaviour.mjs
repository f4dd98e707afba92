// SPDX-License-Identifier: Apache-2.0
// What console-ux.md 16.4 asks for beside pictures, and the cases S09 and S48, on the real server. They come last: they change what a
// fixture holds, and one replaces the server.
import assert from 'node:assert/strict';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { kHost, kLag, kStream, kView, Ns, Points, Record } from './fixture_ec2.mjs';
import { WaitFor } from './fixture_server.mjs';
import { Heading, kNow, Model, Press, SampleFilled, TabTo, Until } from './harness.mjs';
import { Field, Type } from './pages_wells.mjs';

const At = (clock) => Date.parse(`2026-01-15T${clock}Z`);
const Cpu = (page) => page.evaluate(() => window.tidemark.charts().find(({ id }) => id === 'cpu'));
const CpuHas = (page, revised) => Until(page, (n) => window.tidemark?.charts().find(({ id }) => id === 'cpu')?.revised.length === n, revised);
const kSample = `/ui/dash/ec2?from=now-1h&var-instance=${kHost}`;
const kTabs = 5;

/** The search box of every page: a few letters and Enter. */
async function Jump(page, words, option) {
  await page.keyboard.press('Control+k');
  await page.keyboard.type(words);
  await page.getByRole('option', { name: option }).first().waitFor();
  await page.keyboard.press('Enter');
}

/** A program whose page of dashboards is another file, as after an upgrade. */
function Upgraded({ binary, folder }) {
  const program = readFileSync(binary);
  const [name] = /DashboardsPage-[\w-]{8}\.js/.exec(program.toString('latin1'));
  const other = name.replace(/-[\w-](?=[\w-]{7}\.js)/, (part) => (part === '-A' ? '-B' : '-A'));
  for (let at = program.indexOf(name); at >= 0; at = program.indexOf(name, at + 1)) program.write(other, at, 'latin1');
  const path = join(folder, 'tidemark-upgraded');
  writeFileSync(path, program);
  chmodSync(path, 0o755);
  return path;
}

export const cases = [
  {
    id: 'S09', title: 'records tail, sampling', fixture: 'million',
    async Run({ page, endpoint, server, Looks }) {
      await page.goto(`${endpoint}/ui/streams/${kStream}/records?live=1`);
      await page.getByText('Nothing arrived since you looked.').waitFor();
      let ended = 'no';
      const batch = Array.from({ length: 500 }, () => Record(kHost, 'cpu_system', 0.5, kNow));
      // Faster than it is read: each answer is full, which is twenty times what is shown.
      const produced = (async () => {
        while (ended === 'no') await server.Put(kStream, batch, null);
      })();
      await page.getByTestId('sampling').getByText('sampling 1 in 20', { exact: true }).waitFor();
      await page.keyboard.press('.');
      await page.getByText('tail waits while you read').waitFor();
      ended = 'yes';
      await produced;
      assert.ok((await page.getByTestId('records').locator('tbody tr').count()) >= 50);
      await WaitFor('the records to be taken', async () => (await server.Get('/pipelines/ec2/positions')).items.every((p) => p.unread === '0'));
      await page.getByTestId('sampling').waitFor();
      await Looks('A L', { words: [[/\d+…\d+/, '1701…0000'], [/^\d+ records$/, '50 records'], [/[\d.]+ k?rec\/s/, '1.00 k rec/s']] });
    },
  },
  {
    id: 'B05', title: 'Cancel stops the statement in the server (16.4 case 5)', fixture: 'million',
    async Run({ page, endpoint, server }) {
      const table = '"InterpolatedBlogDB"."EC2MetricTable"';
      const sql = `SELECT count(*) FROM ${table} a, ${table} b WHERE a.time < b.time`;
      await page.goto(`${endpoint}/ui/query?sql=${encodeURIComponent(sql)}`);
      await Until(page, (text) => window.__tidemark?.query?.text === text, sql);
      await page.getByRole('button', { name: 'Run', exact: true }).click();
      await WaitFor('it to run', async () => (await server.Metric('tidemark_query_running')) === 1);
      await page.getByRole('button', { name: 'Cancel', exact: true }).click();
      await WaitFor('it to have stopped', async () => (await server.Metric('tidemark_query_running')) === 0);
      await page.getByText(/Cancelled before the first row/).waitFor();
      assert.deepEqual((await server.Get('/queries')).queries.filter(({ state }) => ['running', 'waiting'].includes(state)), []);
    },
  },
  {
    id: 'B04', title: 'five tabs share one event stream and answer (16.4 case 4)', fixture: 'demo-60',
    async Run({ page, context, endpoint, server }) {
      const tabs = [page];
      while (tabs.length < kTabs) tabs.push(await context.newPage());
      for (const tab of tabs) {
        await tab.goto(`${endpoint}${kSample}`);
        await CpuHas(tab, 6);
        await Until(tab, () => window.__tidemark.live.status === 'live');
      }
      assert.equal(await server.Metric('tidemark_http_event_streams'), 1);
      // More than a browser has connections for, were each tab to hold one.
      const answers = await Promise.all(tabs.flatMap((tab) => [0, 1].map(() => tab.evaluate(async () => (await fetch('/api/v1/overview')).status))));
      assert.deepEqual(answers, Array.from({ length: 2 * kTabs }, () => 200));
      for (const tab of tabs.slice(1)) await tab.close();
    },
  },
  {
    id: 'B01', title: 'from the overview to a shared chart, and what late data changed, by keyboard only (16.4 case 1)', fixture: 'demo-60',
    async Run({ page, context, endpoint }) {
      await page.goto(`${endpoint}/ui/`);
      await page.getByText('Nothing is wrong that the server knows of.').waitFor();
      // Streams: a record.
      await Jump(page, 'ec2-metrics', /ec2-metrics/);
      await Press(page, page.getByRole('link', { name: 'Records', exact: true }));
      await Press(page, page.getByTestId('records').locator('tbody tr').first().getByRole('button'));
      await page.getByTestId('record').getByRole('list', { name: 'Payload' }).waitFor();
      // The view: its windows with their revisions.
      await Jump(page, 'ec2-5m', /ec2-5m/);
      await Press(page, page.getByTestId('inspector').getByRole('link', { name: 'Open', exact: true }));
      await Press(page, page.getByRole('link', { name: 'Windows', exact: true }));
      await page.getByText('16:49', { exact: false }).first().waitFor();
      // A statement.
      await Jump(page, 'Query', /^Query/);
      await Heading(page, 'Query');
      await page.getByTestId('sql').waitFor();
      await TabTo(page, page.getByRole('button', { name: 'Run', exact: true }));
      await Jump(page, 'EC2MetricTable', /EC2MetricTable/);
      // The chart, by wells.
      await Press(page, page.getByRole('link', { name: 'Visualise' }));
      await Field(page, 'time').waitFor();
      await Type(page, 'X axis', 'time');
      await Press(page, page.getByRole('button', { name: 'X axis: time · Auto' }));
      await Until(page, () => document.activeElement?.tagName === 'SELECT');
      await page.keyboard.type('Min');
      await page.keyboard.press('Escape');
      await Type(page, 'Value', 'measure_value::double');
      await Type(page, 'Color', 'measure_name');
      await Type(page, 'Filters', 'measure_name');
      await Until(page, () => document.activeElement?.getAttribute('aria-label') === 'Find a value of measure_name');
      for (const name of ['avg_cpu_system', 'cpu_system', '']) {
        await page.keyboard.type(name);
        await page.keyboard.press('Enter');
      }
      await Until(page, () => window.tidemark.charts().some((c) => c.series.length === 2));
      assert.match(await page.getByTestId('generated-sql').innerText(), /BIN\(time, 1m\)[^]*AVG\(measure_value::double\)[^]*measure_name IN \('avg_cpu_system', 'cpu_system'\)/);
      await Press(page, page.getByRole('button', { name: 'Add to dashboard' }));
      await TabTo(page, page.getByLabel('Name of the new dashboard'));
      await page.keyboard.type('By keys');
      await page.keyboard.press('Enter');
      await page.getByTestId('edit-grid').waitFor();
      await Press(page, page.getByRole('button', { name: 'Publish', exact: true }));
      await TabTo(page, page.getByLabel('Message (optional)'));
      await page.keyboard.type('keys');
      await page.keyboard.press('Enter');
      await page.getByText('Published version 1 of By keys').waitFor();
      await Until(page, () => window.tidemark.charts().some((c) => c.series.length === 2));
      // Its link, which another window opens.
      await Press(page, page.getByRole('button', { name: 'Share', exact: true }));
      const dialog = page.getByRole('dialog', { name: 'Share By keys' });
      await Press(page, dialog.getByRole('button', { name: 'Create link' }));
      const other = await context.newPage();
      await other.goto(await dialog.getByTestId('shared-link').inputValue());
      await Until(other, () => window.tidemark?.charts().some((c) => c.series.length === 2));
      await other.close();
      await page.keyboard.press('Escape');
      // The sample: the card of a revised point, then what was known at 16:20.
      await page.goto(`${endpoint}${kSample}`);
      await CpuHas(page, 6);
      await TabTo(page, page.locator('[data-chart="cpu"]'));
      const [avg] = (await Cpu(page)).series;
      await page.keyboard.press('Home');
      for (let i = 0; i < avg.time.indexOf(Ns('2026-01-15T16:24:00Z')); i += 1) await page.keyboard.press('ArrowRight');
      await page.getByTestId('point-card').getByText('revised ×3').waitFor();
      await page.keyboard.press('Enter');
      assert.equal(await page.getByTestId('point-revision').count(), 4);
      await page.keyboard.press('Escape');
      const slider = page.getByRole('slider', { name: 'As of' });
      await page.keyboard.down('Shift');
      await TabTo(page, slider);
      await page.keyboard.up('Shift');
      await page.keyboard.press('Home');
      await page.getByTestId('as-of-bar').waitFor();
      await page.keyboard.press('End');
      await page.getByTestId('as-of-bar').waitFor({ state: 'detached' });
      await CpuHas(page, 6);
    },
  },
  {
    id: 'B02', title: 'a revision moves the point, and is said once (16.4 case 2)', fixture: 'demo-60',
    async Run({ page, endpoint, server }) {
      await page.goto(`${endpoint}${kSample}`);
      await CpuHas(page, 6);
      await Until(page, () => window.__tidemark.live.status === 'live');
      const time = Ns('2026-01-15T16:45:00Z');
      const Value = (cpu) => cpu.series[0].value[cpu.series[0].time.indexOf(time)];
      const before = await Cpu(page);
      await page.evaluate(() => {
        window.said = [];
        const region = document.querySelector('[data-chart="cpu"] [data-testid="chart-news"]');
        new MutationObserver(() => window.said.push(region.textContent)).observe(region, { childList: true, characterData: true, subtree: true });
      });
      const { changes } = (await Model(page)).dashboard;
      await server.Put(kStream, Points(0.9, 10, At('16:45:00'), At('16:45:07'), { late: true }));
      await server.Settled(kView, Ns(kNow - kLag), 15);
      await CpuHas(page, 7);
      await Until(page, (n) => window.__tidemark.dashboard.changes > n && window.said.length > 0, changes);
      const after = await Cpu(page);
      assert.notEqual(Value(after), Value(before));
      assert.deepEqual(after.revised.filter((r) => r.time === time).map(({ first, current, revisions }) => [first, current, revisions]), [[Value(before), Value(after), 1]]);
      const said = await page.evaluate(() => window.said);
      assert.equal(said.length, 1, said.join(' | '));
      assert.match(said[0], /16:45/);
    },
  },
  // The last of its fixture.
  {
    id: 'S48', title: 'upgrade while open', fixture: 'demo-60', expected: [/ERR_/, /status of (404|503)/, /Failed to load module script/],
    async Run({ page, endpoint, server, Looks }) {
      await page.goto(`${endpoint}/ui/query`);
      const draft = 'SELECT 48 AS draft';
      await SampleFilled(page);
      await page.getByTestId('sql').fill(draft);
      await Until(page, (text) => window.__tidemark?.query?.text === text, draft);
      await server.Replace(Upgraded(server));
      await Until(page, () => window.__tidemark.live.status === 'live');
      await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Dashboards', exact: true }).click();
      const bar = page.getByRole('alert').filter({ hasText: 'The server was upgraded. What you typed is kept.' });
      await bar.waitFor();
      await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Query', exact: true }).click();
      await Looks('A L');
      await bar.getByRole('button', { name: 'Reload' }).click();
      await bar.waitFor({ state: 'detached' });
      await Until(page, (text) => window.__tidemark?.query?.text === text, draft);
    },
  },
];
