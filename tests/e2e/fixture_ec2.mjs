// SPDX-License-Identifier: Apache-2.0
// The shape that fixtures share: the names of examples/ec2, one host whose cpu_system a view of one-minute windows averages, and other
// hosts that keep the clock of their shards. The watermark is seven and a half minutes behind the newest event.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { kRoot, Ns } from './fixture_server.mjs';

export const kDatabase = 'InterpolatedBlogDB';
export const kTable = 'EC2MetricTable';
export const kStream = 'ec2-metrics';
export const kView = 'ec2-5m'; // as in examples/ec2, whose dashboard reads it; here its windows have one minute
export const kLag = 450_000; // ms
export const kHost = 'i-zaZswmJk-zeus-0002.amazonaws.com';

const Dimensions = (instance_name) => ({
  region: 'us-east-2', cell: 'us-east-2-cell-1', silo: 'us-east-2-cell-1-silo-1', availability_zone: 'us-east-2-1', microservice_name: 'zeus',
  instance_type: 'm5.4xlarge', os_version: 'AL2', instance_name,
});
/** As the public generator names them; ten keys in all. */
export const kHosts = ['apollo', 'athena', 'demeter', 'hercules', 'zeus'].flatMap((name) => [0, 1].map((n) => (name === 'zeus' && n === 1 ? kHost : `i-zaZswmJk-${name}-000${n}.amazonaws.com`)));

export function Record(host, measure, value, time, more = {}) {
  const data = { ...Dimensions(host), MeasureName: measure, MeasureValue: String(value), MeasureValueType: 'DOUBLE', Time: String(time), TimeUnit: 'MILLISECONDS' };
  return { key: host, data: JSON.stringify(data), ...more };
}

export function Stack({ shards = 4, idle_timeout = '1s', late = 'recompute', out_of_orderness = '7m30s', allowed_lateness = '10m', early = '1s', dashboard = true, table = true } = {}) {
  const file = join(kRoot, 'examples/ec2/dashboards/ec2.json');
  const files = dashboard && existsSync(file) ? { 'dashboards/ec2.json': readFileSync(file, 'utf8') } : {};
  const text = `
[[stream]]
name = "${kStream}"
shards = ${shards}
retention = "24h"
[[database]]
name = "${kDatabase}"
${table ? `[[table]]
database = "${kDatabase}"
name = "${kTable}"
memory_retention = "6h"
magnetic_retention = "1d"
[[pipeline]]
name = "ec2"
stream = "${kStream}"
database = "${kDatabase}"
table = "${kTable}"
idle_timeout = "${idle_timeout}"
measure_name = "MeasureName"
measure_value = "MeasureValue"
measure_type = "MeasureValueType"
time = "Time"
time_unit = "TimeUnit"
[[view]]
name = "${kView}"
database = "${kDatabase}"
table = "${kTable}"
measures = ["cpu_system"]
aggregate = "avg"
window = "1m"
output = "avg_{measure}"
label = "start"
out_of_orderness = "${out_of_orderness}"
allowed_lateness = "${allowed_lateness}"
late = "${late}"
early = "${early}"
provisional_after = "${early === '0s' ? '0s' : '30s'}"` : ''}
${Object.keys(files).length > 0 ? '[[dashboard]]\nname = "ec2"\nfile = "dashboards/ec2.json"' : ''}
`;
  return { text, files };
}

/** `count` points of the host in [from, to) that average to `mean`, at odd milliseconds where `late`. */
export function Points(mean, count, from, to, { late = false } = {}) {
  const out = [];
  for (let i = 0; i < count; i += 1) {
    const time = from + 2 * Math.floor(((to - from) * i) / count / 2) + (late ? 1 : 0);
    const swing = count % 2 === 1 && i === count - 1 ? 0 : (i % 2 === 0 ? 1 : -1) * 0.01;
    out.push(Record(kHost, 'cpu_system', mean + swing, time));
  }
  return out;
}

/** All hosts say that it is `time`. */
export const Clock = (time) => kHosts.map((host) => Record(host, 'disk_free', 50, time));

/** How a task of each host ended: words, which a panel of the sample counts. */
export const EndStates = (time) => kHosts.map((host, i) => {
  const record = Record(host, 'task_end_state', i % 3 === 0 ? 'USER_ERROR' : 'SUCCESS_WITH_RESULT', time);
  return { ...record, data: record.data.replace('"MeasureValueType":"DOUBLE"', '"MeasureValueType":"VARCHAR"') };
});

export const Revisions = (server, query = '') =>
  server.Get(`/databases/${kDatabase}/tables/${kTable}/revisions?measure=avg_cpu_system&limit=10000${query}`);

export { Ns };
