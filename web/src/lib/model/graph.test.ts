// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GraphStatus } from '../api/types.ts';
import { AroundPipeline, BuildGraph, EdgeWidth, LimitGraph } from './graph.ts';
import { LayOut, PathOf } from './graph_layout.ts';

const kStatus: GraphStatus = {
  streams: [
    { name: 'a-dead', shards: 1, records_per_second: 0, bytes_per_second: 0, records_total: '3', retention_hours: '24' },
    { name: 'in', shards: 4, records_per_second: 100, bytes_per_second: 41000, records_total: '9007199254740993', retention_hours: '24' },
  ],
  pipelines: [{
    name: 'a', stream: 'in', database: 'D', table: 'T', dead_letter_stream: 'a-dead', state: 'running', records_per_second: 100, records_total: '10', points_total: '7',
    dead_letters_total: '3', lag_records: '0', lag_ms: '120000', partitions: [], error: null,
  }],
  views: [{
    name: 'v', database: 'D', table: 'T', target_table: 'T', state: 'running', generation: '1', watermark: '5', windows_published: '1', revisions_total: '0', late_points_total: '0', frozen_total: '0',
    dirty: '0', lag_ms: '1', window_ns: '300000000000', out_of_orderness_ns: '0', allowed_lateness_ns: '0',
  }],
  databases: [{ name: 'D', tables: [{ name: 'T', memory_retention_hours: '6', magnetic_retention_days: '1', series: '2', points: '7' }] }],
};

test('a stream flows to its pipeline, table and view, and the view back to its table', () => {
  const graph = BuildGraph(kStatus);
  assert.deepEqual(graph.edges.map((e) => `${e.from}>${e.to}`), [
    'stream:in>pipeline:a', 'pipeline:a>table:D.T', 'pipeline:a>stream:a-dead', 'table:D.T>view:v', 'view:v>table:D.T',
  ]);
  assert.deepEqual(graph.nodes.filter((n) => n.column === 0).map((n) => n.name), ['in', 'a-dead']);
});

test('a pipeline a minute behind needs attention', () => {
  const node = BuildGraph(kStatus).nodes.find((n) => n.kind === 'pipeline');
  assert.equal(node?.health, 'warn');
  assert.match(node?.problem ?? '', /behind/);
});

test('an edge to something that does not exist is not drawn', () => {
  assert.deepEqual(BuildGraph({ ...kStatus, databases: [] }).edges.map((e) => e.to), ['pipeline:a', 'stream:a-dead']);
});

test('nodes do not overlap and every edge has a path', () => {
  const graph = BuildGraph(kStatus);
  const layout = LayOut(graph, { width: 1200, HeightOf: () => 150 });
  const boxes = [...layout.boxes.values()];
  for (const [i, a] of boxes.entries()) {
    for (const b of boxes.slice(i + 1)) {
      assert.ok(a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y);
    }
    assert.ok(a.x >= 0 && a.x + a.width <= layout.width && a.y + a.height <= layout.height);
  }
  for (const edge of graph.edges) assert.doesNotMatch(PathOf(edge, layout)?.d ?? 'none', /NaN|none/);
});

test('labels of a table with many views do not overlap', () => {
  const views = ['v', 'w', 'x', 'y'].map((name) => ({ ...(kStatus.views[0] as GraphStatus['views'][number]), name }));
  const graph = BuildGraph({ ...kStatus, views });
  const layout = LayOut(graph, { width: 1200, HeightOf: (node) => (node.kind === 'view' ? 200 : 158) });
  const labels = graph.edges.map((edge) => ({ edge: `${edge.from}>${edge.to}`, path: PathOf(edge, layout) }));
  for (const [i, a] of labels.entries()) {
    for (const b of labels.slice(i + 1)) {
      const apart = Math.abs((a.path?.label_x ?? 0) - (b.path?.label_x ?? 0)) > 70 || Math.abs((a.path?.label_y ?? 0) - (b.path?.label_y ?? 0)) > 14;
      assert.ok(apart, `${a.edge} and ${b.edge}`);
    }
  }
});

test('thickness is by log rate within one and six pixels', () => {
  assert.equal(EdgeWidth(0), 1);
  assert.ok(EdgeWidth(100) > EdgeWidth(10));
  assert.equal(EdgeWidth(1e9), 6);
});

test('what belongs to a pipeline lies on its line, and can be shown alone', () => {
  const two: GraphStatus = {
    ...kStatus,
    streams: [...kStatus.streams, { ...(kStatus.streams[1] as GraphStatus['streams'][number]), name: 'b-in' }],
    pipelines: [{ ...(kStatus.pipelines[0] as GraphStatus['pipelines'][number]), name: 'b', stream: 'b-in', table: 'B', dead_letter_stream: null, lag_ms: '0' }, ...kStatus.pipelines],
    databases: [{ name: 'D', tables: [...(kStatus.databases[0]?.tables ?? []), { ...(kStatus.databases[0]?.tables[0] as GraphStatus['databases'][number]['tables'][number]), name: 'B' }] }],
  };
  const graph = BuildGraph(two);
  assert.deepEqual(graph.nodes.map(({ id, row }) => `${row} ${id}`), ['0 stream:b-in', '1 stream:in', '2 stream:a-dead', '0 pipeline:b', '1 pipeline:a', '0 table:D.B', '1 table:D.T', '0 view:v']);
  assert.deepEqual(BuildGraph(AroundPipeline(two, 'a')).nodes.map(({ id }) => id), ['stream:in', 'stream:a-dead', 'pipeline:a', 'table:D.T', 'view:v']);
  assert.deepEqual(BuildGraph(AroundPipeline(two, 'b')).nodes.map(({ id }) => id), ['stream:b-in', 'pipeline:b', 'table:D.B']);
});

test('a drawing of some nodes has those that need attention', () => {
  const graph = BuildGraph(kStatus);
  assert.equal(LimitGraph(graph, 40).left_out, 0);
  const { graph: small, left_out } = LimitGraph(graph, 2);
  assert.equal(left_out, 3);
  assert.ok(small.nodes.some(({ id }) => id === 'pipeline:a'));
  assert.ok(small.edges.every(({ from, to }) => small.nodes.some(({ id }) => id === from) && small.nodes.some(({ id }) => id === to)));
});
