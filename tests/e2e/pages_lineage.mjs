// SPDX-License-Identifier: Apache-2.0
// Views asked further, in states that a server is not brought to by a test: rows that are not what the raw points give, a generation that is still being built. The others are cases V01 to V10 (cases_views.mjs).
import assert from 'node:assert/strict';
import { Looks } from './harness.mjs';

export const tests = {
  async 'rows of a view that are not what the raw points give are listed'({ page, endpoint, server }) {
    server.views.lineage.rows = 'differs';
    await page.goto(`${endpoint}/ui/views/ec2-5m/verify`);
    await page.getByLabel('From').fill('2026-01-15T16:00:00Z');
    await page.keyboard.press('Enter');
    await page.getByTestId('verified').getByText('2 rows differ').waitFor();
    assert.deepEqual((await page.getByTestId('differences').locator('tbody tr').nth(0).innerText()).split(/\s*[\t\n]\s*/), ['2026-01-15 16:05:00', 'avg_cpu_system', 'i-<b>0001</b>', 'another value', '41.5', '41.25']);
    assert.equal(await page.locator('main b', { hasText: /^0001$/ }).count(), 0);
    await Looks(page, 'view-differs');
    assert.deepEqual(server.views.lineage.verified, [['2026-01-15T16:00:00Z', null]]);
  },

  async 'V03 the generation that is being built, then what the switch changed'({ page, endpoint, server }) {
    server.views.lineage.next = { generation: 3, definition: '', state: 'running', error: null, backfilling: true, watermark: '1768494300000000000', dirty_count: '0', windows_published: '120' };
    await page.goto(`${endpoint}/ui/views/ec2-5m/definition`);
    await page.getByTestId('next-generation').getByText(/Generation 3 is being built beside this one\. It takes over at once[^]*of generation 2\. 120 windows so far, up to 2026-01-15 16:25:00 UTC/).waitFor();
    await Looks(page, 'V03-building', { sizes: ['A'] });
    Object.assign(server.views.lineage, { next: null, last: { generation: 3, at: '1768495000000000000', same: '40', changed: '3', added: '0', removed: '1', whole: true, rows: [{ measure: 'avg_cpu_system', dimensions: { instance_name: 'i-1' }, time: '1768494300000000000', before: '8.5', now: '9' }] } });
    await page.getByTestId('last-switch').getByText('3 rows changed, 0 came, 1 went, 40 stayed as they were.').waitFor();
    await page.getByRole('region', { name: 'Rows that the change made' }).getByRole('cell', { name: '8.5' }).waitFor();
    await Looks(page, 'V03-switched');
  },
};
