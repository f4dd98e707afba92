// SPDX-License-Identifier: Apache-2.0
// Evaluates the statements that wells make (and not much else) over points of the small model: bins, groups, the usual aggregates.

const kUnits = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
/** Of January. */
const ZoneAhead = (zone) => Number(/GMT([+-]\d+)/.exec(new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'shortOffset' }).format(Date.UTC(2026, 0, 15)))?.[1] ?? 0) * kUnits.h;
const Text = (ms) => `${new Date(ms).toISOString().replace('T', ' ').replace('Z', '')}000000`;
const Bare = (name) => name.trim().replace(/^"|"$/g, '').replaceAll('""', '"');

function Split(list) {
  const out = [''];
  let depth = 0;
  for (const c of list) {
    if (c === '(') depth += 1;
    if (c === ')') depth -= 1;
    if (c === ',' && depth === 0) out.push('');
    else out[out.length - 1] += c;
  }
  return out.map((item) => item.trim());
}

/** `points`: [{host, measure, t, v}] within the range. Null: not a statement of this kind. */
export function EvalWells(sql, points, { interval_ms = 60_000 } = {}) {
  const m = /^\s*SELECT\s+([^]*?)\nFROM /.exec(sql);
  if (m === null) return null;
  const items = Split(m[1]).map((item) => {
    const [, expression, alias] = /^([^]*?)(?: AS ("(?:[^"]|"")*"|\w+))?$/.exec(item);
    return { expression, name: Bare(alias ?? expression) };
  });
  const wanted = (/measure_name IN \(([^)]*)\)/.exec(sql)?.[1] ?? /measure_name = ('[^']*')/.exec(sql)?.[1]);
  const measures = wanted === undefined ? null : [...wanted.matchAll(/'([^']*)'/g)].map((one) => one[1]);
  const equal = [...sql.matchAll(/"(\w+)" (?:= ('[^']*')|IN \(('[^)]*)\))/g)].map(([, name, one, list]) => [name, [...(one ?? list).matchAll(/'([^']*)'/g)].map((v) => v[1])]);
  const rows = points.filter((p) => (measures === null || measures.includes(p.measure)) && equal.every(([name, values]) => values.includes(p.host[name])));
  const keys = items.map(({ expression }) => {
    const bin = /^BIN\(time(?: AT TIME ZONE '([^']*)')?, (?:(\d+)(ms|s|m|h|d)|\$__interval)\)$/.exec(expression);
    if (bin !== null) {
      const step = bin[2] === undefined ? Number(interval_ms) : Number(bin[2]) * kUnits[bin[3]];
      const ahead = bin[1] === undefined ? 0 : ZoneAhead(bin[1]);
      return (p) => Text(Math.floor((p.t + ahead) / step) * step);
    }
    if (expression === 'time') return (p) => Text(p.t);
    if (expression === 'measure_name') return (p) => p.measure;
    if (/^"\w+"$/.test(expression)) return (p) => p.host[Bare(expression)] ?? null;
    return null;
  });
  const groups = new Map();
  for (const p of rows) {
    const key = JSON.stringify(keys.flatMap((Key) => (Key === null ? [] : [Key(p)])));
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(p);
  }
  const Aggregate = (expression, group) => {
    const only = /FILTER \(WHERE measure_name = '([^']*)'\)/.exec(expression)?.[1];
    const values = group.filter((p) => only === undefined || p.measure === only).map((p) => p.v);
    const name = /^(\w+)\(/.exec(expression)?.[1] ?? '';
    if (name === 'COUNT' || name === 'APPROX_DISTINCT') return String(name === 'COUNT' ? values.length : new Set(group.map((p) => p.host.instance_name)).size);
    if (values.length === 0) return null;
    const sum = values.reduce((a, b) => a + b, 0);
    if (/record_count/.test(expression) || name === 'AVG') return String(sum / values.length);
    return String(name === 'SUM' ? sum : name === 'MIN' ? Math.min(...values) : name === 'MAX' ? Math.max(...values) : values[0]);
  };
  const out = [...groups.values()].map((group) => items.map(({ expression }, i) => (keys[i] === null ? Aggregate(expression, group) : keys[i](group[0]))));
  out.sort((a, b) => (a.join('|') < b.join('|') ? -1 : 1));
  return {
    columns: items.map(({ name, expression }, i) => ({ name, type: keys[i] === null ? (/^(COUNT|APPROX_DISTINCT)\(/.test(expression) ? 'BIGINT' : 'DOUBLE') : /^(BIN\(|time$)/.test(expression) ? 'TIMESTAMP' : 'VARCHAR' })),
    rows: out,
  };
}
