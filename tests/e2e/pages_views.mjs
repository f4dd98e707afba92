// SPDX-License-Identifier: Apache-2.0
// Pipelines and views: lists, graph (S11, S12), watermarks (S13, S14), late data (S15, S16), windows (S17), dead letters, positions.
import assert from 'node:assert/strict';
import { Heading, Looks, Model, Until } from './harness.mjs';

const Tab = (page, name, of = 'Pipeline') => page.getByRole('navigation', { name: of, exact: true }).getByRole('link', { name }).click();

export const tests = {
  async 'S10 S11 pipelines and views are listed below their graph, which fits, zooms and is a list too'({ page, endpoint }) {
    await page.goto(`${endpoint}/ui/pipelines`);
    await page.getByTestId('pipelines').getByRole('link', { name: 'ec2', exact: true }).waitFor();
    await page.getByTestId('views').getByRole('link', { name: 'ec2-5m' }).waitFor();
    await Looks(page, 'pipelines');
    await page.getByRole('button', { name: 'Zoom out' }).click();
    await page.getByRole('button', { name: /^Fit the graph/ }).getByText('80 %').waitFor();
    await page.keyboard.press('0');
    await page.getByRole('button', { name: /^Fit the graph/ }).getByText(/100 %|9\d %/).waitFor();
    await page.getByRole('button', { name: 'List', exact: true }).click();
    assert.equal(await page.getByTestId('graph-list').locator('tbody tr').count(), (await Model(page)).graph.edges.length);
    await page.getByTestId('graph-list').getByRole('button', { name: 'view ec2-5m' }).first().click();
    await page.getByTestId('inspector').getByText('Lateness of points').waitFor();
    await page.getByTestId('inspector').getByRole('link', { name: 'Open' }).click();
    await Until(page, () => location.pathname === '/ui/views/ec2-5m');
    await Heading(page, 'Pipelines');
    await page.goto(`${endpoint}/ui/pipelines`);
    await page.getByTestId('pipelines').waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('nothing');
    await page.getByText('No views match').waitFor();
    await page.getByRole('button', { name: 'Clear filter' }).first().click();
    await page.getByTestId('views').waitFor();
  },

  async 'S12 a wide graph has a map of itself, and more than forty nodes are in the list'({ page, endpoint, server }) {
    server.wide = 8;
    await page.goto(`${endpoint}/ui/pipelines`);
    await Until(page, () => document.querySelectorAll('[data-testid=node]').length === 37);
    await page.locator('svg.mini').waitFor();
    await Looks(page, 'pipelines-wide', { sizes: ['A'] });
    server.wide = 12;
    await page.reload();
    await page.getByText('13 more of 53 are in the list only.').waitFor();
    assert.equal(await page.getByTestId('node').count(), 40);
    await page.getByRole('button', { name: 'List', exact: true }).click();
    await page.getByTestId('graph-list').getByText('view-12').first().waitFor();
  },

  async 'a pipeline stops, and starts where it was or from either end of its stream'({ page, endpoint, server }) {
    await page.goto(`${endpoint}/ui/pipelines/ec2`);
    await page.getByRole('heading', { level: 2, name: 'ec2', exact: true }).waitFor();
    await Until(page, () => document.querySelector('[data-id="pipeline:ec2"]') !== null);
    await Looks(page, 'pipeline-graph');
    // The inspector of the node has such buttons too.
    const head = page.locator('main .actions');
    await head.getByRole('button', { name: 'Stop', exact: true }).click();
    await head.getByRole('button', { name: 'Run from' }).waitFor();
    await head.getByRole('button', { name: 'Run from' }).click();
    await page.getByRole('button', { name: 'The newest record (latest)' }).click();
    const dialog = page.getByRole('dialog', { name: 'Run from the newest record' });
    await dialog.getByText(/left out for good/).waitFor();
    await dialog.getByRole('button', { name: 'Run from the newest' }).click();
    await page.getByText('ec2 runs from the newest record.').waitFor();
    await head.getByRole('button', { name: 'Stop', exact: true }).click();
    await head.getByRole('button', { name: 'Start', exact: true }).click();
    await page.getByText('ec2 runs.').waitFor();
    assert.deepEqual(server.views.started, ['stop', 'latest', 'stop', 'positions']);
  },

  async 'a pipeline runs from a time, or from a savepoint that was just kept'({ page, endpoint, server }) {
    server.views.savepoints.push({ name: 'before', created: '0', definition: '{}', differs: true, partitions: [] });
    await page.goto(`${endpoint}/ui/pipelines/ec2`);
    const head = page.locator('main .actions');
    const dialog = page.getByRole('dialog', { name: 'Run from elsewhere' });
    const From = async (words) => {
      await head.getByRole('button', { name: 'Stop', exact: true }).click();
      await head.getByRole('button', { name: 'Run from' }).click();
      await page.getByRole('button', { name: words }).click();
    };
    await From(/A time/);
    assert.match(await dialog.getByLabel('Records appended from (UTC)').inputValue(), /^2026-01-15T15:59:\d\dZ$/);
    await dialog.getByLabel('Records appended from (UTC)').fill('2026-01-15T16:30:00Z');
    await dialog.getByRole('checkbox').check();
    await Looks(page, 'pipeline-run-from-time', { sizes: ['A', 'C'] });
    await dialog.getByRole('button', { name: 'Run', exact: true }).click();
    await dialog.waitFor({ state: 'hidden' });
    await From(/A savepoint/);
    await dialog.getByRole('option', { name: 'before (another definition)' }).waitFor({ state: 'attached' });
    await dialog.getByLabel('Name of a new savepoint').fill('now');
    await dialog.getByRole('button', { name: 'Keep where it is now' }).click();
    await Until(page, () => document.querySelector('dialog[open] select')?.value === 'now');
    await Looks(page, 'pipeline-run-from-savepoint', { sizes: ['A'] });
    await dialog.getByRole('button', { name: 'Run', exact: true }).click();
    await dialog.waitFor({ state: 'hidden' });
    assert.deepEqual(server.views.started, ['stop', '2026-01-15T16:30:00Z replace', 'stop', 'savepoint:now']);
  },

  async 'a pipeline without time left while records wait is the likely bottleneck'({ page, endpoint, server }) {
    server.views.busy = { source: 0.04, decode: 0.71, write: 0.2 };
    await page.goto(`${endpoint}/ui/pipelines`);
    const busy = page.locator('[data-id="pipeline:ec2"]').getByTestId('busy');
    await busy.getByText('likely bottleneck').waitFor();
    assert.equal(await busy.getAttribute('title'), 'reads 4 %, decodes 71 %, writes 20 %, idle 5 %');
    assert.match(await page.locator('[data-id="pipeline:ec2"]').getAttribute('title'), /95 % busy while records wait\. Most of it goes into decoding/);
    await Looks(page, 'pipelines-bottleneck', { sizes: ['A'] });
    server.views.busy = { source: 0.04, decode: 0.2, write: 0.2 };
    server.Advance();
    await busy.getByText('likely bottleneck').waitFor({ state: 'detached' });
  },

  async 'sources and positions show how far each partition is'({ page, endpoint, server }) {
    await page.goto(`${endpoint}/ui/pipelines/ec2/sources`);
    await page.getByTestId('partitions').getByText('shardId-000000000003').waitFor();
    assert.match(await page.getByTestId('partitions').locator('tbody tr').nth(3).innerText(), /idle/);
    await page.getByRole('link', { name: 'ec2-5m' }).waitFor();
    await Looks(page, 'pipeline-sources');
    await Tab(page, 'Positions');
    const rows = page.getByTestId('positions').locator('tbody tr');
    await rows.nth(3).getByText('nothing yet').waitFor();
    assert.match(await rows.nth(2).innerText(), /4.120[^]*6 m 57 s/);
    assert.match(await rows.nth(0).innerText(), /at the tip/);
    await Looks(page, 'pipeline-positions');
    server.views.gap = true;
    await page.getByTestId('gaps').getByText(/shardId-000000000001: up to 1.200 records were trimmed or passed over unread, the newest of them before 2026-01-15 1[45]:/).waitFor();
    await rows.nth(2).getByText('cannot be read').waitFor();
    await Looks(page, 'pipeline-gaps');
    await Tab(page, 'Definition');
    await page.getByTestId('definition').getByText('idle_timeout').waitFor();
    await Looks(page, 'pipeline-definition', { sizes: ['A'] });
  },

  async 'dead letters are grouped by reason, shown as they are, and re-submitted'({ page, endpoint, server }) {
    await page.goto(`${endpoint}/ui/pipelines/ec2/errors`);
    const list = page.getByTestId('dead-letters');
    await list.getByRole('button', { name: /Time is not a timestamp/ }).click();
    await list.getByText('{"Time":"yesterday"').first().waitFor();
    assert.equal(await list.getByRole('region', { name: 'Payload' }).count(), 3);
    await Looks(page, 'pipeline-errors');
    await list.getByRole('button', { name: /older than the magnetic retention/ }).click();
    await list.getByText('<img src=x onerror=alert(1)>').first().waitFor();
    assert.equal(await page.locator('main img').count(), 0);
    await list.locator('li').nth(1).getByRole('button', { name: 'Re-submit', exact: true }).click();
    const dialog = page.getByRole('dialog', { name: 'Re-submit' });
    await dialog.getByText('4 records will be put').waitFor();
    await dialog.getByRole('button', { name: 'Re-submit' }).click();
    await page.getByText('4 records are on the stream again.').waitFor();
    assert.deepEqual(server.views.resubmitted, [{ reason: 'retention', message: 'The time is older than the magnetic retention of the table (1 d)' }]);
    server.views.letters = [];
    await page.keyboard.press('Escape');
    await page.getByText('Every record could be used.').waitFor();
    await Looks(page, 'pipeline-no-errors', { sizes: ['A'] });
  },

  async 'S14 the watermark tab names the partition that holds back'({ page, endpoint, server }) {
    server.views.shards = 'idle-shard';
    await page.goto(`${endpoint}/ui/views/ec2-5m`);
    assert.equal(await page.getByTestId('holds-back').innerText(), 'shard 2 holds the view 6 m 57 s behind the others; its newest record carries event time 16:52:30. 1 idle partition is ignored.');
    const rows = page.getByTestId('watermarks').locator('tbody tr');
    assert.match(await rows.nth(2).innerText(), /16:52:00[^]*holds back/);
    assert.match(await rows.nth(3).innerText(), /\(ignored\)[^]*idle/);
    assert.match(await rows.nth(4).innerText(), /view[^]*16:52:00/);
    // A node with an idle partition never has an empty watermark (S13).
    await page.getByRole('link', { name: 'Open shardId-000000000002' }).waitFor();
    await Until(page, () => window.tidemark.charts().some(({ id }) => id === 'view-lag'));
    await Looks(page, 'view-watermarks');
    server.views.shards = 'even';
    await page.getByText('4 active partitions are close together').waitFor();
  },

  async 'S15 late data of a view that freezes: limits, what if, who'({ page, endpoint, server }) {
    server.views.late = 'freeze';
    await page.goto(`${endpoint}/ui/views/ec2-5m/late`);
    await page.getByTestId('frozen').getByText('87 late points were not taken up').waitFor();
    await page.getByTestId('histogram').getByText('taken up until here: allowed lateness 2 m').waitFor();
    const words = page.getByTestId('what-if');
    assert.match(await words.innerText(), /^With an allowed lateness of 2 m, 98\.\d+ % of all points would have been taken up \(now 98\.\d+ %\)\.$/);
    const slider = page.getByRole('slider', { name: /Allowed lateness/ });
    await slider.focus();
    await page.keyboard.press('End');
    await words.getByText(/allowed lateness of 1 h, 99\.99\d* % .*about 5.568 more windows/).waitFor();
    await page.getByTestId('who-is-late').getByText('shardId-000000000002').waitFor();
    await Looks(page, 'view-late-freeze');
    await page.getByTestId('refused').getByRole('link', { name: /16:05:00/ }).click();
    await Until(page, () => location.pathname === '/ui/views/ec2-5m/windows' && location.search === '?window=1768493100000000000');
  },

  async 'S16 a view that takes up every late point says so'({ page, endpoint }) {
    await page.goto(`${endpoint}/ui/views/ec2-5m/late`);
    await page.getByText('This view takes up every late point, however late').waitFor();
    await page.getByTestId('what-if').getByText('later ones correct it all the same').waitFor();
    assert.equal(await page.getByText('not taken up', { exact: true }).count(), 1, 'the column of who is late');
    await Looks(page, 'view-late');
  },

  async 'S17 windows: those that changed, and the timeline of one'({ page, endpoint, server }) {
    await page.goto(`${endpoint}/ui/views/ec2-5m/windows`);
    const rows = page.getByTestId('windows').locator('tbody tr');
    await rows.nth(5).waitFor();
    assert.match(await rows.nth(0).innerText(), /open/);
    await page.getByRole('checkbox', { name: 'Revised only' }).check();
    await Until(page, () => [...document.querySelectorAll('[data-testid=windows] tbody tr')].every((row) => row.textContent.includes('revised')));
    assert.ok(server.requests.includes('GET /api/v1/views/ec2-5m/windows'));
    await rows.nth(0).getByRole('button').click();
    const history = page.getByTestId('window-history');
    await history.getByRole('listitem').first().waitFor();
    assert.match(page.url(), /revised=1.*window=\d+|window=\d+.*revised=1/);
    await page.getByText(/of 12 series changed after their first publication/).waitFor();
    await Looks(page, 'view-windows');
    await page.reload();
    await history.getByRole('listitem').first().waitFor();
    // One that is not in the list opens apart.
    await page.goto(`${endpoint}/ui/views/ec2-5m/windows?window=${Date.parse('2026-01-15T14:40:00Z')}000000`);
    await history.getByRole('listitem').first().waitFor();
  },

  async 'a view is paused and resumed, and its definition shown'({ page, endpoint, server }) {
    await page.goto(`${endpoint}/ui/views/ec2-5m/definition`);
    await page.getByTestId('definition').getByText('provisional_after').waitFor();
    await Looks(page, 'view-definition', { sizes: ['A'] });
    server.views.definitions = 'missing';
    await page.reload();
    await page.getByText('What runs, as the server reports it.').waitFor();
    await page.getByRole('definition').getByText('avg_{measure}').waitFor();
    await page.getByRole('button', { name: 'Pause', exact: true }).click();
    await page.getByRole('button', { name: 'Resume' }).click();
    await page.getByRole('button', { name: 'Pause', exact: true }).waitFor();
    await page.goto(`${endpoint}/ui/views/${encodeURIComponent('<b>nope')}`);
    await page.getByText('There is no view <b>nope.').waitFor();
  },
};
