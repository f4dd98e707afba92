// SPDX-License-Identifier: Apache-2.0
// The shell and the small pages: navigation, keys, zone, overview, settings, alerts, and the one stream of all tabs.
import assert from 'node:assert/strict';
import { AssertFits, Cpu, CpuReady, Heading, kFirstHost, Looks, Model, OpenFirstHost, Picture, SampleFilled, SeedSample, Until } from './harness.mjs';

const kNav = ['Overview', 'Streams', 'Pipelines', 'Databases', 'Query', 'Dashboards', 'Alerts', 'Connect', 'Settings'];

export const tests = {
  async 'each page has one h1 with its name in the navigation, and gets the focus'({ page, endpoint }) {
    await page.goto(`${endpoint}/`);
    await Heading(page, 'Overview');
    assert.equal(new URL(page.url()).pathname, '/ui/');
    for (const name of [...kNav.slice(1), 'Overview']) {
      await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name, exact: true }).click();
      await Heading(page, name);
      assert.equal(await page.locator('h1').count(), 1);
      await Until(page, () => document.activeElement?.tagName === 'H1');
      assert.equal(await page.title(), `${name} · Tidemark`);
    }
  },

  async 'keys go to pages, unknown paths say so'({ page, endpoint, server }) {
    await OpenFirstHost(page, endpoint, server);
    for (const [key, name] of [['p', 'Pipelines'], ['q', 'Query']]) {
      await page.keyboard.press('g');
      await page.keyboard.press(key);
      await Heading(page, name);
    }
    assert.equal((await Model(page)).dashboard, null);
    await page.goBack();
    await Heading(page, 'Pipelines');
    for (const [key, name] of [['o', 'Overview'], ['s', 'Streams'], ['d', 'Databases'], ['b', 'Dashboards'], ['c', 'Connect'], [',', 'Settings']]) {
      await page.keyboard.press('g');
      await page.keyboard.press(key);
      await Heading(page, name);
    }
    await page.goto(`${endpoint}/ui/nothing/here`);
    await page.getByText('There is no page at this address').waitFor();
  },

  async 'single letters can be switched off, and do nothing while typing'({ page, endpoint }) {
    await page.goto(`${endpoint}/ui/settings/diagnostics`);
    await page.getByRole('searchbox', { name: 'Filter settings' }).fill('sql');
    await page.keyboard.press('g');
    await page.keyboard.press('o');
    await Heading(page, 'Settings');
    assert.match(page.url(), /q=sqlgo/);
    await page.goto(`${endpoint}/ui/settings/appearance`);
    await page.getByRole('group', { name: 'Single-letter keys' }).getByRole('button', { name: 'off' }).click();
    await page.keyboard.press('?');
    assert.equal(await page.getByRole('dialog', { name: 'Keyboard' }).isVisible(), false);
    await page.getByRole('group', { name: 'Single-letter keys' }).getByRole('button', { name: 'on' }).click();
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keyboard' }).waitFor();
    await Looks(page, 'help', { sizes: ['A'] });
  },

  async 'the palette finds pages, objects and actions by keyboard'({ page, endpoint }) {
    await page.goto(`${endpoint}/ui/`);
    await page.getByTestId('kpis').waitFor();
    await page.keyboard.press('Control+k');
    const input = page.getByRole('combobox', { name: 'Search or jump' });
    await input.waitFor();
    await Looks(page, 'palette', { sizes: ['A'] });
    await input.fill('ec2-m');
    await page.keyboard.press('Enter');
    await Heading(page, 'Streams');
    assert.match(page.url(), /\/ui\/streams\/ec2-metrics$/);
    await page.keyboard.press('Control+k');
    await input.fill('pause live');
    await page.keyboard.press('Enter');
    await Until(page, () => window.__tidemark.live.status === 'paused');
    await page.keyboard.press('Control+k');
    await page.keyboard.press('Escape');
    assert.equal(await input.isVisible(), false);
  },

  async 'the overview says what runs, what is late and what is wrong'({ page, endpoint, server }) {
    server.problems = [
      { severity: 'warn', object: 'store:clock', message: 'Retention does not follow the wall clock.' },
      { severity: 'failed', object: 'pipeline:ec2', message: 'The decoder stopped: field Time is missing in 120 records.' },
    ];
    await page.goto(`${endpoint}/ui/`);
    const rows = page.getByTestId('problems').getByRole('listitem');
    await rows.first().waitFor();
    assert.deepEqual(await rows.locator('b').allInnerTexts(), ['pipeline ec2', 'store clock']);
    assert.equal(await rows.getByRole('link').count(), 2);
    const kpis = page.getByTestId('kpis').locator('section');
    assert.equal(await kpis.count(), 4);
    assert.match((await kpis.allInnerTexts()).join('|'), /1\.26 k rec\/s[^]*40 ms|1\.26 k rec\/s/);
    await page.getByRole('list', { name: 'Flow from producers to queries' }).getByText('The decoder stopped').waitFor();
    await page.getByRole('table').getByText('failed').waitFor();
    const activity = page.getByTestId('activity').getByRole('listitem');
    await activity.first().waitFor();
    assert.deepEqual((await activity.allInnerTexts()).map((text) => text.replace(/\s+/g, ' ').replace(/ (\d+ [smhd] ?)+ago$/, '').trim()).slice(0, 3), ['dashboard EC2 host metrics published', 'view ec2-5m resumed', 'table InterpolatedBlogDB.EC2MetricTable changed']);
    assert.equal(await page.getByTestId('activity').getByRole('link', { name: 'scratch' }).count(), 0);
    assert.ok((await page.getByRole('img', { name: 'Late points, last 15 minutes' }).locator('path').getAttribute('d')).split('L').length > 60, 'sparklines have a past');
    await Looks(page, 'overview-problems', { sizes: ['A', 'B', 'C'] });
    const tall = await page.evaluate(() => document.querySelector('main').scrollHeight - document.querySelector('main').clientHeight);
    assert.ok(tall <= 0, `the overview scrolls by ${tall} px at 1440x900`);
    server.problems = [];
    server.Advance();
    await page.getByText('Nothing is wrong that the server knows of.').waitFor();
    await Looks(page, 'overview', { sizes: ['A'] });
    await rows.first().waitFor({ state: 'detached' });
  },

  async 'a first run shows three cards and no empty chart'({ page, endpoint }) {
    await page.goto(`${endpoint}/ui/`);
    await page.getByTestId('first-run').waitFor();
    assert.equal(await page.getByTestId('first-run').locator('section').count(), 3);
    assert.equal(await page.locator('main svg[role=img], main canvas').count(), 0);
    await Looks(page, 'first-run');
  },

  async 'times follow the zone of the link and of the switch'({ page, endpoint, server }) {
    await OpenFirstHost(page, endpoint, server, '&tz=Asia%2FKathmandu');
    await page.setViewportSize({ width: 1440, height: 1500 });
    const story = page.getByRole('region', { name: 'What changed' }).first();
    await story.getByText(/is \d+\.\d+ at 2[0-2]:\d\d/).first().waitFor();
    await page.getByTestId('zone').click();
    await page.getByRole('button', { name: 'UTC', exact: true }).click();
    await story.getByText(/is \d+\.\d+ at 1[4-6]:\d\d/).first().waitFor();
    assert.doesNotMatch(page.url(), /tz=/);
  },

  async 'S48 another version of the server alone says so, and what was typed is kept'({ page, endpoint, server }) {
    await page.goto(`${endpoint}/ui/query`);
    await Until(page, () => window.__tidemark?.live.status === 'live' && window.__tidemark.query !== null);
    await SampleFilled(page);
    await page.getByTestId('sql').fill('SELECT 48');
    const bar = page.getByRole('alert').filter({ hasText: 'The server was upgraded. What you typed is kept.' });
    server.Advance(); // the same version says nothing
    assert.equal(await bar.count(), 0);
    server.Upgrade('0.2.0');
    await bar.waitFor();
    await bar.getByRole('button', { name: 'Reload' }).click();
    await bar.waitFor({ state: 'detached' });
    await Until(page, () => window.__tidemark?.query?.text === 'SELECT 48');
  },

  async 'the time range is picked, typed, shifted and zoomed, and kept in the link'({ page, endpoint, server }) {
    await OpenFirstHost(page, endpoint, server);
    await page.keyboard.press('t');
    const dialog = page.getByRole('dialog', { name: 'Time range' });
    await dialog.getByRole('button', { name: '30 m' }).click();
    await Until(page, () => new URL(location.href).searchParams.get('from') === 'now-30m');
    await Until(page, () => Math.abs(window.tidemark.charts().find(({ id }) => id === 'cpu').series[1].time.length - 180) <= 1);
    await page.keyboard.press('[');
    await Until(page, () => /^\d+$/.test(new URL(location.href).searchParams.get('from')));
    const { range } = (await Model(page)).dashboard;
    assert.equal(Number(range.to) - Number(range.from), 1_800_000);
    await page.keyboard.press('-');
    await Until(page, () => Number(window.__tidemark.dashboard.range.to) - Number(window.__tidemark.dashboard.range.from) === 3_600_000);
    await page.getByTestId('time-range').click();
    await dialog.getByLabel('From').fill('yesterday');
    await dialog.getByRole('button', { name: 'Apply' }).click();
    await dialog.getByText('Write now-15m').waitFor();
    assert.equal(await dialog.getByLabel('From').getAttribute('aria-invalid'), 'true');
    await dialog.getByLabel('From').fill('2026-01-15 16:00');
    await dialog.getByLabel('To', { exact: true }).fill('2026-01-15 16:30');
    await page.keyboard.press('Enter');
    await Until(page, () => window.__tidemark.dashboard.range.from === '2026-01-15 16:00' && window.__tidemark.dashboard.range.to === '2026-01-15 16:30');
    await page.getByTestId('time-range').getByText('2026-01-15 16:00 – 16:30').waitFor();
  },

  async 'window.tidemark.charts lists what is drawn, and old links lead to the sample'({ page, endpoint, server }) {
    SeedSample(server);
    await page.goto(`${endpoint}/ui/dash/ec2-host-metrics?from=now-2h&var-instance_name=${kFirstHost}&var-os_version=AL2&measure=cpu_system`);
    await CpuReady(page);
    assert.equal(new URL(page.url()).pathname + new URL(page.url()).search, `/ui/dash/ec2?from=now-2h&var-instance=${kFirstHost}`);
    const entry = await Cpu(page);
    assert.deepEqual([entry.id, entry.title], ['cpu', 'avg_cpu_system and cpu_system']);
    assert.match(entry.watermark, /^\d+$/);
    assert.ok(entry.series.every(({ time, value }) => time.length === value.length && time.every((t) => /^\d+$/.test(t))));
    assert.ok(entry.revised.every(({ first, current, revisions }) => first !== current && revisions >= 1));
    await page.goto(`${endpoint}/ui/?var-instance_name=${kFirstHost}`);
    await CpuReady(page);
  },

  async 'all tabs share one stream, and each gets its events'({ page, context, endpoint, server }) {
    await OpenFirstHost(page, endpoint, server);
    const others = [];
    for (let i = 0; i < 4; i += 1) {
      const other = await context.newPage();
      await other.goto(`${endpoint}/ui/dash/ec2?var-instance=${kFirstHost}`);
      await CpuReady(other);
      others.push(other);
    }
    assert.equal(server.open_streams, 1);
    const before = await Promise.all([page, ...others].map(async (p) => (await Model(p)).dashboard.changes));
    server.AddLate('cpu_system', Date.parse('2026-01-15T16:12:30Z'), 99);
    await Promise.all([page, ...others].map((p, i) => Until(p, (n) => window.__tidemark.dashboard.changes > n, before[i])));
    await Promise.all(others.map((p) => p.close()));
  },

  async 'without a shared worker the tab has its own stream'({ page, context, endpoint, server }) {
    await context.addInitScript(() => delete globalThis.SharedWorker);
    await OpenFirstHost(page, endpoint, server);
    const { changes } = (await Model(page)).dashboard;
    server.AddLate('cpu_system', Date.parse('2026-01-15T16:12:30Z'), 99);
    await Until(page, (n) => window.__tidemark.dashboard.changes > n, changes);
  },

  async 'lost updates and a lost server are said, old data stays'({ page, endpoint, server }) {
    await OpenFirstHost(page, endpoint, server);
    server.SetSilent(true);
    await Until(page, () => ['stale', 'polling'].includes(window.__tidemark.live.status));
    await page.getByTestId('live-badge').getByText(/stale|polling/).waitFor();
    assert.ok((await Cpu(page)).series[1].time.length > 0);
    server.SetSilent(false);
    await Until(page, () => window.__tidemark.live.status === 'live');
  },

  async 'settings name the source of each value and can be filtered'({ page, endpoint }) {
    await page.goto(`${endpoint}/ui/settings`);
    await page.getByText('us-east-1').first().waitFor();
    await Looks(page, 'settings');
    await page.getByRole('navigation', { name: 'Settings' }).getByRole('link', { name: 'Diagnostics' }).click();
    const row = page.getByRole('row').filter({ hasText: 'sql.timeout' });
    await row.getByText('file', { exact: true }).waitFor();
    await Looks(page, 'settings-diagnostics');
    await page.keyboard.press('/');
    await page.keyboard.type('zzz');
    await page.getByText('No settings match').waitFor();
    await page.getByRole('button', { name: 'Clear filter' }).click();
    await row.waitFor();
    await page.getByRole('link', { name: 'Access' }).click();
    await page.getByText('There is no sign-in').waitFor();
  },

  async 'alerts say in half a screen what works today'({ page, endpoint }) {
    await page.goto(`${endpoint}/ui/alerts`);
    await page.getByText('TidemarkViewBehind').waitFor();
    await Looks(page, 'alerts');
  },

  async 'every page reflows at 320 px, which is 1280 px at 400 %, and shows in forced colours'({ page, endpoint, server }) {
    SeedSample(server);
    await page.setViewportSize({ width: 320, height: 700 });
    for (const [path, name, Ready] of [
      ['/ui/', 'Overview', () => page.getByTestId('kpis').waitFor()], ['/ui/streams', 'Streams', () => page.getByTestId('streams').waitFor()], ['/ui/streams/ec2-metrics/shards', 'Streams', () => page.getByTestId('shards').waitFor()],
      ['/ui/streams/ec2-metrics/records', 'Streams', () => page.getByTestId('records').waitFor()], ['/ui/pipelines', 'Pipelines', () => page.getByTestId('node').first().waitFor()], ['/ui/db', 'Databases', () => page.getByTestId('tables').waitFor()],
      ['/ui/db/InterpolatedBlogDB/EC2MetricTable/storage', 'Databases', () => page.getByTestId('landing').waitFor()], ['/ui/query', 'Query', () => page.getByTestId('run').waitFor()],
      ['/ui/dash', 'Dashboards', () => page.getByRole('link', { name: 'EC2 host metrics' }).waitFor()], ['/ui/dash/ec2', 'Dashboards', () => page.getByTestId('kpi-value').first().waitFor()], ['/ui/alerts', 'Alerts', () => page.getByText('TidemarkViewBehind').waitFor()],
      ['/ui/connect', 'Connect', () => page.getByTestId('connections').waitFor()], ['/ui/settings/appearance', 'Settings', () => page.getByRole('group', { name: 'Rows' }).waitFor()],
    ]) {
      await page.goto(`${endpoint}${path}`);
      await Heading(page, name);
      await Ready();
      await AssertFits(page, `${path} at 320 px`);
    }
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.emulateMedia({ forcedColors: 'active' });
    await page.goto(`${endpoint}/ui/`);
    await page.getByTestId('kpis').waitFor();
    await Picture(page, 'forced-colours');
    await AssertFits(page, 'overview in forced colours');
    await page.emulateMedia({ forcedColors: 'none' });
  },

  async 'below 640 px the pages are in a drawer'({ page, endpoint }) {
    await page.setViewportSize({ width: 390, height: 844 });
    await page.goto(`${endpoint}/ui/`);
    await page.getByRole('button', { name: 'Pages' }).click();
    await page.getByRole('dialog', { name: 'Pages' }).getByRole('link', { name: 'Alerts' }).click();
    await Heading(page, 'Alerts');
    assert.equal(await page.getByRole('dialog', { name: 'Pages' }).isVisible(), false);
  },

  async 'live waits while a chart, a selection or a menu is worked with, and says how much'({ page, endpoint, server }) {
    await OpenFirstHost(page, endpoint, server);
    const Revised = async () => (await Cpu(page)).revised.reduce((sum, { revisions }) => sum + revisions, 0);
    const before = await Revised();
    const panel = page.locator('[data-panel=cpu]');
    // An open menu of the panel.
    await panel.getByTestId('panel-menu').click();
    server.AddLate('cpu_system', Date.parse('2026-01-15T16:22:30Z'), 99);
    await panel.getByTestId('waiting').filter({ hasText: /^[1-9]\d* updates? waiting$/ }).waitFor();
    assert.equal(await Revised(), before);
    await Looks(page, 'waiting', { sizes: ['A'] });
    await page.keyboard.press('Escape');
    await Until(page, (n) => window.tidemark.charts().find(({ id }) => id === 'cpu').revised.reduce((sum, { revisions }) => sum + revisions, 0) > n, before);
    await panel.getByTestId('waiting').waitFor({ state: 'detached' });
    // The pointer on the chart; taken up on demand.
    const shown = await Revised();
    await panel.locator('.u-over').hover({ position: { x: 60, y: 40 } });
    server.AddLate('cpu_system', Date.parse('2026-01-15T16:32:30Z'), 98);
    await panel.getByTestId('waiting').waitFor();
    assert.equal(await Revised(), shown);
    await panel.getByTestId('waiting').click();
    await Until(page, (n) => window.tidemark.charts().find(({ id }) => id === 'cpu').revised.reduce((sum, { revisions }) => sum + revisions, 0) > n, shown);
    // A selection in a table that is read again and again.
    await page.goto(`${endpoint}/ui/streams/ec2-metrics/producers`);
    await page.getByTestId('producers').getByText('Boto3 1.43.2').waitFor();
    const Select = (on) => page.evaluate((yes) => (yes ? document.getSelection().selectAllChildren(document.querySelector('[data-testid=producers] td')) : document.getSelection().removeAllRanges()), on);
    await Select(true);
    await page.getByTestId('waiting').first().waitFor();
    await Select(false);
    await page.getByTestId('waiting').waitFor({ state: 'detached' });
  },
};
