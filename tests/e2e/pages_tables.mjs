// SPDX-License-Identifier: Apache-2.0
// Databases and tables, and the Connect page with its inspector.
import assert from 'node:assert/strict';
import { Looks, Until } from './harness.mjs';

export const tests = {
  async 'tables are listed and found in the tree'({ page, endpoint }) {
    await page.goto(`${endpoint}/ui/db`);
    await page.getByTestId('tables').getByRole('link', { name: 'EC2MetricTable' }).waitFor();
    await Looks(page, 'databases');
    await page.getByTestId('tables').getByRole('link', { name: 'EC2MetricTable' }).click();
    await Until(page, () => location.pathname === '/ui/db/InterpolatedBlogDB/EC2MetricTable');
    await page.getByTestId('measures').getByText('avg_cpu_system').waitFor();
    await page.getByTestId('dimensions').getByText('looks like an id').waitFor();
    await page.getByTestId('dimensions').getByRole('row').filter({ hasText: /^region/ }).getByRole('button', { name: 'Show' }).click();
    await page.getByText('ap-northeast-1, eu-west-1, us-east-2, us_east_1').waitFor();
    await Looks(page, 'table-schema');
    await page.goto(`${endpoint}/ui/db/InterpolatedBlogDB/%3Cb%3Enope`);
    await page.getByText('There is no table InterpolatedBlogDB.<b>nope here.').waitFor();
  },

  async 'a table says where a time would land'({ page, endpoint }) {
    await page.goto(`${endpoint}/ui/db/InterpolatedBlogDB/EC2MetricTable/storage`);
    const landing = page.getByTestId('landing');
    await landing.getByText('accepted').waitFor();
    await page.getByRole('slider', { name: 'Time' }).focus();
    await page.keyboard.press('Home');
    await landing.getByText('rejected: older than magnetic retention (1 d)').waitFor();
    await page.keyboard.press('End');
    await landing.getByText(/rejected: more than 15 minutes ahead/).waitFor();
    const box = await page.locator('.axis .memory').boundingBox();
    await page.mouse.move(box.x + box.width / 2, box.y + 20);
    await landing.getByText('accepted into memory').waitFor();
    await page.getByLabel('Exactly at').fill('2026-01-13 00:00');
    await page.getByRole('button', { name: 'Ask the server' }).click();
    await page.getByRole('status').getByText('rejected: older than magnetic retention (1 d)').waitFor();
    await Looks(page, 'table-storage');
  },

  async 'series are counted by dimension, and what looks like an id is said'({ page, endpoint }) {
    await page.goto(`${endpoint}/ui/db/InterpolatedBlogDB/EC2MetricTable/series`);
    await page.getByTestId('series').getByText(/Dimension instance_name looks like an id: 475 values in 480 series/).waitFor();
    assert.ok((await page.getByRole('list', { name: 'Top values of region' }).getByRole('listitem').count()) >= 4);
    await Looks(page, 'table-series');
  },

  async 'what a table keeps is changed, and the loss is said before'({ page, endpoint }) {
    await page.goto(`${endpoint}/ui/db/InterpolatedBlogDB/EC2MetricTable/settings`);
    const save = page.getByRole('button', { name: 'Save', exact: true });
    const hours = page.getByLabel('Memory, hours');
    await hours.waitFor();
    assert.equal(await save.isDisabled(), true);
    await hours.fill('0');
    await page.getByText('From 1 to 8766.').waitFor();
    assert.equal(await save.isDisabled(), true);
    await hours.fill('3');
    await page.getByText('this cannot be taken back').waitFor();
    await page.getByText('tidemark table retention InterpolatedBlogDB.EC2MetricTable --memory-hours 3 --magnetic-days 1').waitFor();
    await Looks(page, 'table-settings');
    await page.getByRole('button', { name: 'Reset' }).click();
    assert.equal(await hours.inputValue(), '6');
    await hours.fill('12');
    await page.keyboard.press('Enter');
    await page.getByText('Changed what EC2MetricTable keeps').waitFor();
    await page.reload();
    await Until(page, () => document.querySelector('main input[type=number]')?.value === '12');
  },

  async 'rejections show the existing version and what to change'({ page, endpoint }) {
    await page.goto(`${endpoint}/ui/db/InterpolatedBlogDB/EC2MetricTable/rejections`);
    const region = page.getByTestId('rejections');
    await region.getByText('The record version 1 is lower than the existing version 200.').waitFor();
    assert.equal(await region.getByRole('region', { name: 'Samples of version_lower' }).locator('td').nth(5).innerText(), '200');
    await Looks(page, 'table-rejections');
    await page.getByRole('navigation', { name: 'Table' }).getByRole('link', { name: 'Sample' }).click();
    await page.getByTestId('sample').getByText('2026-01-15 16:59:30.000000001').waitFor();
    await page.getByRole('navigation', { name: 'Table' }).getByRole('link', { name: 'Revisions' }).click();
    await page.getByRole('link', { name: 'ec2-5m' }).waitFor();
  },

  async 'snippets are for this server, and the inspector says why a call failed'({ page, endpoint }) {
    await page.goto(`${endpoint}/ui/connect`);
    const snippet = page.getByTestId('snippet');
    assert.match(await snippet.innerText(), new RegExp(`endpoint_url="${endpoint}"[^]*StreamName="ec2-metrics"[^]*"InterpolatedBlogDB"."EC2MetricTable"`));
    await page.getByTestId('connections').getByText('the clock of the client is 312 s behind').waitFor();
    await page.getByTestId('connections').getByText(/give the Kinesis client the HTTP\/1\.1 handler/).waitFor();
    await Looks(page, 'connect');
    await page.getByRole('group', { name: 'Client', exact: true }).getByRole('button', { name: 'JavaScript' }).click();
    await Until(page, () => new URL(location.href).searchParams.get('client') === 'javascript');
    await snippet.getByText('NodeHttpHandler').first().waitFor();
    await page.getByText('run by a test', { exact: true }).waitFor();
    await page.getByRole('group', { name: 'Client', exact: true }).getByRole('button', { name: 'Java', exact: true }).click();
    await page.getByText('not yet', { exact: true }).waitFor();
    await page.getByRole('group', { name: 'Client', exact: true }).getByRole('button', { name: 'JavaScript' }).click();
    await page.getByRole('button', { name: '.env' }).click();
    await page.getByText(`AWS_ENDPOINT_URL_KINESIS=${endpoint}`).waitFor();
    await page.getByRole('button', { name: 'Test', exact: true }).click();
    await page.getByTestId('wait').getByText(/waiting for JavaScript/).waitFor();
    await page.getByRole('button', { name: 'Failures only' }).click();
    await Until(page, () => document.querySelectorAll('[data-testid=connections] tbody tr').length === 2);
  },
};
