// SPDX-License-Identifier: Apache-2.0
// Cases S01 to S22 and S44 to S49: overview, streams, pipelines, views, tables, connect, settings, the shell.
import assert from 'node:assert/strict';
import { Heading, Until } from './harness.mjs';

const Words = async (locator) => (await locator.innerText()).replace(/\s+/g, ' ');

export const cases = [
  {
    id: 'S01', title: 'overview, first run', fixture: 'empty',
    async Run({ page, endpoint, Looks }) {
      await page.goto(`${endpoint}/ui/`);
      const cards = page.getByTestId('first-run').locator('section');
      await cards.nth(2).waitFor();
      assert.equal(await cards.count(), 3);
      assert.equal(await page.locator('main canvas, main svg[role=img]').count(), 0, 'no empty chart');
      await Looks('A L, C L');
    },
  },
  {
    id: 'S02', title: 'overview, healthy', fixture: 'demo-60',
    async Run({ page, endpoint, Looks }) {
      await page.goto(`${endpoint}/ui/`);
      await page.getByText('Nothing is wrong that the server knows of.').waitFor();
      assert.equal(await page.getByTestId('kpis').locator('section').count(), 4);
      assert.equal(await page.getByTestId('problems').getByRole('listitem').count(), 0);
      await Looks('A L D, B L');
    },
  },
  {
    id: 'S03', title: 'overview, problems', fixture: 'broken-pipeline',
    async Run({ page, endpoint, Looks }) {
      await page.goto(`${endpoint}/ui/`);
      const rows = page.getByTestId('problems').getByRole('listitem');
      await rows.first().waitFor();
      assert.match(await rows.first().innerText(), /pipeline ec2/, 'the failed pipeline comes first');
      for (const row of await rows.all()) assert.equal(await row.getByRole('link').or(row.getByRole('button')).count(), 1, 'one action each');
      await Looks('A L');
    },
  },
  {
    id: 'S04', title: 'streams list', fixture: 'demo-60',
    async Run({ page, endpoint, Looks }) {
      await page.goto(`${endpoint}/ui/streams`);
      const table = page.getByTestId('streams');
      await table.getByRole('link', { name: 'ec2-metrics' }).waitFor();
      assert.ok((await table.locator('svg').count()) >= 2, 'sparklines');
      await Looks('A L D, C L');
    },
  },
  {
    id: 'S05', title: 'create stream, invalid name', fixture: 'demo-60',
    async Run({ page, endpoint, Looks }) {
      await page.goto(`${endpoint}/ui/streams`);
      await page.getByRole('button', { name: 'Create stream' }).click();
      const dialog = page.getByRole('dialog', { name: 'Create stream' });
      await dialog.getByLabel('Name').fill('my stream');
      await dialog.getByText('Letters, digits, dot, hyphen and underscore only.').waitFor();
      await dialog.getByText(/tidemark stream create 'my stream'/).waitFor();
      await Looks('A L');
    },
  },
  {
    id: 'S06', title: 'stream shards and key skew', fixture: 'demo-60',
    async Run({ page, endpoint, Looks }) {
      await page.goto(`${endpoint}/ui/streams/ec2-metrics/shards`);
      await page.getByTestId('shards').getByText('shardId-000000000015').waitFor();
      assert.match(await page.getByTestId('skew').innerText(), /^10 distinct keys feed 16 shards; at least \d+ shards receive nothing\.$/);
      await Looks('A L');
    },
  },
  {
    id: 'S07', title: 'records, late column', fixture: 'demo-60',
    async Run({ page, endpoint, Looks }) {
      await page.goto(`${endpoint}/ui/streams/ec2-metrics/records?pos=at_timestamp&ts=2026-01-15T16:17:05Z`);
      const rows = page.getByTestId('records').locator('tbody tr');
      await rows.nth(20).waitFor();
      await page.locator('.verdict.late').first().waitFor();
      await page.locator('.verdict.on_time').first().waitFor();
      assert.equal(await page.locator('.verdict.late').first().innerText(), 'late');
      await Looks('A L D');
    },
  },
  {
    id: 'S08', title: 'records, payload panel', fixture: 'demo-60',
    async Run({ page, endpoint, Looks }) {
      await page.goto(`${endpoint}/ui/streams/ec2-metrics/records`);
      await page.getByTestId('records').locator('tbody tr').nth(3).getByRole('button').click();
      const panel = page.getByTestId('record');
      await panel.getByRole('list', { name: 'Payload' }).getByText('MeasureName').waitFor();
      await panel.getByRole('button', { name: 'Copy payload' }).waitFor();
      await Looks('A L, C L');
    },
  },
  {
    id: 'S10', title: 'pipelines list, points that a frozen view left out', fixture: 'late-drop',
    async Run({ page, endpoint, Looks }) {
      await page.goto(`${endpoint}/ui/pipelines`);
      const row = page.getByTestId('views').getByRole('row').filter({ hasText: 'ec2-5m' });
      await row.getByText('87').waitFor();
      await Looks('A L');
    },
  },
  {
    id: 'S11', title: 'graph', fixture: 'demo-60',
    async Run({ page, endpoint, Looks }) {
      await page.goto(`${endpoint}/ui/pipelines/ec2`);
      for (const id of ['stream:ec2-metrics', 'pipeline:ec2', 'table:InterpolatedBlogDB.EC2MetricTable', 'view:ec2-5m']) await page.locator(`[data-id="${id}"]`).waitFor();
      await Looks('A L D, B L');
    },
  },
  {
    id: 'S12', title: 'graph, wide', fixture: 'wide-graph',
    async Run({ page, endpoint, Looks }) {
      await page.goto(`${endpoint}/ui/pipelines`);
      await Until(page, () => window.__tidemark?.graph?.status === 'ready' && window.__tidemark.graph.nodes.length >= 38);
      await page.getByTestId('graph-sentence').getByText(/8 pipelines, 8 tables, 14 views/).waitFor();
      await page.getByRole('button', { name: /^Fit the graph/ }).click();
      // All of it is in sight, beside nothing that scrolls.
      await Until(page, () => {
        const canvas = document.querySelector('[data-testid=graph-canvas]');
        return canvas.scrollWidth <= canvas.clientWidth && canvas.scrollHeight <= canvas.clientHeight;
      });
      await Looks('A L');
    },
  },
  {
    id: 'S13', title: 'graph, node inspector', fixture: 'idle-shard',
    async Run({ page, endpoint, Looks }) {
      await page.goto(`${endpoint}/ui/pipelines?node=view:ec2-5m`);
      const inspector = page.getByTestId('inspector');
      await inspector.getByText('holds back').waitFor();
      assert.match(await Words(inspector), /16:52:00/, 'its watermark is there although a partition is idle');
      assert.match(await Words(inspector), /idle/);
      await Looks('A L');
    },
  },
  {
    id: 'S14', title: 'watermarks', fixture: 'idle-shard',
    async Run({ page, endpoint, Looks }) {
      await page.goto(`${endpoint}/ui/views/ec2-5m`);
      await page.getByTestId('holds-back').getByText(/^shard 2 holds the view 6 m 5\d s behind the others/).waitFor();
      const rows = page.getByTestId('watermarks').locator('tbody tr');
      assert.match(await Words(rows.filter({ hasText: 'holds back' })), /16:52:00/);
      assert.match(await Words(rows.filter({ hasText: 'shardId-000000000003' })), /\(ignored\).*idle/);
      await Until(page, () => window.tidemark.charts().find(({ id }) => id === 'view-lag')?.series[0].time.length > 0);
      await Looks('A L D');
    },
  },
  {
    id: 'S15', title: 'late data of a view that freezes', fixture: 'late-drop',
    async Run({ page, endpoint, Looks }) {
      await page.goto(`${endpoint}/ui/views/ec2-5m/late`);
      await page.getByTestId('frozen').getByText(/87 late points were not taken up/).waitFor();
      await page.getByTestId('histogram').getByText(/allowed lateness 2 m/).waitFor();
      await page.getByTestId('what-if').getByText(/With an allowed lateness of/).waitFor();
      await Looks('A L');
    },
  },
  {
    id: 'S16', title: 'late data of a view that takes up every point', fixture: 'demo-60',
    async Run({ page, endpoint, Looks }) {
      await page.goto(`${endpoint}/ui/views/ec2-5m/late`);
      await page.getByText('This view takes up every late point, however late').waitFor();
      await page.getByTestId('what-if').getByText(/With an allowed lateness of/).waitFor();
      await Looks('A L');
    },
  },
  {
    id: 'S17', title: 'windows, row expanded', fixture: 'demo-60',
    async Run({ page, endpoint, Looks }) {
      await page.goto(`${endpoint}/ui/views/ec2-5m/windows?revised=1&window=${Date.parse('2026-01-15T16:08:00Z')}000000`);
      const history = page.getByTestId('window-history');
      await history.getByText('0.6790').first().waitFor();
      const words = await Words(history);
      for (const value of ['0.5831', '0.6010', '0.6244', '0.6702', '0.6790']) assert.ok(words.includes(value), `${value} in ${words}`);
      await Looks('A L');
    },
  },
  {
    id: 'S18', title: 'definition of a view', fixture: 'demo-60',
    async Run({ page, endpoint, Looks }) {
      await page.goto(`${endpoint}/ui/views/ec2-5m/definition`);
      await page.getByTestId('definition').getByText('out_of_orderness').waitFor();
      await Looks('A L');
    },
  },
  {
    id: 'S19', title: 'failed pipeline', fixture: 'broken-pipeline',
    async Run({ page, endpoint, Looks }) {
      await page.goto(`${endpoint}/ui/pipelines/ec2`);
      await page.getByText('failed', { exact: true }).first().waitFor();
      await page.getByText(/ec2-metrics.*(gone|does not exist|was deleted|no stream)/i).first().waitFor();
      await page.getByRole('button', { name: /Start|Restart/ }).first().waitFor();
      await Looks('A L D');
    },
  },
  {
    id: 'S20', title: 'tables list and tree', fixture: 'demo-60',
    async Run({ page, endpoint, Looks }) {
      await page.goto(`${endpoint}/ui/db`);
      await page.getByTestId('tables').getByRole('link', { name: 'EC2MetricTable' }).waitFor();
      await page.getByRole('navigation', { name: 'Databases and tables' }).getByRole('link', { name: 'InterpolatedBlogDB' }).waitFor();
      await Looks('A L, C L');
    },
  },
  {
    id: 'S21', title: 'storage tab, a time outside retention', fixture: 'demo-60',
    async Run({ page, endpoint, Looks }) {
      await page.goto(`${endpoint}/ui/db/InterpolatedBlogDB/EC2MetricTable/storage`);
      await page.getByTestId('landing').getByText('accepted').waitFor();
      await page.getByRole('slider', { name: 'Time' }).focus();
      await page.keyboard.press('Home');
      await page.getByTestId('landing').getByText(/rejected: older than/).waitFor();
      await Looks('A L');
    },
  },
  {
    id: 'S22', title: 'rejections', fixture: 'rejects',
    async Run({ page, endpoint, Looks }) {
      await page.goto(`${endpoint}/ui/db/InterpolatedBlogDB/EC2MetricTable/rejections`);
      const region = page.getByTestId('rejections');
      await region.getByText('The record version 1 is lower than the existing version 2.').waitFor();
      assert.equal(await region.getByRole('region', { name: 'Samples of version_lower' }).locator('tbody tr').first().locator('td').nth(5).innerText(), '2');
      await Looks('A L');
    },
  },
  {
    id: 'S44', title: 'connect, Python card and inspector with a failure', fixture: 'demo-60',
    async Run({ page, endpoint, server, Looks }) {
      const skewed = await server.Aws('Kinesis_20131202.PutRecord', { StreamName: 'nobody-made-this', PartitionKey: 'a', Data: 'AAAA' });
      assert.equal(skewed.status, 400);
      await page.goto(`${endpoint}/ui/connect`);
      await page.getByTestId('snippet').getByText('endpoint_url').first().waitFor();
      await page.getByTestId('connections').getByText('What the call names does not exist here: create it, or correct its name.').first().waitFor();
      await Looks('A L D');
    },
  },
  {
    id: 'S45', title: 'settings, values with their source', fixture: 'demo-60',
    async Run({ page, endpoint, Looks }) {
      await page.goto(`${endpoint}/ui/settings/diagnostics`);
      await Heading(page, 'Settings');
      await page.locator('.pill').getByText('command line').first().waitFor();
      await Looks('A L');
    },
  },
  {
    id: 'S49', title: 'palette and shortcut help', fixture: 'demo-60',
    async Run({ page, endpoint, Looks }) {
      await page.goto(`${endpoint}/ui/alerts`);
      await Heading(page, 'Alerts');
      await page.keyboard.press('Control+k');
      await page.getByRole('combobox', { name: /Search/ }).or(page.getByPlaceholder(/Search/)).last().fill('ec2');
      await page.getByRole('option', { name: /ec2-metrics/ }).first().waitFor();
      await Looks('A L D');
      await page.keyboard.press('Escape');
      await page.getByRole('option').first().waitFor({ state: 'hidden' });
      await page.locator('main h1').focus();
      await page.keyboard.press('?');
      await page.getByRole('dialog', { name: 'Keyboard' }).getByText('search or jump').waitFor();
    },
  },
];
