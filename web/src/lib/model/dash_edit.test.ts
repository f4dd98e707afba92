// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DescribeChanges, DuplicatePanel, History, kUndoMax, PlacePanels, PlaceText, RemovePanel, ReplacePanel, Stepped } from './dash_edit.ts';
import { DefaultOptions, NewDashboard, NewVariable, Parse, ToJson, type DashboardFile } from './dashboard_file.ts';
import { DiffLines, IsSame } from './text_diff.ts';

const File = (): DashboardFile => ({
  ...NewDashboard('d'), panels: [
    { id: 'p1', title: 'a', visual: 'text', grid: { x: 0, y: 0, w: 6, h: 4 }, queries: [], options: DefaultOptions() },
    { id: 'p2', title: 'b', visual: 'text', grid: { x: 0, y: 4, w: 12, h: 4 }, queries: [], options: DefaultOptions() },
  ],
});

test('undo and redo go back and forth, fifty steps, typing is one', () => {
  const history = new History(0);
  for (let i = 1; i <= 60; i += 1) history.Push(i);
  let steps = 0;
  while (history.can_undo) {
    history.Undo();
    steps += 1;
  }
  assert.deepEqual([steps, history.present], [kUndoMax, 10]);
  assert.equal(history.Redo(), 11);
  history.Push(100, 'title');
  history.Push(101, 'title');
  assert.equal(history.can_redo, false);
  assert.equal(history.Undo(), 11);
  history.Push(11);
  assert.equal(history.can_redo, true, 'the same state is no change');
});

test('a copy lies below its original, and what was there below it', () => {
  const { file, id } = DuplicatePanel(File(), 'p1');
  assert.deepEqual(file.panels.map((p) => [p.id, p.grid.y]), [['p1', 0], ['p2', 8], [id, 4]]);
  assert.ok(Parse(JSON.parse(JSON.stringify(ToJson(file)))).ok);
});

test('a draft in words', () => {
  const file = File();
  assert.equal(DescribeChanges(file, File()), '');
  assert.equal(DescribeChanges(file, DuplicatePanel(file, 'p2').file), '1 panel added');
  assert.equal(DescribeChanges(file, RemovePanel(file, 'p1')), '1 panel removed');
  const p2 = file.panels[1]!;
  assert.equal(DescribeChanges(file, { ...ReplacePanel(file, { ...p2, title: 'c' }), title: 'e', variables: [NewVariable('v')] }), '1 panel changed, variables changed, settings changed');
  assert.equal(DescribeChanges(file, PlacePanels(file, new Map([['p1', { x: 6, y: 0, w: 6, h: 4 }]]))), '1 panel moved');
  assert.equal(PlacePanels(file, new Map([['p1', { x: 0, y: 0, w: 6, h: 4 }]])), file);
});

test('keys move and resize within twelve columns', () => {
  const place = { x: 6, y: 0, w: 6, h: 4 };
  assert.deepEqual(Stepped(place, 'ArrowRight', 'moves'), place);
  assert.deepEqual(Stepped(place, 'ArrowLeft', 'moves'), { ...place, x: 5 });
  assert.deepEqual(Stepped(place, 'ArrowUp', 'moves'), place);
  assert.deepEqual(Stepped(place, 'ArrowRight', 'sizes'), place);
  assert.deepEqual(Stepped(place, 'ArrowDown', 'sizes'), { ...place, h: 5 });
  assert.equal(Stepped(place, 'x', 'moves'), null);
  assert.equal(PlaceText(place), 'column 7, row 1, 6 wide, 4 high');
});

test('lines that went and came, with a few around them', () => {
  const before = Array.from({ length: 20 }, (_, i) => `line ${i}`);
  const after = before.map((line) => (line === 'line 10' ? 'changed' : line));
  assert.deepEqual(DiffLines(before.join('\n'), after.join('\n'), 1).map(({ kind, text }) => `${kind} ${text}`), [
    'skipped 9 lines the same', 'same line 9', 'gone line 10', 'new changed', 'same line 11', 'skipped 8 lines the same',
  ]);
  assert.ok(IsSame(DiffLines('a\nb', 'a\nb')));
  assert.deepEqual(DiffLines('a\nb\nc\nd', 'b\nd\ne', 9).map(({ kind }) => kind), ['gone', 'same', 'gone', 'same', 'new']);
});
