// SPDX-License-Identifier: Apache-2.0
// CodeMirror for SQL, in a shadow root: there it styles itself by constructed sheets, which a policy without inline styles allows.
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap, type CompletionContext, type CompletionResult } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, indentWithTab, toggleComment } from '@codemirror/commands';
import { bracketMatching, indentUnit } from '@codemirror/language';
import { sql } from '@codemirror/lang-sql';
import { forEachDiagnostic, nextDiagnostic, previousDiagnostic, setDiagnostics, type Diagnostic } from '@codemirror/lint';
import { Compartment, EditorState, Prec } from '@codemirror/state';
import { drawSelection, EditorView, highlightActiveLine, highlightActiveLineGutter, hoverTooltip, keymap, lineNumbers, placeholder } from '@codemirror/view';
import { dialect, highlight, look } from './sql_language.ts';
import type { Offer } from '../model/completion.ts';

export interface EditorEvents {
  OnChange(text: string): void;
  OnRun(): void;
  OnRunAll(): void;
  OnFormat(): void;
  OnSave(): void;
  Offer(text: string, cursor: number): Offer;
  Values(offer: Extract<Offer, { kind: 'values' }>): Promise<string[]>;
  Help(word: string, text: string, cursor: number): string | null;
}

export interface Problem {
  from: number;
  to: number;
  message: string;
  hint: string | null;
}

const kValuesWaitMs = 200;
const kTypes = { keyword: 'keyword', function: 'function', column: 'property', table: 'class', database: 'namespace', macro: 'variable', unit: 'constant', value: 'text' } as const;

export class SqlEditorView {
  readonly #view: EditorView;
  readonly #events: EditorEvents;
  readonly #locked = new Compartment();
  #quiet = false;

  constructor(host: HTMLElement, text: string, events: EditorEvents) {
    this.#events = events;
    const root = host.attachShadow({ mode: 'open' });
    const run = (command: () => void) => (): boolean => {
      command();
      return true;
    };
    this.#view = new EditorView({
      root,
      parent: root as unknown as Element,
      state: EditorState.create({
        doc: text,
        extensions: [
          lineNumbers(), highlightActiveLine(), highlightActiveLineGutter(), history(), drawSelection(), bracketMatching(), closeBrackets(), indentUnit.of('  '),
          EditorState.tabSize.of(2), sql({ dialect }), highlight, look, placeholder('SELECT …'), EditorView.lineWrapping,
          autocompletion({ override: [(context) => this.#Complete(context)], icons: false, maxRenderedOptions: 100, activateOnTypingDelay: 60 }),
          hoverTooltip((view, pos) => this.#Hover(view, pos)),
          EditorView.contentAttributes.of({ 'aria-label': 'SQL statement', 'data-testid': 'sql', tabindex: '0', spellcheck: 'false', autocapitalize: 'off' }),
          EditorView.domEventHandlers({ beforeinput: (event, view) => ReplaceByText(event, view) }),
          EditorView.updateListener.of((update) => {
            if (update.docChanged && !this.#quiet) events.OnChange(update.state.doc.toString());
          }),
          this.#locked.of([]),
          Prec.highest(keymap.of([
            { key: 'Mod-Enter', run: run(() => events.OnRun()) },
            { key: 'Mod-Shift-Enter', run: run(() => events.OnRunAll()) },
            { key: 'Mod-s', run: run(() => events.OnSave()) },
            { key: 'Shift-Alt-f', run: run(() => events.OnFormat()) },
            { key: 'Mod-/', run: toggleComment },
            { key: 'F8', run: nextDiagnostic },
            { key: 'Shift-F8', run: previousDiagnostic },
          ])),
          keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...historyKeymap, ...completionKeymap, indentWithTab]),
        ],
      }),
    });
  }

  Close(): void {
    this.#view.destroy();
  }

  get text(): string {
    return this.#view.state.doc.toString();
  }

  get cursor(): number {
    return this.#view.state.selection.main.head;
  }

  get selection(): { begin: number; end: number } | null {
    const { from, to } = this.#view.state.selection.main;
    return from === to ? null : { begin: from, end: to };
  }

  /** Another text, without an OnChange; undo does not lead back over it where `keep` is not asked for. */
  SetText(text: string): void {
    if (text === this.text) return;
    this.#quiet = true;
    this.#view.dispatch({ changes: { from: 0, to: this.#view.state.doc.length, insert: text }, selection: { anchor: 0 } });
    this.#quiet = false;
  }

  /** As if it was typed. */
  Replace(text: string): void {
    this.#view.dispatch({ changes: { from: 0, to: this.#view.state.doc.length, insert: text }, selection: { anchor: Math.min(this.cursor, text.length) } });
  }

  Insert(text: string): void {
    this.#view.dispatch(this.#view.state.replaceSelection(text));
    this.Focus();
  }

  Focus(): void {
    this.#view.focus();
  }

  MoveTo(offset: number): void {
    this.#view.dispatch({ selection: { anchor: Math.min(offset, this.#view.state.doc.length) }, scrollIntoView: true });
    this.Focus();
  }

  SetLocked(how: 'locked' | 'open'): void {
    this.#view.dispatch({ effects: this.#locked.reconfigure(how === 'locked' ? [EditorState.readOnly.of(true)] : []) });
  }

  SetProblems(problems: readonly Problem[]): void {
    const length = this.#view.state.doc.length;
    const list: Diagnostic[] = problems.map(({ from, to, message, hint }) => ({
      from: Math.min(from, length), to: Math.min(Math.max(to, from + 1), length), severity: 'error', message: hint === null ? message : `${message}\n${hint}`,
    }));
    this.#view.dispatch(setDiagnostics(this.#view.state, list));
  }

  /** What is underlined now. */
  Underlined(): string[] {
    const found: string[] = [];
    forEachDiagnostic(this.#view.state, (_d, from, to) => found.push(this.#view.state.sliceDoc(from, to)));
    return found;
  }

  async #Complete(context: CompletionContext): Promise<CompletionResult | null> {
    const offer = this.#events.Offer(context.state.doc.toString(), context.pos);
    if (offer === null) return null;
    if (offer.kind === 'values') {
      await new Promise((resolve) => setTimeout(resolve, kValuesWaitMs));
      if (context.aborted) return null;
      const values = await this.#events.Values(offer);
      return { from: offer.from, to: offer.to, options: values.map((label) => ({ label, type: kTypes.value, apply: label.replaceAll("'", "''") })), validFor: /^[^']*$/ };
    }
    const typed = context.state.sliceDoc(offer.from, context.pos);
    if (typed === '' && !context.explicit && !/[.$]$/.test(context.state.sliceDoc(0, context.pos))) return null;
    const order = { column: 5, macro: 5, value: 5, unit: 5, table: 2, function: 3, database: 1, keyword: 0 } as const;
    return {
      from: offer.from,
      options: offer.options.map(({ label, type, detail, info, apply }) => ({ label: typed.startsWith('"') ? `"${label}"` : label, type: kTypes[type], detail, ...(info === '' ? {} : { info }), apply, boost: order[type] })),
      validFor: /^"?[\w$:]*$/,
    };
  }

  #Hover(view: EditorView, pos: number): { pos: number; end: number; create: () => { dom: HTMLElement } } | null {
    const line = view.state.doc.lineAt(pos);
    for (const m of line.text.matchAll(/\$?[A-Za-z_][\w:]*/g)) {
      const from = line.from + m.index;
      if (pos < from || pos > from + m[0].length) continue;
      const text = this.#events.Help(m[0], view.state.doc.toString(), pos);
      if (text === null) return null;
      return {
        pos: from,
        end: from + m[0].length,
        create: () => {
          const dom = document.createElement('div');
          dom.className = 'cm-help';
          dom.textContent = text;
          return { dom };
        },
      };
    }
    return null;
  }
}

/**
 * Text over a selection: the browser would merge lines and carry their styles over as attributes, which the policy refuses with an
 * error in the console. Done here, nothing is left to merge.
 */
function ReplaceByText(event: InputEvent, view: EditorView): boolean {
  // In a shadow root an event has no target ranges; Chromium's root has a selection of its own, which may be newer than the state's.
  const selection = (view.root as unknown as { getSelection?: () => Selection | null }).getSelection?.() ?? null;
  if (event.inputType !== 'insertText' || event.data === null || selection === null || selection.isCollapsed || selection.rangeCount === 0 || view.composing) return false;
  const { anchorNode, anchorOffset, focusNode, focusOffset } = selection;
  if (anchorNode === null || focusNode === null || !view.contentDOM.contains(anchorNode) || !view.contentDOM.contains(focusNode)) return false;
  const ends = [view.posAtDOM(anchorNode, anchorOffset), view.posAtDOM(focusNode, focusOffset)];
  const [from, to] = [Math.min(...ends), Math.max(...ends)];
  event.preventDefault();
  view.dispatch({ changes: { from, to, insert: event.data }, selection: { anchor: from + event.data.length }, userEvent: 'input.type', scrollIntoView: true });
  return true;
}
