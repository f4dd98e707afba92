// SPDX-License-Identifier: Apache-2.0
// The tables of the small model: API.md section 10 over fixed figures.

const Ns = (ms) => `${ms}000000`;

const retention = { memory_retention_hours: '6', magnetic_retention_days: '1', magnetic_writes: true };

export function HandleTables({ request, body, path, url, hosts, now_ms, Json, Fail }) {
  const [, database, , table, part] = path;
  if (table !== 'EC2MetricTable') return Fail(404, 'table_not_found', `Table ${database}.${table} does not exist.`);
  const names = Object.keys(hosts[0]);
  switch (part) {
    case undefined:
      if (request.method !== 'PATCH') break;
      return Json({ database, table, ...Object.assign(retention, JSON.parse(body)) });
    case 'series':
      return Json({
        series: '480', measures: '40', dimensions: names.map((name) => {
          const counts = new Map();
          for (const host of hosts) counts.set(host[name], (counts.get(host[name]) ?? 0) + 40);
          const top = [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1)).slice(0, 10).map(([value, series]) => ({ value, series: String(series), share: series / (hosts.length * 40) }));
          return { name, distinct: String(name === 'instance_name' ? 475 : counts.size), series: '480', looks_like_id: name === 'instance_name', top };
        }).sort((a, b) => Number(b.distinct) - Number(a.distinct)),
      });
    case 'schema':
      return Json({
        database, table, series: '480', oldest: Ns(now_ms - 9_000_000), newest: Ns(now_ms), created: Ns(now_ms - 9_500_000), ...retention, partition_key: null,
        dimensions: names.map((name) => ({ name, distinct: String(name === 'instance_name' ? 475 : new Set(hosts.map((h) => h[name])).size), distinct_exact: true, series: '480' })),
        measures: [
          { name: 'cpu_system', type: 'double', series: '240', dimensions: names, fields: [], view: null }, { name: 'avg_cpu_system', type: 'double', series: '240', dimensions: names, fields: [], view: 'ec2-5m' },
          { name: 'metrics_record', type: 'multi', series: '12', dimensions: names, fields: [{ name: 'cpu', type: 'double' }, { name: 'n', type: 'bigint' }], view: null },
        ],
        columns: [...names.map((name) => ({ name, type: 'varchar', kind: 'dimension' })), { name: 'measure_name', type: 'varchar', kind: 'measure_name' }, { name: 'time', type: 'timestamp', kind: 'time' }, { name: 'measure_value::double', type: 'double', kind: 'measure_value' }],
      });
    case 'values': {
      const wanted = (url.searchParams.get('q') ?? '').toLowerCase();
      const column = url.searchParams.get('column');
      const known = column === 'measure_name' ? ['avg_cpu_idle', 'avg_cpu_system', 'cpu_idle', 'cpu_system'] : [...new Set(hosts.map((h) => h[column]))];
      return Json({ column, values: known.filter((v) => v?.toLowerCase().includes(wanted)).sort(), truncated: false });
    }
    case 'sample':
      return Json({
        sql: `SELECT * FROM "${database}"."${table}" ORDER BY time DESC LIMIT 10`, columns: [{ name: 'instance_name', type: 'VARCHAR' }, { name: 'time', type: 'TIMESTAMP' }, { name: 'measure_value::double', type: 'DOUBLE' }, { name: 'measure_value::varchar', type: 'VARCHAR' }],
        rows: Array.from({ length: 10 }, (_, i) => [hosts[i].instance_name, `2026-01-15 16:59:${30 - i}.000000001`, String(40 + i), i % 3 === 0 ? '' : null]),
      });
    case 'storage': {
      const [expired, memory, future] = [now_ms - 86_400_000, now_ms - 21_600_000, now_ms + 900_000];
      const zones = [
        { zone: 'expired', from: null, to: Ns(expired), accepted: false, write: 'rejected: older than magnetic retention (1 d)' },
        { zone: 'magnetic', from: Ns(expired), to: Ns(memory), accepted: true, write: 'accepted as late write into magnetic' },
        { zone: 'memory', from: Ns(memory), to: Ns(future), accepted: true, write: 'accepted into memory' },
        { zone: 'future', from: Ns(future), to: null, accepted: false, write: "rejected: more than 15 minutes ahead of the server's clock" },
      ];
      const time = url.searchParams.get('time');
      const at = time === null ? null : zones.find((z) => (z.from === null || BigInt(z.from) <= BigInt(time)) && (z.to === null || BigInt(time) < BigInt(z.to)));
      return Json({
        now: Ns(now_ms), points: '1912000', series: '480', bytes: '3824000', block_files: '12', overlay_points: '120', oldest: Ns(now_ms - 9_000_000), newest: Ns(now_ms), magnetic_writes: true, zones,
        at: at === null ? null : { time, zone: at.zone, accepted: at.accepted, write: at.write }, damaged: [],
      });
    }
    case 'rejections':
      return Json({
        since: Ns(now_ms - 7_200_000), total: '1883', groups: [
          { reason: 'version_lower', text: 'The record version 1 is lower than the existing version 200.', fix: 'Send a higher Version to replace values, or pause the producer at least a second per round.', count: '1871', first: Ns(now_ms - 600_000), last: Ns(now_ms - 29_000),
            samples: [{ at: Ns(now_ms - 29_000), source: 'api', measure: 'cpu_system', dimensions: { region: 'us-east-2' }, time: Ns(now_ms - 30_000), version: '1', existing_version: '200' }] },
          { reason: 'time_out_of_range', text: 'The record timestamp is outside the time range of the data ingestion window.', fix: 'Raise the retention of the table, or drop old points upstream.', count: '12', first: Ns(now_ms - 900_000), last: Ns(now_ms - 500_000),
            samples: [{ at: Ns(now_ms - 500_000), source: 'pipeline:ec2', measure: 'cpu_idle', dimensions: { region: 'eu-west-1' }, time: Ns(now_ms - 90_000_000), version: null, existing_version: null }] },
        ],
      });
  }
  return Fail(404, 'not_found', 'There is nothing here.');
}
