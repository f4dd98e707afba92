// SPDX-License-Identifier: Apache-2.0
// Fills a ChartModel: finds the hosts, reads the range, and asks again for exactly what `table` events name. One read runs at a
// time; what becomes dirty meanwhile waits for the next, at most two a second.
import { ApiError, GetRevisions, QueryAll, StartQuery } from '../api/client.ts';
import type { ApiErrorBody, TableEvent, ViewStatus } from '../api/types.ts';
import { ChartModel, ToPoints, ToWindowRow } from '../model/chart.ts';
import { DirtyRanges, type Interval } from '../model/dirty.ts';
import type { ChartHook, DataStatus } from '../model/hook.ts';
import { ToSeriesHook } from '../model/hook.ts';
import { DescribeSql, HostsSql, NewestSql, SeriesSql, type SeriesRef } from '../model/sql.ts';
import { ParseRangeEnd } from '../model/time_range.ts';
import { kNsPerSecond, WallNow, type Ns } from '../time.ts';
import { live_client } from './live.svelte.ts';

export type Host = Record<string, string>;

export interface ChartSource {
  database: string;
  table: string;
  measure: string;
  from: string;
  to: string;
  /** Dimensions that the host must have; the first host that fits is shown. */
  host: Host;
}

// A clock that runs ahead of ours: a pipeline lets times up to five minutes in the future move its watermark.
const kAheadNs = 600n * kNsPerSecond;
const kPointsMax = 200_000;
const kReadEveryMs = 500;
const kHostsAgainMs = 2_000;
const kHostsRefreshMs = 30_000;

export const SameHost = (a: Host, b: Host): boolean => {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
};

const ToBody = (e: unknown): ApiErrorBody =>
  e instanceof ApiError
    ? e.body
    : { code: 'page', status: 0, message: String(e), hint: null, field: null, line: null, column: null, request_id: null, retryable: true };

export class ChartController {
  readonly model = new ChartModel();
  readonly source: ChartSource;
  /** Grows with each change of the model, its range or its watermark: the drawing follows it. */
  version = $state(0);
  status = $state<DataStatus>('loading');
  error = $state.raw<ApiErrorBody | null>(null);
  hosts = $state.raw<Host[]>([]);
  host = $state.raw<Host | null>(null);
  /** Newest point of the host if the range shows none. */
  newest = $state.raw<Ns | null>(null);
  drawn: ChartHook['drawn'] = { raw: 0, avg: 0, revised: 0, watermark_x: null };

  #view: ViewStatus | null = null;
  #dirty = new DirtyRanges();
  #unsubscribe: () => void;
  #abort = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #clock: ReturnType<typeof setInterval>;
  #hosts_clock: ReturnType<typeof setInterval>;
  #reading = false;
  #full = true;
  #closed = false;

  constructor(source: ChartSource) {
    this.source = source;
    this.#MoveRange();
    this.#unsubscribe = live_client.Subscribe([`table:${source.database}.${source.table}`], {
      OnEvent: (event, data) => {
        if (event === 'table') this.#OnTable(data as TableEvent);
      },
      OnGap: () => this.Reload(),
    });
    this.#clock = setInterval(() => this.#Tick(), 1000);
    this.#hosts_clock = setInterval(() => {
      if (!document.hidden && live_client.state.status !== 'paused') this.RefreshHosts();
    }, kHostsRefreshMs);
    void this.#Start();
  }

  Close(): void {
    this.#closed = true;
    this.#unsubscribe();
    this.#abort.abort();
    clearTimeout(this.#timer);
    clearInterval(this.#clock);
    clearInterval(this.#hosts_clock);
  }

  get avg_measure(): string {
    return (this.#view?.output ?? 'avg_{measure}').replace('{measure}', this.source.measure);
  }

  get window_ns(): Ns {
    return this.#view === null ? 0n : BigInt(this.#view.window_ns);
  }

  /** The view that keeps the averages: its watermark and lateness, and the names that it writes. */
  SetView(view: ViewStatus | null): void {
    const before = this.avg_measure;
    const target = this.#target;
    this.#view = view;
    const watermark = view?.watermark == null ? null : BigInt(view.watermark);
    const lateness = view === null ? 0n : BigInt(view.allowed_lateness_ns);
    if (watermark !== this.model.watermark || lateness !== this.model.allowed_lateness) {
      this.model.watermark = watermark;
      this.model.allowed_lateness = lateness;
      this.version += 1;
    }
    if (before !== this.avg_measure || target !== this.#target) this.Reload();
  }

  SelectHost(host: Host): void {
    this.host = host;
    this.model.Clear();
    this.status = 'loading';
    this.version += 1;
    this.Reload();
  }

  SetTimes(from: string, to: string): void {
    this.source.from = from;
    this.source.to = to;
    this.#MoveRange();
    this.Reload();
  }

  /** New hosts join the list; the chosen one stays. */
  RefreshHosts(): void {
    if (this.host !== null) void this.#FindHosts().catch(() => undefined);
  }

  Reload(): void {
    this.#full = true;
    this.#Schedule(0);
  }

  Hook(): ChartHook {
    const { database, table, measure } = this.source;
    return {
      status: this.status, changes: this.model.changes, database, table, measure, avg_measure: this.avg_measure, host: this.host ?? {},
      range: { from: String(this.model.range.from), to: String(this.model.range.to) },
      watermark: this.model.watermark === null ? null : String(this.model.watermark),
      series: ToSeriesHook(this.model), drawn: this.drawn, error: this.error,
    };
  }

  get #target(): string {
    return this.#view?.target_table ?? this.source.table;
  }

  #Series(measure: string, table: string): SeriesRef {
    return { database: this.source.database, table, measure, dimensions: this.host ?? {} };
  }

  async #Start(): Promise<void> {
    try {
      await this.#FindHosts();
      this.error = null;
    } catch (e) {
      if (this.#closed) return;
      this.error = ToBody(e);
      this.status = 'error';
    }
    if (this.#closed) return;
    if (this.host === null) {
      if (this.status !== 'error') this.status = 'empty';
      this.#timer = setTimeout(() => void this.#Start(), kHostsAgainMs);
      return;
    }
    this.status = 'loading';
    this.Reload();
  }

  async #FindHosts(): Promise<void> {
    const { signal } = this.#abort;
    const described = await StartQuery(DescribeSql(this.source), { signal });
    const names = described.rows.filter((row) => row.slice(1).includes('DIMENSION')).map((row) => row[0] ?? '');
    if (names.length === 0) return;
    // instance_name first: it is what a person looks for.
    names.sort((a, b) => Number(b === 'instance_name') - Number(a === 'instance_name'));
    const answer = await QueryAll(HostsSql(this.source, this.source.measure, names), kPointsMax, signal);
    const hosts: Host[] = answer.rows.map((row) =>
      Object.fromEntries(names.flatMap((name, i) => (row[i] == null ? [] : [[name, row[i]]]))),
    );
    // An open list must not be built anew for nothing.
    if (hosts.length !== this.hosts.length || !hosts.every((host, i) => SameHost(host, this.hosts[i] ?? {}))) this.hosts = hosts;
    const wished = Object.entries(this.source.host);
    this.host ??= this.hosts.find((host) => wished.every(([name, value]) => host[name] === value)) ?? this.hosts[0] ?? null;
  }

  #OnTable(event: TableEvent): void {
    this.#dirty.Add(event, this.source.measure, this.avg_measure);
    if (!this.#dirty.empty) this.#Schedule(kReadEveryMs);
  }

  #Schedule(delay_ms: number): void {
    if (this.#reading || this.#closed || this.host === null) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#Read(), delay_ms);
  }

  async #Read(): Promise<void> {
    this.#reading = true;
    const range = { from: this.model.range.from, to: this.model.data_to };
    const host = this.host;
    const full = this.#full;
    this.#full = false;
    const taken = this.#dirty.Take(range);
    const raw = full ? range : taken.raw;
    const view = full ? range : taken.view;
    if (raw === null && view === null) {
      this.#reading = false;
      if (!this.#dirty.empty) this.#Schedule(kHostsAgainMs);
      return;
    }
    try {
      await Promise.all([raw === null ? null : this.#ReadRaw(raw, host), view === null ? null : this.#ReadView(view, host)]);
      if (this.#closed) return;
      this.error = null;
      await this.#SettleStatus();
    } catch (e) {
      if (this.#closed) return;
      this.error = ToBody(e);
      if (this.status !== 'ready') this.status = 'error';
      this.#full = true;
    } finally {
      this.#reading = false;
    }
    this.version += 1;
    if (this.error !== null) this.#Schedule(kHostsAgainMs);
    else if (this.#full || host !== this.host) this.#Schedule(0);
    else if (!this.#dirty.empty) this.#Schedule(kReadEveryMs);
  }

  async #ReadRaw({ from, to }: Interval, host: Host | null): Promise<void> {
    const series = this.#Series(this.source.measure, this.source.table);
    const answer = await QueryAll(SeriesSql(series, from, to), kPointsMax, this.#abort.signal);
    if (host !== this.host) return;
    this.model.ReplaceRaw(from, to, ToPoints(answer.rows).filter((p) => p.time >= from && p.time < to));
  }

  // Rows and their history are two answers: a revision between them shows for one read, and its event brings the next.
  async #ReadView({ from, to }: Interval, host: Host | null): Promise<void> {
    const series = this.#Series(this.avg_measure, this.#target);
    const [answer, revisions] = await Promise.all([
      QueryAll(SeriesSql(series, from, to), kPointsMax, this.#abort.signal),
      GetRevisions({ ...series, from, to }, this.#abort.signal).catch((e: unknown) => {
        if (e instanceof ApiError && e.body.status === 404) return { rows: [] };
        throw e;
      }),
    ]);
    if (host !== this.host) return;
    this.model.ReplaceAvg(from, to, ToPoints(answer.rows).filter((p) => p.time >= from && p.time < to));
    this.model.ReplaceRows(from, to, revisions.rows.map(ToWindowRow));
  }

  async #SettleStatus(): Promise<void> {
    const empty = this.model.Shown(this.model.raw).length === 0 && this.model.Shown(this.model.avg).length === 0;
    if (!empty) {
      this.newest = null;
      this.status = 'ready';
      return;
    }
    const answer = await StartQuery(NewestSql(this.#Series(this.source.measure, this.source.table)), { signal: this.#abort.signal });
    this.newest = ToPoints(answer.rows)[0]?.time ?? null;
    this.status = 'empty';
  }

  #Tick(): void {
    if (live_client.state.status === 'paused') return;
    if (this.#MoveRange()) this.version += 1;
  }

  /** Relative ends follow the wall clock in steps of a second. */
  #MoveRange(): boolean {
    const now = (WallNow() / kNsPerSecond) * kNsPerSecond;
    const to = ParseRangeEnd(this.source.to, now) ?? now;
    const from = ParseRangeEnd(this.source.from, now) ?? to - 7200n * kNsPerSecond;
    const range = { from: from < to ? from : to - kNsPerSecond, to };
    if (range.from === this.model.range.from && range.to === this.model.range.to) return false;
    this.model.SetRange(range, this.source.to.startsWith('now') ? kAheadNs : 0n);
    return true;
  }
}
