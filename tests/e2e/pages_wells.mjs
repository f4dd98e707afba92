// SPDX-License-Identifier: Apache-2.0
// Field wells on the query page's Chart tab: by mouse, by keyboard, the statement that they make (S28, S40, S41).
import assert from 'node:assert/strict';
import { Looks, Until } from './harness.mjs';

export const Field = (page, name) => page.locator(`[data-field="${name}"]`);
export const WellBox = (page, name) => page.getByRole('combobox', { name, exact: true });
export const Sql = (page) => page.getByTestId('generated-sql').innerText();
export const Lines = (page, id) => page.evaluate((wanted) => window.tidemark.charts().find((c) => wanted === undefined || c.id === wanted)?.series.map((s) => [s.name, s.time.length]), id);
const HasLines = (page, n) => Until(page, (wanted) => window.tidemark.charts().some((c) => c.series.length === wanted), n);

export const kStep5 = [
  'SELECT BIN(time, 1m) AS time, measure_name, AVG(measure_value::double) AS "measure_value::double"', 'FROM "InterpolatedBlogDB"."EC2MetricTable"', 'WHERE $__timeFilter',
  "  AND measure_name IN ('avg_cpu_system', 'cpu_system')", 'GROUP BY BIN(time, 1m), measure_name', 'ORDER BY time, measure_name',
].join('\n');

async function OpenTable(page, endpoint) {
  await page.goto(`${endpoint}/ui/db/InterpolatedBlogDB/EC2MetricTable`);
  await page.getByRole('link', { name: 'Visualise' }).click();
  await Field(page, 'time').waitFor();
}

/** Chooses in a well's own box, without the mouse. */
export async function Type(page, well, field) {
  await WellBox(page, well).focus();
  await page.keyboard.type(field);
  await page.keyboard.press('Enter');
}

export const tests = {
  async 'S40 wells are filled by drag and drop, as a new user would'({ page, endpoint }) {
    await OpenTable(page, endpoint);
    await Looks(page, 'S40-wells-empty', { sizes: ['A'] });
    await page.getByRole('group', { name: 'Visual' }).getByRole('button', { name: 'Line' }).click();
    await Field(page, 'time').dragTo(WellBox(page, 'X axis'));
    await page.getByRole('button', { name: 'X axis: time · Auto' }).click();
    await page.getByLabel('Granularity').selectOption({ label: 'Minute' });
    await page.keyboard.press('Escape');
    await Field(page, 'measure_value::double').dragTo(WellBox(page, 'Value'));
    await page.getByRole('button', { name: /^Value: measure_value::double · Average/ }).waitFor();
    await Field(page, 'measure_name').dragTo(WellBox(page, 'Color'));
    await Field(page, 'measure_name').dragTo(WellBox(page, 'Filters'));
    const menu = page.getByRole('dialog', { name: /^Filters: measure_name/ });
    await menu.getByRole('checkbox', { name: 'avg_cpu_system', exact: true }).check();
    await menu.getByRole('checkbox', { name: 'cpu_system', exact: true }).check();
    await Looks(page, 'S40-filter', { sizes: ['A'] });
    await menu.getByRole('button', { name: 'Apply' }).click();
    await HasLines(page, 2);
    assert.equal(await Sql(page), kStep5);
    // Average of averages: said on the chip, and in full in its menu (S41).
    await page.getByTestId('chip').filter({ hasText: 'average of averages' }).waitFor();
    await Looks(page, 'S41-average-of-averages', { sizes: ['A', 'B', 'C'] });
    // A field that a well does not take changes nothing.
    await Field(page, 'measure_value::double').dragTo(WellBox(page, 'X axis'));
    assert.equal(await Sql(page), kStep5);
  },

  async 'S40 wells are filled by keyboard alone'({ page, endpoint }) {
    await OpenTable(page, endpoint);
    await Type(page, 'X axis', 'time');
    await page.getByRole('button', { name: 'X axis: time · Auto' }).focus();
    await page.keyboard.press('Enter');
    await Until(page, () => document.activeElement?.tagName === 'SELECT');
    await page.keyboard.type('Min');
    await page.keyboard.press('Escape');
    await Until(page, () => /X axis: time · Minute/.test(document.activeElement?.getAttribute('aria-label')));
    await Type(page, 'Value', 'measure_value::double');
    await Type(page, 'Color', 'measure_name');
    await Type(page, 'Filters', 'measure_name');
    // The filter's menu is open, its box has the focus: names and Enter, Enter on the empty box applies.
    await Until(page, () => document.activeElement?.getAttribute('aria-label') === 'Find a value of measure_name');
    await page.keyboard.type('avg_cpu_system');
    await page.keyboard.press('Enter');
    await page.keyboard.type('cpu_system');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Enter');
    await HasLines(page, 2);
    assert.equal(await Sql(page), kStep5);
    // A chip is taken away with its cross, and the statement follows.
    await page.getByRole('button', { name: 'Remove measure_name from Color' }).focus();
    await page.keyboard.press('Enter');
    await Until(page, () => !/GROUP BY BIN\(time, 1m\), measure_name/.test(document.querySelector('[data-testid="generated-sql"]').innerText));
  },

  async 'S41 averages of a view are weighted by its record counts, and say nothing'({ page, endpoint }) {
    await OpenTable(page, endpoint);
    await Type(page, 'X axis', 'time');
    await Type(page, 'Value', 'avg_cpu_system');
    await page.getByRole('button', { name: 'Value: avg_cpu_system · Average', exact: true }).waitFor();
    assert.match(await Sql(page), /SUM\(measure_value::double \* record_count\) \/ SUM\(record_count\)[^]*FROM view_rows\('ec2-5m'\)/);
  },

  async 'S40 the X axis has a zone: its days, and its clocks'({ page, endpoint }) {
    await page.goto(`${endpoint}/ui/query?tab=chart&db=InterpolatedBlogDB&table=EC2MetricTable`);
    await Field(page, 'time').waitFor();
    await page.getByTestId('time-range').click();
    await page.getByRole('dialog', { name: 'Time range' }).getByRole('button', { name: /24 h/ }).first().click();
    await Type(page, 'X axis', 'time');
    await Type(page, 'Value', 'cpu_system');
    await HasLines(page, 1);
    await page.getByRole('button', { name: 'X axis: time · Auto' }).click();
    await page.getByLabel('Granularity').selectOption({ label: '6 hours' });
    await page.getByPlaceholder('that of the page').fill('Mars/Olympus');
    await page.keyboard.press('Enter');
    await page.getByText('There is no zone of that name').waitFor();
    await page.getByPlaceholder('that of the page').fill('Europe/Berlin');
    await page.keyboard.press('Enter');
    await page.getByText('they begin with the clocks of Europe/Berlin').waitFor();
    await Looks(page, 'S40-zone', { sizes: ['A'] });
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'X axis: time · 6 hours · Europe/Berlin' }).waitFor();
    assert.match(await Sql(page), /^SELECT BIN\(time AT TIME ZONE 'Europe\/Berlin', 6h\) AS time,/);
    // Twelve o'clock there is eleven o'clock UTC.
    await Until(page, () => window.tidemark.charts()[0]?.series[0]?.time.at(-1) === '1768474800000000000');
    await page.getByTestId('chart').focus();
    await page.keyboard.press('End');
    await page.getByTestId('point-card').getByText('2026-01-15 12:00:00').waitFor();
  },

  async 'S40 a value of Color has a colour of its own'({ page, endpoint }) {
    await OpenTable(page, endpoint);
    await Type(page, 'X axis', 'time');
    await Type(page, 'Value', 'cpu_system');
    await Type(page, 'Color', 'region');
    await HasLines(page, 4);
    const Green = () => page.evaluate(() => [...document.querySelectorAll('[aria-label="Legend"] button')].some((b) => b.textContent.includes('us-east-2') && b.outerHTML.includes('--s6')));
    assert.equal(await Green(), false);
    await page.getByRole('button', { name: 'Color: region' }).click();
    await page.getByLabel('Colour of us-east-2').selectOption({ label: 'green' });
    await Looks(page, 'S40-fixed-colour', { sizes: ['A'] });
    await page.keyboard.press('Escape');
    await Until(page, () => [...document.querySelectorAll('[aria-label="Legend"] button')].some((b) => b.textContent.includes('us-east-2') && b.outerHTML.includes('--s6')));
    await page.reload();
    await Until(page, () => [...document.querySelectorAll('[aria-label="Legend"] button')].some((b) => b.textContent.includes('us-east-2') && b.outerHTML.includes('--s6')));
  },

  async 'S40 small multiples: a chart for each value, with one y axis'({ page, endpoint }) {
    await OpenTable(page, endpoint);
    await Type(page, 'X axis', 'time');
    await Type(page, 'Value', 'cpu_system');
    await Type(page, 'Color', 'microservice_name');
    await Type(page, 'Small multiples', 'region');
    await Until(page, () => window.tidemark.charts().length === 4 && window.tidemark.charts().every((c) => c.series.length === 1));
    assert.deepEqual((await page.evaluate(() => window.tidemark.charts().map((c) => c.id))).sort(), ['query/ap-northeast-1', 'query/eu-west-1', 'query/us-east-2', 'query/us_east_1']);
    assert.match(await Sql(page), /GROUP BY BIN\(time, \$__interval\), "region", "microservice_name"/);
    await Looks(page, 'S40-small-multiples', { sizes: ['A'] });
  },

  async 'a statement is converted once, edited, and drawn; the wells stand still'({ page, endpoint }) {
    await OpenTable(page, endpoint);
    await Type(page, 'X axis', 'time');
    await Type(page, 'Value', 'cpu_system');
    await HasLines(page, 1);
    await page.getByRole('button', { name: 'Convert to SQL' }).click();
    const dialog = page.getByRole('dialog', { name: 'Convert to SQL' });
    await dialog.getByText('This goes one way').waitFor();
    await dialog.getByRole('button', { name: 'Convert to SQL' }).click();
    await page.getByText('written by hand').waitFor();
    const box = page.getByRole('region', { name: 'SQL', exact: true }).getByTestId('sql');
    await box.fill('SELECT BIN(time, 1m) AS time, region, avg(v) AS n0 FROM x');
    await box.press('Control+Enter');
    await HasLines(page, 3);
    await Looks(page, 'wells-converted', { sizes: ['A'] });
    assert.equal(await WellBox(page, 'X axis').isDisabled(), true);
    await page.getByRole('button', { name: 'Back to wells' }).click();
    await page.getByRole('dialog', { name: 'Back to wells' }).getByRole('button', { name: 'Give up the text' }).click();
    await HasLines(page, 1);
    assert.match(await Sql(page), /'cpu_system'/);
  },

  async 'S28 the chart tab keeps the result, and makes a table beside it'({ page, endpoint }) {
    await page.goto(`${endpoint}/ui/query?sql=${encodeURIComponent('SELECT BIN(time, 1m) AS t, region, avg(v) AS n0 FROM x')}`);
    await Until(page, () => window.__tidemark?.query?.text?.includes('BIN'));
    await page.getByTestId('run').click();
    await Until(page, () => window.__tidemark.query.status === 'ready');
    await page.getByRole('tab', { name: 'Chart' }).click();
    await HasLines(page, 3);
    await Looks(page, 'S28-chart-tab', { sizes: ['A'] });
    await page.getByRole('button', { name: 'Visualise a table' }).click();
    await Field(page, 'time').waitFor();
    await page.getByRole('button', { name: 'This result' }).click();
    await HasLines(page, 3);
  },
};
