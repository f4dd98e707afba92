// SPDX-License-Identifier: Apache-2.0
// Cases S23 to S31: the query editor.
import assert from 'node:assert/strict';
import { kBigStatement } from './fixtures.mjs';
import { Model, Until } from './harness.mjs';

const kTable = '"InterpolatedBlogDB"."EC2MetricTable"';
const kBox = (page) => page.getByTestId('sql');

async function Open(page, endpoint, sql, query = '') {
  await page.goto(`${endpoint}/ui/query?sql=${encodeURIComponent(sql)}${query}`);
  await Until(page, (text) => window.__tidemark?.query?.text === text, sql);
}

async function Run(page) {
  await page.getByTestId('run').click();
  await Until(page, () => ['ready', 'error'].includes(window.__tidemark.query?.status));
}

const kSixty = `SELECT time, measure_value::double AS avg_cpu_system\nFROM ${kTable}\nWHERE measure_name = 'avg_cpu_system'\nORDER BY time`;

export const cases = [
  {
    id: 'S23', title: 'query, result', fixture: 'demo-60',
    async Run({ page, endpoint, Looks }) {
      await Open(page, endpoint, kSixty);
      await Run(page);
      await page.getByTestId('footer').getByText('60 rows · complete').waitFor();
      await Looks('A L D, B L');
    },
  },
  {
    id: 'S24', title: 'query, running', fixture: 'million',
    async Run({ page, endpoint, Looks }) {
      const from = Array.from({ length: 3 }, (_, i) => `${kTable} t${i}`).join(', ');
      await Open(page, endpoint, `SELECT count(*) FROM ${from} WHERE t0.time < t1.time AND t1.time < t2.time`);
      await page.getByTestId('run').click();
      await page.getByTestId('progress').waitFor();
      const cancel = page.getByRole('button', { name: 'Cancel', exact: true });
      assert.equal(await cancel.isEnabled(), true);
      await Looks('A L', { busy: 'yes' });
      await cancel.click();
      await page.getByText(/Cancelled before the first row/).waitFor();
      await Until(page, async () => (await (await fetch('/api/v1/queries')).json()).queries.every((q) => !['running', 'waiting'].includes(q.state)));
    },
  },
  {
    id: 'S25', title: 'query, error', fixture: 'demo-60', expected: [/status of 400/],
    async Run({ page, endpoint, Looks }) {
      await Open(page, endpoint, `SELECT time,\n                    measure_nam\nFROM ${kTable}`);
      await Run(page);
      const { query } = await Model(page);
      assert.deepEqual([query.error.line, query.error.column], [2, 21]);
      await page.getByTestId('error').getByText("did you mean 'measure_name'?").first().waitFor();
      await page.locator('.cm-host').waitFor();
      await Until(page, () => document.querySelector('.cm-host').shadowRoot.querySelector('.cm-lintRange-error') !== null);
      await Looks('A L D');
    },
  },
  {
    id: 'S26', title: 'query, truncated', fixture: 'million',
    async Run({ page, endpoint, Looks }) {
      await Open(page, endpoint, `SELECT time, measure_value::double FROM ${kTable} WHERE measure_name = 'signal'`);
      await Run(page);
      await page.getByTestId('footer').getByText(/10\u2009000 of at least 10\u2009000 rows/).waitFor();
      await page.getByTestId('more').waitFor();
      await Looks('A L');
    },
  },
  {
    id: 'S27', title: 'query, nested and bigint cells', fixture: 'big',
    async Run({ page, endpoint, Looks }) {
      await Open(page, endpoint, 'SELECT big, time, ARRAY[1, 2, 3] AS list, ROW(1, \'a\') AS pair FROM "InterpolatedBlogDB"."big" ORDER BY time LIMIT 20');
      await Run(page);
      await page.getByRole('gridcell', { name: '9007199254740993', exact: true }).waitFor();
      await page.getByRole('gridcell', { name: '2026-01-15 16:00:00.000000001', exact: true }).waitFor();
      await Looks('A L');
    },
  },
  {
    id: 'S27b', title: 'query, 10 000 rows of 25 columns', fixture: 'big',
    async Run({ page, endpoint, Looks }) {
      await Open(page, endpoint, kBigStatement);
      await Run(page);
      await Until(page, () => window.__tidemark.query.rows.length === 10_000);
      const { query } = await Model(page);
      assert.equal(query.columns.length, 25);
      assert.ok(query.rows.some((row) => row.includes('9007199254740993')));
      await Looks('A L');
    },
  },
  {
    id: 'S28', title: 'query, chart tab', fixture: 'demo-60',
    async Run({ page, endpoint, Looks }) {
      await Open(page, endpoint, kSixty);
      await Run(page);
      await page.getByRole('tab', { name: 'Chart' }).or(page.getByRole('link', { name: 'Chart', exact: true })).or(page.getByRole('button', { name: 'Chart', exact: true })).first().click();
      await Until(page, () => window.tidemark.charts().some((c) => c.series.length === 1 && c.series[0].name === 'avg_cpu_system' && c.series[0].time.length === 60));
      await Looks('A L');
    },
  },
  {
    id: 'S29', title: 'query, completion open', fixture: 'demo-60',
    async Run({ page, endpoint, Looks }) {
      await Open(page, endpoint, 'SELECT ');
      await kBox(page).press('Control+End');
      await page.keyboard.type('bi');
      await page.getByRole('listbox').getByText('bin', { exact: true }).waitFor();
      await page.locator('.cm-host').getByText(/Rounds|multiple/).first().waitFor();
      await Looks('A L D');
    },
  },
  {
    id: 'S30', title: 'query, empty in range', fixture: 'demo-60',
    async Run({ page, endpoint, Looks }) {
      await Open(page, endpoint, `SELECT time, measure_value::double FROM ${kTable} WHERE measure_name = 'avg_cpu_system' AND $__timeFilter ORDER BY time`, '&from=2026-01-15T12:00:00Z&to=2026-01-15T13:00:00Z');
      await Run(page);
      await page.getByText(/Newest data/).waitFor();
      await page.getByRole('button', { name: /Jump there/ }).waitFor();
      await Looks('A L');
      await page.getByRole('button', { name: /Jump there/ }).click();
      await Until(page, () => window.__tidemark.query.status === 'ready' && window.__tidemark.query.rows.length > 0);
    },
  },
  {
    id: 'S31', title: 'query, phone', fixture: 'demo-60',
    async Run({ page, endpoint, Looks }) {
      await page.setViewportSize({ width: 390, height: 844 });
      await Open(page, endpoint, kSixty);
      await Run(page);
      await page.getByTestId('footer').getByText('60 rows · complete').waitFor();
      assert.equal(await page.getByTestId('run').isVisible(), true);
      await Looks('C L');
    },
  },
];
