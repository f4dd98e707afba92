// SPDX-License-Identifier: Apache-2.0
// Views asked further: how long to wait (V01), other settings (V06), rows against raw points (V02), a changed definition (V03), the story of a point (V04, V05).
import assert from 'node:assert/strict';
import { kFirstHost, Looks, OpenFirstHost, Until } from './harness.mjs';

export const tests = {
  async 'V01 what waiting longer would cover stands beside the histogram, with what it costs'({ page, endpoint }) {
    await page.goto(`${endpoint}/ui/views/ec2-5m/late`);
    await page.getByRole('button', { name: 'Show what waiting longer would cover' }).click();
    const rows = page.getByTestId('advice').locator('tbody tr');
    await rows.nth(2).waitFor();
    assert.deepEqual((await rows.allInnerTexts()).map((text) => text.split(/\s*[\t\n]\s*/)), [['99 %', '28 s', '28 s', '0'], ['99.9 %', '4 m 50 s', '4 m 50 s', '4 m 20 s'], ['99.99 %', '31 m', '31 m', '30 m 30 s']]);
    // What is not all is not rounded to it.
    assert.match(await page.getByTestId('covered').innerText(), /Waiting 30 s covers 99\.2345 %, with the allowed lateness of 2 m all\.$/);
    await Looks(page, 'V01-advice');
  },

  async 'V06 other settings are played over the records: how many rows differ, which, and what it costs'({ page, endpoint, server }) {
    await page.goto(`${endpoint}/ui/views/ec2-5m/late`);
    const card = page.getByRole('region', { name: 'Simulate', exact: true });
    await card.getByLabel('Settings, one a line').fill('late = "freeze"\nwindow');
    await card.getByText('Line 2 is not KEY = VALUE.').waitFor();
    assert.equal(await card.getByRole('button', { name: 'Simulate' }).isDisabled(), true);
    await card.getByLabel('Settings, one a line').fill('late = "freeze"\nallowed_lateness = 5m');
    await card.getByRole('button', { name: 'Simulate' }).click();
    await card.getByText(/^1 row would differ, of 998 points of 1.000 records; 2 points of several columns are left out\.$/).waitFor();
    assert.deepEqual(server.views.lineage.simulated, [{ late: 'freeze', allowed_lateness: '5m' }]);
    assert.match(await page.getByTestId('simulation').locator('tbody tr').nth(3).innerText(), /not taken up\s+0\s+7/);
    await card.getByRole('cell', { name: '8.25' }).waitFor();
    await card.scrollIntoViewIfNeeded();
    await Looks(page, 'V06-simulate');
    await card.getByLabel('Settings, one a line').fill('source = other');
    await card.getByRole('button', { name: 'Simulate' }).click();
    await card.getByText('source cannot be simulated.').waitFor();
  },

  async 'V02 a view is verified, in a range, and what differs is listed'({ page, endpoint, server }) {
    await page.goto(`${endpoint}/ui/views/ec2-5m/verify`);
    await page.getByRole('button', { name: 'Verify', exact: true }).click();
    const said = page.getByTestId('verified');
    await said.getByText(/^288 rows compared with 28.800 raw points: every row is what the raw points give\.$/).waitFor();
    await page.getByText('24 open: the watermark has not passed').waitFor();
    await Looks(page, 'V02-verified', { sizes: ['A'] });
    server.views.lineage.rows = 'differs';
    await page.getByLabel('From').fill('2026-01-15T16:00:00Z');
    await page.keyboard.press('Enter');
    await said.getByText('2 rows differ').waitFor();
    assert.deepEqual((await page.getByTestId('differences').locator('tbody tr').nth(0).innerText()).split(/\s*[\t\n]\s*/), ['2026-01-15 16:05:00', 'avg_cpu_system', 'i-<b>0001</b>', 'another value', '41.5', '41.25']);
    assert.equal(await page.locator('main b', { hasText: /^0001$/ }).count(), 0);
    await Looks(page, 'V02-differs');
    assert.deepEqual(server.views.lineage.verified, [[null, null], ['2026-01-15T16:00:00Z', null]]);
    await page.getByLabel('From').fill('yesterday');
    await page.keyboard.press('Enter');
    await page.getByText('from is not a time: yesterday').waitFor();
  },

  async 'V03 a changed definition: the generation beside it, then what the switch changed'({ page, endpoint, server }) {
    server.views.lineage.next = { generation: 3, definition: '', state: 'running', error: null, backfilling: true, watermark: '1768494300000000000', dirty_count: '0', windows_published: '120' };
    await page.goto(`${endpoint}/ui/views/ec2-5m/definition`);
    await page.getByTestId('next-generation').getByText(/Generation 3 is being built beside this one\. It takes over at once[^]*of generation 2\. 120 windows so far, up to 2026-01-15 16:25:00 UTC/).waitFor();
    await Looks(page, 'V03-building', { sizes: ['A'] });
    Object.assign(server.views.lineage, { next: null, last: { generation: 3, at: '1768495000000000000', same: '40', changed: '3', added: '0', removed: '1', whole: true, rows: [{ measure: 'avg_cpu_system', dimensions: { instance_name: 'i-1' }, time: '1768494300000000000', before: '8.5', now: '9' }] } });
    await page.getByTestId('last-switch').getByText('3 rows changed, 0 came, 1 went, 40 stayed as they were.').waitFor();
    await page.getByRole('region', { name: 'Rows that the change made' }).getByRole('cell', { name: '8.5' }).waitFor();
    await Looks(page, 'V03-switched');
  },

  async 'V04 a point’s card leads to the late point, with its record and what it changed'({ page, endpoint, server }) {
    await OpenFirstHost(page, endpoint, server);
    server.AddLate('cpu_system', Date.parse('2026-01-15T16:52:30Z'), 99);
    await Until(page, () => window.tidemark.charts().find(({ id }) => id === 'cpu').revised.some(({ time }) => time === '1768496100000000000'));
    await page.getByTestId('chart').and(page.locator('[data-chart=cpu]')).focus();
    await page.keyboard.press('End');
    await page.getByTestId('point-card').getByText('16:50 – 16:55').waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('link', { name: 'Explain a late point' }).click();
    await Until(page, () => location.pathname === '/ui/explain');
    assert.equal(new URL(page.url()).searchParams.get('dim.instance_name'), kFirstHost);
    const versions = page.getByTestId('versions').locator('tbody tr');
    await versions.nth(1).getByText('current').waitFor();
    assert.match(await versions.nth(1).innerText(), /99[^]*ec2-metrics[^]*shardId-000000000002[^]*4967160318/);
    const windows = page.getByTestId('explained-windows');
    await windows.getByText(/revision 2, late: 43\.5 → 44\.25/).waitFor();
    await Looks(page, 'V04-explain');
    assert.match(await versions.nth(1).getByRole('link', { name: /^4967/ }).getAttribute('href'), /streams\/ec2-metrics\/records\?pos=at_sequence&seq=4967\d+&shard=shardId-000000000002$/);
    await windows.getByRole('link', { name: /16:50:00/ }).click();
    await Until(page, () => location.pathname === '/ui/views/ec2-5m/windows');
  },

  async 'V05 a point that is not there: what is near it, what is unknown, how to ask'({ page, endpoint }) {
    await page.goto(`${endpoint}/ui/explain?database=InterpolatedBlogDB&table=EC2MetricTable&measure=cpu_system&time_ns=1768495950500000000&dim.instance_name=${kFirstHost}`);
    await page.getByText('There is no such point.').waitFor();
    await page.getByRole('link', { name: '2026-01-15 16:52:30.000000000 UTC' }).click();
    await page.getByTestId('versions').getByText('current').waitFor();
    await page.goto(`${endpoint}/ui/explain?database=InterpolatedBlogDB&table=EC2MetricTable&measure=nothing&time_ns=1`);
    await page.getByText('The table has no measure nothing.').waitFor();
    await page.goto(`${endpoint}/ui/explain`);
    await page.getByText('tidemark explain point DATABASE.TABLE MEASURE TIME DIM=VALUE').waitFor();
    await Looks(page, 'V05-explain-empty', { sizes: ['A'] });
  },
};
