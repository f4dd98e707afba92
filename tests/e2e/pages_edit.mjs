// SPDX-License-Identifier: Apache-2.0
// Edit mode of dashboards: from a chart to a published dashboard by mouse and by keyboard, the grid, undo, draft against published,
// conflict (S40, S42, 16.4 case 1).
import assert from 'node:assert/strict';
import { Looks, Until } from './harness.mjs';
import { Field, kStep5, Lines, Sql, Type, WellBox } from './pages_wells.mjs';

const kOptions = {};
const Query = (measure) => ({
  name: '', sql: `SELECT BIN(time, 1m) AS time, AVG(measure_value::double) AS "${measure}"\nFROM "InterpolatedBlogDB"."EC2MetricTable"\nWHERE $__timeFilter\n  AND measure_name = '${measure}'\nGROUP BY BIN(time, 1m)\nORDER BY time`,
  database: 'InterpolatedBlogDB', table: 'EC2MetricTable', measure, wells: {
    database: 'InterpolatedBlogDB', table: 'EC2MetricTable', x: { column: 'time', granularity: '1m' }, values: [{ column: 'measure_value::double', measure, aggregate: 'avg', axis: 'left', format: 'auto' }],
    color: null, multiples: null, filters: [], sort: { by: 'x', direction: 'ascending' }, limit: 25, missing: 'gap', missing_in: 'display',
  }, style: 'line', axis: 'left', revisions: null,
});
const Panel = (id, title, grid, measure = 'cpu_system') => ({ id, title, visual: 'line', grid, queries: [Query(measure)], options: kOptions });
const kFile = {
  schema: 1, title: 'Hosts', description: 'CPU of hosts', tags: ['cpu'], range: { from: 'now-1h', to: 'now' }, refresh: 'live', revisions: 'mark', variables: [],
  panels: [
    Panel('p1', 'System', { x: 0, y: 0, w: 6, h: 6 }), Panel('p2', 'Idle', { x: 6, y: 0, w: 6, h: 6 }, 'cpu_idle'),
    { id: 'p3', title: 'Notes', visual: 'text', grid: { x: 0, y: 6, w: 12, h: 3 }, queries: [], options: { text: '## Hosts\n\nAll of them.' } },
  ],
};

const Stored = (server) => server.dash.dashboards.get('hosts');
const Grid = (server) => Stored(server).draft?.panels.map((p) => [p.id, ...Object.values(p.grid)]);
const Saved = (page) => Until(page, () => document.querySelector('[data-testid="saving"]')?.textContent === 'all changes saved');
const State = (page) => page.getByTestId('draft-state').innerText();
const Tile = (page, id) => page.locator(`[data-panel="${id}"]`);
const Drawn = (page, n) => Until(page, (wanted) => window.tidemark.charts().filter((c) => c.series.length > 0).length === wanted, n);

async function Open(page, endpoint, server) {
  server.dash.Seed('hosts', structuredClone(kFile), { versions: 3, now_ms: server.now_ms });
  await page.goto(`${endpoint}/ui/dash/hosts/edit`);
  await Drawn(page, 2);
}

export const tests = {
  async 'S40 a chart becomes a panel, is published and shared, by mouse'({ page, endpoint, server }) {
    await page.goto(`${endpoint}/ui/db/InterpolatedBlogDB/EC2MetricTable`);
    await page.getByRole('link', { name: 'Visualise' }).click();
    await Field(page, 'time').dragTo(WellBox(page, 'X axis'));
    await page.getByRole('button', { name: 'X axis: time · Auto' }).click();
    await page.getByLabel('Granularity').selectOption({ label: 'Minute' });
    await page.keyboard.press('Escape');
    await Field(page, 'measure_value::double').dragTo(WellBox(page, 'Value'));
    await Field(page, 'measure_name').dragTo(WellBox(page, 'Color'));
    await Field(page, 'measure_name').dragTo(WellBox(page, 'Filters'));
    const menu = page.getByRole('dialog', { name: /^Filters: measure_name/ });
    await menu.getByRole('checkbox', { name: 'avg_cpu_system', exact: true }).check();
    await menu.getByRole('checkbox', { name: 'cpu_system', exact: true }).check();
    await menu.getByRole('button', { name: 'Apply' }).click();
    await Drawn(page, 1);
    // The average of all hosts is marked where late data changed the average of any.
    await Until(page, () => window.tidemark.charts()[0].revised.length > 0);
    assert.ok((await page.evaluate(() => window.tidemark.charts()[0].revised)).every((r) => r.series === 'avg_cpu_system' && r.revisions >= 1));
    await page.getByRole('button', { name: 'Add to dashboard' }).click();
    const dialog = page.getByRole('dialog', { name: 'Add to a dashboard' });
    await dialog.getByLabel('Name of the new dashboard').fill('My <hosts>');
    await Looks(page, 'add-to-dashboard', { sizes: ['A'] });
    await dialog.getByRole('button', { name: 'Save' }).click();
    await page.getByTestId('edit-grid').waitFor();
    await Drawn(page, 1);
    const [stored] = server.dash.dashboards.values();
    assert.equal(stored.draft.panels[0].queries[0].sql, kStep5);
    assert.equal(stored.draft.panels[0].title, 'avg_cpu_system, cpu_system');
    assert.match(await State(page), /never published/);
    await page.getByRole('button', { name: 'Publish', exact: true }).click();
    await page.getByRole('dialog', { name: 'Publish' }).getByLabel('Message (optional)').fill('first');
    await page.getByRole('button', { name: 'Publish version 1' }).click();
    await page.getByText('Published version 1 of My <hosts>').waitFor();
    assert.deepEqual([stored.versions.length, stored.draft, stored.versions[0].message], [1, null, 'first']);
  },

  async 'a filter of the dashboard holds for every panel of the table, until it is one panel\u2019s again'({ page, endpoint, server }) {
    await Open(page, endpoint, server);
    await page.goto(`${endpoint}/ui/dash/hosts/edit/p1`);
    await Type(page, 'Filters', 'region');
    const menu = page.getByRole('dialog', { name: /^Filters: region/ });
    await menu.getByRole('checkbox', { name: 'us-east-2', exact: true }).check();
    await menu.getByRole('button', { name: 'Dashboard' }).click();
    await Looks(page, 'S40-filter-scope', { sizes: ['A'] });
    await menu.getByRole('button', { name: 'Apply' }).click();
    await page.getByRole('button', { name: 'Filters: region is us-east-2 · dashboard' }).waitFor();
    await Saved(page);
    const Filtered = () => Stored(server).draft.panels.map(({ queries }) => queries.map(({ sql }) => sql.includes(`"region" IN ('us-east-2')`)));
    assert.deepEqual(Filtered(), [[true], [true], []]);
    // One step back is one for all of them.
    await page.getByRole('button', { name: 'Undo' }).click();
    await Saved(page);
    assert.deepEqual(Filtered(), [[false], [false], []]);
    await page.getByRole('button', { name: 'Redo' }).click();
    await page.goto(`${endpoint}/ui/dash/hosts/edit/p2`);
    await page.getByRole('button', { name: 'Filters: region is us-east-2 · dashboard' }).click();
    await page.getByRole('dialog', { name: /^Filters: region/ }).getByRole('button', { name: 'This panel' }).click();
    await page.getByRole('dialog', { name: /^Filters: region/ }).getByRole('button', { name: 'Apply' }).click();
    await Saved(page);
    assert.deepEqual(Filtered(), [[false], [true], []]);
  },

  async 'S40 a chart becomes a panel, is published, by keyboard only (16.4 case 1)'({ page, endpoint, server }) {
    await page.goto(`${endpoint}/ui/`);
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
    await page.keyboard.press('Control+k');
    await page.keyboard.type('EC2MetricTable');
    await page.getByRole('option', { name: /EC2MetricTable/ }).first().waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('link', { name: 'Visualise' }).focus();
    await page.keyboard.press('Enter');
    await Field(page, 'time').waitFor();
    await Type(page, 'X axis', 'time');
    await Type(page, 'Value', 'measure_value::double');
    await Type(page, 'Color', 'measure_name');
    await Type(page, 'Filters', 'measure_name');
    await Until(page, () => document.activeElement?.getAttribute('aria-label') === 'Find a value of measure_name');
    for (const name of ['avg_cpu_system', 'cpu_system', '']) {
      await page.keyboard.type(name);
      await page.keyboard.press('Enter');
    }
    await Drawn(page, 1);
    await page.getByRole('button', { name: 'Add to dashboard' }).focus();
    await page.keyboard.press('Enter');
    await page.getByLabel('Name of the new dashboard').focus();
    await page.keyboard.type('By keys');
    await page.keyboard.press('Enter');
    await page.getByTestId('edit-grid').waitFor();
    await Drawn(page, 1);
    // The panel is narrower by keys: m, Shift and arrows, Enter.
    const [stored] = server.dash.dashboards.values();
    await Tile(page, 'p1').focus();
    await page.keyboard.press('m');
    for (let i = 0; i < 3; i += 1) await page.keyboard.press('Shift+ArrowLeft');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Enter');
    await Until(page, () => document.querySelector('[data-testid="saving"]').textContent === 'all changes saved' && !document.querySelector('[role=toolbar] button:nth-of-type(1)').disabled);
    await Saved(page);
    assert.deepEqual(stored.draft.panels[0].grid, { x: 1, y: 0, w: 9, h: 8 });
    await page.getByRole('button', { name: 'Publish', exact: true }).focus();
    await page.keyboard.press('Enter');
    await page.getByLabel('Message (optional)').focus();
    await page.keyboard.type('keys');
    await page.keyboard.press('Enter');
    await page.getByText('Published version 1 of By keys').waitFor();
    assert.equal(stored.versions[0].message, 'keys');
  },

  async 'the grid: drag, resize, keys, duplicate, delete, undo and redo'({ page, endpoint, server }) {
    await Open(page, endpoint, server);
    assert.match(await State(page), /Same as version 3/);
    await Looks(page, 'dash-edit', { sizes: ['A', 'B', 'C'] });
    // Drag by the head: the left one down below the right one's place.
    const head = await Tile(page, 'p2').locator('.tile-head h3').boundingBox();
    await page.mouse.move(head.x + 20, head.y + 10);
    await page.mouse.down();
    await page.mouse.move(head.x + 20, head.y + 200, { steps: 8 });
    await page.mouse.move(head.x + 20, head.y + 450, { steps: 8 });
    await page.mouse.up();
    await Until(page, () => /1 panel moved|2 panels moved/.test(document.querySelector('[data-testid="draft-state"]').innerText));
    await Saved(page);
    const dropped = Object.fromEntries(Grid(server).map(([id, ...g]) => [id, g]));
    assert.equal(dropped.p2[0], 6);
    assert.ok(dropped.p2[1] >= 6, JSON.stringify(dropped));
    await page.keyboard.press('Control+z');
    await Until(page, () => /Same as version 3/.test(document.querySelector('[data-testid="draft-state"]').innerText));
    await page.keyboard.press('Control+Shift+z');
    await Saved(page);
    assert.deepEqual(Object.fromEntries(Grid(server).map(([id, ...g]) => [id, g])), dropped);
    await page.keyboard.press('Control+z');
    await Saved(page);
    // Keys, and Escape leaves it where it was.
    await Tile(page, 'p3').focus();
    await page.keyboard.press('m');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Shift+ArrowDown');
    await page.keyboard.press('Escape');
    assert.match(await State(page), /Same as version 3/);
    await page.keyboard.press('m');
    await page.keyboard.press('ArrowDown');
    await page.getByText('column 1, row 8, 12 wide, 3 high').waitFor({ state: 'attached' });
    await page.keyboard.press('Shift+ArrowDown');
    await page.keyboard.press('Enter');
    await Until(page, () => /1 panel moved/.test(document.querySelector('[data-testid="draft-state"]').innerText));
    await Saved(page);
    assert.deepEqual(Grid(server).find(([id]) => id === 'p3'), ['p3', 0, 7, 12, 4]);
    await Tile(page, 'p1').getByRole('button', { name: 'Menu of System' }).click();
    await page.getByRole('button', { name: 'Duplicate' }).click();
    await Drawn(page, 3);
    await Tile(page, 'p2').focus();
    await page.keyboard.press('Delete');
    await Drawn(page, 2);
    await Saved(page);
    assert.deepEqual(Stored(server).draft.panels.map((p) => p.title), ['System', 'Notes', 'System (copy)']);
    await page.getByRole('button', { name: 'Undo' }).first().click();
    await Drawn(page, 3);
    await Saved(page);
    assert.equal(Stored(server).versions.length, 3);
  },

  async 'S40 a panel is edited through its wells, and the draft against what viewers see is said'({ page, endpoint, server }) {
    await Open(page, endpoint, server);
    await Tile(page, 'p1').focus();
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Value: cpu_system · Average', exact: true }).waitFor();
    await Until(page, () => window.tidemark.charts().some((c) => c.id === 'p1' && c.series.length === 1));
    await Looks(page, 'S40-panel-editor', { sizes: ['A', 'B', 'C'] });
    await Type(page, 'Color', 'region');
    await Until(page, () => window.tidemark.charts().some((c) => c.id === 'p1' && c.series.length === 4));
    assert.match(await Sql(page), /GROUP BY BIN\(time, 1m\), "region"/);
    await page.getByRole('button', { name: 'Save', exact: true }).waitFor();
    await Saved(page);
    assert.equal(Stored(server).draft.panels[0].queries[0].wells.color.column, 'region');
    assert.match(await State(page), /Draft: 1 panel changed · viewers see version 3/);
    await page.getByText('Panel: title, format, thresholds').click();
    await page.getByRole('region', { name: 'Wells' }).getByLabel('Title', { exact: true }).fill('System by region');
    await page.getByLabel('Unit').fill('%');
    await page.getByRole('link', { name: '‹ All panels' }).click();
    await Tile(page, 'p1').getByText('System by region').waitFor();
    await Saved(page);
    // Typing in a field is one step of undo.
    await page.getByRole('button', { name: 'Undo', exact: true }).click();
    await page.getByRole('button', { name: 'Undo', exact: true }).click();
    await Tile(page, 'p1').getByText('System', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Revert' }).click();
    await page.getByRole('dialog', { name: 'Revert to version 3' }).getByRole('button', { name: 'Revert' }).click();
    await Until(page, () => /Same as version 3/.test(document.querySelector('[data-testid="draft-state"]').innerText));
    assert.equal(Stored(server).draft, null);
  },

  async 'S42 what somebody else saved meanwhile is a conflict with both sides and a diff'({ page, endpoint, server }) {
    await Open(page, endpoint, server);
    const stored = Stored(server);
    const theirs = { ...structuredClone(kFile), title: 'Hosts of theirs' };
    stored.draft = theirs;
    stored.etag = '"99"';
    await page.getByRole('button', { name: 'Settings' }).click();
    const settings = page.getByRole('dialog', { name: 'Settings of the dashboard' });
    await settings.getByLabel('Title').fill('Hosts of mine');
    await settings.getByRole('button', { name: 'Apply' }).click();
    const dialog = page.getByRole('dialog', { name: /was changed$/ });
    await dialog.waitFor();
    assert.equal(stored.draft.title, 'Hosts of theirs');
    assert.match(await dialog.getByTestId('diff').innerText(), /removed:\s*−\s*"title": "Hosts of theirs"[^]*added:\s*\+\s*"title": "Hosts of mine"/);
    await Looks(page, 'S42-conflict', { sizes: ['A', 'C'] });
    await dialog.getByRole('button', { name: 'Both sides' }).click();
    await dialog.getByText('"title": "Hosts of theirs"').waitFor();
    await dialog.getByRole('button', { name: 'Go on editing' }).click();
    await page.getByText('nothing is saved before you choose').waitFor();
    await page.getByRole('button', { name: 'Compare' }).click();
    await dialog.getByRole('button', { name: 'Take the stored one' }).click();
    await page.getByRole('link', { name: 'Hosts of theirs' }).waitFor();
    // Mine comes back by undo, and is saved over it now.
    await page.getByRole('button', { name: 'Undo', exact: true }).click();
    await Saved(page);
    assert.equal(stored.draft.title, 'Hosts of mine');
    stored.draft = theirs;
    stored.etag = '"199"';
    await page.getByRole('button', { name: 'Redo', exact: true }).click();
    await dialog.waitFor();
    await dialog.getByRole('button', { name: 'Overwrite with mine' }).click();
    await Saved(page);
  },

  async 'versions are compared and restored, variables and settings are one step each'({ page, endpoint, server }) {
    await Open(page, endpoint, server);
    await page.getByRole('button', { name: 'Variables' }).click();
    const dialog = page.getByRole('dialog', { name: 'Variables' });
    await dialog.getByRole('button', { name: 'Add a variable' }).click();
    await dialog.getByLabel('Name', { exact: true }).fill('9x');
    await dialog.getByText('variables[0].name must be a name of letters').waitFor();
    assert.equal(await dialog.getByRole('button', { name: 'Apply' }).isDisabled(), true);
    await dialog.getByLabel('Name', { exact: true }).fill('region');
    await dialog.getByLabel('Values', { exact: true }).fill('us-east-2\neu-west-1');
    await Looks(page, 'variables', { sizes: ['A', 'C'] });
    await dialog.getByRole('button', { name: 'Apply' }).click();
    await Saved(page);
    assert.deepEqual(Stored(server).draft.variables[0].options, ['us-east-2', 'eu-west-1']);
    await page.getByRole('button', { name: 'Versions' }).click();
    const versions = page.getByRole('dialog', { name: 'Versions' });
    await versions.getByText('From version 3 to the draft: variables changed.').waitFor();
    assert.match(await versions.getByTestId('diff').innerText(), /added:\s*\+\s*"name": "region"|added:\s*\+\s*"variables": \[/);
    await Looks(page, 'versions', { sizes: ['A', 'C'] });
    await versions.getByRole('button', { name: /^Version 1/ }).click();
    await versions.getByRole('button', { name: 'Restore version 1 as draft' }).click();
    await Until(page, () => /Same as version 3/.test(document.querySelector('[data-testid="draft-state"]').innerText));
    assert.deepEqual(Stored(server).draft.variables, []);
  },

  async 'a dashboard that this version cannot read is not touched'({ page, endpoint, server }) {
    server.dash.Seed('hosts', { ...structuredClone(kFile), schema: 2 }, { now_ms: server.now_ms });
    await page.goto(`${endpoint}/ui/dash/hosts/edit`);
    await page.getByText('schema must be 1').waitFor();
    assert.equal(server.requests.some((r) => r.startsWith('PUT')), false);
  },
};
