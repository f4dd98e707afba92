// SPDX-License-Identifier: Apache-2.0
// The keyboard map of the shell. Single letters do nothing while somebody types, in dialogs, or when switched off; what a page can
// do is in commands.svelte.ts.
import { kSections } from '../model/routes.ts';
import { Shift, Zoom } from '../model/time_range.ts';
import { WallNow } from '../time.ts';
import { commands } from './commands.svelte.ts';
import { live } from './live.svelte.ts';
import { prefs } from './prefs.svelte.ts';
import { router } from './router.svelte.ts';

const kChordMs = 1500;
let chord_until = 0;

/** Whether keys of this element are text: also inside an editor's own tree. */
function IsTyping(event: KeyboardEvent): boolean {
  const target = event.composedPath()[0];
  if (!(target instanceof HTMLElement)) return false;
  return /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) || target.isContentEditable;
}

export function HandleKey(event: KeyboardEvent, shell: { Palette(): void; Help(): void }): void {
  if (event.defaultPrevented) return;
  const mod = event.ctrlKey || event.metaKey;
  if (mod && !event.altKey && event.key.toLowerCase() === 'k') {
    event.preventDefault();
    shell.Palette();
    return;
  }
  const page = commands.page;
  if (mod && !event.altKey && event.key.toLowerCase() === 's' && page.Save !== undefined) {
    event.preventDefault();
    page.Save();
    return;
  }
  if (mod || event.altKey || IsTyping(event) || prefs.single_keys === 'off' || document.querySelector('dialog[open]') !== null) return;
  if (Single(event.key, page, shell)) event.preventDefault();
}

function Single(key: string, page: typeof commands.page, shell: { Help(): void }): boolean {
  if (performance.now() < chord_until) {
    chord_until = 0;
    const section = kSections.find((s) => s.key === key);
    if (section !== undefined) router.Go(section.href);
    return section !== undefined;
  }
  const { range } = page;
  switch (key) {
    case 'g':
      chord_until = performance.now() + kChordMs;
      return true;
    case '?':
      shell.Help();
      return true;
    case '.':
      live.TogglePause();
      return true;
    case 'r':
      if (page.Refresh === undefined) void live.Refresh();
      else page.Refresh();
      return true;
    case '/':
      page.FocusFilter?.();
      return page.FocusFilter !== undefined;
    case 'v':
      page.CycleRevisions?.();
      return page.CycleRevisions !== undefined;
    case 'z':
      page.ToggleTable?.();
      return page.ToggleTable !== undefined;
    case '0':
      page.Fit?.();
      return page.Fit !== undefined;
    case 't':
      range?.Open?.();
      return range !== undefined;
    case '[':
    case ']':
      range?.Set(Shift(range.Get(), WallNow(), key === '[' ? -1 : 1));
      return range !== undefined;
    case '-':
    case '=':
      range?.Set(Zoom(range.Get(), WallNow(), key === '-' ? 'out' : 'in'));
      return range !== undefined;
    default:
      return false;
  }
}
