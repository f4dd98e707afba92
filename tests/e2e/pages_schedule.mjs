// SPDX-License-Identifier: Apache-2.0
// Scheduled queries on the query page: built from the statement of the editor, listed, run, disabled, deleted.
import assert from 'node:assert/strict';
import { Looks, Until } from './harness.mjs';

async function Open(page, endpoint, sql) {
  await page.goto(`${endpoint}/ui/query?sql=${encodeURIComponent(sql)}`);
  await Until(page, (text) => window.__tidemark?.query?.text === text, sql);
}

export const tests = {
  async 'saved and scheduled queries of others appear when the server says so'({ page, endpoint, server }) {
    await Open(page, endpoint, 'SELECT 1');
    await page.getByRole('tab', { name: 'Schedules' }).click();
    await page.getByRole('complementary', { name: 'Schema' }).getByText('Save a query and it stands here.').waitFor();
    // No clock of the page runs: it is the event that makes it read.
    await page.clock.install();
    const post = (path, body) => page.evaluate(async ([url, text]) => (await fetch(url, { method: 'POST', headers: { 'X-Console': '1', 'Content-Type': 'application/json' }, body: text })).status, [`/api/v1/${path}`, JSON.stringify(body)]);
    assert.equal(await post('saved-queries', { name: 'of somebody else', sql: 'SELECT 2' }), 201);
    server.Changed({ number: '1', at: '0', kind: 'saved_query', name: 'q-1', action: 'created', detail: 'of somebody else' });
    await page.getByRole('complementary', { name: 'Schema' }).getByText('of somebody else').waitFor();
    assert.equal(await post('scheduled-queries', { name: 'nightly', sql: 'SELECT 3', schedule: 'rate(1 hour)', target: null, report: null }), 201);
    server.Changed({ number: '2', at: '0', kind: 'scheduled_query', name: 'nightly', action: 'created', detail: null });
    await page.getByTestId('schedules').getByText('nightly').waitFor();
  },

  async 'a statement is scheduled: columns mapped, next runs shown, created'({ page, endpoint, server }) {
    await Open(page, endpoint, 'SELECT BIN(time, 1m) AS t, region, avg(v) AS n0 FROM x WHERE time > @scheduled_runtime - 1h');
    await page.getByRole('button', { name: 'Schedule', exact: true }).click();
    const dialog = page.getByRole('dialog', { name: 'Schedule this statement' });
    await dialog.getByRole('region', { name: 'Columns' }).getByText('region').waitFor();
    assert.deepEqual(await dialog.getByRole('region', { name: 'Columns' }).locator('select').evaluateAll((all) => all.map((s) => s.value)), ['time', 'dimension', 'measure']);
    await dialog.getByLabel('Name', { exact: true }).fill('hourly');
    await dialog.getByText('2026-01-15 17:59:30 UTC').waitFor();
    await dialog.getByRole('button', { name: 'At times (cron)' }).click();
    await dialog.getByLabel('Cron expression').fill('cron(5 * *)');
    await dialog.getByText('cron() takes six fields.').waitFor();
    await dialog.getByLabel('Cron expression').fill('cron(0 6 * * ? *)');
    await dialog.getByRole('button', { name: 'Create' }).click();
    await dialog.getByText('Choose the table that rows go into.').waitFor();
    await dialog.getByLabel('Target table').selectOption('EC2MetricTable');
    await dialog.getByLabel('Name of n0').fill('avg_cpu');
    await dialog.getByText('The same with the AWS command line').click();
    assert.match(await dialog.getByRole('region', { name: 'AWS call' }).innerText(), /create-scheduled-query[^]*"ScheduleExpression": "cron\(0 6 \* \* \? \*\)"/);
    await Looks(page, 'schedule', { sizes: ['A', 'C'] });
    await dialog.getByRole('button', { name: 'Create' }).click();
    await page.getByTestId('schedules').getByText('hourly').waitFor();
    const { target, report, schedule } = server.scheduled.queries.get('hourly');
    assert.deepEqual([target, report, schedule], [{
      database: 'InterpolatedBlogDB', table: 'EC2MetricTable', time_column: 't', dimensions: ['region'], measure_name_column: null, measures: [{ column: 'n0', type: 'double', name: 'avg_cpu' }], multi_measure_name: 'x',
    }, { bucket: 'errors', prefix: 'x' }, 'cron(0 6 * * ? *)']);
    await page.getByRole('button', { name: 'Run now: hourly' }).click();
    await page.getByTestId('schedules').getByText('60 rows in 42 ms').waitFor();
    await page.getByRole('button', { name: 'Run now: hourly' }).click();
    await page.getByRole('button', { name: 'hourly', exact: true }).click();
    await page.getByText('s3://errors/hourly/0001.json').waitFor();
    await Looks(page, 'schedules', { sizes: ['A', 'C'] });
    await page.getByRole('button', { name: 'Disable hourly' }).click();
    await page.getByTestId('schedules').getByText('disabled').waitFor();
    await page.getByRole('button', { name: 'Delete hourly' }).click();
    await page.getByRole('dialog', { name: 'Delete hourly' }).getByRole('button', { name: 'Delete' }).click();
    await page.getByText('There is none yet').waitFor();
    assert.equal(server.scheduled.queries.size, 0);
  },

  async 'a server that does not schedule for the console says so, with the AWS call'({ page, endpoint, server }) {
    server.scheduled.absent = true;
    await Open(page, endpoint, 'SELECT BIN(time, 1m) AS t, region, avg(v) AS n0 FROM x');
    await page.getByRole('tab', { name: 'Schedules' }).click();
    await page.getByText('does not list scheduled queries for the console').waitFor();
    await page.getByRole('button', { name: 'Schedule', exact: true }).click();
    const dialog = page.getByRole('dialog', { name: 'Schedule this statement' });
    await dialog.getByRole('region', { name: 'Columns' }).getByText('region').waitFor();
    // Times of a rate need no server.
    await dialog.getByText(/^2026-01-15 (17:59|18:0\d):\d\d UTC$/).waitFor();
    await dialog.getByLabel('Target table').selectOption('EC2MetricTable');
    await dialog.getByRole('button', { name: 'Create' }).click();
    await dialog.getByText('The AWS call above makes the same one.').waitFor();
    await dialog.getByRole('region', { name: 'AWS call' }).getByText('create-scheduled-query').waitFor();
  },

  async 'macros are refused before anything is scheduled'({ page, endpoint, server }) {
    await Open(page, endpoint, 'SELECT time FROM x WHERE $__timeFilter');
    await page.getByRole('button', { name: 'Schedule', exact: true }).click();
    const dialog = page.getByRole('dialog', { name: 'Schedule this statement' });
    await dialog.getByText('are not known to scheduled queries').waitFor();
    assert.equal(await dialog.getByRole('button', { name: 'Create' }).isDisabled(), true);
    assert.equal(server.scheduled.queries.size, 0);
  },
};
