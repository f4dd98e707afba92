// SPDX-License-Identifier: Apache-2.0
// The query page: editing, running, cancelling, exact results, several statements, chart, saving.
import assert from 'node:assert/strict';
import { kWaitMs, Looks, Model, Until } from './harness.mjs';

const kSqlBox = (page) => page.getByTestId('sql');
const Settled = (page) => Until(page, () => ['ready', 'error'].includes(window.__tidemark.query?.status));
const Cells = (page) => page.getByRole('gridcell').allInnerTexts();

/** The grid draws its columns once it knows its width, which is after the result is there. */
async function CellsAre(page, wanted) {
  const Drawn = (texts) => JSON.stringify(Array.from(document.querySelectorAll('[role="gridcell"]'), (cell) => cell.innerText)) === texts;
  await Until(page, Drawn, JSON.stringify(wanted)).catch(() => {});
  assert.deepEqual(await Cells(page), wanted);
}

async function Open(page, endpoint, sql) {
  await page.goto(`${endpoint}/ui/query`);
  await Until(page, () => window.__tidemark?.query?.text !== undefined && document.querySelector('.cm-host')?.shadowRoot?.querySelector('.cm-content') != null);
  await Until(page, () => window.__tidemark.query.text.includes('avg_cpu_idle'));
  if (sql !== undefined) {
    await kSqlBox(page).fill(sql);
    await Until(page, (text) => window.__tidemark.query.text === text, sql);
  }
}

export const tests = {
  async 'the sample query runs with Ctrl+Enter, a longer one is read on to its end'({ page, endpoint }) {
    await Open(page, endpoint);
    await kSqlBox(page).press('Control+Enter');
    await Settled(page);
    let { query } = await Model(page);
    assert.equal(query.rows.length, 100);
    assert.deepEqual(query.columns.at(-1), { name: 'measure_value::double', type: 'DOUBLE' });
    await page.getByTestId('footer').getByText('100 rows · complete').waitFor();
    await Looks(page, 'query-result', { sizes: ['A', 'B', 'C'] });
    await kSqlBox(page).fill(`SELECT * FROM "InterpolatedBlogDB"."EC2MetricTable" WHERE measure_name IN ('cpu_idle','cpu_system')`);
    await page.getByTestId('run').click();
    await Until(page, () => window.__tidemark.query.rows.length === 10_000);
    await page.getByTestId('footer').getByText(/10\u2009000 of at least 10\u2009000 rows/).waitFor();
    await page.getByTestId('more').click();
    await Until(page, () => window.__tidemark.query.rows.length === 20_000);
    ({ query } = await Model(page));
    assert.equal(new Set(query.rows.map((row) => row.join('|'))).size, 20_000);
    assert.equal(query.has_next, true);
  },

  async 'an error stands at its place in the text'({ page, endpoint }) {
    await Open(page, endpoint, 'SELECT 1;\nSELECT time,\n  nope FROM t');
    await kSqlBox(page).press('Control+End');
    await kSqlBox(page).press('Control+Enter');
    await Until(page, () => window.__tidemark.query.status === 'error');
    assert.match(await page.getByTestId('error').innerText(), /does not exist[^]*Did you mean time\?[^]*01JD9Z6V5K8M/);
    await page.locator('.cm-lintRange-error').getByText('nope').waitFor();
    assert.deepEqual(await page.locator('.cm-lintRange-error').allInnerTexts(), ['nope']);
    // The cursor stands there: what is typed next comes before it.
    await page.keyboard.type('x');
    await Until(page, () => window.__tidemark.query.text.includes('xnope'));
    await Looks(page, 'query-error', { sizes: ['A'] });
  },

  async 'a mistake is underlined before anything runs'({ page, endpoint, server }) {
    await Open(page, endpoint, 'SELECT time,\n       cpu_sytem FROM "InterpolatedBlogDB"."EC2MetricTable"');
    await page.locator('.cm-lintRange-error').getByText('cpu_sytem').waitFor();
    assert.equal(server.requests.filter((r) => r === 'POST /api/v1/sql:validate').length >= 1, true);
    await kSqlBox(page).press('F8');
    await page.getByText("did you mean 'cpu_system'?").first().waitFor();
  },

  async 'cells are exact text: big integers, NULL, empty, markup'({ page, endpoint }) {
    await Open(page, endpoint, 'SELECT big');
    await page.getByTestId('run').click();
    await Settled(page);
    await CellsAre(page, ['9007199254740993', '<b>not bold</b>', 'NULL', '""']);
    await page.getByTestId('explain').click();
    await page.getByTestId('result').getByText('measures  cpu_idle, avg_cpu_idle').waitFor();
  },

  async 'a wide result is a grid for the keyboard: exact, scrolled, copied, nested'({ page, context, endpoint }) {
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await Open(page, endpoint, 'SELECT * FROM wide');
    await page.getByTestId('run').click();
    await Until(page, () => window.__tidemark.query.rows.length === 10_000);
    const grid = page.getByRole('grid', { name: 'Results' });
    assert.equal(await grid.getAttribute('aria-rowcount'), '10001');
    assert.equal(await grid.getAttribute('aria-colcount'), '30');
    assert.ok((await grid.getByRole('row').count()) < 60, 'rows that nobody sees are not drawn');
    const Cell = (row, column) => grid.locator(`[data-cell="${row}/${column}"]`);
    assert.match(await Cell(0, 0).innerText(), /\.\d{3}000001$/);
    assert.equal(await Cell(3, 2).innerText(), '9007199254740996');
    await Looks(page, 'query-wide', { sizes: ['A'] });
    await Cell(0, 0).click();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Shift+ArrowDown');
    await page.keyboard.press('Control+c');
    await page.getByText('Copied 2 cells').waitFor();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), '9007199254740993\n9007199254740994');
    await page.keyboard.press('Control+End');
    await Cell(9999, 29).waitFor();
    await Until(page, () => document.activeElement?.dataset.cell === '9999/29');
    await page.keyboard.press('Control+Home');
    await Until(page, () => document.activeElement?.dataset.cell === '0/0');
    for (let i = 0; i < 4; i += 1) await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'Cell of pair' }).getByText('9007199254740993').waitFor();
    await page.keyboard.press('Escape');
    await Until(page, () => document.activeElement?.dataset.cell === '0/4');
  },

  async 'a column tells its summary, sorts what is loaded and says so'({ page, endpoint }) {
    await Open(page, endpoint, 'SELECT * FROM wide');
    await page.getByTestId('run').click();
    await Until(page, () => window.__tidemark.query.rows.length === 10_000);
    await page.getByRole('columnheader').filter({ hasText: /^big/ }).getByRole('button').click();
    const dialog = page.getByRole('dialog', { name: 'Column big' });
    await dialog.getByText('9007199254750992').waitFor();
    await dialog.getByText('of the loaded rows only').waitFor();
    await dialog.getByRole('button', { name: 'Descending' }).click();
    await page.locator('[data-cell="0/2"]').getByText('9007199254750992').waitFor();
    assert.equal(await page.getByRole('columnheader').filter({ hasText: /^big/ }).getAttribute('aria-sort'), 'descending');
  },

  async 'a running statement shows progress and is cancelled by its own id'({ page, endpoint, server }) {
    await Open(page, endpoint, 'SELECT slow');
    await page.getByTestId('run').click();
    await page.getByTestId('progress').getByText('42 %').waitFor();
    await page.getByTestId('progress').getByText(/9\.42 MiB scanned/).waitFor();
    await Looks(page, 'query-running', { sizes: ['A'] });
    const [id] = server.console.running.keys();
    assert.match(id, /^[A-Za-z0-9_-]{8,64}$/);
    await page.getByRole('button', { name: 'Cancel' }).click();
    await Until(page, () => window.__tidemark.query.status === 'idle');
    await page.getByText('Cancelled before the first row.').waitFor();
    const cancelled = () => server.console.cancelled.filter((one) => one.startsWith('ui-'));
    for (let i = 0; i < 400 && cancelled().length === 0; i += 1) await page.evaluate(() => new Promise(requestAnimationFrame));
    assert.deepEqual(cancelled(), [id]);
  },

  async 'several statements have several results and stop at the first error'({ page, endpoint }) {
    await Open(page, endpoint, 'SELECT big;\nSELECT nope FROM t;\nSELECT big');
    await kSqlBox(page).press('Control+Shift+Enter');
    await Until(page, () => window.__tidemark.query.status === 'error');
    const group = page.getByRole('group', { name: 'Statements' });
    assert.equal(await group.getByRole('button').count(), 2);
    await page.getByText('1 statement after it did not run.').waitFor();
    await group.getByRole('button').first().click();
    await Until(page, () => window.__tidemark.query.status === 'ready');
    await page.getByRole('gridcell', { name: '9007199254740993', exact: true }).first().waitFor();
  },

  async 'completion knows columns, functions with help, macros and values'({ page, endpoint }) {
    await Open(page, endpoint, 'SELECT  FROM "InterpolatedBlogDB"."EC2MetricTable" WHERE region = ');
    await page.getByRole('complementary', { name: 'Schema' }).getByRole('button', { name: 'EC2MetricTable', exact: true }).click();
    await page.getByRole('button', { name: /^availability_zone/ }).waitFor();
    await kSqlBox(page).focus();
    await page.keyboard.press('Control+Home');
    for (let i = 0; i < 7; i += 1) await page.keyboard.press('ArrowRight');
    await page.keyboard.type('bi');
    const list = page.getByRole('listbox');
    await list.getByText('bin', { exact: true }).waitFor();
    await page.getByText('Rounds down to a multiple of the width.').waitFor();
    await Looks(page, 'query-completion', { sizes: ['A'] });
    await page.keyboard.press('Escape');
    await page.keyboard.press('Control+End');
    await page.keyboard.type("'us");
    await list.getByText('us_east_1').click();
    await Until(page, () => /region = 'us_east_1'/.test(window.__tidemark.query.text));
    await page.keyboard.press('Control+End');
    await page.keyboard.type(' AND $__t');
    await list.getByText('$__timeFilter').waitFor();
  },

  async 'macros are expanded by the server and shown'({ page, endpoint }) {
    await page.goto(`${endpoint}/ui/query?from=now-3h&sql=${encodeURIComponent('SELECT BIN(time, $__interval) AS t FROM "InterpolatedBlogDB"."EC2MetricTable" WHERE $__timeFilter')}`);
    await Until(page, () => window.__tidemark?.query?.text.includes('$__timeFilter'));
    await page.getByTestId('run').click();
    await Settled(page);
    await page.getByRole('tab', { name: 'Messages' }).click();
    assert.match(await page.getByTestId('expanded').innerText(), /BIN\(time, 60000ms\)[^]*from_milliseconds\(now-3h\)/);
    await page.getByTestId('time-range').getByText('last 3 h').waitFor();
  },

  async 'the chart tab infers its wells and lists its lines'({ page, endpoint }) {
    await Open(page, endpoint, 'SELECT BIN(time, 1m) AS t, region, avg(v) AS n0 FROM x');
    await page.getByTestId('run').click();
    await Settled(page);
    await page.getByRole('tab', { name: 'Chart' }).click();
    await page.getByTestId('result-chart').locator('canvas').waitFor();
    const [chart] = await page.evaluate(() => window.tidemark.charts());
    assert.deepEqual(chart.series.map(({ name, time }) => [name, time.length]), [['us-east-2', 60], ['eu-west-1', 60], ['us_east_1', 60]]);
    assert.ok(chart.series[0].time.every((t) => typeof t === 'string'));
    await Looks(page, 'query-chart', { sizes: ['A'] });
    await page.getByLabel('Color').selectOption('none');
    await Until(page, () => window.tidemark.charts()[0].series.length === 1);
    await page.getByRole('tab', { name: 'Insights' }).click();
    await page.getByText('scan "InterpolatedBlogDB"."EC2MetricTable"').waitFor();
    await page.getByRole('tab', { name: 'History' }).click();
    await page.getByRole('button', { name: /SELECT BIN\(time, 1m\)/ }).waitFor();
    await Looks(page, 'query-history', { sizes: ['A'] });
  },

  async 'tabs are kept, closed and brought back'({ page, endpoint }) {
    await Open(page, endpoint, 'SELECT big');
    await page.keyboard.press('Alt+t');
    await Until(page, () => window.__tidemark.query.text === '');
    await kSqlBox(page).fill('SELECT 2');
    await page.keyboard.press('Alt+1');
    await Until(page, () => window.__tidemark.query.text === 'SELECT big');
    await page.keyboard.press('Alt+2');
    await Until(page, () => window.__tidemark.query.text === 'SELECT 2');
    await page.reload();
    await Until(page, () => window.__tidemark?.query?.text === 'SELECT 2');
    await page.keyboard.press('Alt+w');
    await Until(page, () => window.__tidemark.query.text === 'SELECT big');
    await page.getByRole('button', { name: 'Undo' }).click();
    await Until(page, () => window.__tidemark.query.text === 'SELECT 2');
  },

  async 'two windows on one tab see each other'({ page, context, endpoint }) {
    await Open(page, endpoint, 'SELECT big');
    await Until(page, () => Object.keys(localStorage).some((key) => localStorage.getItem(key).includes('"SELECT big"')));
    const other = await context.newPage();
    await other.goto(`${endpoint}/ui/query`);
    await Until(other, () => window.__tidemark?.query?.text === 'SELECT big');
    await other.getByTestId('sql').fill('SELECT big, other');
    await page.getByText('This tab was changed in another window.').waitFor({ timeout: kWaitMs });
    await page.getByRole('button', { name: 'Compare' }).click();
    await page.getByRole('button', { name: 'Take the stored one' }).click();
    await Until(page, () => window.__tidemark.query.text === 'SELECT big, other');
    await other.close();
  },

  async 'a query is saved, found again, and a conflict overwrites nothing unasked'({ page, endpoint, server }) {
    await Open(page, endpoint, 'SELECT big');
    await kSqlBox(page).press('Control+s');
    const dialog = page.getByRole('dialog', { name: 'Save query' });
    await dialog.getByLabel('Name').fill('cpu <by> "zone"');
    await dialog.getByRole('button', { name: 'Save on the server' }).click();
    await page.getByText('Saved cpu <by> "zone"', { exact: true }).waitFor();
    const [stored] = server.console.saved.values();
    assert.equal(stored.sql, 'SELECT big');
    server.console.saved.set(stored.id, { ...stored, sql: 'SELECT theirs', etag: '"2"' });
    await kSqlBox(page).fill('SELECT big, mine');
    await Until(page, () => window.__tidemark.query.text === 'SELECT big, mine');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await dialog.getByRole('button', { name: 'Save on the server' }).click();
    const conflict = page.getByRole('dialog', { name: /was changed/ });
    await conflict.getByText('SELECT theirs').waitFor();
    assert.equal(server.console.saved.get(stored.id).sql, 'SELECT theirs');
    await conflict.getByRole('button', { name: 'Overwrite with mine' }).click();
    await page.getByText('Saved cpu <by> "zone"', { exact: true }).last().waitFor();
    for (let i = 0; i < 60 && server.console.saved.get(stored.id).sql !== 'SELECT big, mine'; i += 1) await page.evaluate(() => new Promise(requestAnimationFrame));
    assert.equal(server.console.saved.get(stored.id).sql, 'SELECT big, mine');
    await page.goto(`${endpoint}/ui/query?id=${stored.id}`);
    await Until(page, () => window.__tidemark?.query?.text === 'SELECT big, mine');
  },
};
