// SPDX-License-Identifier: Apache-2.0
// The view that is being written: its keys, the text that they make, and what the server says of that text. A change of the form
// makes the text; a change of the text makes the form, once the server has read it.
import { ApplyStack, CheckStack, type StackCheck, type StackItem } from '../../lib/api/stacks.ts';
import { GetTableSchema, type TableSchema } from '../../lib/api/tables.ts';
import type { ApiErrorBody } from '../../lib/api/types.ts';
import { LineOfKey, OnlyView, TextOf, ToToml, With, type TomlValue, type ViewKeys } from '../../lib/model/view_keys.ts';
import { ToErrorBody } from '../../lib/state/resource.svelte.ts';

const kPauseMs = 250; // of typing, before the server is asked

export interface Problem {
  message: string;
  field: string | null;
  line: number | null;
}

export class ViewEditor {
  keys = $state.raw<ViewKeys>({});
  text = $state('');
  /** What the server says of `checked_text`. */
  check = $state.raw<StackCheck | null>(null);
  checked_text = $state<string | null>(null);
  /** No answer to that. */
  error = $state.raw<ApiErrorBody | null>(null);
  /** Why the form does not show the text. */
  shape = $state<string | null>(null);
  schema = $state.raw<TableSchema | null>(null);
  busy = $state(false);
  /** Problems of fields that nobody has come to yet are not shown at them. */
  #touched = $state.raw<ReadonlySet<string>>(new Set());
  #all_touched = $state(false);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #abort: AbortController | null = null;
  #read_schema: AbortController | null = null;

  readonly settled = $derived(this.checked_text === this.text && this.error === null);
  readonly item: StackItem | null = $derived(this.check?.items.find(({ kind }) => kind === 'view') ?? null);
  readonly problem: Problem | null = $derived.by(() => {
    if (this.shape !== null) return { message: this.shape, field: null, line: null };
    const problem = this.check?.problem ?? null;
    if (problem === null) return null;
    const field = problem.field === 'aggregate' ? 'aggregates' : problem.field;
    return { message: problem.message, field, line: problem.line ?? LineOfKey(this.text, problem.field) };
  });

  /** A form of one that is there, or of a text: everything in it is meant. */
  Load(text: string): void {
    this.#all_touched = true;
    this.SetText(text, 0);
  }

  Begin(keys: ViewKeys): void {
    this.#Adopt(keys, 0);
  }

  Set(key: string, value: TomlValue): void {
    this.Change(With(this.keys, key, value), key);
  }

  Change(keys: ViewKeys, ...touched: string[]): void {
    this.#touched = new Set([...this.#touched, ...touched]);
    this.#Adopt(keys, kPauseMs);
  }

  SetText(text: string, pause_ms = kPauseMs): void {
    this.#all_touched = true;
    this.text = text;
    this.#Ask(pause_ms, 'text');
  }

  FaultOf(key: string): string | null {
    const problem = this.problem;
    return problem !== null && problem.field === key && (this.#all_touched || this.#touched.has(key)) ? problem.message : null;
  }

  /** What it came to, once the text is known to make sense; null: it makes none, and the problem is shown. */
  async Apply(): Promise<StackItem | null> {
    if (this.busy) return null;
    this.busy = true;
    try {
      if (!this.settled) await this.#Check('text');
      this.#all_touched = true;
      if (this.error !== null || this.problem !== null) return null;
      const report = await ApplyStack(this.text);
      return report.items.find(({ kind }) => kind === 'view') ?? null;
    } catch (e) {
      this.error = ToErrorBody(e);
      return null;
    } finally {
      this.busy = false;
    }
  }

  Close(): void {
    clearTimeout(this.#timer);
    this.#abort?.abort();
    this.#read_schema?.abort();
  }

  #Adopt(keys: ViewKeys, pause_ms: number): void {
    this.keys = keys;
    this.shape = null;
    this.text = ToToml(keys);
    this.#ReadSchema();
    this.#Ask(pause_ms, 'form');
  }

  #Ask(pause_ms: number, from: 'form' | 'text'): void {
    clearTimeout(this.#timer);
    this.#abort?.abort();
    this.#timer = setTimeout(() => void this.#Check(from), pause_ms);
  }

  async #Check(from: 'form' | 'text'): Promise<void> {
    clearTimeout(this.#timer);
    this.#abort?.abort();
    const abort = new AbortController();
    this.#abort = abort;
    const text = this.text;
    try {
      const check = await CheckStack(text, abort.signal);
      if (abort.signal.aborted) return;
      this.check = check;
      this.checked_text = text;
      this.error = null;
      if (from === 'text') this.#Show(check);
    } catch (e) {
      if (!abort.signal.aborted) this.error = ToErrorBody(e);
    }
  }

  #Show(check: StackCheck): void {
    const keys = OnlyView(check.content);
    // What is not TOML yet is being typed: the form keeps what it had, and the server's words say what is wrong.
    this.shape = typeof keys === 'string' && check.content !== null ? keys : null;
    if (typeof keys === 'string') return;
    this.keys = keys;
    this.#ReadSchema();
  }

  /** Names that the table knows, for hints; without them everything can be typed. */
  #ReadSchema(): void {
    const [database, table] = [TextOf(this.keys, 'database'), TextOf(this.keys, 'table')];
    if (this.schema?.database === database && this.schema.table === table) return;
    this.#read_schema?.abort();
    this.schema = null;
    if (database === '' || table === '') return;
    const abort = new AbortController();
    this.#read_schema = abort;
    GetTableSchema(database, table, abort.signal).then((schema) => (abort.signal.aborted ? undefined : (this.schema = schema)), () => undefined);
  }
}
