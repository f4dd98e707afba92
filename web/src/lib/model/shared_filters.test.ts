// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NewDashboard, NewQuery, Parse, ToJson, type DashboardFile } from './dashboard_file.ts';
import { EmptyPanel, NewState, PanelOf } from './panel_wells.ts';
import { SharedFilters, ShareFilters, WithShared } from './shared_filters.ts';
import { kEc2, Value } from './well_forms.ts';
import { EmptySpec, type FilterWell, type WellSpec } from './well_spec.ts';

const kRegion: FilterWell = { column: 'region', op: 'is', values: ['us-east-2'], scope: 'dashboard' };
const kCell: FilterWell = { column: 'cell', op: 'is', values: ['c1'] };
const Spec = (filters: FilterWell[], table = 'EC2MetricTable'): WellSpec => ({ ...EmptySpec('InterpolatedBlogDB', table), x: { column: 'time', granularity: '1m' }, values: [Value('avg')], filters });

function File(...specs: WellSpec[]): DashboardFile {
  let file = NewDashboard('d');
  for (const spec of specs) file = { ...file, panels: [...file.panels, PanelOf({ ...NewState('', ''), spec }, kEc2, EmptyPanel(file, `of ${spec.table}`))] };
  return file;
}
const Sql = (file: DashboardFile): string[] => file.panels.map(({ queries }) => queries.map(({ sql }) => sql).join(';'));

test('a filter of the dashboard comes to every panel of its table, in front of the own ones, and goes from them', () => {
  const before = File(Spec([]), Spec([kCell]), Spec([], 'Other'));
  const file = ShareFilters(before, Spec([kRegion]), kEc2);
  const [one = '', two = '', other = ''] = Sql(file);
  assert.match(one, /AND "region" = 'us-east-2'\n/);
  assert.match(two, /AND "region" = 'us-east-2'\n {2}AND "cell" = 'c1'\n/);
  assert.doesNotMatch(other, /region/);
  assert.deepEqual(SharedFilters(file, 'InterpolatedBlogDB', 'EC2MetricTable'), [kRegion]);
  assert.deepEqual(Sql(ShareFilters(file, Spec([]), kEc2)), Sql(before));
  // What is there already is left as it is, panel for panel.
  assert.deepEqual(ShareFilters(file, Spec([kRegion]), kEc2).panels.map((p, i) => p === file.panels[i]), [true, true, true]);
});

test('statements written by hand and their panels are left alone', () => {
  const file = File(Spec([]));
  const panel = { ...EmptyPanel(file), queries: [NewQuery({ sql: 'SELECT 1', database: 'InterpolatedBlogDB', table: 'EC2MetricTable' })] };
  const shared = ShareFilters({ ...file, panels: [...file.panels, panel] }, Spec([kRegion]), kEc2);
  assert.equal(shared.panels[1], panel);
});

test('the scope, a zone and fixed colours are in the file, and what is no colour is not', () => {
  const spec: WellSpec = { ...Spec([kRegion, kCell]), x: { column: 'time', granularity: '1d', zone: 'Europe/Berlin' }, color: { column: 'region', other: 'left_out', fixed: { 'us-east-2': '--s5' } } };
  const parsed = Parse(JSON.parse(JSON.stringify(ToJson(File(spec)))));
  assert.ok(parsed.ok);
  assert.deepEqual(parsed.file.panels[0]?.queries[0]?.wells, spec);
  assert.deepEqual(WithShared(Spec([kCell]), [kRegion]).filters, [kRegion, kCell]);
});
