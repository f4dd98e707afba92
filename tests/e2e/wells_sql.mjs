// SPDX-License-Identifier: Apache-2.0
// Every form of statement that wells make (web/src/lib/model/well_forms.json) against a running server that holds the EC2 sample:
//   TIDEMARK_ENDPOINT=http://127.0.0.1:4580 node wells_sql.mjs
// None may be refused, and what comes has the columns that the drawing will look for.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

const kForms = JSON.parse(readFileSync(new URL('../../web/src/lib/model/well_forms.json', import.meta.url), 'utf8'));

export async function CheckWells(endpoint) {
  const failures = [];
  for (const { name, sql, columns } of kForms) {
    const text = sql.join('\n').replaceAll("'$region'", "'us-east-2'");
    const response = await fetch(`${endpoint}/api/v1/query`, {
      method: 'POST', headers: { 'Content-Type': 'application/json', 'X-Console': '1' }, body: JSON.stringify({ sql: text, max_rows: 10_000, from: 'now-1h', to: 'now', interval_ms: '60000' }),
    });
    const answer = await response.json();
    if (answer.error !== undefined) failures.push(`${name}: ${answer.error.message}\n${text}`);
    else {
      const names = answer.columns.map((c) => c.name);
      const missing = [columns.x, columns.color, columns.multiples, ...columns.values].filter((c) => c !== null && !names.includes(c));
      if (missing.length > 0) failures.push(`${name}: no column ${missing} in ${names}`);
    }
  }
  assert.deepEqual(failures, []);
  return kForms.length;
}

if (import.meta.url === `file://${process.argv[1]}`) console.log(`${await CheckWells(process.env.TIDEMARK_ENDPOINT ?? 'http://127.0.0.1:4580')} statements ran`);
