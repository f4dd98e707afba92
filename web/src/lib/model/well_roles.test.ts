// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NewDashboard, NewQuery } from './dashboard_file.ts';
import { EmptyPanel, NewState, PanelOf } from './panel_wells.ts';
import { kEc2, Value } from './well_forms.ts';
import { AxisOf } from './well_roles.ts';

const PanelFor = (change: object): ReturnType<typeof PanelOf> => {
  const state = NewState('InterpolatedBlogDB', 'EC2MetricTable');
  return PanelOf({ ...state, spec: { ...state.spec, x: { column: 'time', granularity: '1m' }, values: [Value('avg')], ...change } }, kEc2, EmptyPanel(NewDashboard('d')));
};

test('values have axes of their own, with and without Color', () => {
  const values = [Value('avg'), { ...Value('max', 'cpu_user'), axis: 'right' as const }];
  const query = PanelFor({ values }).queries[0]!;
  assert.deepEqual([AxisOf(query, 'cpu_system'), AxisOf(query, 'cpu_user'), AxisOf(query, 'us-east-2 · cpu_user')], ['left', 'right', 'right']);
  assert.equal(AxisOf(PanelFor({ values: [{ ...Value('avg'), axis: 'right' }] }).queries[0]!, 'us-east-2'), 'right');
  assert.equal(AxisOf(NewQuery({ axis: 'right' }), 'x'), 'right');
});
