// SPDX-License-Identifier: Apache-2.0
// Fixtures of the console's tests (console-ux.md 16.2): the real server with known content and a clock that stands still.
//
//   node fixtures.mjs NAME            serves it until Ctrl-C
//   node fixtures.mjs --check [NAME…] makes each, compares what the server's API says, and ends
//
// Tests import StartFixture(name): {server, endpoint, Stop()}. TIDEMARK_BINARY names the program (default build/release/tidemark).
import assert from 'node:assert/strict';
import { pathToFileURL } from 'node:url';
import { FixtureServer, WaitFor } from './fixture_server.mjs';
import { Clock, EndStates, kDatabase, kHost, kHosts, kLag, kStream, kTable, kView, Ns, Points, Record, Revisions, Stack } from './fixture_ec2.mjs';

const kMinute = 60_000;
const At = (clock) => Date.parse(`2026-01-15T${clock.length === 5 ? `${clock}:00` : clock}Z`);
const Clocks = (time) => new Date(time).toISOString().slice(11, 16);

// ---- demo-60

/** First value, then [when, value, records added] of each revision. */
export const kRevised = {
  '16:08': [0.5831, ['16:17:10', 0.601, 14], ['16:19:40', 0.6244, 14], ['16:22:05', 0.6702, 25], ['16:25:30', 0.679, 10]],
  '16:19': [0.6012, ['16:28:10', 0.641, 20], ['16:30:20', 0.682, 25], ['16:33:05', 0.7064, 20]],
  '16:20': [0.718, ['16:29:15', 0.69, 12], ['16:31:40', 0.6713, 10]],
  '16:24': [0.517, ['16:33:40', 0.5604, 14], ['16:35:02', 0.5911, 10], ['16:37:18', 0.6189, 9]],
  '16:33': [0.3312, ['16:43:10', 0.379, 15]],
  '16:49': [0.1875, ['16:58:20', 0.3355, 60]],
};
const kRecords = 118; // of a window when it is first published
const kTick = 30_000;
/** Ticks that come later than they should: the first publication of 16:24 is that of the point card (6.4). */
const kDelayed = new Map([[At('16:32:30'), At('16:32:31')]]);

const Curve = (minute) => Number((0.45 + 0.2 * Math.cos(((minute - 12) / 60) * 2 * Math.PI)).toFixed(4));
const FirstValue = (start) => kRevised[Clocks(start)]?.[0] ?? Curve((start - At('16:00')) / kMinute);

function LateSteps() {
  const steps = [];
  for (const [clock, [first, ...revisions]] of Object.entries(kRevised)) {
    let [value, count] = [first, kRecords];
    for (const [when, next, added] of revisions) {
      steps.push({ at: At(when), start: At(clock), mean: (next * (count + added) - value * count) / added, added, count, clock });
      [value, count] = [next, count + added];
    }
  }
  return steps;
}

const kMetrics = `"${kDatabase}"."${kTable}"`;
const kStatements = [
  `SELECT * FROM ${kMetrics} WHERE measure_name IN ('cpu_system', 'avg_cpu_system') LIMIT 100`,
  `SELECT max(time) FROM ${kMetrics}`,
  `SELECT measure_name, count(*) FROM ${kMetrics} GROUP BY 1 ORDER BY 1`,
  `SELECT bin(time, 5m) AS t, avg(measure_value::double) FROM ${kMetrics} WHERE measure_name = 'cpu_system' GROUP BY 1 ORDER BY 1`,
  `SELECT time, record_count FROM view_rows('${kView}') WHERE preliminary ORDER BY time`,
];

async function MakeDemo(server) {
  const { text, files } = Stack({ shards: 16 });
  await server.Apply(text, files);
  const ticks = [];
  for (let t = At('16:00:30'); t <= At('16:59:30'); t += kTick) ticks.push({ at: kDelayed.get(t) ?? t, tick: t });
  const steps = [...ticks, ...LateSteps()].sort((a, b) => a.at - b.at || (a.tick === undefined) - (b.tick === undefined));
  let revisions = 0;
  let newest = At('16:00');
  const used = {};
  await server.MoveTo(newest);
  await server.Put(kStream, [...Clock(newest), ...EndStates(newest)]);
  for (const step of steps) {
    await server.MoveTo(step.at);
    if (step.tick !== undefined) {
      newest = step.tick;
      const from = newest - kTick;
      await server.Put(kStream, [...Points(FirstValue(Math.floor(from / kMinute) * kMinute), kRecords / 2, from, newest), ...Clock(newest)]);
    } else {
      revisions += 1;
      // Later parts of the window for later revisions, so that no point is written twice.
      const part = (used[step.clock] = (used[step.clock] ?? 0) + 1);
      const from = step.start + (step.clock === '16:24' && part === 1 ? 30_000 : 1000 * (part - 1) * 7);
      await server.Put(kStream, Points(step.mean, step.added, from, from + 7000, { late: true }));
    }
    await server.Settled(kView, Ns(newest - kLag), revisions);
  }
  await WaitFor('the open windows to be shown', async () => {
    const open = (await Revisions(server)).rows.filter(({ state }) => state === 'provisional');
    return open.map(({ record_count }) => Number(record_count)).join() === [118, 118, 118, 118, 118, 118, 118, 59].join();
  });
  for (const statement of kStatements) await server.Rows(statement); // what the overview lists as recent
}

async function CheckDemo(server) {
  const all = await Revisions(server);
  assert.equal(all.rows.length, 60);
  assert.equal(all.watermark, Ns('2026-01-15T16:52:00Z'));
  const states = {};
  for (const row of all.rows) states[row.state] = (states[row.state] ?? 0) + 1;
  assert.deepEqual(states, { closed: 42, final: 9, revised: 1, provisional: 8 }, 'closed up to and including 16:41');
  for (const row of all.rows) {
    const clock = Clocks(Number(BigInt(row.time) / 1_000_000n));
    const [first, ...revisions] = kRevised[clock] ?? [FirstValue(At(clock))];
    const current = revisions.at(-1)?.[1] ?? first;
    assert.equal(Number(row.value).toFixed(4), current.toFixed(4), `the value of ${clock}`);
    if (row.state === 'provisional') continue;
    assert.equal(Number(row.first_value).toFixed(4), first.toFixed(4), `the first value of ${clock}`);
    assert.equal(row.revision_count, String(revisions.length), clock);
    assert.equal(row.first_record_count, String(kRecords), clock);
    assert.equal(row.record_count, String(revisions.reduce((sum, r) => sum + r[2], kRecords)), clock);
    assert.deepEqual(row.revisions.slice(1).map((r) => [r.at, Number(r.new).toFixed(4), r.records_added, r.cause]),
      revisions.map(([when, value, added]) => [Ns(At(when)), value.toFixed(4), String(added), 'late']), clock);
    const published = (kDelayed.get(At(clock) + kMinute + kLag) ?? At(clock) + kMinute + kLag);
    assert.equal(row.first_published_at, Ns(published), `the first publication of ${clock}`);
  }
  const then = await Revisions(server, `&as_of=${Ns('2026-01-15T16:20:00Z')}`);
  const value = (clock) => then.rows.find((r) => r.time === Ns(At(clock)))?.value;
  assert.equal(Number(value('16:08')).toFixed(4), '0.6244');
  assert.equal(then.watermark, Ns('2026-01-15T16:12:30Z'));
  assert.equal(then.watermark_exact, true);
  assert.equal(then.rows.at(-1).time, Ns(At('16:11')), '16:12 is the first provisional window');
  assert.equal(then.rows.find((r) => r.time === Ns(At('16:08'))).record_count, '146');
  const panel = await server.Api('POST', '/panels:data', {
    as_of: Ns('2026-01-15T16:20:00Z'),
    panels: [{ id: 'p', sql: `SELECT time, measure_value::double, record_count FROM view_rows('${kView}') ORDER BY time` }],
  });
  assert.equal(panel.panels[0].watermark, Ns('2026-01-15T16:12:30Z'));
  assert.equal(panel.panels[0].rows.length, 12);
  assert.deepEqual(panel.panels[0].rows[8].slice(1).map((v) => Number(v).toFixed(4)), ['0.6244', '146.0000']);
  const keys = await server.Get(`/streams/${kStream}/keys?seconds=86400`);
  assert.deepEqual([keys.distinct_keys, keys.shards], [10, 16]);
  assert.equal((await server.Get('/overview')).health, 'ok');
}

// ---- the others

async function MakeIdleShard(server) {
  const { text, files } = Stack({ out_of_orderness: '30s', idle_timeout: '4s', early: '0s' });
  await server.Apply(text, files);
  const shards = (await server.Get(`/streams/${kStream}/shards`)).shards;
  const newest = ['16:59:28', '16:59:27', '16:52:30', '16:31:02'].map(At);
  const record = (n, time) => Record(kHosts[n], n === 0 ? 'cpu_system' : 'disk_free', 0.5, time, { explicit_hash: shards[n].hash_start });
  await server.MoveTo(newest[3]);
  await server.Put(kStream, [0, 1, 2, 3].map((n) => record(n, newest[3])));
  server.now = At('16:59:26');
  await server.Restart();
  // The wall clock stands still but idleness is real: the others say again what they said.
  const say = () => server.Put(kStream, [0, 1, 2].map((n) => record(n, newest[n])), null);
  await say();
  server.keeping = setInterval(() => say().catch(() => {}), 1000);
  server.keeping.unref();
  const AllSaid = () => WaitFor('only the last shard to be idle', async () => (await server.Get('/pipelines/ec2')).partitions.map((p) => p.idle).join() === 'false,false,false,true');
  await AllSaid();
  // How often they say it differs between runs; with no time since the start there is no rate of it.
  server.now = Date.parse(kEnd);
  await server.Restart();
  await AllSaid();
  await server.Settled(kView, Ns(newest[2] - 30_000), 0);
}

async function CheckIdleShard(server) {
  const { watermark, partitions } = await server.Get(`/views/${kView}/watermarks`);
  assert.equal(watermark, Ns('2026-01-15T16:52:00Z'));
  const ours = partitions.filter((p) => p.source === 'ec2');
  assert.deepEqual(ours.map((p) => [p.idle, p.holds_back]), [[false, false], [false, false], [false, true], [true, false]]);
}

async function MakeLateDrop(server) {
  const { text, files } = Stack({ late: 'freeze', out_of_orderness: '30s', allowed_lateness: '2m', early: '0s' });
  await server.Apply(text, files);
  for (let t = At('16:00'); t <= At('16:59'); t += kMinute) {
    await server.MoveTo(t);
    await server.Put(kStream, [...Points(Curve((t - At('16:00')) / kMinute), 20, t - kMinute, t), ...Clock(t)]);
  }
  await server.MoveTo(kEnd);
  await server.Settled(kView, Ns(At('16:58:30')), 0);
  // 87 points that come beyond the allowed lateness, and five that are late within it.
  await server.Put(kStream, [...Points(0.9, 40, At('16:40'), At('16:41'), { late: true }), ...Points(0.9, 47, At('16:45'), At('16:46'), { late: true })]);
  await server.Put(kStream, Points(0.9, 5, At('16:57'), At('16:58'), { late: true }));
  await WaitFor('the late points to be judged', async () => (await server.Get(`/views/${kView}`)).late_points_total === '92');
  await server.Settled(kView, Ns(At('16:58:30')), 1);
}

async function CheckLateDrop(server) {
  const { buckets } = await server.Get(`/views/${kView}/lateness`);
  const sum = (member) => buckets.reduce((total, b) => total + Number(b[member]), 0);
  assert.deepEqual([sum('late'), sum('frozen')], [5, 87]);
  const { rows } = await Revisions(server);
  assert.equal(rows.filter((r) => r.frozen).length, 2);
}

async function MakeBroken(server) {
  const { text, files } = Stack();
  await server.Apply(text, files);
  await server.MoveTo(kEnd);
  await server.Put(kStream, [...Points(0.5, 20, At('16:58'), At('16:59')), ...Clock(server.now)]);
  // The stream goes away under its pipeline, which only the Kinesis API lets happen.
  const gone = await server.Aws('Kinesis_20131202.DeleteStream', { StreamName: kStream });
  assert.equal(gone.status, 200, JSON.stringify(gone.body));
  await server.Restart();
  await WaitFor('the pipeline to fail', async () => (await server.Get('/pipelines/ec2')).state === 'failed');
}

async function CheckBroken(server) {
  const pipeline = await server.Get('/pipelines/ec2');
  assert.equal(pipeline.state, 'failed');
  assert.match(pipeline.error, /ec2-metrics/);
  const overview = await server.Get('/overview');
  assert.equal(overview.health, 'failed');
  assert.ok(overview.problems.some((p) => p.object === 'pipeline:ec2' && p.severity === 'failed'));
}

const Write = (server, records, common = {}) =>
  server.Aws('Timestream_20181101.WriteRecords', { DatabaseName: kDatabase, TableName: kTable, CommonAttributes: common, Records: records });

async function MakeRejects(server) {
  const { text, files } = Stack({ early: '0s' });
  await server.Apply(text, files);
  const one = (value, more = {}) => ({
    Dimensions: [{ Name: 'instance_name', Value: kHost }, { Name: 'region', Value: 'us-east-2' }], MeasureName: 'cpu_steal', MeasureValue: value, MeasureValueType: 'DOUBLE',
    Time: String(At('16:59')), TimeUnit: 'MILLISECONDS', ...more,
  });
  await server.MoveTo(kEnd);
  assert.equal((await Write(server, [one('0.5', { Version: 2 })])).status, 200);
  for (let i = 0; i < 12; i += 1) await Write(server, [one(`0.${i + 10}`, { Version: 1 })]);
  for (let i = 0; i < 3; i += 1) await Write(server, [one('0.9', { Version: 2 })]);
  await Write(server, [one('0.5', { Time: String(At('16:59') - 30 * 24 * 60 * kMinute) })]);
  await Write(server, [one('7', { MeasureValueType: 'BIGINT', Version: 3 })]);
}

async function CheckRejects(server) {
  const { total, groups } = await server.Get(`/databases/${kDatabase}/tables/${kTable}/rejections`);
  const counts = Object.fromEntries(groups.map((g) => [g.reason, g.count]));
  assert.equal(total, '17');
  assert.deepEqual(counts, { version_lower: '12', version_exists: '3', time_out_of_range: '1', type_conflict: '1' });
  assert.equal(groups.find((g) => g.reason === 'version_lower').samples[0].existing_version, '2');
}

/** 10,000 rows of 25 measures, some missing; long text, a bigint beyond 2^53, and nested values by SQL. */
export const kBigStatement = `SELECT time, id, v00, v01, v02, v03, v04, v05, v06, v07, v08, v09, v10, v11, v12, v13, v14, v15, v16, v17, big, flag, note, array[v00, v01] AS pair, row(id, big) AS nested FROM "${kDatabase}"."big" ORDER BY time`;
async function MakeBig(server) {
  const { text, files } = Stack({ early: '0s' });
  await server.Apply(`${text}\n[[table]]\ndatabase = "${kDatabase}"\nname = "big"\n`, files);
  await server.MoveTo(kEnd);
  const note = 'A line of text that is much longer than any column is wide. '.repeat(20);
  for (let from = 0; from < 10_000; from += 100) {
    const records = [];
    for (let n = from; n < from + 100; n += 1) {
      const values = [];
      for (let c = 0; c < 18; c += 1) {
        if ((n + c) % 7 !== 0) values.push({ Name: `v${String(c).padStart(2, '0')}`, Value: String(n / 8 + c), Type: 'DOUBLE' });
      }
      values.push({ Name: 'big', Value: String(9007199254740993n + BigInt(n)), Type: 'BIGINT' }, { Name: 'flag', Value: String(n % 2 === 0), Type: 'BOOLEAN' });
      if (n % 3 === 0) values.push({ Name: 'note', Value: note, Type: 'VARCHAR' });
      records.push({ Dimensions: [{ Name: 'id', Value: String(n % 50) }], MeasureName: 'wide', MeasureValueType: 'MULTI', MeasureValues: values });
    }
    for (const [i, record] of records.entries()) record.Time = `${BigInt(At('16:00')) * 1_000_000n + BigInt(from + i)}`;
    const answer = await server.Aws('Timestream_20181101.WriteRecords', { DatabaseName: kDatabase, TableName: 'big', CommonAttributes: { TimeUnit: 'NANOSECONDS' }, Records: records });
    assert.equal(answer.status, 200, JSON.stringify(answer.body).slice(0, 500));
  }
}

async function CheckBig(server) {
  assert.deepEqual(await server.Rows(`SELECT count(*), min(big), max(time) FROM "${kDatabase}"."big"`), [['10000', '9007199254740993', '2026-01-15 16:00:00.000009999']]);
  const page = await server.Api('POST', '/query', { sql: kBigStatement, max_rows: 10_000 });
  assert.equal(page.rows.length, 10_000);
  assert.equal(page.columns.length, 25);
  assert.equal(page.rows[0][page.columns.findIndex((c) => c.name === 'v00')], null);
}

const kMillion = 1_000_000;
async function MakeMillion(server) {
  const { text, files } = Stack({ shards: 16, early: '0s' });
  await server.Apply(text, files);
  await server.MoveTo(kEnd);
  const start = At('16:00');
  const step = (59.5 * kMinute * 1_000_000) / kMillion; // ns
  const common = { Dimensions: [{ Name: 'instance_name', Value: kHost }, { Name: 'region', Value: 'us-east-2' }], MeasureName: 'signal', MeasureValueType: 'DOUBLE', TimeUnit: 'NANOSECONDS' };
  let next = 0;
  const worker = async () => {
    while (next < kMillion) {
      const from = next;
      next += 100;
      const records = [];
      for (let n = from; n < from + 100; n += 1) {
        records.push({ MeasureValue: (0.5 + 0.4 * Math.sin(n / 40_000) + 0.05 * Math.sin(n / 7)).toFixed(5), Time: `${BigInt(start) * 1_000_000n + BigInt(Math.floor(n * step))}` });
      }
      const answer = await Write(server, records, common);
      assert.equal(answer.status, 200, JSON.stringify(answer.body));
    }
  };
  await Promise.all(Array.from({ length: 12 }, worker));
}

async function CheckMillion(server) {
  assert.deepEqual(await server.Rows(`SELECT count(*) FROM "${kDatabase}"."${kTable}" WHERE measure_name = 'signal'`), [[String(kMillion)]]);
}

async function MakeWideGraph(server) {
  let text = '[[database]]\nname = "wide"\n';
  for (let n = 0; n < 8; n += 1) {
    text += `[[stream]]\nname = "source-${n}"\n[[table]]\ndatabase = "wide"\nname = "table_${n}"\n[[pipeline]]\nname = "pipeline-${n}"\nstream = "source-${n}"\ndatabase = "wide"\ntable = "table_${n}"\nmeasure_name = "m"\nmeasure_value = "v"\ntime = "t"\n`;
  }
  for (let n = 0; n < 14; n += 1) {
    text += `[[view]]\nname = "view-${n}"\ndatabase = "wide"\ntable = "table_${n % 8}"\nwindow = "1m"\noutput = "w${n}_{aggregate}_{measure}"\n`;
  }
  await server.Apply(text);
  await server.MoveTo(kEnd);
}

async function CheckWideGraph(server) {
  const overview = await server.Get('/overview');
  const dead = 8; // streams of dead letters stand beside
  assert.equal(overview.streams - dead + overview.pipelines + overview.tables + overview.views, 38);
}

async function MakeDense(server) {
  const { text, files } = Stack({ early: '0s', out_of_orderness: '2m', allowed_lateness: '6h' });
  await server.Apply(text, files);
  const end = At('16:59');
  const start = end - 24 * 60 * kMinute;
  const piece = 20 * kMinute;
  for (let t = start; t < end; t += piece) {
    const records = [];
    for (let w = t; w < t + piece; w += kMinute) records.push(...Points(Curve((w - start) / kMinute / 12), 2, w, w + kMinute));
    await server.MoveTo(t + piece);
    await server.Put(kStream, [...records, ...Clock(t + piece), ...EndStates(t + piece)]);
  }
  await server.MoveTo(kEnd);
  await server.Settled(kView, Ns(end - 2 * kMinute), 0);
  // Of the last four hours that are final, 72 of 240 windows (30 %).
  const late = [];
  for (let n = 0; n < 240; n += 1) {
    const w = end - (242 - n) * kMinute;
    if (n % 10 < 3) late.push(...Points(Curve((w - start) / kMinute / 12) + 0.2, 2, w + 10_000, w + 20_000, { late: true }));
  }
  await server.Put(kStream, late);
  await server.Settled(kView, Ns(end - 2 * kMinute), 72);
  await server.Restart();
  await server.Settled(kView, Ns(end - 2 * kMinute), 72);
}

async function CheckDense(server) {
  const all = await Revisions(server);
  assert.equal(all.rows.length, 1438);
  const changed = all.rows.filter((r) => r.revision_count !== '0');
  assert.equal(changed.length, 72);
  assert.equal(all.rows.slice(-240).filter((r) => r.revision_count !== '0').length, 72);
}

const kStart = '2026-01-15T15:59:00Z';
const kEnd = '2026-01-15T16:59:30Z';
export const kFixtures = {
  empty: { start: kEnd, Make: async () => {}, Check: async (server) => assert.equal((await server.Get('/overview')).streams, 0) },
  'demo-60': { start: kStart, Make: MakeDemo, Check: CheckDemo },
  'broken-pipeline': { start: kEnd, Make: MakeBroken, Check: CheckBroken },
  'idle-shard': { start: '2026-01-15T16:31:02Z', Make: MakeIdleShard, Check: CheckIdleShard },
  'late-drop': { start: kStart, Make: MakeLateDrop, Check: CheckLateDrop },
  rejects: { start: kEnd, Make: MakeRejects, Check: CheckRejects },
  big: { start: kEnd, Make: MakeBig, Check: CheckBig },
  million: { start: kEnd, Make: MakeMillion, Check: CheckMillion },
  'wide-graph': { start: kEnd, Make: MakeWideGraph, Check: CheckWideGraph },
  'dense-1440': { start: '2026-01-14T16:58:00Z', Make: MakeDense, Check: CheckDense },
};

export async function StartFixture(name, options = {}) {
  const fixture = kFixtures[name];
  assert.ok(fixture, `no fixture is called ${name}: ${Object.keys(kFixtures).join(', ')}`);
  const server = await FixtureServer.Start(fixture.start, options);
  try {
    await fixture.Make(server);
  } catch (error) {
    error.message += `\n${server.Log()}`;
    await server.Stop();
    throw error;
  }
  return { server, endpoint: server.endpoint, Stop: () => server.Stop() };
}

async function CheckAll(names) {
  let failed = 0;
  for (const name of names) {
    const begun = performance.now();
    let fixture;
    try {
      fixture = await StartFixture(name);
      await kFixtures[name].Check(fixture.server);
      if (name !== 'broken-pipeline') assert.deepEqual((await fixture.server.Get('/overview')).problems, []);
      console.log(`ok    ${name} (${((performance.now() - begun) / 1000).toFixed(1)} s)`);
    } catch (error) {
      failed += 1;
      console.log(`FAIL  ${name}: ${error.stack ?? error}`);
    }
    await fixture?.Stop();
  }
  return failed === 0 ? 0 : 1;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [first, ...rest] = process.argv.slice(2);
  if (first === '--check') {
    process.exit(await CheckAll(rest.length > 0 ? rest : Object.keys(kFixtures)));
  } else {
    const fixture = await StartFixture(first ?? 'demo-60');
    console.log(`${first ?? 'demo-60'} at ${fixture.endpoint}/ui/`);
    for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, async () => process.exit(await fixture.Stop()));
  }
}
