// SPDX-License-Identifier: Apache-2.0
// The editor's tabs, as they are kept in the browser. One entry a tab, so that two windows that edit different tabs do not overwrite
// each other; each entry has a number that grows with every save, by which a window sees that another one was faster.
import { kDefaultRange, type TimeRange } from './time_range.ts';

export interface QueryTab {
  id: string;
  title: string;
  sql: string;
  range: TimeRange;
  database: string | null;
  /** The stored query that it came from. */
  saved: { id: string; etag: string; name: string } | null;
  save: number;
  /** Its first table, as of the last save: what the tab is called by. */
  table: string | null;
}

export interface TabStorage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

const kListKey = 'tidemark.query.tabs';
export const TabKey = (id: string): string => `tidemark.query.tab.${id}`;
export const kTabsMax = 30;

export const NewTab = (id: string, n: number, sql = ''): QueryTab => ({ id, title: `Query ${n}`, sql, range: { ...kDefaultRange }, database: null, saved: null, save: 0, table: null });

function ParseTab(text: string | null): QueryTab | null {
  if (text === null) return null;
  try {
    const tab = JSON.parse(text) as Partial<QueryTab>;
    if (typeof tab.id !== 'string' || typeof tab.sql !== 'string') return null;
    return {
      id: tab.id, sql: tab.sql, title: typeof tab.title === 'string' ? tab.title : 'Query', database: typeof tab.database === 'string' ? tab.database : null,
      range: typeof tab.range?.from === 'string' && typeof tab.range.to === 'string' ? tab.range : { ...kDefaultRange },
      saved: tab.saved ?? null, save: typeof tab.save === 'number' ? tab.save : 0, table: typeof tab.table === 'string' ? tab.table : null,
    };
  } catch {
    return null;
  }
}

export class TabStore {
  readonly #storage: TabStorage;

  constructor(storage: TabStorage) {
    this.#storage = storage;
  }

  Read(): QueryTab[] {
    let ids: unknown = [];
    try {
      ids = JSON.parse(this.#storage.getItem(kListKey) ?? '[]');
    } catch {
      // an empty list
    }
    if (!Array.isArray(ids)) return [];
    return ids.flatMap((id) => (typeof id === 'string' ? (ParseTab(this.#storage.getItem(TabKey(id))) ?? []) : []));
  }

  /** The stored tab if another window has saved it since, else null: nothing was overwritten then, and `tab` is stored. */
  Save(tab: QueryTab): QueryTab | null {
    const stored = ParseTab(this.#storage.getItem(TabKey(tab.id)));
    if (stored !== null && stored.save > tab.save && stored.sql !== tab.sql) return stored;
    tab.save = Math.max(tab.save, stored?.save ?? 0) + 1;
    this.#Put(TabKey(tab.id), JSON.stringify(tab));
    return null;
  }

  SaveList(ids: readonly string[]): void {
    this.#Put(kListKey, JSON.stringify(ids));
  }

  Remove(id: string): void {
    this.#storage.removeItem(TabKey(id));
  }

  #Put(key: string, value: string): void {
    try {
      this.#storage.setItem(key, value);
    } catch {
      // full or refused: the text stays in the window
    }
  }
}

/** What a tab is called: the stored query's name, else its first table, else a number. */
export const TitleOf = (tab: QueryTab): string => tab.saved?.name ?? tab.table ?? tab.title;

export interface HistoryEntry {
  at_ms: number;
  sql: string;
  status: 'succeeded' | 'failed' | 'cancelled';
  took_ms: number;
  rows: number;
  pinned: boolean;
}

export const kHistoryMax = 500;
export const kHistoryKey = 'tidemark.query.history';

/** Newest first; the oldest that is not pinned gives way. */
export function AddHistory(list: readonly HistoryEntry[], entry: HistoryEntry): HistoryEntry[] {
  const next = [entry, ...list];
  while (next.length > kHistoryMax) {
    const last = next.findLastIndex((e) => !e.pinned);
    next.splice(last < 0 ? next.length - 1 : last, 1);
  }
  return next;
}
