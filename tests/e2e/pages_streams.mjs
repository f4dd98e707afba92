// SPDX-License-Identifier: Apache-2.0
// Streams: list, create, shards and keys, record viewer, tail, readers.
import assert from 'node:assert/strict';
import { Heading, kWaitMs, Looks, Until } from './harness.mjs';

export const tests = {
  async 'streams are listed, sorted, filtered, and the link keeps it'({ page, endpoint }) {
    await page.goto(`${endpoint}/ui/streams`);
    const rows = page.getByTestId('streams').getByRole('row');
    await rows.nth(2).waitFor();
    await page.getByRole('button', { name: 'open shards' }).click();
    await page.getByRole('button', { name: /open shards/ }).click();
    await Until(page, () => new URL(location.href).searchParams.get('sort') === '-shards');
    assert.match(await rows.nth(1).innerText(), /ec2-metrics/);
    await Looks(page, 'streams');
    await page.keyboard.press('/');
    await page.keyboard.type('dead');
    await Until(page, () => document.querySelectorAll('[data-testid=streams] tbody tr').length === 1);
    await page.reload();
    await rows.nth(1).waitFor();
    assert.equal(await rows.count(), 2);
    await page.getByRole('searchbox', { name: 'Filter streams' }).fill('nothing');
    await page.getByText('No streams match').waitFor();
    await page.getByRole('button', { name: 'Clear filter' }).click();
    await rows.nth(2).waitFor();
  },

  async 'a stream is created, with the commands it stands for, and deleted by its name'({ page, endpoint, server }) {
    await page.goto(`${endpoint}/ui/streams`);
    await page.getByRole('button', { name: 'Create stream' }).click();
    const dialog = page.getByRole('dialog', { name: 'Create stream' });
    await dialog.getByLabel('Name').fill('my stream');
    await dialog.getByText('Letters, digits, dot, hyphen and underscore only.').waitFor();
    assert.equal(await dialog.getByLabel('Name').getAttribute('aria-invalid'), 'true');
    await Looks(page, 'stream-create');
    await dialog.getByLabel('Name').fill('my-stream');
    await dialog.getByLabel('Shards').fill('8');
    await dialog.getByText('tidemark stream create my-stream --shards 8 --retention 24h').waitFor();
    await dialog.getByText(/create-stream --endpoint-url http.* --stream-name my-stream --shard-count 8/).waitFor();
    await dialog.getByRole('button', { name: 'Create stream' }).click();
    await Heading(page, 'Streams');
    await Until(page, () => location.pathname === '/ui/streams/my-stream');
    await page.getByRole('navigation', { name: 'Stream' }).getByRole('link', { name: 'Settings' }).click();
    const keep = page.getByLabel('Retention, hours').last();
    await keep.fill('12');
    await page.getByText('From 24 to 8760 hours.').last().waitFor();
    assert.equal(await page.getByRole('button', { name: 'Save', exact: true }).isDisabled(), true);
    await keep.fill('48');
    await page.getByText(/increase-stream-retention-period .* --stream-name my-stream --retention-period-hours 48$/).waitFor();
    await Looks(page, 'stream-settings');
    await page.keyboard.press('Enter');
    await page.getByText('my-stream keeps records for 48 h').waitFor();
    assert.equal(server.streams.made.get('my-stream').retention_hours, '48');
    await page.getByRole('button', { name: 'Delete stream' }).click();
    const confirm = page.getByRole('dialog', { name: 'Delete stream' });
    assert.equal(await confirm.getByRole('button', { name: 'Delete stream' }).isDisabled(), true);
    await confirm.getByLabel(/Type/).fill('my-stream');
    await confirm.getByRole('button', { name: 'Delete stream' }).click();
    await Until(page, () => location.pathname === '/ui/streams');
    assert.equal(server.streams.made.size, 0);
  },

  async 'shards show their range and traffic, keys their skew'({ page, endpoint }) {
    await page.goto(`${endpoint}/ui/streams/ec2-metrics/shards`);
    await page.getByTestId('shards').getByText('shardId-000000000003').waitFor();
    assert.equal(await page.getByRole('list', { name: 'Open shards by hash range' }).getByRole('listitem').count(), 4);
    assert.equal(await page.getByTestId('skew').innerText(), '10 distinct keys feed 16 shards; at least 6 shards receive nothing.');
    await page.getByText('87 % high').waitFor();
    await Looks(page, 'stream-shards');
    await page.getByRole('navigation', { name: 'Stream' }).getByRole('link', { name: 'Readers' }).click();
    await page.getByText('Boto3/1.43.2').waitFor();
    await Looks(page, 'stream-readers');
    await page.getByRole('navigation', { name: 'Stream' }).getByRole('link', { name: 'Producers' }).click();
    await page.getByTestId('producers').getByText('Boto3 1.43.2').waitFor();
    await page.getByTestId('producers').getByText('ProvisionedThroughputExceededException: 3 of 1 204').waitFor();
    await Looks(page, 'stream-producers');
    await page.getByRole('navigation', { name: 'Stream' }).getByRole('link', { name: 'Overview' }).click();
    await page.getByText('arn:aws:kinesis:us-east-1:000000000000:stream/ec2-metrics').waitFor();
    await Looks(page, 'stream-overview');
  },

  async 'records are read from a position, late ones are marked by word and bar'({ page, endpoint }) {
    await page.goto(`${endpoint}/ui/streams/ec2-metrics/records`);
    const rows = page.getByTestId('records').locator('tbody tr');
    await rows.nth(49).waitFor();
    assert.equal(await page.locator('.verdict.late').count(), 7);
    assert.deepEqual(await page.locator('.verdict.dead_letter').allInnerTexts(), ['dead letter', 'dead letter']);
    await Looks(page, 'records');
    await page.getByRole('button', { name: 'Read 50 more' }).click();
    await rows.nth(99).waitFor();
    await page.getByLabel('Filter').fill('eu-west-1');
    await page.getByRole('button', { name: 'Read', exact: true }).click();
    await Until(page, () => /filter=eu-west-1/.test(location.search));
    await Until(page, () => [...document.querySelectorAll('[data-testid=records] .preview')].every((cell) => cell.textContent.includes('eu-west-1')));
    await page.getByLabel('Filter').fill('no such text');
    await page.keyboard.press('Enter');
    await page.getByText('No records match').waitFor();
  },

  async 'a record opens as tree, text and bytes, and can be put again'({ page, endpoint, server }) {
    await page.goto(`${endpoint}/ui/streams/ec2-metrics/records`);
    await page.getByTestId('records').locator('tbody tr').nth(3).getByRole('button').click();
    const panel = page.getByTestId('record');
    await panel.getByText('9007199254740996').waitFor();
    await Looks(page, 'record-panel');
    await panel.getByRole('button', { name: 'hex' }).click();
    await panel.getByText(/^000000 {2}7b 22/).waitFor();
    await panel.getByRole('button', { name: 'Put again' }).click();
    await page.getByRole('dialog', { name: 'Put this record again' }).getByRole('button', { name: 'Put again' }).click();
    await page.getByText('Put again into shardId-000000000002').waitFor();
    assert.equal(server.streams.put.length, 1);
    assert.match(Buffer.from(server.streams.put[0].base64, 'base64').toString(), /9007199254740996/);
    await page.keyboard.press('Escape');
    await panel.waitFor({ state: 'detached' });
    await page.getByTestId('records').locator('tbody tr').nth(47).getByRole('button').click();
    await panel.getByText('{"cpu_system": 0.5, "n": 9007199254740993}').waitFor();
    assert.equal(await panel.getByRole('button', { name: 'cbor' }).getAttribute('aria-pressed'), 'true');
    assert.equal(await panel.getByRole('button', { name: 'tree' }).isDisabled(), true);
  },

  async 'hostile names and keys are text, and break no layout'({ page, endpoint, server }) {
    const hostile = `"><img src=x onerror="document.title='owned'"><b>'عربي שלום 😀 ${'x'.repeat(200)}`;
    server.streams.made.set(hostile, { name: hostile, shards: 2, records_per_second: 1, bytes_per_second: 10, records_total: '3', retention_hours: '24' });
    server.streams.key = hostile;
    await page.goto(`${endpoint}/ui/streams`);
    await page.getByRole('link', { name: hostile, exact: true }).waitFor();
    await Looks(page, 'hostile-list');
    await page.getByRole('link', { name: hostile, exact: true }).click();
    await page.getByRole('heading', { level: 2, name: hostile, exact: true }).waitFor();
    await page.getByRole('navigation', { name: 'Stream' }).getByRole('link', { name: 'Records' }).click();
    await page.getByTestId('records').locator('tbody tr').first().getByRole('button').click();
    await page.getByTestId('record').getByText(hostile, { exact: true }).waitFor();
    await Looks(page, 'hostile-record');
    assert.equal(await page.locator('main img').count(), 0);
    assert.match(await page.title(), /^Streams/);
    assert.equal(decodeURIComponent(new URL(page.url()).pathname.split('/')[3]), hostile);
  },

  async 'a fast tail is sampled and waits while a record is open'({ page, endpoint, server }) {
    server.streams.tail_rate = 600;
    await page.goto(`${endpoint}/ui/streams/ec2-metrics/records?live=1`);
    await page.getByTestId('sampling').getByText('sampling 1 in 12').waitFor({ timeout: kWaitMs });
    await page.getByTestId('records').locator('tbody tr').first().getByRole('button').click();
    await page.getByText('tail waits while you read').waitFor();
    const asked = server.requests.length;
    await page.getByTestId('record').getByRole('button', { name: 'Close record' }).click();
    await page.getByText('tail, newest first').waitFor();
    for (let i = 0; i < 200 && !server.requests.slice(asked).includes('GET /api/v1/streams/ec2-metrics/records'); i += 1) await page.evaluate(() => new Promise(requestAnimationFrame));
    assert.ok(server.requests.slice(asked).includes('GET /api/v1/streams/ec2-metrics/records'));
    await Looks(page, 'records-tail', { sizes: ['A'] });
  },
};
