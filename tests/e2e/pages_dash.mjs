// SPDX-License-Identifier: Apache-2.0
// Dashboards: the sample, variables, ranges, live updates, faults, the list, shared links.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { AssertAxe, AssertFits, kFirstHost, kNow, kSizes, Looks, Model, ms, Picture, SeedSample, Until } from './harness.mjs';

const kFirst = kFirstHost;
const kTall = { width: 1440, height: 1500 };

const Dash = async (page) => (await Model(page)).dashboard;
const Charts = (page) => page.evaluate(() => window.tidemark.charts());
const Chart = async (page, id) => (await Charts(page)).find((chart) => chart.id === id);
const Panel = (page, title) => page.getByRole('region', { name: title, exact: true }).first();
/** All panels are there, drawn or not. */
const Ready = (page, n) => Until(page, (count) => {
  const panels = window.__tidemark?.dashboard?.panels ?? [];
  return panels.length === count && panels.every(({ status, busy }) => ['ready', 'empty', 'error'].includes(status) && !busy);
}, n);

async function OpenSample(page, endpoint, search = '?from=now-2h') {
  await page.setViewportSize(kTall);
  await page.goto(`${endpoint}/ui/dash/ec2${search}`);
  await Ready(page, 10);
}

const One = (sql, more = {}) => ({ name: '', sql, database: 'InterpolatedBlogDB', table: 'EC2MetricTable', measure: 'cpu_system', ...more });
const File = (panels, more = {}) => ({
  schema: 1, title: 'Small', description: '', tags: [], ...more,
  panels: panels.map((p, i) => ({ id: `p${i}`, title: `Panel ${i}`, visual: 'line', grid: { x: (i % 2) * 6, y: Math.floor(i / 2) * 6, w: 6, h: 6 }, queries: [], ...p })),
});
const kSeries = `SELECT time, measure_value::double AS cpu_system\nFROM "InterpolatedBlogDB"."EC2MetricTable"\nWHERE measure_name = 'cpu_system' AND $__timeFilter AND instance_name = '${kFirst}'\nORDER BY time`;

export const tests = {
  async 'S33 the sample dashboard draws ten panels from what the server answers'({ page, endpoint, server }) {
    SeedSample(server);
    await OpenSample(page, endpoint);
    const dash = await Dash(page);
    assert.deepEqual(dash.panels.map(({ id, status }) => [id, status]), ['hosts', 'freshness', 'late', 'revised', 'cpu', 'services', 'revisions', 'bands', 'tasks', 'story'].map((id) => [id, 'ready']));
    assert.equal(dash.variables.instance[0], 'i-AUa00ZAe-0002.amazonaws.com');
    assert.deepEqual([dash.variables.microservice, dash.variables.bin], [[], ['5m']]);
    assert.equal(dash.panels[0].text, '12');
    const chart = await Chart(page, 'cpu');
    assert.deepEqual(chart.series.map(({ name, time }) => [name, Math.round(time.length / 10)]), [['avg_cpu_system', 2], ['cpu_system', 72]]);
    const params = new URLSearchParams({ measure: 'avg_cpu_system', from: String(BigInt(kNow - 7_200_000) * 1_000_000n), to: String(BigInt(kNow) * 1_000_000n), instance_name: dash.variables.instance[0], region: dash.variables.region[0] });
    const { rows } = await (await fetch(`${endpoint}/api/v1/databases/InterpolatedBlogDB/tables/EC2MetricTable/revisions?${params}`)).json();
    assert.deepEqual(chart.series[0].time, rows.map(({ time }) => time));
    assert.deepEqual(chart.series[0].value, rows.map(({ value }) => Number(value)));
    assert.deepEqual(chart.revised.map(({ time, revisions }) => [time, revisions]), rows.filter((row) => row.revisions.length > 1).map((row) => [row.time, row.revisions.length - 1]));
    assert.equal(ms(chart.watermark), server.watermark_ms);
    assert.equal(dash.panels[3].text, `${chart.revised.length} of ${rows.length}`);
    const story = await Panel(page, 'What changed').innerText();
    assert.match(story, new RegExp(`24 windows of 5 minutes; ${chart.revised.length} of 24 final windows were revised by late data[^]*The maximum of avg_cpu_system is [\\d.]+ at `));
    await Panel(page, 'Task end state').getByText('21\u2009053').waitFor();
    // One call for all panels that are seen, beside those of the variables.
    const calls = server.dash.asked.filter(({ panels }) => panels.every(({ sql }) => sql === undefined));
    assert.deepEqual([calls.length, calls[0].panels.length, calls[0].version], [1, 10, 'published']);
    await Looks(page, 'S33-sample', { sizes: ['A', 'B', 'C'] });
  },

  async 'the switch of a panel runs its companion, dotted, and only while it is on'({ page, endpoint, server }) {
    SeedSample(server);
    await OpenSample(page, endpoint, '?from=now-2h&var-bin=1m');
    const Asked = () => server.dash.asked.flatMap(({ panels }) => panels).filter(({ id }) => id === 'cpu').map(({ queries }) => queries);
    assert.deepEqual(Asked(), [[0, 1]]);
    const fill = Panel(page, 'avg_cpu_system and cpu_system').getByRole('button', { name: 'fill gaps' });
    assert.equal(await fill.getAttribute('aria-pressed'), 'false');
    await fill.click();
    await Until(page, () => window.tidemark.charts().find(({ id }) => id === 'cpu').series.length === 3);
    assert.deepEqual(Asked().at(-1), undefined);
    const chart = await Chart(page, 'cpu');
    assert.equal(chart.series[2].name, 'gaps filled');
    // A value a minute where the view has one each five, through the view's own.
    assert.ok(chart.series[2].time.length > 4 * chart.series[0].time.length);
    assert.ok(chart.series[0].time.slice(0, -1).every((t, i) => chart.series[2].value[chart.series[2].time.indexOf(t)] === chart.series[0].value[i]));
    assert.ok(chart.revised.every(({ series }) => series === 'avg_cpu_system'));
    assert.equal(new URL(page.url()).searchParams.get('on'), 'cpu');
    await Looks(page, 'S33-fill-gaps', { sizes: ['A'] });
    await page.reload();
    await Until(page, () => window.tidemark?.charts().find(({ id }) => id === 'cpu')?.series.length === 3);
    await fill.click();
    await Until(page, () => window.tidemark.charts().find(({ id }) => id === 'cpu').series.length === 2);
  },

  async 'the tour of the sample: six steps, the page stays usable, Escape leaves'({ page, endpoint, server }) {
    SeedSample(server);
    await OpenSample(page, endpoint);
    await page.getByRole('button', { name: 'Tour' }).click();
    const tour = page.getByRole('region', { name: 'Tour' });
    const kTargets = ['time-range', 'cpu', null, 'chart', null, null];
    for (let step = 1; step <= 6; step += 1) {
      await tour.getByText(`Step ${step} of 6`).waitFor();
      const marked = await page.evaluate(() => [...document.querySelectorAll('.toured')].map((e) => e.dataset.testid ?? e.dataset.panel ?? null));
      assert.deepEqual(marked, [kTargets[step - 1]], `step ${step}`);
      if (step === 2) await Looks(page, 'tour', { sizes: ['A', 'C'] });
      // Nothing is closed off: the key that the step speaks of works.
      if (step === 3) {
        await page.keyboard.press('v');
        await Until(page, () => window.__tidemark.dashboard.mode === 'off');
      }
      if (step < 6) await tour.getByRole('button', { name: 'Next' }).click();
    }
    await tour.getByRole('link', { name: 'Open the pipeline' }).click();
    await page.getByRole('heading', { level: 1, name: 'Pipelines' }).waitFor();
    await page.goBack();
    await page.getByRole('button', { name: 'Tour' }).click();
    await tour.getByText('Step 1 of 6').waitFor();
    await page.keyboard.press('Escape');
    await tour.waitFor({ state: 'detached' });
    assert.equal(await page.locator('.toured').count(), 0);
  },

  async 'S34 modes of a dashboard change marks, not data, and are remembered'({ page, endpoint, server }) {
    SeedSample(server);
    await OpenSample(page, endpoint);
    const before = await Chart(page, 'cpu');
    assert.ok(before.revised.length > 0);
    const modes = page.getByRole('group', { name: 'Revisions' });
    for (const mode of ['off', 'mark', 'compare', 'off']) {
      await page.keyboard.press('v');
      await Until(page, (wanted) => window.__tidemark.dashboard.mode === wanted, mode);
      assert.equal(await modes.getByRole('button', { pressed: true }).innerText(), mode);
      const chart = await Chart(page, 'cpu');
      assert.deepEqual(chart.series, before.series);
      assert.equal(chart.revised.length, mode === 'off' ? 0 : before.revised.length);
    }
    assert.match(page.url(), /rev=off/);
    await page.goto(`${endpoint}/ui/dash/ec2?from=now-2h`);
    await Ready(page, 10);
    assert.equal((await Dash(page)).mode, 'off');
  },

  async 'variables follow each other, keep their values in the link, and All leaves a clause out'({ page, endpoint, server }) {
    SeedSample(server);
    await OpenSample(page, endpoint);
    const Call = () => server.dash.asked.filter(({ panels }) => panels.every(({ sql }) => sql === undefined)).at(-1);
    await page.getByLabel('Instance').selectOption(kFirst);
    await Until(page, (name) => window.__tidemark.dashboard.variables.instance[0] === name, kFirst);
    await Ready(page, 10);
    assert.deepEqual(Call().variables, { instance: [kFirst], region: ['us-east-2'], cell: ['us-east-2-cell-1'], silo: ['us-east-2-cell-1-silo-1'], microservice: [], bin: ['5m'] });
    assert.equal((await Dash(page)).panels[0].text, '12');
    await page.getByTestId('variable-microservice').click();
    await page.getByRole('dialog').getByLabel('zeus').check();
    await page.getByRole('dialog').getByLabel('apollo').check();
    await page.keyboard.press('Escape');
    await Until(page, () => window.__tidemark.dashboard.panels[0].text === '6' && window.__tidemark.dashboard.panels.every(({ busy }) => !busy));
    assert.deepEqual((await Chart(page, 'services')).series.map(({ name }) => name).sort(), ['apollo', 'zeus']);
    await page.getByTestId('variable-microservice').getByText('zeus and 1 more').waitFor();
    assert.deepEqual(new URL(page.url()).searchParams.getAll('var-microservice'), ['zeus', 'apollo']);
    await page.getByLabel('Bin').selectOption('15m');
    await Until(page, () => window.__tidemark.dashboard.variables.bin[0] === '15m' && window.__tidemark.dashboard.panels.every(({ busy }) => !busy));
    assert.equal(Call().panels[0].interval_ms, 900_000);
    await page.reload();
    await Ready(page, 10);
    const again = await Dash(page);
    assert.deepEqual([again.variables.instance, again.variables.microservice, again.variables.bin], [[kFirst], ['zeus', 'apollo'], ['15m']]);
  },

  async 'a drag zooms all panels, a double click and keys move the range'({ page, endpoint, server }) {
    SeedSample(server);
    await OpenSample(page, endpoint);
    const box = await Panel(page, 'avg_cpu_system and cpu_system').locator('.u-over').boundingBox();
    await page.mouse.move(box.x + box.width * 0.25, box.y + 60);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.5, box.y + 60, { steps: 4 });
    await page.mouse.up();
    await Until(page, () => /^\d+$/.test(window.__tidemark.dashboard.range.from));
    await Ready(page, 10);
    const { range } = await Dash(page);
    assert.ok(Math.abs(Number(range.from) - (kNow - 5_400_000)) < 60_000 && Math.abs(Number(range.to) - (kNow - 3_600_000)) < 60_000, JSON.stringify(range));
    assert.equal(new URL(page.url()).searchParams.get('from'), range.from);
    // A chart is drawn a moment after its data came.
    await Until(page, ([from, to]) => ['cpu', 'services'].every((id) => window.tidemark.charts().find((chart) => chart.id === id).series
      .every(({ time }) => time.every((t) => Number(t) / 1e6 >= from - 300_000 && Number(t) / 1e6 <= to))), [Number(range.from), Number(range.to)]);
    await page.mouse.dblclick(box.x + box.width / 2, box.y + 60);
    await Until(page, () => window.__tidemark.dashboard.range.from === 'now-2h');
    await page.keyboard.press('-');
    await Until(page, () => /^\d+$/.test(window.__tidemark.dashboard.range.from));
    await page.keyboard.press('t');
    await page.getByRole('dialog').getByRole('button', { name: '30 m' }).click();
    await Until(page, () => window.__tidemark.dashboard.range.from === 'now-30m');
  },

  async 'late data changes the panels of its table, and only what is seen is read'({ page, endpoint, server }) {
    SeedSample(server);
    await page.goto(`${endpoint}/ui/dash/ec2?from=now-2h&var-instance=${kFirst}`);
    await page.setViewportSize({ width: 1440, height: 700 });
    await Until(page, () => window.__tidemark?.dashboard?.panels[4]?.status === 'ready' && window.__tidemark.live.status === 'live');
    const first = (await Chart(page, 'cpu')).revised.find(({ time }) => time === '1768494300000000000')?.revisions ?? 0;
    const asked = server.dash.asked.length;
    server.AddLate('cpu_system', Date.parse('2026-01-15T16:22:30Z'), 99);
    await Until(page, (n) => window.tidemark.charts().find(({ id }) => id === 'cpu')?.revised.some(({ time, revisions }) => time === '1768494300000000000' && revisions === n + 1), first);
    const calls = server.dash.asked.slice(asked);
    assert.ok(calls.length >= 1 && calls.every(({ panels }) => panels.every(({ id }) => !['tasks', 'story', 'bands'].includes(id))), JSON.stringify(calls.map(({ panels }) => panels.map(({ id }) => id))));
    assert.equal((await Dash(page)).panels.find(({ id }) => id === 'story').status, 'loading');
    // Many events are one read a second.
    const before = server.dash.asked.length;
    for (let i = 0; i < 20; i += 1) server.AddLate('cpu_system', Date.parse('2026-01-15T16:22:40Z') + i * 10_000, 50 + i);
    await Until(page, (n) => window.__tidemark.dashboard.changes > n, (await Dash(page)).changes);
    assert.ok(server.dash.asked.length - before <= 3, `${server.dash.asked.length - before} calls`);
    // Off reads nothing.
    await page.getByTestId('refresh').selectOption('off');
    await Until(page, () => window.__tidemark.dashboard.panels.every(({ busy }) => !busy));
    await Panel(page, 'What changed').scrollIntoViewIfNeeded();
    await Until(page, () => window.__tidemark.dashboard.panels.every(({ status, busy }) => status === 'ready' && !busy));
    const { events } = (await Model(page)).live;
    const still = server.dash.asked.length;
    server.AddLate('cpu_system', Date.parse('2026-01-15T16:32:30Z'), 98);
    await Until(page, (n) => window.__tidemark.live.events > n, events);
    assert.equal(server.dash.asked.length, still);
    assert.match(page.url(), /refresh=off/);
  },

  async 'S36 replay shows the whole dashboard as it was, and says so'({ page, endpoint, server }) {
    SeedSample(server);
    await OpenSample(page, endpoint, `?from=now-2h&var-instance=${kFirst}`);
    const before = await Chart(page, 'cpu');
    const asked = server.dash.asked.length;
    const { changes } = await Dash(page);
    const at = '2026-01-15T16:30:00Z';
    await page.evaluate((text) => {
      history.replaceState(null, '', `${location.pathname}${location.search}&asof=${encodeURIComponent(text)}`);
      dispatchEvent(new PopStateEvent('popstate'));
    }, at);
    await page.getByText('Showing what was known at').waitFor();
    await Until(page, (n) => window.tidemark.charts().find(({ id }) => id === 'cpu').revised.length < n, before.revised.length);
    const then = await Chart(page, 'cpu');
    assert.ok(then.series[0].time.every((time) => ms(time) <= Date.parse(at)));
    assert.ok(ms(then.watermark) <= Date.parse(at));
    // What reads a view's rows, or measures from now, was asked for again as of then, and nothing else.
    await Until(page, (n) => window.__tidemark.dashboard.changes > n && window.__tidemark.dashboard.panels.every(({ busy }) => !busy), changes);
    const calls = server.dash.asked.slice(asked).filter(({ as_of }) => as_of !== undefined);
    assert.ok(calls.length >= 1 && calls.every(({ as_of }) => ms(as_of) === Date.parse(at)), JSON.stringify(calls));
    assert.deepEqual([...new Set(calls.flatMap(({ panels }) => panels.map(({ id }) => id)))].sort(), ['freshness', 'late', 'revised', 'services']);
    assert.equal((await Chart(page, 'services')).watermark, null);
    await Panel(page, 'What changed').getByText(new RegExp(`; ${then.revised.length} of \\d+ final windows`)).waitFor();
    await Picture(page, 'S36-as-of');
    await page.getByRole('button', { name: 'Back to now' }).click();
    await Until(page, (n) => window.tidemark.charts().find(({ id }) => id === 'cpu').revised.length >= n, before.revised.length);
    await Until(page, () => !location.search.includes('asof'));
    assert.equal(server.dash.asked.at(-1).as_of, undefined);
  },

  async 'a panel that fails leaves the others, and says why'({ page, endpoint, server }) {
    server.dash.Seed('small', File([
      { title: 'Good', queries: [One(kSeries)] }, { title: 'Bad', queries: [One('SELECT nope')] }, { title: 'Half', queries: [One(kSeries), One('SELECT nope')] },
      { title: 'Table of it', visual: 'table', queries: [One(kSeries)] }, { title: 'Nothing', visual: 'bar', queries: [One(`${kSeries.replace(kFirst, 'nobody')}`)] },
    ]), { now_ms: kNow });
    await page.setViewportSize(kTall);
    await page.goto(`${endpoint}/ui/dash/small`);
    await Ready(page, 5);
    assert.deepEqual((await Dash(page)).panels.map(({ status, failed }) => [status, failed]), [['ready', 0], ['error', 1], ['ready', 1], ['ready', 0], ['empty', 0]]);
    await page.getByText('2 of 5 panels failed; the others are complete.').waitFor();
    await Panel(page, 'Bad').getByText('Column nope does not exist').waitFor();
    await Panel(page, 'Half').getByText('1 of 2 queries failed').waitFor();
    assert.equal((await Charts(page)).find(({ title }) => title === 'Half').series.length, 1);
    await Panel(page, 'Nothing').getByText('No data in this range.').waitFor();
    await Panel(page, 'Table of it').getByRole('grid', { name: 'Table of it' }).waitFor();
    await Looks(page, 'dash-partial');
    // A call that fails as a whole keeps nothing back either.
    await page.setViewportSize(kTall);
    await page.route('**/panels:data', (route) => route.fulfill({ status: 503, contentType: 'application/json', body: JSON.stringify({ error: { code: 'unavailable', status: 503, message: 'The store is busy.', retryable: true, request_id: 'R1' } }) }));
    await page.keyboard.press('r');
    await page.getByText('5 of 5 panels failed').waitFor();
    await Panel(page, 'Good').getByText('The store is busy.').waitFor();
    await page.unroute('**/panels:data');
    await page.getByRole('button', { name: 'Retry' }).first().click();
    await page.getByText('2 of 5 panels failed').waitFor();
    await page.getByRole('button', { name: 'Zoom out' }).click();
    await Until(page, () => /^\d+$/.test(window.__tidemark.dashboard.range.from));
  },

  async 'the menu of a panel: data, statements, table, alone, files, link, hide'({ page, context, endpoint, server }) {
    SeedSample(server);
    await OpenSample(page, endpoint);
    const Menu = async (title, item) => {
      await Panel(page, title).getByTestId('panel-menu').click();
      await page.getByRole('dialog', { name: `Menu of ${title}` }).getByText(item, { exact: true }).click();
    };
    const kCpu = 'avg_cpu_system and cpu_system';
    await Menu(kCpu, 'Inspect');
    const inspect = page.getByRole('dialog', { name: `Inspect ${kCpu}` });
    await inspect.getByRole('grid').first().waitFor();
    await AssertAxe(page, 'inspect data');
    await inspect.getByRole('tab', { name: 'SQL' }).click();
    await inspect.getByText("instance_name = '$instance'").first().waitFor();
    await page.keyboard.press('ArrowRight');
    await inspect.getByRole('cell', { name: /^7[12]\d$/ }).waitFor();
    await Picture(page, 'dash-inspect');
    await AssertAxe(page, 'inspect timing');
    await inspect.getByRole('button', { name: 'Close' }).click();
    await Menu(kCpu, 'View as table');
    await Panel(page, kCpu).getByRole('table').or(Panel(page, kCpu).getByRole('grid')).first().waitFor();
    await Menu(kCpu, 'View as drawn');
    const [csv] = await Promise.all([page.waitForEvent('download'), Menu('Task end state', 'Download CSV')]);
    assert.equal(csv.suggestedFilename(), 'Task-end-state.csv');
    assert.match(readFileSync(await csv.path(), 'utf8'), /^state,tasks\r\nSUCCESS_WITH_RESULT,21053\r\n/);
    const [png] = await Promise.all([page.waitForEvent('download'), Menu(kCpu, 'Download PNG')]);
    assert.deepEqual([...readFileSync(await png.path()).subarray(1, 4)], [...Buffer.from('PNG')]);
    // What is no canvas is drawn too: a figure, bars, words, a table.
    for (const [title, item] of [['Hosts reporting', 'as drawn'], ['Task end state', 'as drawn'], ['What changed', 'as drawn'], ['Freshness', 'View as table']]) {
      if (item === 'View as table') await Menu(title, item);
      const [drawn] = await Promise.all([page.waitForEvent('download'), Menu(title, 'Download PNG')]);
      const bytes = readFileSync(await drawn.path());
      const seen = await page.evaluate(async (data) => {
        const image = await createImageBitmap(new Blob([Uint8Array.from(atob(data), (c) => c.charCodeAt(0))], { type: 'image/png' }));
        const canvas = new OffscreenCanvas(image.width, image.height);
        const context = canvas.getContext('2d');
        context.drawImage(image, 0, 0);
        // Rows of pixels below the title that are not all of one colour.
        const { data: pixels } = context.getImageData(0, 40, image.width, image.height - 40);
        const words = new Uint32Array(pixels.buffer);
        let rows = 0;
        for (let y = 0; y < image.height - 40; y += 1) if (words.subarray(y * image.width, (y + 1) * image.width).some((p) => p !== words[0])) rows += 1;
        return { width: image.width, rows };
      }, bytes.toString('base64'));
      assert.ok(seen.width > 200 && seen.rows >= 20, `${title}: ${JSON.stringify(seen)}`);
      if (process.env.TIDEMARK_SCREENSHOTS) writeFileSync(`${process.env.TIDEMARK_SCREENSHOTS}/png-${title.replaceAll(' ', '-')}.png`, bytes);
      if (item === 'View as table') await Menu(title, 'View as drawn');
    }
    await Menu('Hosts by CPU band', 'Full screen');
    await Until(page, () => window.__tidemark.dashboard.panels.length === 1);
    assert.match(page.url(), /panel=bands/);
    await page.keyboard.press('Escape');
    await Until(page, () => window.__tidemark.dashboard.panels.length === 10);
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await Menu('Freshness', 'Copy link');
    await page.getByText('Copied the link of this panel').waitFor();
    assert.match(await page.evaluate(() => navigator.clipboard.readText()), /\/ui\/dash\/ec2\?from=now-2h&panel=freshness$/);
    await Menu('Freshness', 'Hide');
    await page.getByText('1 panel is hidden here.').waitFor();
    await page.getByRole('button', { name: 'Show all' }).click();
    await Panel(page, 'Freshness').waitFor();
    assert.equal(await page.getByRole('link', { name: 'Edit', exact: true }).getAttribute('href'), '/ui/dash/ec2/edit');
  },

  async 'a heatmap and a figure are read by keyboard, z turns the panel with the focus into a table'({ page, endpoint, server }) {
    SeedSample(server);
    await OpenSample(page, endpoint);
    const heat = page.getByRole('group', { name: /^Hosts by CPU band: \d+ rows by \d+ times/ });
    await heat.focus();
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('ArrowDown');
    await heat.getByText(/2026-01-15 16:\d\d:\d\d UTC/).waitFor();
    await page.keyboard.press('z');
    await Panel(page, 'Hosts by CPU band').getByRole('grid').waitFor();
    await Panel(page, 'Hosts reporting').getByTestId('panel-menu').focus();
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await Panel(page, 'Hosts reporting').getByRole('grid').getByText('12').waitFor();
  },

  async 'figures say what they were, areas stack, small multiples share their axis'({ page, endpoint, server }) {
    const kAvg = kSeries.replaceAll('cpu_system', 'avg_cpu_system');
    const wells = { database: 'InterpolatedBlogDB', table: 'EC2MetricTable', x: { column: 'time', granularity: '5m' }, values: [], color: null, multiples: { column: 'region', y: 'shared' }, filters: [], sort: { by: 'x', direction: 'ascending' }, limit: 25, missing: 'gap', missing_in: 'display' };
    const by = (column) => `SELECT BIN(time, 5m) AS "time", "${column}", AVG(measure_value::double) AS "cpu"\nFROM "InterpolatedBlogDB"."EC2MetricTable"\nWHERE measure_name = 'cpu_system' AND $__timeFilter\nGROUP BY 1, 2`;
    server.dash.Seed('kinds', File([
      { title: 'Now', visual: 'kpi', grid: { x: 0, y: 0, w: 4, h: 4 }, options: { sparkline: true, comparison: 'previous', thresholds: [{ value: 10, label: 'busy', token: '--warn' }] }, queries: [One(kAvg, { measure: 'avg_cpu_system', revisions: { dimensions: { instance_name: kFirst } } })] },
      { title: 'Stacked', visual: 'area', grid: { x: 4, y: 0, w: 8, h: 6 }, options: { stacked: true, min: 0 }, queries: [One(by('region'))] },
      { title: 'By region', grid: { x: 0, y: 6, w: 12, h: 9 }, queries: [One(by('region'), { wells })] },
      { title: 'Grouped', visual: 'bar', grid: { x: 0, y: 15, w: 12, h: 6 }, queries: [One(by('microservice_name'))] },
    ]), { now_ms: kNow });
    for (const value of [99, 98]) server.AddLate('cpu_system', Date.parse('2026-01-15T16:52:30Z'), value);
    await page.setViewportSize(kTall);
    await page.goto(`${endpoint}/ui/dash/kinds`);
    await Ready(page, 4);
    const { rows } = await (await fetch(`${endpoint}/api/v1/databases/InterpolatedBlogDB/tables/EC2MetricTable/revisions?measure=avg_cpu_system&instance_name=${kFirst}`)).json();
    const last = rows.at(-1);
    const now = Panel(page, 'Now');
    await now.getByText(`was ${Number(last.revisions[0].new).toFixed(2)}`).waitFor();
    assert.equal(await now.getByTestId('kpi-value').innerText(), Number(last.value).toFixed(2));
    assert.match(await now.locator('.chip').innerText(), /^◆ ?\+\d/);
    await now.getByText('busy').waitFor();
    await now.getByRole('img', { name: 'Now, over the range' }).waitFor();
    const charts = await Charts(page);
    assert.deepEqual(charts.filter(({ id }) => id.startsWith('p2/')).map(({ title }) => title).sort(), ['ap-northeast-1', 'eu-west-1', 'us-east-2', 'us_east_1'].map((region) => `By region, ${region}`));
    const stacked = charts.find(({ title }) => title === 'Stacked');
    assert.equal(stacked.series.length, 4);
    assert.ok(stacked.series.every(({ value }) => value.every((v) => v === null || v < 100)), 'lines say their own values, not the sums');
    await page.keyboard.press('v');
    await page.keyboard.press('v');
    await Until(page, () => window.__tidemark.dashboard.mode === 'off');
    await now.getByText(/^was /).waitFor({ state: 'detached' });
    await Looks(page, 'dash-kinds');
  },

  async 'a draft is shown on demand, and published from there'({ page, endpoint, server }) {
    server.dash.Seed('small', File([{ queries: [One(kSeries)] }]), { now_ms: kNow, draft: File([{ title: 'New one', queries: [One(kSeries)] }], { title: 'Small' }) });
    await page.goto(`${endpoint}/ui/dash/small`);
    await Panel(page, 'Panel 0').waitFor();
    await page.getByText('There is a draft with changes that are not published.').waitFor();
    await page.getByRole('link', { name: 'Show draft' }).click();
    await Panel(page, 'New one').waitFor();
    assert.equal((await Dash(page)).version, 'draft');
    await page.getByRole('link', { name: 'Show what is published' }).click();
    await Panel(page, 'Panel 0').waitFor();
    server.dash.dashboards.get('small').versions = [];
    await page.reload();
    await page.getByText('This is a draft: it is not published yet.').waitFor();
    await page.getByRole('button', { name: 'Publish' }).click();
    await page.getByText('Published Small').waitFor();
    await Panel(page, 'New one').waitFor();
    assert.equal((await Dash(page)).version, 'published');
    await page.goto(`${endpoint}/ui/dash/no-such`);
    await page.getByText('There is no dashboard no-such.').waitFor();
  },

  async 'S32 the list: empty, made, imported, filtered, exported, deleted with a way back'({ page, endpoint, server }) {
    await page.goto(`${endpoint}/ui/dash`);
    await page.getByText('A dashboard is a page of panels').waitFor();
    await Looks(page, 'S32-empty');
    await page.getByRole('button', { name: 'Start from the sample' }).click();
    await page.getByRole('dialog', { name: 'New dashboard' }).getByRole('button', { name: 'Create' }).click();
    await Until(page, () => window.__tidemark.dashboard?.panels.length === 10);
    await page.goto(`${endpoint}/ui/dash`);
    await page.getByTestId('import').setInputFiles({ name: 'bad.json', mimeType: 'application/json', buffer: Buffer.from('{"schema":1,"title":"T","panels":[{"id":"a","visual":"pie","grid":{"x":0,"y":0,"w":1,"h":1}}]}') });
    await page.getByText('bad.json: panels[0].visual must be one of line, area').waitFor();
    await page.getByTestId('import').setInputFiles({ name: 'good.json', mimeType: 'application/json', buffer: Buffer.from(JSON.stringify(File([], { title: 'Imported', tags: ['cpu'] }))) });
    await page.getByText('No panels yet.').waitFor();
    SeedSample(server);
    const disks = File([], { title: 'Other', tags: ['disk'], description: 'Disks of all hosts' });
    server.dash.Seed('other', disks, { now_ms: kNow - 7_200_000, draft: disks });
    await page.goto(`${endpoint}/ui/dash`);
    const cards = page.locator('li.card');
    await cards.nth(3).waitFor();
    assert.deepEqual((await cards.locator('b').allInnerTexts()).sort(), ['EC2 host metrics', 'EC2 host metrics', 'Imported', 'Other']);
    await cards.filter({ hasText: 'Disks of all hosts' }).getByText('draft waits').waitFor();
    await cards.filter({ hasText: 'stack' }).getByText('2 m ago').waitFor();
    await Looks(page, 'S32-filled');
    await page.keyboard.press('/');
    await page.keyboard.type('disk');
    await Until(page, () => document.querySelectorAll('li.card').length === 1);
    await page.keyboard.type('x');
    await page.getByText('No dashboards match').waitFor();
    await page.getByRole('button', { name: 'Clear filter' }).click();
    await cards.nth(3).waitFor();
    const other = cards.filter({ hasText: 'Disks of all hosts' });
    await other.getByTestId('card-menu').click();
    const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('dialog').getByText('Export file').click()]);
    assert.equal(JSON.parse(readFileSync(await file.path(), 'utf8')).title, 'Other');
    await other.getByTestId('card-menu').click();
    await page.getByRole('dialog').getByText('Delete').click();
    await Until(page, () => document.querySelectorAll('li.card').length === 3);
    await page.getByRole('button', { name: 'Undo' }).click();
    await cards.nth(3).waitFor();
    assert.ok(server.dash.dashboards.has('other'));
    // Not taken back: gone from the server once the time is over.
    await page.clock.install();
    await other.getByTestId('card-menu').click();
    await page.getByRole('dialog').getByText('Delete').click();
    await Until(page, () => document.querySelectorAll('li.card').length === 3);
    await page.clock.runFor(11_000);
    for (let i = 0; i < 100 && server.dash.dashboards.has('other'); i += 1) await page.evaluate(() => fetch('/api/v1/info'));
    assert.ok(!server.dash.dashboards.has('other'));
  },

  async 'a snapshot opens again: the same charts and figures, and nothing is asked'({ page, endpoint, server }) {
    SeedSample(server);
    // A fixed range: a snapshot reads its panels anew, and one up to now would have moved on with the clock.
    await OpenSample(page, endpoint, `?from=${kNow - 7_200_000}&to=${kNow}&var-instance=${kFirst}`);
    const [before, cpu] = [await Dash(page), await Chart(page, 'cpu')];
    await page.getByRole('button', { name: 'Share' }).click();
    const [taken] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Download snapshot' }).click()]);
    await page.goto(`${endpoint}/ui/dash`);
    await page.getByTestId('import').setInputFiles({ name: 'hosts.json', mimeType: 'application/json', buffer: Buffer.from('{"kind":"tidemark-snapshot","schema":7}') });
    await page.getByText('hosts.json: It is no snapshot of schema 1').waitFor();
    const asked = server.dash.asked.length;
    await page.getByTestId('import').setInputFiles(await taken.path());
    await page.getByTestId('taken').getByText(/of 2026-01-15 16:59:[3-5]\d UTC/).waitFor();
    assert.equal(new URL(page.url()).pathname, '/ui/snapshot');
    await Ready(page, 10);
    const [after, kept] = [await Dash(page), await Chart(page, 'cpu')];
    assert.deepEqual(after.panels.map(({ id, status, rows }) => [id, status, rows]), before.panels.map(({ id, status, rows }) => [id, status, rows]));
    assert.deepEqual([kept.series, kept.revised, kept.watermark, kept.provisional], [cpu.series, cpu.revised, cpu.watermark, cpu.provisional]);
    await Panel(page, 'Hosts reporting').getByText('12', { exact: true }).waitFor();
    await page.getByRole('group', { name: 'Revisions' }).getByRole('button', { name: 'off' }).click();
    await Until(page, () => window.tidemark.charts().find(({ id }) => id === 'cpu').revised.length === 0);
    assert.equal(server.dash.asked.length, asked);
    await page.getByRole('group', { name: 'Revisions' }).getByRole('button', { name: 'compare' }).click();
    await Looks(page, 'snapshot');
    await page.reload();
    await page.getByText('A snapshot is a file with a dashboard').waitFor();
  },

  async 'S43 a shared link reads one dashboard and changes nothing'({ page, endpoint, server, context }) {
    SeedSample(server);
    await OpenSample(page, endpoint, `?from=now-2h&var-instance=${kFirst}`);
    const marks = (await Chart(page, 'cpu')).revised;
    await page.setViewportSize(kSizes.A);
    await page.getByRole('button', { name: 'Share' }).click();
    const dialog = page.getByRole('dialog', { name: 'Share EC2 host metrics' });
    await dialog.getByText('No links yet.').waitFor();
    // A snapshot has all panels, also those that were never in view.
    const [taken] = await Promise.all([page.waitForEvent('download'), dialog.getByRole('button', { name: 'Download snapshot' }).click()]);
    assert.equal(taken.suggestedFilename(), 'EC2-host-metrics-snapshot.json');
    const snapshot = JSON.parse(readFileSync(await taken.path(), 'utf8'));
    assert.deepEqual([snapshot.kind, snapshot.panels.length, snapshot.variables.instance], ['tidemark-snapshot', snapshot.dashboard.panels.length, [kFirst]]);
    assert.ok(snapshot.panels.find(({ id }) => id === 'cpu').queries[0].rows.length > 10 && snapshot.panels.find(({ id }) => id === 'tasks').queries[0].rows.length > 0);
    await dialog.getByLabel('Bin').check();
    await dialog.getByRole('button', { name: 'Create link' }).click();
    const url = await dialog.getByTestId('shared-link').inputValue();
    assert.match(url, new RegExp(`^${endpoint}/ui/share#[\\w-]{20,}$`));
    await dialog.getByRole('cell', { name: /instance = i-zaZswmJk-0000/ }).waitFor();
    await AssertAxe(page, 'share dialog');
    await Picture(page, 'S43-dialog');
    assert.deepEqual([...server.dash.shares.values()][0].variables, { instance: [kFirst], region: ['us-east-2'], cell: ['us-east-2-cell-1'], silo: ['us-east-2-cell-1-silo-1'], microservice: [], bin: ['5m'] });

    const other = await context.newPage();
    const sent = [];
    other.on('request', (request) => {
      if (request.url().includes('/api/')) sent.push([new URL(request.url()).pathname, request.headers().authorization ?? null, request.method()]);
    });
    await other.setViewportSize(kTall);
    await other.goto(url.replace('#', '?from=now-2h#'));
    await Ready(other, 10);
    await Until(other, () => window.__tidemark.live.status === 'live');
    assert.deepEqual((await Chart(other, 'cpu')).revised, marks);
    const token = url.split('#')[1];
    assert.ok(sent.length > 0 && sent.every(([, authorization]) => authorization === `Bearer ${token}`), JSON.stringify(sent));
    assert.ok(sent.every(([path, , method]) => method === 'GET' || path.endsWith('/panels:data')));
    assert.ok(sent.every(([path]) => !path.includes(token)));
    assert.equal(await other.getByRole('navigation').count(), 0);
    for (const word of ['Edit', 'Share', 'Publish', 'New', 'Copy link']) assert.equal(await other.getByRole('button', { name: word, exact: true }).or(other.getByRole('link', { name: word, exact: true })).count(), 0, word);
    await Panel(other, 'Freshness').getByTestId('panel-menu').click();
    assert.deepEqual(await other.getByRole('dialog').locator('button').allInnerTexts(), ['Inspect', 'View as table', 'Full screen', 'Download CSV', 'Download PNG', 'Hide']);
    await other.keyboard.press('Escape');
    assert.equal(await other.getByRole('group', { name: 'Variables' }).getByRole('combobox').count(), 0, 'all variables are fixed');
    await Looks(other, 'S43-share');
    await other.setViewportSize(kTall);
    // Late data arrives there too.
    const { changes } = await Dash(other);
    server.AddLate('cpu_system', Date.parse('2026-01-15T16:22:30Z'), 99);
    await Until(other, (n) => window.__tidemark.dashboard.changes > n, changes);

    await page.bringToFront();
    await dialog.getByRole('button', { name: 'Take back' }).click();
    await dialog.getByText('No links yet.').waitFor();
    await other.reload();
    await other.getByText('This link is unknown, has expired, or was taken back.').waitFor();
    await AssertAxe(other, 'share gone');
    await other.goto(`${endpoint}/ui/share`);
    await other.getByText('This address has no token behind the #.').waitFor();
    await other.close();
  },

  async 'S43 kiosk shows panels without navigation, Esc leaves it'({ page, endpoint, server }) {
    SeedSample(server);
    await OpenSample(page, endpoint);
    await page.getByRole('button', { name: 'Full screen', exact: true }).click();
    await Until(page, () => document.querySelector('header') === null);
    assert.match(page.url(), /kiosk=1/);
    assert.equal(await page.getByRole('navigation').count(), 0);
    assert.equal(await page.getByRole('link', { name: 'Edit', exact: true }).count(), 0);
    await page.evaluate(() => document.exitFullscreen().catch(() => undefined));
    await page.setViewportSize(kSizes.A);
    await AssertAxe(page, 'kiosk');
    await AssertFits(page, 'kiosk');
    await Picture(page, 'S43-kiosk');
    await page.keyboard.press('Escape');
    await page.getByRole('navigation', { name: 'Pages' }).waitFor();
  },

  async 'hostile names and texts are shown as text and break nothing'({ page, endpoint, server }) {
    const kHostile = '<img src=x onerror="window.__hit=1">';
    const kLong = 'x'.repeat(256);
    server.dash.Seed('hostile', File([
      { title: kHostile, visual: 'text', options: { text: `# ${kHostile}\n\n[here](javascript:window.__hit=1) **bold** and <script>window.__hit=1</script>\n\n\u202Eright to left \u05E9\u05DC\u05D5\u05DD 👩‍🚀` } },
      { title: kLong, queries: [One(kSeries, { name: kHostile })] }, { title: `שלום ${'"'}quotes' $instance`, visual: 'kpi', queries: [One(kSeries)] }, { title: 'States', visual: 'bar', options: { horizontal: true }, queries: [One('SELECT big')] },
    ], { title: `${kHostile} ${kLong}`, description: kHostile, tags: [kHostile, kLong.slice(0, 60)], variables: [{ name: 'instance', label: kHostile, kind: 'list', options: [kHostile, kLong], default: [], multi: true, all: true }, { name: 'free', label: kLong, kind: 'text', default: ["'; DROP TABLE x; --"] }] }), { now_ms: kNow });
    await page.setViewportSize(kTall);
    await page.goto(`${endpoint}/ui/dash/hostile`);
    await Ready(page, 4);
    await page.getByTestId('variable-instance').click();
    await page.getByRole('dialog').getByLabel(kHostile).check();
    await page.keyboard.press('Escape');
    await Ready(page, 4);
    await page.getByText('right to left').waitFor();
    assert.equal(await page.locator('main img, main script, main a[href^="javascript"]').count(), 0);
    assert.equal(await page.evaluate(() => window.__hit), undefined);
    await Looks(page, 'dash-hostile');
    await page.goto(`${endpoint}/ui/dash`);
    await page.locator('li.card').waitFor();
    await Looks(page, 'dash-list-hostile');
    assert.equal(await page.evaluate(() => window.__hit), undefined);
  },

  async 'a range without data says where the newest is'({ page, endpoint, server }) {
    server.dash.Seed('small', File([{ queries: [One(kSeries)] }]), { now_ms: kNow });
    await page.goto(`${endpoint}/ui/dash/small?from=2026-01-10%2000:00&to=2026-01-10%2001:00`);
    await page.getByText('No data in this range. Newest data: 2026-01-15 16:59:30 UTC').waitFor();
    await page.getByRole('button', { name: 'Jump there' }).click();
    await Until(page, () => window.tidemark.charts()[0]?.series[0]?.time.length > 300);
    assert.equal(Number((await Dash(page)).range.to) - Number((await Dash(page)).range.from) - 3_600_000 < 10, true);
  },

  async 'a dashboard without data waits for it'({ page, endpoint, server }) {
    SeedSample(server);
    server.dash.Run = (sql) => ({ columns: [{ name: 'instance_name', type: 'VARCHAR' }], rows: [], watermark: null });
    await page.setViewportSize(kTall);
    await page.goto(`${endpoint}/ui/dash/ec2`);
    await Panel(page, 'avg_cpu_system and cpu_system').getByText('Waits for a value of $instance').waitFor();
    assert.deepEqual((await Dash(page)).panels.filter(({ status }) => status === 'waiting').map(({ id }) => id), ['revised', 'cpu', 'story']);
    await page.getByLabel('Instance').getByText('none yet').waitFor({ state: 'attached' });
    await Looks(page, 'dash-waiting');
  },
};
