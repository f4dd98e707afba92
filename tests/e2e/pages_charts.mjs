// SPDX-License-Identifier: Apache-2.0
// Charts on a dashboard: late revisions (S34, S35, S37, S38), replay (S36), a million points (S50), several series, keyboard, zoom,
// shared crosshair. Numbers are read from window.tidemark.charts(), boxes and words from the page.
import assert from 'node:assert/strict';
import { kNow, kSizes, kWaitMs, Looks, Picture, Until } from './harness.mjs';
import { Demo60, Dense1440, Hosts, Million, UseFixture } from './mock_charts.mjs';

const At = (clock) => `${Date.parse(`2026-01-15T${clock}Z`)}000000`;
const Charts = (page) => page.evaluate(() => window.tidemark.charts());
const Drawn = (page, id = 'p5') => Until(page, (wanted) => window.tidemark?.charts().some((c) => c.id === wanted && c.series.some((s) => s.time.length > 0)) && document.querySelector(`[data-chart="${wanted}"] canvas`) !== null, id);
const Chart = (page, id = 'p5') => page.locator(`[data-chart="${id}"]`);

/** How many revised windows have a mark of their own, and whether windows are too narrow for that. */
const Marks = (page) => Chart(page).evaluate((e) => [e.dataset.marks, e.dataset.dense]);

/** How many pixels of the canvas have about the colour of a token. */
const Pixels = (page, token, id = 'p5') => page.evaluate(([name, chart]) => {
  const hex = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const wanted = [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
  const canvas = document.querySelector(`[data-chart="${chart}"] canvas`);
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  let n = 0;
  for (let i = 0; i < data.length; i += 4) if (data[i + 3] > 200 && wanted.every((c, k) => Math.abs(data[i + k] - c) < 5)) n += 1;
  return n;
}, [token, id]);

/** How many pixels are of the orange of revisions, however faint. */
const Orange = (page, id = 'p5') => page.evaluate((chart) => {
  const canvas = document.querySelector(`[data-chart="${chart}"] canvas`);
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  let n = 0;
  for (let i = 0; i < data.length; i += 4) if (data[i + 3] > 40 && data[i] > data[i + 1] + 30 && data[i + 1] > data[i + 2]) n += 1;
  return n;
}, id);

/** Where a time is in the window. */
async function XOf(page, clock, id = 'p5') {
  const box = await Chart(page, id).locator('.u-over').boundingBox();
  const from = Date.parse('2026-01-15T16:00:00Z');
  return { x: box.x + (box.width * (Date.parse(`2026-01-15T${clock}Z`) - from)) / (kNow - from), y: box.y + box.height / 2 };
}

async function Open(page, endpoint, server, fixture, { query = '', ...more } = {}) {
  UseFixture(server, fixture, more);
  await page.goto(`${endpoint}/ui/dash/charts${query}`);
  await Drawn(page);
}

export const tests = {
  async 'S34 revisions are off, marked, compared'({ page, endpoint, server }) {
    await Open(page, endpoint, server, new Demo60());
    const Marked = () => Charts(page).then(([c]) => c.revised.length);
    let [chart] = await Charts(page);
    assert.equal(await Marked(), 6);
    assert.deepEqual(chart.revised.map(({ time, first, current, revisions }) => [time, first, current, revisions]), [
      [At('16:08:00'), 0.5831, 0.679, 4], [At('16:19:00'), 0.6012, 0.7064, 3], [At('16:20:00'), 0.718, 0.6713, 2], [At('16:24:00'), 0.517, 0.6189, 3], [At('16:33:00'), 0.3312, 0.379, 1], [At('16:49:00'), 0.1875, 0.3355, 1],
    ]);
    assert.equal(chart.watermark, At('16:52:00'));
    assert.deepEqual([chart.provisional.length, chart.provisional[0]], [8, At('16:52:00')]);
    const sentence = '60 windows of 1 minute; 6 of 52 final windows were revised by late data, the largest by +0.1480 (+78.9 %) at 16:49; 8 windows are provisional.';
    assert.equal(await page.getByTestId('sentence').innerText(), sentence);
    assert.match(await Chart(page).getAttribute('aria-label'), new RegExp(sentence.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')));
    await page.getByTestId('legend-revised').getByText('revised (6 of 52 final)').waitFor();
    assert.ok((await Orange(page)) > 200);
    await Looks(page, 'chart-mark');
    await page.keyboard.press('v');
    await Until(page, () => new URL(location.href).searchParams.get('rev') === 'compare');
    await page.getByText('first published').waitFor();
    assert.equal(await Marked(), 6);
    // The range holds the least first value too: its circle is drawn inside.
    assert.ok((await Pixels(page, '--ghost')) > 20);
    await Looks(page, 'chart-compare');
    await page.keyboard.press('v');
    await Until(page, () => window.tidemark.charts()[0].revised.length === 0);
    await Until(page, () => document.querySelector('[data-testid=legend-revised]') === null);
    assert.equal(await Orange(page), 0, 'nothing orange');
    await Looks(page, 'chart-off');
  },

  async 'S38 first and current values differ without colour'({ page, endpoint, server }) {
    await Open(page, endpoint, server, new Demo60(), { query: '?rev=compare' });
    // Down the column of 16:49: a circle is its line, what is behind it, its line again; a diamond is filled.
    const { x } = await XOf(page, '16:49:00');
    const column = await page.evaluate((at) => {
      const canvas = document.querySelector('[data-chart="p5"] canvas');
      const { data } = canvas.getContext('2d').getImageData(Math.round(at - canvas.getBoundingClientRect().left), 0, 1, canvas.height);
      const grey = (i) => (data[4 * i + 3] < 200 ? 255 : Math.round(0.299 * data[4 * i] + 0.587 * data[4 * i + 1] + 0.114 * data[4 * i + 2]));
      return Array.from({ length: canvas.height }, (_, i) => grey(i));
    }, x);
    const dark = column.map((g) => (g < 150 ? '#' : '.')).join('');
    assert.match(dark, /#{8,}/, `a filled mark in ${dark}`);
    assert.match(dark, /#{1,3}\.{3,8}#{1,3}(?!#)/, `a hollow one in ${dark}`);
    await page.evaluate(() => (document.documentElement.style.filter = 'grayscale(1)'));
    await Picture(page, 'chart-greyscale');
  },

  async 'S35 the point card tells every revision, by keyboard'({ page, endpoint, server }) {
    await Open(page, endpoint, server, new Demo60());
    await Chart(page).focus();
    await page.keyboard.press('Home');
    for (let i = 0; i < 24; i += 1) await page.keyboard.press('ArrowRight');
    const card = page.getByTestId('point-card');
    await card.waitFor();
    const words = (await card.innerText()).replace(/\s+/g, ' ');
    assert.match(words, /16:24 – 16:25 .*revised ×3 · closed/);
    assert.match(words, /current 0\.6189 \(118 → 151 records\)/);
    assert.match(words, /first 0\.5170 published 16:32:31/);
    assert.match(words, /change \+0\.1019 \(\+19\.7 %\)/);
    assert.match(words, /1 16:32:31 0\.5170 118 watermark 2 16:33:40 0\.5604 \+0\.0434 \+11 late, up to 8 m 10 s 3 16:35:02 0\.5911 \+0\.0307 \+11 late, up to 8 m 10 s 4 16:37:18 0\.6189 \+0\.0278/);
    await Chart(page).locator('[aria-live]').getByText('16:24, 0.6189, revised 3 times, first 0.5170').waitFor({ state: 'attached' });
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog', { name: 'Point' });
    await dialog.getByRole('link', { name: 'Open window' }).waitFor();
    assert.equal(await dialog.getByRole('link', { name: 'Open window' }).getAttribute('href'), `/ui/views/ec2-5m/windows?window=${At('16:24:00')}`);
    assert.match(decodeURIComponent(await dialog.getByRole('link', { name: 'Records that changed it' }).getAttribute('href')), /measure_name = 'cpu_system'[^]*"instance_name" = 'i-zaZswmJk-zeus-0002'[^]*time >= from_milliseconds\(1768494240000\)/);
    await Looks(page, 'point-card');
    await page.keyboard.press('Escape');
    await card.waitFor({ state: 'detached' });
    assert.ok(await Chart(page).evaluate((e) => e === document.activeElement), 'focus is back on the chart');
    // By mouse: it follows, and a press pins it.
    const { x, y } = await XOf(page, '16:49:00');
    await page.mouse.move(x, y);
    await card.getByText('+78.9 %').waitFor();
    assert.equal(await page.getByRole('dialog', { name: 'Point' }).count(), 0);
    await page.mouse.click(x, y);
    await page.getByRole('dialog', { name: 'Point' }).getByRole('button', { name: 'Copy' }).click();
    await page.getByText(/Copied the point|does not let the page copy/).waitFor();
    await page.getByRole('dialog', { name: 'Point' }).getByRole('button', { name: 'Close point' }).click();
    await card.waitFor({ state: 'detached' });
  },

  async 'S36 the chart as it was at 16:20'({ page, endpoint, server }) {
    const fixture = new Demo60();
    await Open(page, endpoint, server, fixture, { query: '?asof=2026-01-15T16:20:00Z' });
    await page.getByTestId('as-of-bar').getByText('Showing what was known at 16:20:00').waitFor();
    await Until(page, (watermark) => window.tidemark.charts()[0].watermark === watermark, At('16:12:30'));
    const [chart] = await Charts(page);
    const avg = chart.series.find(({ name }) => name === 'avg_cpu_system');
    assert.equal(avg.value[avg.time.indexOf(At('16:08:00'))], 0.6244);
    assert.equal(chart.provisional[0], At('16:12:00'));
    assert.deepEqual(chart.revised.map(({ time, first, current }) => [time, first, current]), [[At('16:08:00'), 0.5831, 0.6244]]);
    assert.ok(fixture.asked_as_of.includes(BigInt(At('16:20:00'))));
    const slider = page.getByRole('slider', { name: 'As of' });
    assert.equal(await slider.getAttribute('aria-valuetext'), '16:20:00');
    await Looks(page, 'as-of');
    await page.getByRole('button', { name: 'Next revision' }).click();
    await page.getByTestId('as-of').getByText('16:22:05').waitFor();
    await Until(page, (time) => { const s = window.tidemark.charts()[0].series.find(({ name }) => name === 'avg_cpu_system'); return s.value[s.time.indexOf(time)] === 0.6702; }, At('16:08:00'));
    await page.getByRole('button', { name: 'Previous revision' }).click();
    await page.getByTestId('as-of').getByText('16:19:40').waitFor();
    await Until(page, () => /asof=2026-01-15T16/.test(decodeURIComponent(location.href)) && location.href.includes('40Z'));
    await slider.focus();
    await page.keyboard.press('ArrowRight');
    await page.getByTestId('as-of').getByText('16:19:41').waitFor();
    await page.getByRole('combobox', { name: 'Speed of replay' }).selectOption('60×');
    await page.getByRole('button', { name: 'Play replay' }).click();
    await Until(page, () => !document.querySelector('[data-testid=as-of]').textContent.includes('16:19:41'));
    await page.getByRole('button', { name: 'Pause replay' }).click();
    await page.getByTestId('as-of-bar').getByRole('button', { name: 'Back to now' }).click();
    await page.getByTestId('as-of-bar').waitFor({ state: 'detached' });
    await Until(page, () => window.tidemark.charts()[0].revised.length === 6 && !location.search.includes('asof'));
  },

  async 'S37 dense revisions are a band and a strip'({ page, endpoint, server }) {
    await Open(page, endpoint, server, new Dense1440(), { mode: 'compare' });
    const [chart] = await Charts(page);
    assert.ok(chart.revised.length > 60);
    assert.deepEqual(await Marks(page), ['0', 'true'], 'no circles');
    assert.ok((await Orange(page)) > 200, 'band and strip');
    const Ms = () => page.evaluate(() => Math.round(performance.getEntriesByName('chart:draw').at(-1).duration));
    const Shows = (n) => Until(page, (wanted) => (window.tidemark.charts()[0].revised.length > 0) === wanted, n > 0);
    await page.keyboard.press('v');
    await Shows(0);
    const without = await Ms();
    await page.keyboard.press('v');
    await Shows(1);
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 300)));
    console.log(`      draw of 1440 windows, ms: ${without} without marks, ${await Ms()} with`);
    await page.keyboard.press('v');
    await Looks(page, 'chart-dense', { sizes: ['A'] });
  },

  async 'S50 a million points are drawn within the budget'({ page, endpoint, server }) {
    await Open(page, endpoint, server, new Million(), { mode: 'off' });
    const [chart] = await Charts(page);
    assert.equal(chart.series[0].time.length, 1_000_000);
    assert.ok((await Pixels(page, '--line')) > 5000);
    const times = await page.evaluate(() => performance.getEntriesByType('measure').filter((m) => m.name === 'chart:draw').map((m) => Math.round(m.duration)));
    console.log(`      draws of a million points, ms: ${times.join(' ')}`);
    await Picture(page, 'chart-million');
    // A zoom by drag asks for less and draws it.
    const box = await Chart(page).locator('.u-over').boundingBox();
    await page.mouse.move(box.x + box.width * 0.5, box.y + 60);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.625, box.y + 80, { steps: 4 });
    await page.mouse.up();
    await Until(page, () => new URL(location.href).searchParams.get('from') !== null);
    await Until(page, () => { const [c] = window.tidemark.charts(); return c !== undefined && c.series[0].time.length > 0 && c.series[0].time.length < 200_000; });
    await Chart(page).locator('.u-over').dblclick({ position: { x: 40, y: 40 } });
    await Until(page, () => window.tidemark.charts()[0]?.series[0].time.length === 1_000_000);
  },

  async 'a revision moves its point at once, counts seven, and is said once'({ page, endpoint, server }) {
    const fixture = new Demo60();
    await Open(page, endpoint, server, fixture);
    fixture.Revise('16:41', 0.72, kNow - 1000);
    server.Tell(['avg_cpu_system'], Date.parse('2026-01-15T16:41:00Z'), Date.parse('2026-01-15T16:42:00Z'));
    await Until(page, () => window.tidemark.charts()[0].revised.length === 7);
    await page.getByTestId('legend-revised').getByText('revised (7 of 52 final)').waitFor();
    const news = page.getByTestId('chart-news');
    await news.getByText(/16:41 of avg_cpu_system was revised from 0\.\d+ to 0\.7200\./).waitFor({ state: 'attached' });
    assert.equal(await news.count(), 1);
  },

  async 'up to eight series are marked, beyond that the strip sums them'({ page, endpoint, server }) {
    await Open(page, endpoint, server, new Hosts(4), { mode: 'compare' });
    let [chart] = await Charts(page);
    assert.equal(chart.series.length, 4);
    assert.equal(new Set(chart.revised.map(({ series }) => series)).size, 4);
    assert.match(await page.getByTestId('sentence').innerText(), /^240 windows of 1 minute in 4 series; \d+ of 208 final windows/);
    assert.deepEqual(await Marks(page), [String(chart.revised.length), 'false']);
    assert.ok((await Pixels(page, '--ghost')) > 50, 'circles of all four');
    await Looks(page, 'chart-hosts', { sizes: ['A'] });
    await Chart(page).focus();
    await page.keyboard.press('End');
    const before = await page.getByTestId('point-card').innerText();
    await page.keyboard.press('ArrowDown');
    await Until(page, (text) => document.querySelector('[data-testid=point-card]').innerText !== text, before);
    // A line is switched off by its name in the legend.
    await page.keyboard.press('Escape');
    await page.getByRole('list', { name: 'Legend' }).getByRole('button', { name: 'host-01' }).click();
    assert.equal(await page.getByRole('list', { name: 'Legend' }).getByRole('button', { name: 'host-01' }).getAttribute('aria-pressed'), 'false');
    UseFixture(server, new Hosts(12), { mode: 'compare' });
    await page.reload();
    await Drawn(page);
    [chart] = await Charts(page);
    assert.equal(chart.series.length, 12);
    assert.deepEqual(await Marks(page), ['0', 'false'], 'no circles');
    assert.ok((await Orange(page)) > 200, 'band and strip');
    await Looks(page, 'chart-hosts-many', { sizes: ['A'] });
  },

  async 'charts of a page share the crosshair and a zoom, and one becomes a table'({ page, endpoint, server }) {
    await Open(page, endpoint, server, new Demo60(), { panels: 2 });
    await Drawn(page, 'p6');
    const { x, y } = await XOf(page, '16:30:00');
    await page.mouse.move(x, y);
    const Left = (id) => Chart(page, id).locator('.u-cursor-x').evaluate((e) => new DOMMatrix(getComputedStyle(e).transform).m41);
    await Until(page, () => [...document.querySelectorAll('.u-cursor-x')].every((e) => !e.classList.contains('u-off')));
    assert.ok(Math.abs((await Left('p5')) - (await Left('p6'))) < 2);
    await page.mouse.move(5, 5);
    await Chart(page, 'p6').focus();
    await page.keyboard.press('z');
    await page.getByTestId('chart-table').getByRole('row').nth(5).waitFor();
    assert.match(await page.getByTestId('chart-table').innerText(), /16:24:00 – 16:25[^]*0\.5170[^]*0\.6189\s*◆[^]*\+0\.1019[^]*closed/);
    await page.keyboard.press('z');
    await Drawn(page, 'p6');
  },

  async 'lines, areas, bars and points, holes bridged by dots, two axes, thresholds'({ page, endpoint, server }) {
    const from = Date.parse('2026-01-15T16:00:00Z');
    const Text = (ms) => `${new Date(ms).toISOString().replace('T', ' ').replace('Z', '')}000000`;
    server.dash.Run = (sql) => ({
      columns: [{ name: 'time', type: 'TIMESTAMP' }, { name: sql, type: 'DOUBLE' }], watermark: null,
      rows: Array.from({ length: 60 }, (_, i) => i).filter((i) => sql !== 'holes' || i % 17 < 11).map((i) => [Text(from + i * 60_000), String(sql === 'count' ? 20 + ((i * 7) % 13) : 40 + 20 * Math.sin(i / 6) + (sql === 'b' ? 10 : 0))]),
    });
    const Q = (name, more = {}) => ({ name, sql: name, database: '', table: '', measure: '', wells: null, style: 'line', axis: 'left', revisions: null, ...more });
    const P = (id, x, y, queries, options = {}) => ({ id, title: id, visual: 'line', grid: { x, y, w: 6, h: 7 }, queries, options });
    server.dash.Seed('charts', {
      schema: 1, title: 'Styles', description: '', tags: [], range: { from: String(from), to: 'now' }, refresh: 'off', revisions: 'off', variables: [],
      panels: [
        P('gap', 0, 0, [Q('holes')]), P('linear', 6, 0, [Q('holes')], { missing: 'linear' }), P('area', 0, 7, [Q('holes', { style: 'area' })], { missing: 'previous' }),
        P('bars', 6, 7, [Q('count', { style: 'bars' }), Q('b', { axis: 'right' })]), P('threshold', 0, 14, [Q('b'), Q('c', { style: 'points' })], { thresholds: [{ value: 65, label: 'too hot', token: '--err' }] }),
      ],
    }, { now_ms: server.now_ms });
    await page.goto(`${endpoint}/ui/dash/charts`);
    for (const id of ['gap', 'linear', 'area', 'bars']) await Drawn(page, id);
    const charts = Object.fromEntries((await Charts(page)).map((c) => [c.id, c]));
    // What is filled in for display is in no table and in no model.
    assert.equal(charts.linear.series[0].time.length, charts.gap.series[0].time.length);
    assert.ok((await Pixels(page, '--line', 'linear')) > (await Pixels(page, '--line', 'gap')) + 20, 'dots over the holes');
    assert.equal(await Chart(page, 'linear').locator('xpath=..').getByText('filled in').count(), 1);
    assert.equal(await Chart(page, 'gap').locator('xpath=..').getByText('filled in').count(), 0);
    assert.equal(await Chart(page, 'bars').locator('.u-axis').count(), 3, 'time and two axes of values');
    await Looks(page, 'chart-styles', { sizes: ['A'] });
  },

  async 'S39 charts hold at 200 % and with forced colours'({ page, endpoint, server }) {
    await page.setViewportSize({ width: kSizes.A.width / 2, height: kSizes.A.height / 2 });
    await page.emulateMedia({ forcedColors: 'active' });
    await Open(page, endpoint, server, new Demo60());
    await Picture(page, 'chart-200');
    const wide = await page.evaluate(() => document.querySelector('main').scrollWidth - document.querySelector('main').clientWidth);
    assert.ok(wide <= 0, `${wide} px too wide`);
    await page.emulateMedia({ forcedColors: null });
    assert.ok(kWaitMs > 0);
  },
};
