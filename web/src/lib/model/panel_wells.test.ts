// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NewDashboard, Parse, ToJson } from './dashboard_file.ts';
import { EmptyPanel, NewState, PanelOf, StateOf, TitleOf, type WellsState } from './panel_wells.ts';
import { kEc2, kForms, kStep5, Value } from './well_forms.ts';
import { ReadSpec } from './well_read.ts';
import { EmptySpec } from './well_spec.ts';

const State = (change: Partial<WellsState> = {}): WellsState => ({ ...NewState('InterpolatedBlogDB', 'EC2MetricTable'), spec: kStep5, ...change });

test('wells go into a dashboard file and come out again', () => {
  for (const spec of Object.values(kForms)) {
    const file = { ...NewDashboard('d'), panels: [PanelOf(State({ spec }), kEc2, EmptyPanel(NewDashboard('d'), 't'))] };
    const parsed = Parse(JSON.parse(JSON.stringify(ToJson(file))));
    assert.ok(parsed.ok);
    assert.deepEqual(StateOf(parsed.file.panels[0]!), State({ spec }));
  }
});

test('step 5 as a panel asks for the history of the average that it draws', () => {
  const panel = PanelOf(State(), kEc2, EmptyPanel(NewDashboard('d')));
  assert.equal(panel.visual, 'line');
  const query = panel.queries[0]!;
  assert.deepEqual([query.measure, query.revisions, query.table], ['avg_cpu_system', { dimensions: {} }, 'EC2MetricTable']);
  assert.equal(TitleOf(State()), 'avg_cpu_system, cpu_system');
  assert.equal(TitleOf(State({ spec: { ...kStep5, filters: [], values: [Value('avg')], color: { column: 'region', other: 'left_out' } } })), 'cpu_system by region');
});

test('what was converted stays SQL, and says so in the file', () => {
  const panel = PanelOf(State({ own_sql: 'SELECT 1', visual: 'table' }), kEc2, EmptyPanel(NewDashboard('d')));
  assert.deepEqual([panel.queries[0]?.wells, panel.queries[0]?.sql, panel.visual], [null, 'SELECT 1', 'table']);
  assert.deepEqual([StateOf(panel).own_sql, StateOf(panel).visual], ['SELECT 1', 'table']);
});

test('a file by hand: what does not fit is the default, what is no wells is none', () => {
  assert.equal(ReadSpec({ table: 1 }), null);
  assert.equal(ReadSpec(null), null);
  assert.deepEqual(ReadSpec({ database: 'd', table: 't', x: { column: 'time', granularity: '7m' }, values: [{ column: 'v', aggregate: 'evil' }, 5], limit: -1, filters: [{ column: 'a', op: 'one_of', values: ['x', 1] }] }), {
    ...EmptySpec('d', 't'), x: { column: 'time', granularity: 'auto' }, values: [{ column: 'v', measure: null, aggregate: 'avg', axis: 'left', format: 'auto' }],
    filters: [{ column: 'a', op: 'one_of', values: ['x'] }],
  });
});
