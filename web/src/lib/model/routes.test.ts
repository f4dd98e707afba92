// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kSections, MatchRoute, OldLink, PathOfParts } from './routes.ts';

test('the navigation leads to its own sections', () => {
  for (const { section, href } of kSections) assert.equal(MatchRoute(href).section, section, href);
  assert.equal(new Set(kSections.map(({ key }) => key)).size, kSections.length);
});

test('parts of the path are arguments, whatever they hold', () => {
  const hostile = 'a/b "c" <i> عربي ?#%';
  assert.deepEqual(MatchRoute(PathOfParts('streams', hostile, 'shards')), { page: 'stream', section: 'streams', args: { stream: hostile, tab: 'shards' } });
  assert.deepEqual(MatchRoute('/ui/db/D'), { page: 'databases', section: 'databases', args: { database: 'D' } });
  assert.deepEqual(MatchRoute('/ui/db/D/T/storage').args, { database: 'D', table: 'T', tab: 'storage' });
  assert.deepEqual(MatchRoute('/ui/streams/%zz').args, { stream: '%zz' });
});

test('unknown paths are missing, a slash at the end is nothing', () => {
  assert.equal(MatchRoute('/ui/nothing/here').page, 'missing');
  assert.equal(MatchRoute('/ui/alerts/x').page, 'missing');
  assert.equal(MatchRoute('/ui/streams/').page, 'streams');
  assert.equal(MatchRoute('/ui').page, 'overview');
});

test('dashboards have an address each', () => {
  assert.deepEqual(MatchRoute('/ui/dash/ec2'), { page: 'dashboard', section: 'dashboards', args: { dashboard: 'ec2' } });
  assert.equal(MatchRoute('/ui/share').page, 'share');
});

test('links to the sample as it was once lead to the dashboard', () => {
  assert.equal(OldLink('/ui/', '?var-instance_name=a&from=now-1h&measure=cpu_idle'), '/ui/dash/ec2?var-instance=a&from=now-1h');
  assert.equal(OldLink('/ui/dash/ec2-host-metrics', '?var-instance_name=a%26b&var-os_version=AL2&var-region=us-east-2&db=D&rev=off'), '/ui/dash/ec2?var-instance=a%26b&var-region=us-east-2&rev=off');
  assert.equal(OldLink('/ui/dash/ec2-host-metrics', ''), '/ui/dash/ec2');
  assert.equal(OldLink('/ui/', ''), null);
  assert.equal(OldLink('/ui/query', '?rev=off'), null);
  assert.equal(OldLink('/ui/dash/ec2', '?var-instance=a'), null);
});
