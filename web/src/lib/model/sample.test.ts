// SPDX-License-Identifier: Apache-2.0
// The sample dashboard of the repository is a file as this console writes it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { ParseText, Write } from './dashboard_file.ts';
import { InOrder, References } from './variables.ts';

const text = readFileSync('../examples/ec2/dashboards/ec2.json', 'utf8');

test('the sample reads, and is written the same', () => {
  const parsed = ParseText(text);
  assert.ok(parsed.ok);
  assert.equal(Write(parsed.file), text);
  assert.equal(parsed.file.panels.length, 10);
});

test('every statement of the sample names variables that there are, one host by the first', () => {
  const parsed = ParseText(text);
  assert.ok(parsed.ok);
  const { variables, panels } = parsed.file;
  const names = variables.map(({ name }) => name);
  assert.equal(names[0], 'instance');
  assert.deepEqual(InOrder(variables).map(({ name }) => name), names);
  for (const panel of panels) for (const query of panel.queries) for (const name of References(query.sql)) assert.ok(names.includes(name), `${panel.id}: $${name}`);
});

test('panels of the sample do not lie on each other', () => {
  const parsed = ParseText(text);
  assert.ok(parsed.ok);
  const taken = new Set<string>();
  for (const { id, grid } of parsed.file.panels) {
    for (let x = grid.x; x < grid.x + grid.w; x += 1) {
      for (let y = grid.y; y < grid.y + grid.h; y += 1) {
        assert.ok(!taken.has(`${x}/${y}`), id);
        taken.add(`${x}/${y}`);
      }
    }
  }
});
