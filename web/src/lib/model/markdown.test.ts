// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Inlines, ParseMarkdown, SafeHref, type Block, type Inline } from './markdown.ts';

/** The words of a tree, in order. */
const Words = (parts: readonly Inline[]): string => parts.map((p) => ('text' in p ? p.text : Words(p.parts))).join('');
const Kinds = (blocks: readonly Block[]): string[] => blocks.map(({ kind }) => kind);

test('blocks', () => {
  const blocks = ParseMarkdown('# One **two**\ntext\nmore\n\n- a\n- b\n1. c\n\n> said\n\n---\n```\n<b>&\n```\nend');
  assert.deepEqual(Kinds(blocks), ['heading', 'paragraph', 'list', 'list', 'quote', 'rule', 'code', 'paragraph']);
  assert.equal(blocks[1]?.kind === 'paragraph' && Words(blocks[1].parts), 'text more');
  assert.equal(blocks[2]?.kind === 'list' && blocks[2].items.length, 2);
  assert.equal(blocks[6]?.kind === 'code' && blocks[6].text, '<b>&');
  assert.deepEqual(ParseMarkdown('```\nnever closed'), [{ kind: 'code', text: 'never closed' }]);
});

test('emphasis, code, links, escapes', () => {
  assert.deepEqual(Inlines('a `b*c*` **d _e_**').map(({ kind }) => kind), ['text', 'code', 'text', 'strong']);
  assert.deepEqual(Inlines('\\*not\\*'), [{ kind: 'text', text: '*not*' }]);
  assert.deepEqual(Inlines('cpu_system and avg_cpu_system'), [{ kind: 'text', text: 'cpu_system and avg_cpu_system' }]);
  assert.deepEqual(Inlines('[here](/ui/query?sql=1)'), [{ kind: 'link', href: '/ui/query?sql=1', parts: [{ kind: 'text', text: 'here' }] }]);
});

test('nothing but addresses becomes a link, and HTML stays text', () => {
  for (const bad of ['javascript:alert(1)', 'JaVaScRiPt:alert(1)', 'data:text/html,x', '//host/x', '/api/v1/info', 'vbscript:x', ' http://a b']) assert.equal(SafeHref(bad), null);
  assert.equal(SafeHref('https://example.com/a?b=c'), 'https://example.com/a?b=c');
  assert.deepEqual(Inlines('[x](javascript:alert(1))').some(({ kind }) => kind === 'link'), false);
  assert.deepEqual(Inlines('<img src=x onerror=alert(1)>'), [{ kind: 'text', text: '<img src=x onerror=alert(1)>' }]);
});

test('long and deep texts end', () => {
  const deep = `x ${'**'.repeat(5000)}`;
  assert.equal(Words(ParseMarkdown(deep).flatMap((b) => ('parts' in b ? b.parts : []))).length > 0, true);
  const words = Words(Inlines('*a **b *c **d *e **f *g** h* i** j* k** l*'));
  for (const letter of 'abcdefghijkl') assert.ok(words.includes(letter));
});
