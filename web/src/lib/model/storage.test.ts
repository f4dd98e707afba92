// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Zone } from '../api/tables.ts';
import { BandOf, Bands, TimeAt } from './storage.ts';

const kZones = [
  { zone: 'expired', from: null, to: '1000000000000', accepted: false, write: 'rejected' },
  { zone: 'memory', from: '1000000000000', to: '9000000000000', accepted: true, write: 'accepted' },
  { zone: 'future', from: '9000000000000', to: null, accepted: false, write: 'rejected' },
] as Zone[];

test('bands cover the axis without a hole', () => {
  const { bands } = Bands(kZones);
  assert.equal(bands[0]?.begin, 0);
  assert.equal(bands[2]?.end, 1);
  assert.deepEqual(bands.slice(1).map((b) => b.begin), bands.slice(0, -1).map((b) => b.end));
  assert.deepEqual(Bands([]).bands, []);
});

test('a place is a time and a time is a band', () => {
  const { bands, from, to } = Bands(kZones);
  assert.equal(BandOf(bands, TimeAt(from, to, 0))?.zone, 'expired');
  assert.equal(BandOf(bands, TimeAt(from, to, 0.5))?.zone, 'memory');
  assert.equal(BandOf(bands, TimeAt(from, to, 1))?.zone, 'future');
  assert.equal(BandOf(bands, 1_000_000_000_000n)?.zone, 'memory');
  assert.equal(BandOf(bands, 999_999_999_999n)?.zone, 'expired');
});
