// SPDX-License-Identifier: Apache-2.0
// Cases S32 to S43, S47, S48, S50: dashboards and charts.
import assert from 'node:assert/strict';
import { Model, Until } from './harness.mjs';

const At = (clock) => `${Date.parse(`2026-01-15T${clock}Z`)}000000`;
const kHost = 'i-zaZswmJk-zeus-0002.amazonaws.com';
const Charts = (page) => page.evaluate(() => window.tidemark.charts());
const Cpu = async (page) => (await Charts(page)).find(({ id }) => id === 'cpu');
const Panels = (page) => page.evaluate(() => window.__tidemark.dashboard.panels);
const kRevised = [
  ['16:08:00', 0.5831, 0.679, 4], ['16:19:00', 0.6012, 0.7064, 3], ['16:20:00', 0.718, 0.6713, 2], ['16:24:00', 0.517, 0.6189, 3], ['16:33:00', 0.3312, 0.379, 1], ['16:49:00', 0.1875, 0.3355, 1],
];
const Rounded = (n) => Number(n.toFixed(4));
const kTall = { width: 1440, height: 1700 };

const Settled = (page, id) => Until(page, (wanted) => {
  const panels = window.__tidemark?.dashboard?.panels ?? [];
  const seen = wanted === undefined ? panels : panels.filter((p) => p.id === wanted);
  return seen.length > 0 && seen.every(({ status, busy }) => ['ready', 'empty', 'error'].includes(status) && !busy);
}, id);

/** The sample on the host of the fixture; all panels are read once the window is tall. */
async function Open(page, endpoint, query = '') {
  await page.setViewportSize(kTall);
  await page.goto(`${endpoint}/ui/dash/ec2?from=now-1h&var-instance=${kHost}${query}`);
  await Settled(page);
  await Until(page, () => window.__tidemark.live.status === 'live');
}

/** A link runs no statements, so it brings the values that variables would look for. */
const kFixed = { instance: [kHost], region: ['us-east-2'], cell: ['us-east-2-cell-1'], silo: ['us-east-2-cell-1-silo-1'], microservice: [], bin: ['5m'] };

const Mode = (page, mode) => page.getByRole('group', { name: 'Revisions' }).getByRole('button', { name: mode, exact: true }).click();

export const cases = [
  {
    id: 'S32a', title: 'dashboard list, empty', fixture: 'empty',
    async Run({ page, endpoint, Looks }) {
      await page.goto(`${endpoint}/ui/dash`);
      await page.getByTestId('empty').waitFor();
      await Looks('A L');
    },
  },
  {
    id: 'S32', title: 'dashboard list, filled', fixture: 'demo-60',
    async Run({ page, endpoint, Looks }) {
      await page.goto(`${endpoint}/ui/dash`);
      await page.getByRole('link', { name: /EC2 host metrics/ }).first().waitFor();
      await Looks('A L');
    },
  },
  {
    id: 'S33', title: 'sample dashboard', fixture: 'demo-60',
    async Run({ page, endpoint, Looks }) {
      await Open(page, endpoint);
      const panels = await Panels(page);
      assert.equal(panels.length, 10);
      assert.deepEqual(panels.filter(({ status }) => status === 'error'), []);
      const cpu = await Cpu(page);
      assert.deepEqual(cpu.series.map(({ name }) => name), ['avg_cpu_system', 'cpu_system']);
      assert.ok(cpu.series.every(({ time }) => time.length >= 50));
      assert.equal(panels.find(({ id }) => id === 'revised').text, '6 of 52');
      await Looks('A L D, B L, C L');
    },
  },
  {
    id: 'S34', title: 'panel 5: off, mark, compare', fixture: 'demo-60',
    async Run({ page, endpoint, Looks }) {
      await Open(page, endpoint);
      for (const [mode, marks] of [['off', 0], ['mark', 6], ['compare', 6]]) {
        await Mode(page, mode);
        await Until(page, ([wanted, n]) => window.__tidemark.dashboard.mode === wanted && window.tidemark.charts().find(({ id }) => id === 'cpu').revised.length === n, [mode, marks]);
        if (mode === 'mark') await Looks('A L');
      }
      const cpu = await Cpu(page);
      assert.deepEqual(cpu.revised.map(({ time, first, current, revisions }) => [time, Rounded(first), Rounded(current), revisions]), kRevised.map(([clock, ...rest]) => [At(clock), ...rest]));
      assert.equal(cpu.watermark, At('16:52:00'));
      assert.deepEqual([cpu.provisional.length, cpu.provisional[0]], [8, At('16:52:00')]);
      const sentence = '60 windows of 1 minute; 6 of 52 final windows were revised by late data, the largest by +0.1480 (+78.9 %) at 16:49; 8 windows are provisional.';
      await page.getByTestId('sentence').filter({ hasText: sentence }).first().waitFor();
      await Looks('A D');
    },
  },
  {
    id: 'S35', title: 'point card of 16:24', fixture: 'demo-60',
    async Run({ page, endpoint, Looks }) {
      await Open(page, endpoint, '&rev=compare');
      await page.setViewportSize({ width: 1440, height: 900 });
      await page.locator('[data-chart="cpu"]').focus();
      const card = page.getByTestId('point-card');
      const cpu = await Cpu(page);
      const [avg] = cpu.series;
      await page.keyboard.press('Home');
      for (let i = 0; i < avg.time.indexOf(At('16:24:00')); i += 1) await page.keyboard.press('ArrowRight');
      await card.getByText('16:24 – 16:25').waitFor();
      const words = (await card.innerText()).replace(/\s+/g, ' ');
      assert.match(words, /revised ×3 · closed/);
      assert.match(words, /current 0\.6189 \(118 → 151 records\)/);
      assert.match(words, /first 0\.5170 published 16:32:31/);
      assert.match(words, /change \+0\.1019 \(\+19\.7 %\)/);
      for (const part of ['16:33:40 0.5604 +0.0434 +14', '16:35:02 0.5911 +0.0307 +10', '16:37:18 0.6189 +0.0278 +9']) assert.ok(words.includes(part), `${part} in ${words}`);
      await Looks('A L D');
    },
  },
  {
    id: 'S36', title: 'as of 16:20', fixture: 'demo-60',
    async Run({ page, endpoint, Looks }) {
      await Open(page, endpoint, '&asof=2026-01-15T16:20:00Z');
      await page.getByTestId('as-of-bar').getByText('Showing what was known at 16:20:00').waitFor();
      await Until(page, (watermark) => window.tidemark.charts().find(({ id }) => id === 'cpu')?.watermark === watermark, At('16:12:30'));
      const cpu = await Cpu(page);
      const avg = cpu.series.find(({ name }) => name === 'avg_cpu_system');
      assert.equal(Rounded(avg.value[avg.time.indexOf(At('16:08:00'))]), 0.6244);
      assert.equal(await page.getByRole('slider', { name: 'As of' }).getAttribute('aria-valuetext'), '16:20:00');
      // Figures are of that time as well: the newest final window ended at 16:12.
      await Until(page, () => window.__tidemark.dashboard.panels.find(({ id }) => id === 'freshness').text === '8 m');
      await Looks('A L');
    },
  },
  {
    id: 'S37', title: 'dense revisions', fixture: 'dense-1440',
    async Run({ page, endpoint, Looks }) {
      await page.setViewportSize(kTall);
      await page.goto(`${endpoint}/ui/dash/ec2?from=now-24h&var-instance=${kHost}&rev=compare`);
      await Settled(page, 'cpu');
      await Until(page, () => document.querySelector('[data-chart="cpu"]')?.dataset.dense !== undefined);
      const cpu = await Cpu(page);
      assert.equal(cpu.revised.length, 72);
      assert.deepEqual((await Panels(page)).filter(({ status }) => status === 'error'), []);
      assert.deepEqual(await page.locator('[data-chart="cpu"]').evaluate((e) => [e.dataset.marks, e.dataset.dense]), ['0', 'true'], 'a band and the strip, no circles');
      await Looks('A L D');
    },
  },
  {
    id: 'S38', title: 'compare in greyscale', fixture: 'demo-60', init: () => addEventListener('DOMContentLoaded', () => (document.documentElement.style.filter = 'grayscale(1)')),
    async Run({ page, endpoint, Looks }) {
      await Open(page, endpoint, '&rev=compare');
      assert.equal((await Cpu(page)).revised.length, 6);
      await Looks('A L');
    },
  },
  {
    id: 'S39', title: 'forced colours, 200 %', fixture: 'demo-60',
    async Run({ page, endpoint, Looks }) {
      await Open(page, endpoint, '&rev=compare');
      await page.emulateMedia({ forcedColors: 'active' });
      await page.setViewportSize({ width: 720, height: 450 });
      await Until(page, () => document.querySelector('main').scrollWidth <= document.querySelector('main').clientWidth);
      await Looks('B L');
    },
  },
  {
    id: 'S40', title: 'wells of a chart', fixture: 'demo-60',
    async Run({ page, endpoint, Looks }) {
      await page.goto(`${endpoint}/ui/db/InterpolatedBlogDB/EC2MetricTable`);
      await page.getByRole('link', { name: 'Visualise' }).click();
      const Field = (name) => page.locator(`[data-field="${name}"]`);
      const Well = (name) => page.getByRole('combobox', { name, exact: true });
      await Field('time').dragTo(Well('X axis'));
      await page.getByRole('button', { name: /^X axis: time/ }).click();
      await page.getByLabel('Granularity').selectOption({ label: 'Minute' });
      await page.keyboard.press('Escape');
      await Field('measure_value::double').dragTo(Well('Value'));
      await Field('measure_name').dragTo(Well('Color'));
      await Field('measure_name').dragTo(Well('Filters'));
      const menu = page.getByRole('dialog', { name: /^Filters: measure_name/ });
      for (const name of ['avg_cpu_system', 'cpu_system']) await menu.getByRole('checkbox', { name, exact: true }).check();
      await menu.getByRole('button', { name: 'Apply' }).click();
      await Until(page, () => window.tidemark.charts().some((c) => c.series.length === 2));
      assert.match(await page.getByTestId('generated-sql').innerText(), /AVG\(measure_value::double\)[^]*measure_name IN \('avg_cpu_system', 'cpu_system'\)/);
      await page.getByTestId('chip').filter({ hasText: 'average of averages' }).waitFor(); // S41
      await Looks('A L D');
    },
  },
  {
    id: 'S42', title: 'draft against published, conflict', fixture: 'demo-60', expected: [/status of 412/],
    async Run({ page, endpoint, Looks }) {
      await page.goto(`${endpoint}/ui/dash/ec2/edit`);
      await page.getByTestId('edit-grid').waitFor();
      const dash = await (await fetch(`${endpoint}/api/v1/dashboards/ec2`)).json();
      const definition = { ...(dash.draft ?? dash.published.definition), title: 'EC2 of somebody else' };
      const put = await fetch(`${endpoint}/api/v1/dashboards/ec2`, { method: 'PUT', headers: { 'Content-Type': 'application/json', 'X-Console': '1', 'If-Match': dash.etag }, body: JSON.stringify({ definition }) });
      assert.equal(put.status, 200);
      await page.getByRole('button', { name: 'Settings' }).click();
      const settings = page.getByRole('dialog', { name: 'Settings of the dashboard' });
      await settings.getByLabel('Title').fill('EC2 of mine');
      await settings.getByRole('button', { name: 'Apply' }).click();
      const dialog = page.getByRole('dialog', { name: /was changed$/ });
      await dialog.getByTestId('diff').getByText(/EC2 of somebody else/).waitFor();
      await Looks('A L');
      await dialog.getByRole('button', { name: 'Take the stored one' }).click();
      const now = await (await fetch(`${endpoint}/api/v1/dashboards/ec2`)).json();
      assert.equal((await fetch(`${endpoint}/api/v1/dashboards/ec2:revert`, { method: 'POST', headers: { 'Content-Type': 'application/json', 'X-Console': '1', 'If-Match': now.etag }, body: '{}' })).status, 200);
    },
  },
  {
    id: 'S43', title: 'shared link, read only', fixture: 'demo-60',
    async Run({ page, endpoint, Looks }) {
      const share = await (await fetch(`${endpoint}/api/v1/dashboards/ec2/shares`, { method: 'POST', headers: { 'Content-Type': 'application/json', 'X-Console': '1' }, body: JSON.stringify({ expires: null, variables: kFixed }) })).json();
      await page.setViewportSize(kTall);
      await page.goto(`${endpoint}/ui/share?from=now-1h#${share.token}`);
      await Settled(page);
      for (const word of ['Edit', 'Share', 'Publish']) assert.equal(await page.getByRole('button', { name: word, exact: true }).or(page.getByRole('link', { name: word, exact: true })).count(), 0, word);
      assert.equal((await Cpu(page)).revised.length, 6);
      const refused = await fetch(`${endpoint}/api/v1/dashboards/ec2`, { headers: { Authorization: `Bearer ${share.token}` } });
      assert.equal(refused.status, 403);
      await Looks('A L');
    },
  },
  {
    id: 'S50', title: 'a million points', fixture: 'million',
    async Run({ page, endpoint, Looks }) {
      const query = { name: 'signal', sql: `SELECT time, measure_value::double AS signal FROM "InterpolatedBlogDB"."EC2MetricTable" WHERE measure_name = 'signal' AND $__timeFilter ORDER BY time`, database: 'InterpolatedBlogDB', table: 'EC2MetricTable', measure: 'signal', wells: null, style: 'line', axis: 'left', revisions: null };
      const definition = { schema: 1, title: 'Million', description: '', tags: [], range: { from: 'now-1h', to: 'now' }, refresh: 'off', revisions: 'off', variables: [], panels: [{ id: 'm', title: 'Signal', visual: 'line', grid: { x: 0, y: 0, w: 12, h: 10 }, queries: [query], options: {} }] };
      const made = await fetch(`${endpoint}/api/v1/dashboards`, { method: 'POST', headers: { 'Content-Type': 'application/json', 'X-Console': '1' }, body: JSON.stringify({ id: 'million', definition }) });
      assert.equal(made.status, 201);
      const { etag } = await made.json();
      assert.equal((await fetch(`${endpoint}/api/v1/dashboards/million:publish`, { method: 'POST', headers: { 'Content-Type': 'application/json', 'X-Console': '1', 'If-Match': etag }, body: '{"message":""}' })).status, 200);
      await page.goto(`${endpoint}/ui/dash/million`);
      await Settled(page, 'm');
      const points = await page.evaluate(() => window.tidemark.charts().find(({ id }) => id === 'm').series[0].time.length);
      assert.ok(points >= 1000, `${points} points are drawn`);
      await Looks('A L');
    },
  },
  // The last of its fixture: it stops the server.
  {
    id: 'S47', title: 'live lost, stale', fixture: 'idle-shard', expected: [/ERR_/],
    async Run({ page, endpoint, server, Looks }) {
      await page.goto(`${endpoint}/ui/pipelines`);
      await Until(page, () => window.__tidemark?.graph?.status === 'ready' && window.__tidemark.live.status === 'live');
      await server.Stop();
      await page.getByTestId('offline').or(page.getByTestId('stale')).first().waitFor();
      assert.ok((await Model(page)).graph.nodes.length >= 4, 'old data is kept');
      await Looks('A L');
    },
  },
];
