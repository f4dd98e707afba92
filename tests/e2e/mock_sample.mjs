// SPDX-License-Identifier: Apache-2.0
// Answers the statements of the sample dashboard (examples/ec2/dashboards/ec2.json) from the data of the small model.

const Text = (ms) => `${new Date(ms).toISOString().replace('T', ' ').replace('Z', '')}000000`;
const Median = (list) => list.sort((a, b) => a - b)[(list.length - 1) >> 1];

/** What a statement says about dimensions: name -> values. */
function Conditions(sql, names) {
  const out = new Map();
  for (const name of names) {
    const m = new RegExp(`\\b${name} (?:= ('[^']*')|IN \\(([^)]*)\\))`).exec(sql);
    if (m !== null) out.set(name, [...(m[1] ?? m[2]).matchAll(/'((?:[^']|'')*)'/g)].map((v) => v[1].replaceAll("''", "'")));
  }
  return out;
}

function Grouped(items, KeyOf) {
  const groups = new Map();
  for (const item of items) {
    const key = KeyOf(item);
    groups.set(key, [...(groups.get(key) ?? []), item]);
  }
  return [...groups];
}

/**
 * `data`: {hosts, Points(host, measure) -> [[ms, value]], Windows(host, measure) -> [{window_start, window_end, value, revisions}], now_ms, watermark_ms};
 * `range`: {from_ms, to_ms, step_ms}. Null: not one of them.
 */
export function RunSample(sql, data, { from_ms, to_ms, step_ms }) {
  const names = Object.keys(data.hosts[0] ?? {});
  const wanted = Conditions(sql, names);
  const hosts = data.hosts.filter((host) => [...wanted].every(([name, values]) => values.includes(host[name])));
  const Out = (columns, rows) => ({
    columns: columns.split(' ').map((c) => ({ name: c.split(':')[0], type: c.split(':')[1] })), rows: rows.map((row) => row.map((cell) => (cell === null ? null : String(cell)))),
    watermark: `${data.watermark_ms}000000`,
  });
  const Inside = (t) => t >= from_ms && t <= to_ms;
  const Bin = (t) => Math.floor(t / step_ms) * step_ms;
  const windows = () => hosts.flatMap((host) => data.Windows(host, 'avg_cpu_system').map((row) => ({ ...row, host }))).filter((row) => Inside(row.window_end));
  const entries = () => windows().flatMap((row) => row.revisions.map((entry) => ({ row, entry, at: Number(BigInt(entry.at) / 1_000_000n) })));

  const one = /^SELECT (\w+)\nFROM [^]*GROUP BY \1\nORDER BY \1$/.exec(sql.trim());
  if (one !== null && names.includes(one[1])) return Out(`${one[1]}:VARCHAR`, [...new Set(hosts.map((host) => host[one[1]]))].sort().map((v) => [v]));
  if (/COUNT\(\*\) AS hosts\nFROM \(/.test(sql)) return Out('hosts:BIGINT', [[hosts.filter((host) => data.Points(host, 'cpu_system').some(([t]) => Inside(t))).length]]);
  if (/ AS age_ms/.test(sql)) return Out('age_ms:BIGINT', [[data.now_ms - Math.floor(data.watermark_ms / 300_000) * 300_000]]);
  if (/ AS accepted/.test(sql)) return Out('accepted:BIGINT dropped:BIGINT', [[entries().filter(({ at }) => at > data.now_ms - 900_000).reduce((sum, { entry }) => sum + Number(entry.late_points), 0), 0]]);
  if (/ AS revised, COUNT/.test(sql)) return Out('revised:BIGINT final:BIGINT', [[windows().filter((row) => row.revisions.length > 1).length, windows().length]]);
  const series = /^SELECT time, measure_value::double AS (\w+)\n/.exec(sql);
  if (series !== null) {
    const points = hosts.flatMap((host) => (series[1].startsWith('avg_') ? data.Windows(host, series[1]).map((row) => [row.window_end, row.value]) : data.Points(host, series[1])));
    return Out(`time:TIMESTAMP ${series[1]}:DOUBLE`, points.filter(([t]) => Inside(t)).sort((a, b) => a[0] - b[0]).map(([t, v]) => [Text(t), v]));
  }
  // The companion: a value for each bin between the first and the last, on straight lines between those that there are.
  if (/INTERPOLATE_LINEAR/.test(sql)) {
    const known = hosts.flatMap((host) => data.Windows(host, 'avg_cpu_system').map((row) => [Bin(row.window_end), row.value])).filter(([t]) => Inside(t)).sort((a, b) => a[0] - b[0]);
    const rows = known.slice(1).flatMap(([t, v], i) => {
      const [t0, v0] = known[i];
      return Array.from({ length: Math.round((t - t0) / step_ms) }, (_, k) => [Text(t0 + k * step_ms), v0 + ((v - v0) * k * step_ms) / (t - t0)]);
    });
    return Out('time:TIMESTAMP avg_cpu_system:DOUBLE', rows);
  }
  if (/ AS time, microservice_name/.test(sql)) {
    const groups = Grouped(windows(), (row) => `${Bin(row.window_end)} ${row.host.microservice_name}`);
    return Out('time:TIMESTAMP microservice_name:VARCHAR avg_cpu_system:DOUBLE', groups.map(([key, rows]) => [Text(Number(key.split(' ')[0])), key.split(' ')[1], rows.reduce((sum, { value }) => sum + value, 0) / rows.length]).sort((a, b) => (a[0] < b[0] ? -1 : 1)));
  }
  if (/FROM view_revisions/.test(sql)) {
    const groups = Grouped(entries().filter(({ entry }) => Number(entry.revision) > 1), ({ row }) => Bin(row.window_end)).sort((a, b) => a[0] - b[0]);
    if (/ AS delay_s/.test(sql)) return Out('time:TIMESTAMP delay_s:BIGINT', groups.map(([t, list]) => [Text(t), Math.round(Median(list.map(({ row, at }) => at - row.window_end)) / 1000)]));
    return Out('time:TIMESTAMP revisions:BIGINT', groups.map(([t, list]) => [Text(t), list.length]));
  }
  if (/FLOOR\(measure_value::double/.test(sql)) {
    const groups = Grouped(windows(), (row) => `${Bin(row.window_end)} ${Math.floor(row.value / 10) * 10}`);
    return Out('time:TIMESTAMP cpu_user:DOUBLE hosts:BIGINT', groups.map(([key, list]) => [Text(Number(key.split(' ')[0])), key.split(' ')[1], list.length]).sort((a, b) => (a[0] < b[0] ? -1 : 1)));
  }
  if (/ AS state, COUNT/.test(sql)) {
    return Out('state:VARCHAR tasks:BIGINT', [['SUCCESS_WITH_RESULT', 21053], ['SUCCESS_WITH_NO_RESULT', 6176], ['USER_ERROR', 2135], ['UNKNOWN', 316], ['THROTTLED', 300], ['INTERNAL_ERROR', 280]].map(([s, n]) => [s, Math.round((n * hosts.length) / data.hosts.length)]));
  }
  return null;
}
