// SPDX-License-Identifier: Apache-2.0
// Cases V01 to V10: what a view can be asked, and views written by the editor, on the real server. Those that change what the fixture
// holds come last.
import assert from 'node:assert/strict';
import { kDatabase, kHost, kTable, kView, Ns } from './fixture_ec2.mjs';
import { WaitFor } from './fixture_server.mjs';
import { Heading, Press, TabTo, Until } from './harness.mjs';

const kWatermark = Ns('2026-01-15T16:58:30Z'); // of a view of `late-drop` that waits for 30 s
const Cells = async (row) => (await row.innerText()).split(/\s*[\t\n]\s*/);
const Rows = (page, testid) => page.getByTestId(testid).locator('tbody tr');

/** The editor, once the server has said something of what it shows. */
async function Settled(page) {
  await page.locator('[data-testid=verdict][data-settled=true]').waitFor();
}
const Part = (page, name) => page.getByRole('region', { name, exact: true });
const Fill = (page, part, label, text) => Part(page, part).getByLabel(label, { exact: true }).fill(text);
const Click = (page, part, name) => Part(page, part).getByRole('button', { name, exact: true }).click();

async function Open(page, endpoint, name) {
  await page.goto(`${endpoint}/ui/view-editor?database=${kDatabase}&table=${kTable}`);
  await Heading(page, 'Pipelines');
  await Fill(page, 'What it reads', 'Name', name);
  await Fill(page, 'What it reads', 'Measures', 'cpu_system');
  await Fill(page, 'Late points', 'Out of orderness', '30s');
}

/** What each kind is filled with, its definition, and rows of it. */
const kKinds = [
  {
    kind: 'Tumbling', name: 'by-five', output: 'five_{aggregate}_{measure}',
    text: `[[view]]\nname = "by-five"\ndatabase = "${kDatabase}"\ntable = "${kTable}"\nmeasures = ["cpu_system"]\nwindow = "5m"\naggregates = ["avg", "p95"]\noutput = "five_{aggregate}_{measure}"\nout_of_orderness = "30s"\n`,
    verified: 'yes', windows: '5m', measures: ['five_avg_cpu_system', 'five_p95_cpu_system'],
  },
  {
    kind: 'Hopping', name: 'hops', output: 'hop_{aggregate}_{measure}',
    async Values(page) {
      await Fill(page, 'Windows', 'Length', '10m');
      await Fill(page, 'Windows', 'Slide', '5m');
      await Fill(page, 'Windows', 'Offset', '1m');
      await Part(page, 'Values').getByRole('checkbox', { name: 'twa', exact: true }).check();
      await Fill(page, 'Values', 'Horizon', '2m');
      await Click(page, 'Values', 'End');
    },
    keys: ['slide = "5m"', 'offset = "1m"', 'aggregates = ["avg", "twa"]', 'horizon = "2m"', 'label = "end"'],
    verified: 'yes', windows: '10m every 5m', measures: ['hop_avg_cpu_system', 'hop_twa_cpu_system'],
  },
  {
    kind: 'Session', name: 'visits', output: 'visit_{aggregate}_{measure}',
    async Values(page) {
      await Fill(page, 'Windows', 'Gap', '10s');
      await Fill(page, 'Windows', 'Longest session', '10m');
      await Part(page, 'Values').getByRole('checkbox', { name: 'count', exact: true }).check();
    },
    keys: ['session_gap = "10s"', 'max_session = "10m"'], verified: 'no', windows: 'sessions 10s apart', measures: ['visit_avg_cpu_system', 'visit_count_cpu_system'],
  },
  {
    kind: 'Calendar', name: 'by-day', output: 'day_{aggregate}_{measure}',
    async Values(page) {
      await Part(page, 'Windows').getByLabel('Unit').selectOption('day');
      await Fill(page, 'Windows', 'Time zone', 'Asia/Shanghai');
      await Click(page, 'Series and groups', 'Each group');
      await Fill(page, 'Series and groups', 'Group by', 'region');
    },
    keys: ['calendar = "day"', 'zone = "Asia/Shanghai"', 'group_by = ["region"]'],
    verified: 'yes', windows: 'day in Asia/Shanghai', measures: ['day_avg_cpu_system'],
  },
  {
    kind: 'Levels', name: 'levels', output: 'lv_{aggregate}_{window}_{measure}',
    async Values(page) {
      await Fill(page, 'Windows', 'Lengths', '2m, 10m');
      await Part(page, 'Series and groups').getByRole('button', { name: 'All together' }).click();
      await Click(page, 'Series and groups', 'Condition');
      await Part(page, 'Series and groups').getByLabel('Dimension of condition 1').fill('instance_name');
      await Part(page, 'Series and groups').getByLabel('Kind of condition 1').selectOption('glob');
      await Part(page, 'Series and groups').getByLabel('Values of condition 1').fill('*zeus*');
      await Part(page, 'Series and groups').getByLabel('Key value_min').fill('0.1');
    },
    keys: ['levels = ["2m", "10m"]', 'group_by = []', 'filter = {instance_name = "*zeus*", value_min = 0.1}'],
    verified: 'yes', windows: '2m, 10m', measures: ['lv_avg_10m_cpu_system', 'lv_avg_2m_cpu_system'],
  },
  {
    kind: 'Grid', name: 'grid', output: 'grid_{aggregate}_{measure}',
    async Values(page) {
      await Part(page, 'Windows').getByLabel('Between samples').selectOption('locf');
      await Fill(page, 'Windows', 'Longest gap', '1m');
    },
    keys: ['every = "10s"', 'fill = "locf"', 'max_gap = "1m"'], verified: 'no', windows: 'every 10s, locf', measures: ['grid_locf_cpu_system'],
  },
];

/** The first kind, from the list of views on, by keys alone. */
async function ByKeyboard({ page, endpoint, server, Looks }, one) {
  const Type = async (locator, text) => {
    await TabTo(page, locator);
    await page.keyboard.type(text);
  };
  const Field = (part, label) => Part(page, part).getByLabel(label, { exact: true });
  await page.goto(`${endpoint}/ui/pipelines`);
  await Press(page, page.getByRole('link', { name: 'New view' }));
  await Type(Field('What it reads', 'Name'), one.name);
  await Type(Field('What it reads', 'Measures'), 'cpu_system');
  await Type(Field('Values', 'Percentiles'), 'p95');
  await Type(Field('Values', 'Names of rows'), one.output);
  await Type(Field('Late points', 'Out of orderness'), '30s');
  await Settled(page);
  assert.equal(await page.getByTestId('view-text').inputValue(), one.text);
  await Looks('A L', { name: 'tumbling' });
  await Create(page, server, one, () => Press(page, page.getByRole('button', { name: 'Create the view' })));
}

async function CreateKind({ page, endpoint, server, Looks }, one) {
  await Open(page, endpoint, one.name);
  await Click(page, 'Windows', one.kind);
  await one.Values(page);
  await Fill(page, 'Values', 'Names of rows', one.output);
  await Settled(page);
  const text = await page.getByTestId('view-text').inputValue();
  for (const key of one.keys) assert.ok(text.split('\n').includes(key), `${key} in ${text}`);
  assert.equal(await page.getByTestId('output-names').locator('code').nth(1).innerText(), one.output.replace('{aggregate}', one.kind === 'Grid' ? 'locf' : 'avg').replace('{window}', '2m').replace('{measure}', await page.getByTestId('output-names').locator('code').nth(0).innerText()));
  await Looks(one.kind === 'Hopping' ? 'A L D, C L' : 'A L', { name: one.kind.toLowerCase() });
  await Create(page, server, one, () => page.getByRole('button', { name: 'Create the view' }).click());
}

async function Create(page, server, one, Do) {
  await page.getByTestId('verdict').getByText(`Makes the view ${one.name}`).waitFor();
  await Do();
  await Until(page, (path) => location.pathname === path, `/ui/views/${one.name}`);
  await WaitFor(`${one.name} to have published`, async () => {
    const view = await server.Get(`/views/${one.name}`);
    return view.watermark === kWatermark && view.dirty === '0' && view.windows_published !== '0';
  });
  const view = await server.Get(`/views/${one.name}`);
  assert.equal(view.windows, one.windows);
  const measures = await server.Rows(`SELECT DISTINCT measure_name FROM view_rows('${one.name}') ORDER BY 1`);
  assert.deepEqual(measures.map(([name]) => name), one.measures);
  if (one.verified !== 'yes') return;
  const verified = await server.Get(`/views/${one.name}/verify`);
  assert.deepEqual([verified.differences, verified.windows > 0], [0, true], JSON.stringify(verified));
}

export const cases = [
  {
    id: 'V01', title: 'what waiting longer would cover, measured', fixture: 'late-drop',
    async Run({ page, endpoint, server, Looks }) {
      await page.goto(`${endpoint}/ui/views/${kView}/late`);
      await page.getByRole('button', { name: 'Show what waiting longer would cover' }).click();
      await Rows(page, 'advice').nth(2).waitFor();
      const told = await server.Get(`/views/${kView}/advice`);
      assert.ok(Number(told.out_of_order) >= 92, JSON.stringify(told));
      const covered = (share) => (share >= 1 ? 'all' : `${Math.floor(share * 1e6) / 1e4} %`);
      const words = await page.getByTestId('covered').innerText();
      assert.ok(words.includes(`Waiting 30 s covers ${covered(told.covered)}, with the allowed lateness of 2 m ${covered(told.covered_with_lateness)}.`), words);
      assert.deepEqual((await Rows(page, 'advice').allInnerTexts()).map((text) => text.split(/\s*[\t\n]\s*/)[0]), ['99 %', '99.9 %', '99.99 %']);
      await page.getByTestId('advice').scrollIntoViewIfNeeded();
      await Looks('A L, C L');
    },
  },
  {
    id: 'V02', title: 'rows against raw points: all as they are, and those that are frozen', fixture: 'late-drop',
    async Run({ page, endpoint, Looks }) {
      await page.goto(`${endpoint}/ui/views/${kView}/verify`);
      await page.getByRole('button', { name: 'Verify', exact: true }).click();
      const said = page.getByTestId('verified');
      await said.getByText(/rows compared with [\d\s]+ raw points: every row is what the raw points give\./).waitFor();
      await page.getByText(/2 frozen/).waitFor();
      await Looks('A L');
      await page.getByLabel('From').fill('2026-01-15T16:30:00Z');
      await page.getByLabel('To').fill('2026-01-15T16:35:00Z');
      await page.keyboard.press('Enter');
      await said.getByText(/^5 rows compared with \d+ raw points: every row/).waitFor();
      await page.getByLabel('From').fill('yesterday');
      await page.keyboard.press('Enter');
      await page.getByRole('alert').getByText(/yesterday/).waitFor();
    },
    expected: [/status of 400/],
  },
  {
    id: 'V06', title: 'other settings, played over the records that are kept', fixture: 'late-drop', expected: [/status of 400/],
    async Run({ page, endpoint, Looks }) {
      await page.goto(`${endpoint}/ui/views/${kView}/late`);
      const card = page.getByRole('region', { name: 'Simulate', exact: true });
      const settings = card.getByLabel('Settings, one a line');
      await settings.fill('late = "recompute"\nwindow');
      await card.getByText('Line 2 is not KEY = VALUE.').waitFor();
      assert.equal(await card.getByRole('button', { name: 'Simulate' }).isDisabled(), true);
      await settings.fill('late = "recompute"');
      await card.getByRole('button', { name: 'Simulate' }).click();
      await card.getByText(/^2 rows would differ, of /).waitFor();
      assert.deepEqual(await Cells(Rows(page, 'simulation').nth(3)), ['not taken up', '87', '0']);
      await card.scrollIntoViewIfNeeded();
      await Looks('A L');
      await settings.fill('source = other');
      await card.getByRole('button', { name: 'Simulate' }).click();
      await card.getByText('key "source" cannot be simulated').waitFor();
    },
  },
  {
    id: 'V10', title: 'late points that a window refused: from the sum to the points', fixture: 'late-drop',
    async Run({ page, endpoint, Looks }) {
      await page.goto(`${endpoint}/ui/views/${kView}/late`);
      await Rows(page, 'refused').nth(1).waitFor();
      assert.deepEqual((await Rows(page, 'refused').allInnerTexts()).map((text) => text.split(/\s*[\t\n]\s*/).slice(0, 3)), [['2026-01-15 16:45:00', 'avg_cpu_system', '47'], ['2026-01-15 16:40:00', 'avg_cpu_system', '40']]);
      await Rows(page, 'refused').first().getByRole('link').click();
      await Until(page, (search) => location.pathname.endsWith('/windows') && location.search === search, `?window=${Ns('2026-01-15T16:45:00Z')}`);
      const history = page.getByTestId('window-history');
      await history.getByText(/47/).first().waitFor();
      await history.scrollIntoViewIfNeeded();
      await Looks('A L');
      // One that was revised names its points, and each has a story.
      await page.goto(`${endpoint}/ui/views/${kView}/windows?revised=1&window=${Ns('2026-01-15T16:57:00Z')}`);
      await history.getByRole('listitem').nth(1).waitFor();
      await history.getByRole('link', { name: /explain|late point|16:57/i }).first().click();
      await Until(page, () => location.pathname === '/ui/explain');
      await page.getByTestId('versions').getByText('current').waitFor();
      await page.getByTestId('explained-windows').getByText(/revision 2, late/).first().waitFor();
    },
  },
  {
    id: 'V04', title: 'a late point from the card of what it changed', fixture: 'demo-60',
    async Run({ page, endpoint, Looks }) {
      await page.goto(`${endpoint}/ui/dash/ec2?from=now-1h&var-instance=${kHost}`);
      await Until(page, () => window.tidemark?.charts().find(({ id }) => id === 'cpu')?.revised.length === 6);
      await page.locator('[data-chart="cpu"]').focus();
      const [{ time }] = await page.evaluate(() => window.tidemark.charts().find(({ id }) => id === 'cpu').series);
      await page.keyboard.press('Home');
      for (let i = 0; i < time.indexOf(Ns('2026-01-15T16:24:00Z')); i += 1) await page.keyboard.press('ArrowRight');
      await page.getByTestId('point-card').getByText('revised ×3').waitFor();
      await page.keyboard.press('Enter');
      await page.getByRole('link', { name: 'Explain a late point' }).click();
      await Until(page, () => location.pathname === '/ui/explain');
      assert.equal(new URL(page.url()).searchParams.get('dim.instance_name'), kHost);
      await Rows(page, 'versions').first().getByText('current').waitFor();
      const record = Rows(page, 'versions').first().getByRole('link', { name: /^\d+…?\d*$/ }).first();
      assert.match(await record.getAttribute('href'), /streams\/ec2-metrics\/records\?pos=at_sequence&seq=\d+&shard=shardId-\d+$/);
      const windows = page.getByTestId('explained-windows');
      await windows.getByText(/revision [234], late/).waitFor();
      await Looks('A L, C L', { words: [[/\d{4}…\d{4}/, '4967…0000'], [/shardId-\d+/, 'shardId-000000000000']] });
      await windows.getByRole('link', { name: /16:24:00/ }).first().click();
      await Until(page, () => location.pathname === '/ui/views/ec2-5m/windows');
    },
  },
  {
    id: 'V05', title: 'a point that is not there: what is near it, what is unknown', fixture: 'demo-60', expected: [/status of 404/],
    async Run({ page, endpoint, Looks }) {
      const dimensions = new URLSearchParams({ 'dim.instance_name': kHost });
      const Ask = (measure, time) => page.goto(`${endpoint}/ui/explain?database=${kDatabase}&table=${kTable}&measure=${measure}&time_ns=${time}&${dimensions}`);
      await Ask('cpu_system', `${Date.parse('2026-01-15T16:30:00Z')}000001`);
      await page.getByText('There is no such point.').waitFor();
      await page.getByRole('link', { name: '2026-01-15 16:30:00.000000000 UTC' }).click();
      await page.getByTestId('versions').getByText('current').waitFor();
      await Ask('nothing', '1');
      await page.getByRole('alert').getByText(/nothing/).first().waitFor();
      await page.goto(`${endpoint}/ui/explain`);
      await page.getByText('tidemark explain point DATABASE.TABLE MEASURE TIME DIM=VALUE').waitFor();
      await Looks('A L');
    },
  },
  {
    id: 'V08', title: 'a wrong definition: the server’s words at its field, and at its line', fixture: 'late-drop', expected: [/status of 40\d/],
    async Run({ page, endpoint, Looks }) {
      await page.goto(`${endpoint}/ui/pipelines`);
      await page.getByTestId('views').waitFor();
      await page.keyboard.press('Control+k');
      await page.keyboard.type('New view');
      await page.getByRole('option', { name: /New view/ }).first().waitFor();
      await page.keyboard.press('Enter');
      const windows = Part(page, 'Windows');
      const text = page.getByTestId('view-text');
      // What nobody has come to yet is not shown as wrong, until it is asked for.
      await page.getByTestId('verdict').getByText('[[view]] needs the key "name"').waitFor();
      assert.equal(await page.locator('main .form').getByRole('alert').count(), 0);
      await page.getByRole('button', { name: 'Create the view' }).click();
      await Part(page, 'What it reads').getByRole('alert').getByText('needs the key "name"').waitFor();
      await Until(page, () => document.activeElement?.dataset.key === 'name');
      await page.keyboard.type('wrong one');
      await Part(page, 'What it reads').getByRole('alert').getByText('"wrong one" is not a name').waitFor();
      await Fill(page, 'What it reads', 'Name', 'wrong');
      await Fill(page, 'Windows', 'Length', 'soon');
      await windows.getByRole('alert').getByText('key "window" must be a duration such as "5m" or "250ms"').waitFor();
      assert.equal(await windows.getByLabel('Length').getAttribute('aria-invalid'), 'true');
      await Looks('A L D, C L');
      // Names that another view makes.
      await Fill(page, 'Windows', 'Length', '5m');
      await Part(page, 'Values').getByRole('alert').getByText(/names of output "avg_\{measure\}" are reserved in "InterpolatedBlogDB"\."EC2MetricTable" by view ec2-5m/).waitFor();
      // By the text: the form follows, and the line of the mistake is selected.
      await text.fill((await text.inputValue()).replace('window = "5m"', 'levels = ["1m", "90s"]\noutput = "x_{window}_{aggregate}_{measure}"\nlabell = "end"'));
      await page.getByTestId('verdict').getByText('unknown key "labell" in [[view]]: did you mean "label"?').waitFor();
      await page.getByTestId('verdict').getByRole('button', { name: 'line 7' }).click();
      assert.equal(await text.evaluate((e) => e.value.slice(e.selectionStart, e.selectionEnd)), 'labell = "end"');
      await page.keyboard.press('Delete');
      await windows.getByRole('alert').getByText('levels: 1m30s is not a multiple of 1m').waitFor();
      assert.equal(await windows.getByRole('button', { name: 'Levels' }).getAttribute('aria-pressed'), 'true');
      await Fill(page, 'Windows', 'Lengths', '1m, 1h');
      await page.getByTestId('verdict').getByText('Makes the view wrong').waitFor();
      assert.match(await text.inputValue(), /^levels = \["1m", "1h"\]$/m);
      await text.fill('[[view]]\nname = "a"\n[[view]]\nname = "b"\n');
      await page.getByTestId('verdict').getByText('The editor is for one [[view]] alone').waitFor();
      await text.fill('[[view]]\nname = ');
      await page.getByTestId('verdict').getByRole('button', { name: /line \d/ }).waitFor();
    },
  },
  {
    id: 'V07', title: 'a view of each kind of windows, by the editor', fixture: 'late-drop',
    async Run(tools) {
      const [first, ...others] = kKinds;
      await ByKeyboard(tools, first);
      for (const one of others) await CreateKind(tools, one);
    },
  },
  {
    id: 'V09', title: 'another definition, built beside the one that is seen, and what it changed', fixture: 'late-drop',
    async Run({ page, endpoint, server, Looks }) {
      await page.goto(`${endpoint}/ui/views/${kView}/definition`);
      await page.getByRole('link', { name: 'Edit', exact: true }).click();
      const verdict = page.getByTestId('verdict');
      await verdict.getByText('ec2-5m is like this already').waitFor();
      assert.equal(await page.getByRole('button', { name: 'Apply', exact: true }).isDisabled(), true);
      assert.equal(await Part(page, 'What it reads').getByLabel('Name').isDisabled(), true);
      const values = Part(page, 'Values');
      await values.getByRole('checkbox', { name: 'avg', exact: true }).uncheck();
      await values.getByRole('checkbox', { name: 'max', exact: true }).check();
      // The advice is beside what it is about.
      await page.getByRole('button', { name: 'Show what waiting longer would cover' }).click();
      await page.getByRole('button', { name: /as allowed_lateness, for 99\.99 %$/ }).click();
      assert.notEqual(await Part(page, 'Late points').getByLabel('Allowed lateness').inputValue(), '2m');
      await Fill(page, 'Late points', 'Allowed lateness', '2m');
      await verdict.getByText('ec2-5m: builds generation 2 beside generation 1').waitFor();
      await Looks('A L');
      await page.getByRole('button', { name: 'Build the next generation' }).click();
      await Until(page, () => location.pathname === '/ui/views/ec2-5m/definition');
      await page.getByTestId('last-switch').getByText(/^\d+ rows changed, 0 came, 0 went, 0 stayed as they were\.$/).waitFor();
      const { last } = await server.Get(`/views/${kView}/generations`);
      assert.equal(await page.getByTestId('last-switch').locator('b').innerText(), last.changed);
      assert.equal(last.changed, String((await server.Rows(`SELECT count(*) FROM view_rows('${kView}')`))[0][0]));
      await page.getByTestId('definition').getByText('aggregates', { exact: true }).waitFor();
      assert.match(await page.getByTestId('definition').innerText(), /aggregates = \["max"\]/);
    },
  },
];
