// SPDX-License-Identifier: Apache-2.0
// After `vite build`: what a browser loads first for each page, from Vite's manifest, against the console's budgets. Prints a table;
// exit code 1 if one is exceeded.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const dist = join(dirname(fileURLToPath(import.meta.url)), '..', 'dist');
const kFirstLoadBytesMax = 200 * 1024; // any page but Query
const kQueryMoreBytesMax = 150 * 1024; // beyond what a first load may have
const kEmbeddedBytesMax = 2.5 * 1024 * 1024; // brotli and gzip copies

const manifest = JSON.parse(readFileSync(join(dist, '.vite/manifest.json'), 'utf8'));
const sizes = new Map();
const GzipBytes = (file) => {
  if (!sizes.has(file)) sizes.set(file, gzipSync(readFileSync(join(dist, file)), { level: 9 }).length);
  return sizes.get(file);
};

/** Files that load with a chunk: itself, what it imports at once, and their styles. */
function FilesOf(key, found = new Set()) {
  const chunk = manifest[key];
  if (chunk === undefined || found.has(chunk.file)) return found;
  found.add(chunk.file);
  for (const style of chunk.css ?? []) found.add(style);
  for (const next of chunk.imports ?? []) FilesOf(next, found);
  return found;
}

const Sum = (files) => [...files].reduce((sum, file) => sum + GzipBytes(file), 0);
const Kib = (bytes) => `${(bytes / 1024).toFixed(1)} KiB`;

const entry = Object.keys(manifest).find((key) => manifest[key].isEntry);
const first = FilesOf(entry);
const failures = [];
let largest = 0;
for (const key of manifest[entry].dynamicImports ?? []) {
  const files = new Set([...first, ...FilesOf(key)]);
  const bytes = Sum(files);
  const query = /\/QueryPage\.svelte$/.test(key);
  const bound = query ? kFirstLoadBytesMax + kQueryMoreBytesMax : kFirstLoadBytesMax;
  if (/\/pages\//.test(key)) console.log(`${key.replace(/^src\/pages\//, '').padEnd(36)} ${Kib(bytes).padStart(10)} of ${Kib(bound)}`);
  if (!query) largest = Math.max(largest, bytes);
  if (bytes > bound) failures.push(`${key} loads ${Kib(bytes)}, more than ${Kib(bound)}`);
}
const embedded = readdirSync(dist, { recursive: true }).filter((name) => /\.(gz|br)$/.test(name)).reduce((sum, name) => sum + statSync(join(dist, name)).size, 0);
console.log(`embedded copies ${Kib(embedded)} of ${Kib(kEmbeddedBytesMax)}, largest first load ${Kib(largest)}`);
if (embedded > kEmbeddedBytesMax) failures.push(`compressed copies are ${Kib(embedded)}`);
for (const failure of failures) console.error(`budget: ${failure}`);
process.exit(failures.length === 0 ? 0 : 1);
