// SPDX-License-Identifier: Apache-2.0
// The streams of the small model: API.md section 5, "Streams", over fixed figures and records made from their numbers.

const kHashMax = (1n << 128n) - 1n;
const Shard = (i) => `shardId-${String(i).padStart(12, '0')}`;
const Sequence = (shard, n) => `49671603${String(shard).padStart(2, '0')}5938475629384756293847562938475602${String(n).padStart(10, '0')}`;

export class StreamModel {
  made = new Map();
  put = [];
  /** Records a second that arrive while a tail is read. */
  tail_rate = 3;
  /** The key of every record, if not null. */
  key = null;
  #tail = 100_000;

  Row(base, now_ms) {
    const dead = base.name === 'ec2-dead';
    return {
      ...base, status: 'ACTIVE', mode: 'PROVISIONED', created: String(now_ms - 3_600_000), throttled_per_minute: 0, throttled_total: '0', iterator_age_ms: dead ? null : '35', consumers: dead ? 0 : 2,
      disk_bytes: dead ? '5700' : '88608768', history_step_ms: 10_000, history: Array.from({ length: 90 }, (_, i) => (i < 5 ? null : dead ? 0 : 1200 + 90 * Math.sin(i / 7) + ((i * 37) % 23))),
    };
  }

  All(status, now_ms) {
    return [...status.streams, ...this.made.values()].map((base) => this.Row(base, now_ms));
  }

  Handle({ request, path, url, body, status, now_ms, Json, Fail, response }) {
    const all = this.All(status, now_ms);
    if (path.length === 1) {
      if (request.method === 'GET') return Json({ streams: all });
      const { name, shards = 1, retention_hours = 24 } = JSON.parse(body);
      if (all.some((s) => s.name === name)) return Fail(409, 'conflict', `Stream ${name} exists.`);
      this.made.set(name, { name, shards, records_per_second: 0, bytes_per_second: 0, records_total: '0', retention_hours: String(retention_hours) });
      return Json(this.Detail(this.All(status, now_ms).find((s) => s.name === name)), 201);
    }
    const stream = all.find((s) => s.name === path[1]);
    if (stream === undefined) return Fail(404, 'not_found', `Stream ${path[1]} does not exist.`);
    switch (path[2]) {
      case undefined:
        if (request.method === 'GET') return Json(this.Detail(stream));
        if (request.method === 'DELETE' && stream.name === 'ec2-metrics') return Fail(409, 'conflict', 'Pipeline ec2 reads it.', { hint: 'Delete pipeline ec2 first.' });
        if (request.method === 'PATCH') {
          this.made.get(stream.name).retention_hours = String(JSON.parse(body).retention_hours);
          return Json(this.Detail(this.All(status, now_ms).find((s) => s.name === stream.name)));
        }
        this.made.delete(stream.name);
        return void response.writeHead(204).end();
      case 'shards':
        return Json(this.Shards(stream, now_ms));
      case 'keys':
        return Json({
          seconds: 300, records: '81200', sampled: '20000', exact: false, distinct_keys: 10, shards: 16, shards_with_records: 9, sentence: '10 distinct keys feed 16 shards; at least 6 shards receive nothing.',
          keys: Array.from({ length: 10 }, (_, i) => ({ key: `i-zaZswmJk-zeus-000${i}.amazonaws.com`, share: 0.19 - 0.02 * i, records: String(8440 - 700 * i), shard: Shard(i % 4) })), busiest: [{ shard: Shard(3), share: 0.31 }],
        });
      case 'consumers':
        return Json({
          consumers: [
            { kind: 'pipeline', name: 'ec2', access_key: null, address: null, records_per_second: 1264.5, iterator_age_ms: '35', last_seen: String(now_ms - 200), shards: [0, 1, 2, 3].map((i) => ({ shard: Shard(i), sequence: Sequence(i, 900), iterator_age_ms: '35' })) },
            { kind: 'polling', name: 'Boto3/1.43.2', access_key: 'AKIAIOSFODNN7EXAMPLE', address: '127.0.0.1', records_per_second: 120, iterator_age_ms: '4100', last_seen: String(now_ms - 1200), shards: [{ shard: Shard(0), sequence: Sequence(0, 880), iterator_age_ms: '4100' }] },
          ],
        });
      case 'producers':
        return Json({
          producers: [
            { library: 'Boto3', version: '1.43.2', agent: 'Boto3/1.43.2', access_key: 'AKIAIOSFODNN7EXAMPLE', address: '127.0.0.1', protocol: 'HTTP/1.1', operation: 'PutRecords', requests_per_second: 3, records_per_second: 1264.5, bytes_per_second: 508_600,
              requests: '1204', records: '509200', bytes: '209000000', errors: [{ code: 'ProvisionedThroughputExceededException', count: '3' }], first_seen: String(now_ms - 600_000), last_seen: String(now_ms - 300) },
            { library: null, version: null, agent: 'curl', access_key: null, address: '10.0.0.7', protocol: 'HTTP/1.1', operation: 'PutRecord', requests_per_second: 0, records_per_second: 0, bytes_per_second: 0,
              requests: '2', records: '2', bytes: '24', errors: [], first_seen: String(now_ms - 60_000), last_seen: String(now_ms - 60_000) },
          ],
        });
      case 'records':
        if (request.method === 'POST') {
          this.put.push(...JSON.parse(body).records);
          return Json({ records: [{ shard: Shard(2), sequence: Sequence(2, 999_999) }] });
        }
        return this.Records(url.searchParams, now_ms, Json, Fail);
    }
    return Fail(404, 'not_found', 'There is nothing here.');
  }

  Detail(row) {
    return { ...row, arn: `arn:aws:kinesis:us-east-1:000000000000:stream/${row.name}`, tags: {}, record_kib_max: 1024, encryption: 'NONE', pipelines: row.name === 'ec2-metrics' ? ['ec2'] : [], error: null };
  }

  Shards(stream, now_ms) {
    const n = stream.shards;
    return {
      total: n, next_cursor: null, hash_key_max: String(kHashMax),
      shards: Array.from({ length: n }, (_, i) => ({
        shard: Shard(i), state: 'open', parent: null, adjacent_parent: null, hash_start: String((kHashMax / BigInt(n)) * BigInt(i)), hash_end: String((kHashMax / BigInt(n)) * BigInt(i + 1)), hash_share: 1 / n,
        records_per_second: 1264.5 * [0.31, 0.29, 0.22, 0.18][i % 4], traffic_share: [0.31, 0.29, 0.22, 0.18][i % 4], limit_ratio: [0.87, 0.37, 0.28, 0.23][i % 4], records_kept: '41200',
        oldest_sequence: Sequence(i, 1), newest_sequence: Sequence(i, 41_200), last_arrival: String(now_ms - 10 * i),
      })),
    };
  }

  Record(n, now_ms, full) {
    const key = this.key ?? `i-zaZswmJk-000${n % 10}.amazonaws.com`;
    const shard = n % 4;
    const late = n % 7 === 3;
    const dead = n % 50 === 49;
    const arrival = now_ms - 200_000 + n * 20;
    const delay = late ? 75_000 + (n % 5) * 900 : 120 + (n % 9) * 40;
    const text = dead ? '{"broken":' : JSON.stringify({ region: ['us-east-2', 'eu-west-1'][n % 2], cell: 'us-east-2-cell-1', instance_name: `i-zaZswmJk-000${n % 10}.amazonaws.com`, time: new Date(arrival - delay).toISOString(), cpu_system: 0.5, big: 0 }).replace('"big":0', `"big":${9007199254740993n + BigInt(n)}`);
    if (n % 50 === 47) {
      const bytes = Buffer.from('a26563705573797374656dfb3fe0000000000000616e1b0020000000000001'.replace('6563705573797374656d', '6a6370755f73797374656d'), 'hex');
      return {
        shard: Shard(shard), sequence: Sequence(shard, n), arrival: String(arrival), key, bytes: bytes.length, encoding: 'binary', preview: bytes.toString('hex'), truncated: false, event_time: null, delay_ms: null, behind_ms: null, verdict: 'dead_letter',
        problem: 'The payload is not JSON.', ...(full ? { text: null, base64: bytes.toString('base64'), cbor: '{"cpu_system": 0.5, "n": 9007199254740993}' } : {}),
      };
    }
    return {
      shard: Shard(shard), sequence: Sequence(shard, n), arrival: String(arrival), key, bytes: text.length, encoding: dead ? 'text' : 'json', preview: text, truncated: false,
      event_time: dead ? null : `${arrival - delay}000000`, delay_ms: dead ? null : String(delay), behind_ms: dead ? null : String(late ? delay - 100 : 0), verdict: dead ? 'dead_letter' : late ? 'late' : 'on_time', problem: dead ? 'The payload is not JSON: unexpected end at offset 10.' : null,
      ...(full ? { text, base64: Buffer.from(text).toString('base64') } : {}),
    };
  }

  Records(params, now_ms, Json, Fail) {
    const limit = Number(params.get('limit') ?? 50);
    const filter = params.get('filter') ?? '';
    const cursor = params.get('cursor');
    const answer = (numbers, next, at_tip) => Json({
      next_cursor: String(next), at_tip, scanned: String(numbers.length), behind_ms: '0', pipeline: 'ec2', time_field: 'Time', view: 'ec2-5m',
      records: numbers.map((n) => this.Record(n, now_ms, params.get('payload') === 'full')).filter((r) => filter === '' || r.preview.includes(filter) || r.key.includes(filter)).slice(0, limit),
    });
    if (params.get('sequence') !== null) {
      const n = Number(/(\d{10})$/.exec(params.get('sequence'))?.[1] ?? NaN);
      if (Number.isNaN(n)) return Fail(400, 'invalid_request', 'This sequence number is not one of this stream.', { field: 'sequence' });
      const from = n + (params.get('position') === 'after_sequence' ? 1 : 0);
      return answer(Array.from({ length: limit }, (_, i) => from + i), from + limit, false);
    }
    if (params.get('position') === 'latest') return answer([], this.#tail, true);
    const from = Number(cursor ?? 0);
    if (from >= 100_000) {
      const numbers = Array.from({ length: this.tail_rate }, (_, i) => this.#tail + i);
      this.#tail += this.tail_rate;
      return answer(numbers, this.#tail, true);
    }
    return answer(Array.from({ length: filter === '' ? limit : 500 }, (_, i) => from + i), from + limit, false);
  }
}
