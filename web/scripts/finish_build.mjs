// SPDX-License-Identifier: Apache-2.0
// After `vite build`: refuses a bundle that breaks the rules of API.md section 2 (no outside address, no inline script or style),
// writes the .gz and .br copies that the server sends, and checks the budgets (budget.mjs).
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const dist = join(dirname(fileURLToPath(import.meta.url)), '..', 'dist');
const kCompressBytesMin = 1024;

// Names that are not addresses: XML namespaces, and documentation links inside error texts of the framework.
const kAllowedUrls = [/^http:\/\/www\.w3\.org\//, /^https:\/\/svelte\.dev\/e\//];

const files = readdirSync(dist, { recursive: true })
  .map((name) => join(dist, name))
  .filter((path) => statSync(path).isFile() && !/\.(gz|br)$/.test(path) && !path.includes('.vite'));

const fail = (message) => {
  console.error(`finish_build: ${message}`);
  process.exit(1);
};

let gzip_total = 0;
let raw_total = 0;
for (const path of files) {
  const bytes = readFileSync(path);
  const name = relative(dist, path);
  const text = /\.(html|js|css|svg)$/.test(path) ? bytes.toString('utf8') : '';
  for (const [url] of text.matchAll(/(?:https?|wss?):\/\/[^\s"'`)<>\\]+/g)) {
    if (!kAllowedUrls.some((allowed) => allowed.test(url))) fail(`${name} names an outside address: ${url}`);
  }
  if (path.endsWith('.html') && (/<style/i.test(text) || /<script(?![^>]*\ssrc=)/i.test(text) || /\s(?:style|on\w+)=/i.test(text))) {
    fail(`${name} has an inline script or style`);
  }
  raw_total += bytes.length;
  const gz = gzipSync(bytes, { level: 9 });
  if (/\.(js|css)$/.test(path)) gzip_total += gz.length;
  if (bytes.length < kCompressBytesMin) continue;
  writeFileSync(`${path}.gz`, gz);
  writeFileSync(`${path}.br`, brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }));
}
console.log(`${files.length} files, ${(raw_total / 1024).toFixed(1)} KiB, scripts and styles ${(gzip_total / 1024).toFixed(1)} KiB gzip`);

const budget = spawnSync(process.execPath, [join(dirname(fileURLToPath(import.meta.url)), 'budget.mjs')], { stdio: 'inherit' });
// The manifest is for the budgets; what is left in dist/ is embedded.
rmSync(join(dist, '.vite'), { recursive: true, force: true });
process.exit(budget.status ?? 1);
