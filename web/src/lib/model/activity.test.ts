// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ToActivityLine } from './activity.ts';

const Of = (kind: string, name: string, action: string, detail: string | null = null) => ToActivityLine({ number: '1', at: '0', kind, name, action, detail });

test('names what happened, and where it is shown', () => {
  assert.deepEqual(Of('table', 'my db.t.x', 'changed'), { what: 'table', name: 'my db.t.x', action: 'changed', href: '/ui/db/my%20db/t.x' });
  assert.deepEqual(Of('dashboard', 'd-1', 'published', 'Hosts'), { what: 'dashboard', name: 'Hosts', action: 'published', href: '/ui/dash/d-1' });
  assert.deepEqual(Of('server', 'tidemark', 'upgraded', '0.1.0 to 0.2.0'), { what: 'server', name: '0.1.0 to 0.2.0', action: 'upgraded', href: '/ui/settings/about' });
});

test('what was deleted is no link', () => {
  assert.equal(Of('stream', 's', 'deleted').href, null);
});
