// SPDX-License-Identifier: Apache-2.0
// A dashboard that is looked at: its range, variables, refresh and the data of the panels that are seen. What changes marks panels as
// stale; one read at a time asks for all stale panels that are seen. Live: a `table` event marks the panels of its table, at most
// once a second; where nothing happens, a relative range still moves on.
import { SvelteMap } from 'svelte/reactivity';
import { ReadPanels } from '../dash/read_panels.ts';
import { GetPanels, type VariableValues } from '../api/dashboards.ts';
import type { ApiErrorBody, TableEvent } from '../api/types.ts';
import type { DashboardFile, Panel, Refresh, Variable } from '../model/dashboard_file.ts';
import { CellText, type QueryData } from '../model/panel_data.ts';
import { RawMeasure } from '../model/point_links.ts';
import { ResolveRange, type Resolved, type TimeRange } from '../model/time_range.ts';
import { AutoWidthMs, FixedOptions, InOrder, kAuto, References, Settle, WidthMs, type Option } from '../model/variables.ts';
import { TableOfBlock } from '../model/wells.ts';
import { FloorMs, kNsPerMs, kNsPerSecond, WallNow, type Ns } from '../time.ts';
import { ToSnapshot } from '../model/snapshot.ts';
import { Hold } from './hold.svelte.ts';
import { live, live_client } from './live.svelte.ts';
import { ToErrorBody } from './resource.svelte.ts';

const kLiveEveryMs = 1000;
const kLiveAnywayMs = 15_000;
const kRefreshMs: Record<Exclude<Refresh, 'off' | 'live'>, number> = { '5s': 5000, '10s': 10_000, '30s': 30_000, '1m': 60_000, '5m': 300_000 };
const kValuesMax = 1000;
const kRestMs = 150;

/** What one panel shows. */
export class PanelState {
  data = $state.raw<QueryData[] | null>(null);
  /** The call as a whole failed; a query that fails says so in `data`. */
  error = $state.raw<ApiErrorBody | null>(null);
  busy = $state(false);
  /** Of what `data` is. */
  range = $state.raw<Resolved | null>(null);
  width_ms = $state(0);
  read_at_ms = $state(0);
  /** Variables that its queries need and that have no value. */
  missing = $state.raw<string[]>([]);
  stale = true;
  seen = false;
  /** Live data waits while somebody works in the panel; a change of range or variables does not. */
  readonly hold: Hold;

  constructor(on_free: () => void) {
    this.hold = new Hold(on_free);
  }
}

/** The view whose rows a panel marks. */
export function ViewOf(panel: Panel): NonNullable<typeof live.graph>['views'][number] | undefined {
  const query = panel.queries.find(({ revisions }) => revisions !== null);
  return query === undefined ? undefined : live.graph?.views.find((v) => v.database === query.database && v.target_table === query.table);
}

export interface VariableState {
  options: Option[];
  error: ApiErrorBody | null;
}

export interface DashboardWish {
  id: string;
  /** `published`, `draft`, or a version's number. */
  version: string;
  file: DashboardFile;
  range: TimeRange;
  refresh: Refresh;
  variables: VariableValues;
  /** A link fixes values and lets no query of its own run. */
  shared: boolean;
}

export class DashboardController {
  readonly id: string;
  readonly file: DashboardFile;
  range = $state.raw<TimeRange>({ from: 'now-1h', to: 'now' });
  refresh = $state<Refresh>('live');
  /** Of every variable that is settled. */
  values = $state.raw<VariableValues>({});
  readonly variables = new SvelteMap<string, VariableState>();
  readonly panels = new Map<string, PanelState>();
  /** Widths of bins follow the room there is. */
  width_px = 1200;
  /** Grows with each answer. */
  changes = $state(0);
  settled = $state(false);
  /** Panels whose switch is on, by id. */
  on = $state.raw<ReadonlySet<string>>(new Set());
  /** Both ends as they were last read. */
  resolved = $state.raw<Resolved | null>(null);
  as_of: Ns | null = null;

  readonly #wish: DashboardWish;
  readonly #unsubscribe: () => void;
  #wished: VariableValues;
  #abort: AbortController | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #rest: ReturnType<typeof setTimeout> | undefined;
  #due_at = Infinity;
  #clock: ReturnType<typeof setInterval> | undefined;
  #read_at = 0;
  #settling = 0;
  #closed = false;

  constructor(wish: DashboardWish) {
    this.#wish = wish;
    this.id = wish.id;
    this.file = wish.file;
    this.range = wish.range;
    this.refresh = wish.refresh;
    this.#wished = wish.variables;
    for (const panel of wish.file.panels) {
      const state: PanelState = new PanelState(() => {
        state.stale = true;
        this.#Schedule(0);
      });
      this.panels.set(panel.id, state);
    }
    const topics = [...new Set(wish.file.panels.flatMap(({ queries }) => queries).filter((q) => q.database !== '' && q.table !== '').map((q) => `table:${q.database}.${q.table}`))];
    this.#unsubscribe = topics.length === 0 ? () => undefined : live_client.Subscribe(topics, { OnEvent: (event, data) => this.#OnEvent(event, data), OnGap: () => this.#OnGap() });
    this.#SetClock();
    void this.#SettleVariables();
  }

  Close(): void {
    this.#closed = true;
    this.#unsubscribe();
    this.#abort?.abort();
    clearTimeout(this.#timer);
    clearTimeout(this.#rest);
    clearInterval(this.#clock);
  }

  StateOf(panel: Panel): PanelState {
    return this.panels.get(panel.id) ?? new PanelState(() => undefined);
  }

  /** A panel came into view or left it. */
  SetSeen(panel: Panel, seen: 'seen' | 'hidden'): void {
    const state = this.StateOf(panel);
    state.seen = seen === 'seen';
    if (state.seen && state.stale) this.#Schedule(0);
  }

  /** A window's early row that has the time of its end lies ahead of now. */
  readonly AheadOf = (panel: Panel): Ns => {
    if (this.as_of !== null || this.range.to !== 'now') return 0n;
    const query = panel.queries.find(({ revisions }) => revisions !== null);
    const view = query === undefined ? undefined : live.graph?.views.find((v) => v.database === query.database && v.target_table === query.table && RawMeasure(query.measure, v.output) !== null);
    if (view === undefined || view.label !== 'end' || (BigInt(view.early_ns ?? 0) === 0n && BigInt(view.provisional_after_ns ?? 0) === 0n)) return 0n;
    return BigInt(view.window_ns);
  };

  SetRange(range: TimeRange): void {
    this.range = range;
    this.Reload();
  }

  SetRefresh(refresh: Refresh): void {
    this.refresh = refresh;
    this.#SetClock();
    if (refresh !== 'off') this.Reload();
  }

  SetAsOf(as_of: Ns | null): void {
    if (as_of === this.as_of) return;
    const back = as_of === null;
    this.as_of = as_of;
    // Charts rebuild the past from the history that they have; only what reads a view's rows, or measures from now, is asked for again, once the slider rests.
    for (const panel of this.file.panels) if (back || panel.queries.some(({ sql }) => /\bview_rows\s*\(|\$__now_ms\b/i.test(sql))) this.StateOf(panel).stale = true;
    clearTimeout(this.#rest);
    this.#rest = setTimeout(() => {
      this.#Stop();
      this.#Schedule(0);
    }, kRestMs);
  }

  readonly IsOn = (panel: Panel): boolean => this.on.has(panel.id);

  SetOn(on: ReadonlySet<string>): void {
    for (const panel of this.file.panels) if (on.has(panel.id) !== this.IsOn(panel)) this.StateOf(panel).stale = true;
    this.on = on;
    this.#Stop();
    this.#Schedule(0);
  }

  /** Another value of a variable; those that depend on it are found anew. */
  SetVariable(name: string, values: string[]): void {
    this.#wished = { ...this.#wished, [name]: values };
    void this.#SettleVariables();
  }

  /** Everything again: what a read under way would answer is of no use any more. */
  Reload(): void {
    for (const state of this.panels.values()) state.stale = true;
    this.#Stop();
    this.#Schedule(0);
  }

  /** Values of variables too. */
  RefreshAll(): void {
    void this.#SettleVariables();
    this.Reload();
  }

  /** Width of the bins of a panel. */
  WidthOf = (panel: Panel): number => {
    const interval = this.file.variables.find(({ kind }) => kind === 'interval');
    const chosen = interval === undefined ? undefined : this.values[interval.name]?.[0];
    const fixed = chosen === undefined || chosen === kAuto ? null : WidthMs(chosen);
    if (fixed !== null) return fixed;
    const range = this.#Resolve();
    return AutoWidthMs(Number((range.to - range.from) / kNsPerMs), (this.width_px * panel.grid.w) / 12);
  };

  #Resolve(): Resolved {
    const now = (WallNow() / kNsPerSecond) * kNsPerSecond;
    return ResolveRange(this.range, now) ?? { from: now - 3600n * kNsPerSecond, to: now };
  }

  /** All panels as they are now, also those that are out of view, as one file. */
  async Snapshot(): Promise<string> {
    const range = this.#Resolve();
    const panels = this.file.panels.filter((panel) => panel.queries.length > 0 && this.#MissingOf(panel).length === 0);
    const data = await ReadPanels({
      panels, stored: { id: this.id, version: this.#wish.version }, variables: this.values, range, WidthOf: this.WidthOf, as_of: this.as_of, AheadOf: this.AheadOf, IsOn: this.IsOn, signal: new AbortController().signal,
    });
    const lateness = new Map(panels.flatMap((panel) => {
      const view = ViewOf(panel);
      return view === undefined ? [] : [[panel.id, BigInt(view.allowed_lateness_ns)] as const];
    }));
    return ToSnapshot({ file: this.file, taken: WallNow(), as_of: this.as_of, range, variables: this.values, data, lateness });
  }

  // ---- variables ----

  async #SettleVariables(): Promise<void> {
    const run = (this.#settling += 1);
    const values: VariableValues = {};
    for (const variable of InOrder(this.file.variables)) {
      const options = await this.#OptionsOf(variable, values);
      if (run !== this.#settling || this.#closed) return;
      values[variable.name] = this.#wish.shared && variable.kind === 'query' ? (this.#wished[variable.name] ?? variable.default) : Settle(variable, this.#wished[variable.name], options);
    }
    const changed = JSON.stringify(values) !== JSON.stringify(this.values) || !this.settled;
    this.values = values;
    this.settled = true;
    if (changed) this.Reload();
  }

  async #OptionsOf(variable: Variable, values: VariableValues): Promise<Option[]> {
    const fixed = FixedOptions(variable) ?? (this.#wish.shared ? (this.#wished[variable.name] ?? []).map((value) => ({ value, label: value })) : null);
    if (fixed !== null) {
      this.variables.set(variable.name, { options: fixed, error: null });
      return fixed;
    }
    const before = this.variables.get(variable.name)?.options ?? [];
    try {
      const range = this.#Resolve();
      const [block] = await GetPanels({ variables: values, from: String(FloorMs(range.from)), to: String(FloorMs(range.to)), panels: [{ id: variable.name, sql: variable.sql, max_rows: kValuesMax }] });
      if (block?.header.error !== undefined) {
        this.variables.set(variable.name, { options: before, error: block.header.error });
        return before;
      }
      const table = block === undefined ? null : TableOfBlock(block);
      const options = Array.from({ length: table?.rows ?? 0 }, (_, row) => (table === null ? null : CellText(table, 0, row)) ?? '').filter((value) => value !== '')
        .map((value, row) => ({ value, label: (table !== null && table.columns.length > 1 ? CellText(table, 1, row) : null) ?? value }));
      const distinct = [...new Map(options.map((o) => [o.value, o])).values()];
      this.variables.set(variable.name, { options: distinct, error: null });
      return distinct;
    } catch (e) {
      this.variables.set(variable.name, { options: before, error: ToErrorBody(e) });
      return before;
    }
  }

  /** Names of variables that a panel's statements need outside of [[ ]], and that have no value. */
  #MissingOf(panel: Panel): string[] {
    const needed = panel.queries.flatMap(({ sql }) => References(sql.replace(/\[\[[^]*?\]\]/g, '')));
    return [...new Set(needed)].filter((name) => this.values[name] !== undefined && (this.values[name] ?? []).length === 0);
  }

  // ---- data ----

  /** What is being read is not wanted any more; its panels still have to be. */
  #Stop(): void {
    this.#abort?.abort();
    this.#abort = null;
    for (const state of this.panels.values()) {
      if (!state.busy) continue;
      state.busy = false;
      state.stale = true;
    }
  }

  #SetClock(): void {
    clearInterval(this.#clock);
    if (this.refresh === 'off') return;
    const every = this.refresh === 'live' ? kLiveAnywayMs : kRefreshMs[this.refresh];
    this.#clock = setInterval(() => {
      const moves = this.refresh !== 'live' || this.range.to.startsWith('now') || this.range.from.startsWith('now');
      if (document.hidden || live_client.state.status === 'paused' || this.as_of !== null || !moves) return;
      this.#MarkAll();
      this.#Schedule(0);
    }, every);
  }

  #MarkAll(): void {
    for (const state of this.panels.values()) if (!state.hold.Keep()) state.stale = true;
    // Something may have come that a variable waited for.
    if (this.file.variables.some(({ name, all }) => !all && (this.values[name] ?? []).length === 0)) void this.#SettleVariables();
  }

  #OnEvent(event: string, data: unknown): void {
    if (event !== 'table' || this.refresh !== 'live' || this.as_of !== null) return;
    const { database, table, dirty } = data as TableEvent;
    if (BigInt(dirty.to) < this.#Resolve().from) return;
    for (const panel of this.file.panels) {
      if (panel.queries.some((q) => q.database === database && q.table === table)) {
        const state = this.StateOf(panel);
        if (!state.hold.Keep()) state.stale = true;
      }
    }
    if (this.file.variables.some(({ name, all }) => !all && (this.values[name] ?? []).length === 0)) void this.#SettleVariables();
    this.#Schedule(Math.max(0, this.#read_at + kLiveEveryMs - performance.now()));
  }

  #OnGap(): void {
    if (this.refresh === 'off' || this.as_of !== null) return;
    this.#MarkAll();
    this.#Schedule(0);
  }

  #Schedule(delay_ms: number): void {
    if (this.#closed || !this.settled || this.#abort !== null) return;
    const at = performance.now() + delay_ms;
    if (at >= this.#due_at) return;
    clearTimeout(this.#timer);
    this.#due_at = at;
    this.#timer = setTimeout(() => {
      this.#due_at = Infinity;
      void this.#Read();
    }, delay_ms);
  }

  async #Read(): Promise<void> {
    const wanted: Panel[] = [];
    for (const panel of this.file.panels) {
      const state = this.StateOf(panel);
      if (!state.stale || !state.seen) continue;
      state.missing = this.#MissingOf(panel);
      if (panel.queries.length === 0 || state.missing.length > 0) {
        state.stale = false;
        state.data = panel.queries.length === 0 ? [] : null;
        state.range = this.#Resolve();
      } else wanted.push(panel);
    }
    if (wanted.length === 0) return;
    const abort = new AbortController();
    this.#abort = abort;
    this.#read_at = performance.now();
    const range = this.#Resolve();
    this.resolved = range;
    for (const panel of wanted) Object.assign(this.StateOf(panel), { busy: true, stale: false });
    try {
      const data = await ReadPanels({
        panels: wanted, stored: { id: this.id, version: this.#wish.version }, variables: this.values, range, WidthOf: this.WidthOf, as_of: this.as_of, AheadOf: this.AheadOf, IsOn: this.IsOn, signal: abort.signal,
      });
      if (this.#abort !== abort) return;
      for (const panel of wanted) {
        Object.assign(this.StateOf(panel), { data: data.get(panel.id) ?? [], error: null, range, width_ms: this.WidthOf(panel), read_at_ms: Date.now() });
      }
    } catch (e) {
      if (this.#abort !== abort) return;
      const error = ToErrorBody(e);
      for (const panel of wanted) this.StateOf(panel).error = error;
    } finally {
      if (this.#abort === abort) {
        this.#abort = null;
        for (const panel of wanted) this.StateOf(panel).busy = false;
        this.changes += 1;
        if ([...this.panels.values()].some(({ stale, seen }) => stale && seen)) this.#Schedule(Math.max(0, this.#read_at + kLiveEveryMs - performance.now()));
      }
    }
  }
}
