// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReadSettings } from './view_settings.ts';

test('settings are lines of key and value, quotes or not; a fault names its line', () => {
  assert.deepEqual(ReadSettings('late = "freeze"\n\n window=5m\naggregates = avg,p95 '), { late: 'freeze', window: '5m', aggregates: 'avg,p95' });
  assert.equal(ReadSettings('late = freeze\nwindow'), 'Line 2 is not KEY = VALUE.');
  assert.equal(ReadSettings('late ='), 'Line 1 is not KEY = VALUE.');
  assert.equal(ReadSettings('late = a\nlate = b'), 'Line 2 sets late a second time.');
  assert.equal(ReadSettings(' \n'), 'Say at least one setting.');
});
