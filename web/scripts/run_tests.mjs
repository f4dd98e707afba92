// SPDX-License-Identifier: Apache-2.0
// Compiles the unit tests of the page's model with tsc and runs them with node's own runner (Node 20 does not strip types).
import { spawnSync } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
// A folder of its own, so that runs beside each other do not disturb each other.
const out = join(root, `node_modules/.cache/tidemark-tests-${process.pid}`);
process.on('exit', () => rmSync(out, { recursive: true, force: true }));

const run = (file, args) => {
  const { status } = spawnSync(process.execPath, [file, ...args], { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
};

run(join(root, 'node_modules/typescript/bin/tsc'), ['-p', 'tsconfig.test.json', '--outDir', out]);
const tests = readdirSync(out, { recursive: true })
  .filter((name) => name.endsWith('.test.js'))
  .map((name) => join(out, name));
if (tests.length === 0) throw new Error('no compiled tests found');
run('--test', tests);
