// SPDX-License-Identifier: Apache-2.0
// What the query page holds beside its components: editor tabs with their autosave, the schema as far as it was read, diagnostics,
// history, saved queries.
import {
  ApiError, CreateSavedQuery, GetFunctions, GetSavedQuery, ListSavedQueries, Get, Path, StartQuery, UpdateSavedQuery, ValidateSql,
} from '../../lib/api/client.ts';
import type { MacroMembers, SavedQuery, SavedQueryBody, SqlFunctions } from '../../lib/api/types.ts';
import type { Problem } from '../../lib/editor/editor.ts';
import { Resolve, TableKey, TablesOf, type Offer, type Schema, type SchemaColumn } from '../../lib/model/completion.ts';
import { AddHistory, kHistoryKey, kTabsMax, NewTab, TabKey, TabStore, TitleOf, type HistoryEntry, type QueryTab } from '../../lib/model/query_tabs.ts';
import { DescribeSql, OffsetOf } from '../../lib/model/sql.ts';
import { live } from '../../lib/state/live.svelte.ts';
import type { StatementRun } from '../../lib/state/query.svelte.ts';

const kAutosaveMs = 500;
const kValidateMs = 400;
const kValuesMax = 100;
const kCurrentKey = 'tidemark.query.current';

const RandomId = (): string => [...crypto.getRandomValues(new Uint8Array(8))].map((b) => b.toString(36)).join('').slice(0, 12);

const FirstTable = (sql: string): string | null => TablesOf(sql)[0]?.table ?? null;

export class Workspace {
  tabs = $state<QueryTab[]>([]);
  current_id = $state('');
  /** The tab as another window has stored it. */
  elsewhere = $state.raw<QueryTab | null>(null);
  columns = $state.raw<Map<string, SchemaColumn[]>>(new Map());
  help = $state.raw<SqlFunctions | null>(null);
  problems = $state.raw<Problem[]>([]);
  saved = $state.raw<SavedQuery[]>([]);
  history = $state.raw<HistoryEntry[]>([]);
  readonly tab: QueryTab | null = $derived(this.tabs.find((t) => t.id === this.current_id) ?? null);
  readonly #store = new TabStore(localStorage);
  readonly #asked = new Set<string>();
  #autosave: ReturnType<typeof setTimeout> | undefined;
  #validate: ReturnType<typeof setTimeout> | undefined;
  #validating: AbortController | null = null;
  readonly #OnStorage = (event: StorageEvent): void => this.#Elsewhere(event);

  constructor() {
    this.tabs = this.#store.Read();
    try {
      const history: unknown = JSON.parse(localStorage.getItem(kHistoryKey) ?? '[]');
      if (Array.isArray(history)) this.history = history as HistoryEntry[];
    } catch {
      // begins anew
    }
    const wished = sessionStorage.getItem(kCurrentKey);
    this.current_id = this.tabs.find((t) => t.id === wished)?.id ?? this.tabs[0]?.id ?? '';
    if (this.tabs.length === 0) this.New('');
    addEventListener('storage', this.#OnStorage);
    addEventListener('pagehide', this.#OnHide);
    void GetFunctions().then((help) => (this.help = help), () => undefined);
    void this.ReadSaved();
  }

  Close(): void {
    removeEventListener('storage', this.#OnStorage);
    removeEventListener('pagehide', this.#OnHide);
    this.#validating?.abort();
    clearTimeout(this.#validate);
    this.#Flush();
  }

  get schema(): Schema {
    return { databases: (live.graph?.databases ?? []).map(({ name, tables }) => ({ name, tables: tables.map((t) => t.name) })), columns: this.columns };
  }

  get database(): string | null {
    return this.tab?.database ?? live.graph?.databases[0]?.name ?? null;
  }

  /** Members of macros for a statement of this tab. */
  Macros(sql: string): MacroMembers {
    const tab = this.tab;
    const use = TablesOf(sql)[0];
    const table = use?.table ?? live.graph?.databases.find((d) => d.name === this.database)?.tables[0]?.name;
    return {
      from: tab?.range.from ?? 'now-1h', to: tab?.range.to ?? 'now', ...(this.database === null ? {} : { database: this.database }), ...(table === undefined || table.startsWith('$') ? {} : { table }),
    };
  }

  Title(tab: QueryTab): string {
    return TitleOf(tab);
  }

  New(sql: string, more: Partial<QueryTab> = {}): QueryTab {
    const numbers = this.tabs.map((t) => Number(/^Query (\d+)$/.exec(t.title)?.[1] ?? 0));
    const tab = { ...NewTab(RandomId(), Math.max(0, ...numbers) + 1, sql), table: FirstTable(sql), ...more };
    if (this.tabs.length < kTabsMax) this.tabs.push(tab);
    else this.tabs.splice(kTabsMax - 1, 1, tab);
    this.Select(tab.id);
    this.#SaveSoon();
    return tab;
  }

  Select(id: string): void {
    this.#Flush();
    this.current_id = id;
    this.elsewhere = null;
    this.problems = [];
    sessionStorage.setItem(kCurrentKey, id);
    this.#ValidateSoon();
  }

  /** Returns what was closed, so that it can be opened again. */
  CloseTab(id: string): QueryTab | null {
    const at = this.tabs.findIndex((t) => t.id === id);
    if (at < 0) return null;
    const [closed] = this.tabs.splice(at, 1);
    this.#store.Remove(id);
    if (this.tabs.length === 0) this.New('');
    else if (this.current_id === id) this.Select(this.tabs[Math.min(at, this.tabs.length - 1)]?.id ?? '');
    this.#SaveSoon();
    return closed === undefined ? null : $state.snapshot(closed);
  }

  Reopen(tab: QueryTab): void {
    this.tabs.push({ ...tab });
    this.Select(tab.id);
    this.#SaveSoon();
  }

  Edit(change: Partial<QueryTab>): void {
    const tab = this.tab;
    if (tab === null) return;
    Object.assign(tab, change);
    this.#SaveSoon();
    this.#ValidateSoon();
  }

  /** Another text as a whole, which names the tab at once; typing does with the next save. */
  Replace(sql: string, more: Partial<QueryTab> = {}): void {
    this.Edit({ sql, table: FirstTable(sql), ...more });
  }

  /** The other window's text wins, or this one's. */
  Settle(which: 'theirs' | 'mine'): void {
    const tab = this.tab;
    const theirs = this.elsewhere;
    this.elsewhere = null;
    if (tab === null || theirs === null) return;
    if (which === 'theirs') Object.assign(tab, theirs);
    else {
      tab.save = theirs.save;
      this.#SaveSoon();
    }
  }

  async NeedColumns(database: string, table: string): Promise<void> {
    const key = TableKey(database, table);
    if (this.#asked.has(key)) return;
    this.#asked.add(key);
    try {
      const { rows } = await StartQuery(DescribeSql({ database, table }));
      this.columns = new Map(this.columns).set(key, rows.map(([name, type, kind]) => ({ name: name ?? '', type: type ?? '', kind: (kind ?? '').toLowerCase() })));
    } catch {
      this.#asked.delete(key);
      this.columns = new Map(this.columns).set(key, []);
    }
  }

  async Values({ column, prefix, tables }: Extract<Offer, { kind: 'values' }>): Promise<string[]> {
    for (const use of tables) {
      const key = Resolve(use, this.schema, this.database);
      if (key === null) continue;
      const database = use.database ?? this.database ?? '';
      try {
        const answer = await Get<{ values: string[] }>(`${Path('databases', database, 'tables', use.table, 'values')}?${new URLSearchParams({ column, q: prefix, limit: String(kValuesMax) })}`);
        return answer.values;
      } catch {
        // not a dimension of this one
      }
    }
    return [];
  }

  /** Where a failing run points to, in the text of the editor. */
  Located(run: StatementRun, text: string): Problem | null {
    const { error } = run;
    if (error?.line == null || text.slice(run.begin, run.begin + run.sql.length) !== run.sql) return null;
    const from = run.begin + OffsetOf(run.sql, error.line, error.column ?? 1);
    const word = /^(?:"(?:[^"\n]|"")*"?|'(?:[^'\n]|'')*'?|[\w$]+|[^\s])/.exec(text.slice(from))?.[0] ?? ' ';
    return { from, to: from + word.length, message: error.message, hint: error.hint };
  }

  Ran(run: StatementRun): void {
    const status = run.cancelled ? 'cancelled' : run.status === 'error' ? 'failed' : 'succeeded';
    this.#SetHistory(AddHistory(this.history, { at_ms: Date.now(), sql: run.sql, status, took_ms: Math.round(run.took_ms), rows: run.rows.length, pinned: false }));
  }

  Pin(entry: HistoryEntry): void {
    this.#SetHistory(this.history.map((e) => (e === entry ? { ...e, pinned: !e.pinned } : e)));
  }

  async ReadSaved(): Promise<void> {
    try {
      this.saved = (await ListSavedQueries()).items;
    } catch {
      // the tree says that there are none
    }
  }

  OpenSaved(query: SavedQuery): void {
    const known = this.tabs.find((t) => t.saved?.id === query.id);
    if (known !== undefined) return this.Select(known.id);
    this.New(query.sql, {
      saved: { id: query.id, etag: query.etag, name: query.name }, database: query.database, ...(query.range === null ? {} : { range: query.range }),
    });
  }

  async OpenSavedId(id: string): Promise<void> {
    this.OpenSaved(await GetSavedQuery(id));
  }

  /** A conflict is thrown as the ApiError of 412 that it is. */
  async Save(details: { name: string; description: string; tags: string[] }): Promise<void> {
    const tab = this.tab;
    if (tab === null) return;
    const body: SavedQueryBody = { ...details, sql: tab.sql, range: { ...tab.range }, database: tab.database };
    const stored = tab.saved === null ? await CreateSavedQuery(body) : await UpdateSavedQuery(tab.saved.id, tab.saved.etag, body);
    this.Edit({ saved: { id: stored.id, etag: stored.etag, name: stored.name } });
    void this.ReadSaved();
  }

  static ConflictOf(e: unknown): SavedQuery | null {
    if (!(e instanceof ApiError) || e.body.status !== 412) return null;
    return (e.body as { current?: SavedQuery }).current ?? null;
  }

  #SetHistory(history: HistoryEntry[]): void {
    this.history = history;
    try {
      localStorage.setItem(kHistoryKey, JSON.stringify(history));
    } catch {
      // full: history lasts as long as the window
    }
  }

  #SaveSoon(): void {
    clearTimeout(this.#autosave);
    this.#autosave = setTimeout(() => this.#Flush(), kAutosaveMs);
  }

  /** A reload right behind a key loses nothing. */
  readonly #OnHide = (): void => this.#Flush();

  #Flush(): void {
    clearTimeout(this.#autosave);
    this.#store.SaveList(this.tabs.map((t) => t.id));
    const tab = this.tab;
    if (tab === null || this.elsewhere !== null) return;
    // Not with each key: it reads the whole text.
    const table = FirstTable(tab.sql);
    if (table !== tab.table) tab.table = table;
    this.elsewhere = this.#store.Save(tab);
  }

  #Elsewhere(event: StorageEvent): void {
    const tab = this.tab;
    if (tab === null || event.key !== TabKey(tab.id) || event.newValue === null) return;
    const theirs = this.#store.Read().find((t) => t.id === tab.id);
    if (theirs !== undefined && theirs.sql !== tab.sql) this.elsewhere = theirs;
  }

  #ValidateSoon(): void {
    clearTimeout(this.#validate);
    this.#validating?.abort();
    this.#validate = setTimeout(() => void this.#Validate(), kValidateMs);
  }

  async #Validate(): Promise<void> {
    const sql = this.tab?.sql ?? '';
    if (sql.trim() === '') {
      this.problems = [];
      return;
    }
    const abort = new AbortController();
    this.#validating = abort;
    for (const use of TablesOf(sql)) {
      const database = use.database ?? this.database;
      if (database !== null && this.schema.databases.some((d) => d.name === database && d.tables.includes(use.table))) void this.NeedColumns(database, use.table);
    }
    try {
      const answer = await ValidateSql(sql, this.Macros(sql), abort.signal);
      if (abort.signal.aborted || this.tab?.sql !== sql) return;
      this.problems = answer.diagnostics.map((d) => ({ from: OffsetOf(sql, d.line, d.column), to: OffsetOf(sql, d.end_line, d.end_column), message: d.message, hint: d.hint }));
    } catch {
      // the run will say it
    }
  }
}
