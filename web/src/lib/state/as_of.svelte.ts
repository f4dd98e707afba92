// SPDX-License-Identifier: Apache-2.0
// The time of processing that the charts of this page show (`asof` in the link); null is now. Charts say when their windows were
// revised, so that replay can step there, and where the complete history begins.
import { MergeTimes, ParseAsOf, WriteAsOf } from '../model/as_of.ts';
import { WallNow, type Ns } from '../time.ts';
import { router } from './router.svelte.ts';

// A browser takes so many changes of the address only: a slider that moves writes where it came to rest.
const kWriteAfterMs = 250;

class AsOfState {
  #moving = $state.raw<{ at: Ns | null } | null>(null);
  #times = $state.raw<ReadonlyMap<string, readonly Ns[]>>(new Map());
  #history = $state.raw<ReadonlyMap<string, Ns>>(new Map());
  #timer: ReturnType<typeof setTimeout> | undefined;

  readonly #linked = $derived(ParseAsOf(router.params.get('asof'), WallNow()));
  readonly as_of: Ns | null = $derived(this.#moving === null ? this.#linked : this.#moving.at);
  /** When windows in view were published again. */
  readonly revision_times: readonly Ns[] = $derived(MergeTimes(this.#times.values()));
  /** Before it the log may miss steps; null where nothing said so. */
  readonly history_from: Ns | null = $derived([...this.#history.values()].reduce<Ns | null>((latest, at) => (latest === null || at > latest ? at : latest), null));

  Set(at: Ns | null): void {
    this.#moving = { at };
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      router.SetParams({ asof: at === null ? null : WriteAsOf(at) });
      this.#moving = null;
    }, kWriteAfterMs);
  }

  /** A chart's revisions; an empty list takes them away. */
  SetTimes(id: string, times: readonly Ns[]): void {
    const known = this.#times.get(id);
    if (known !== undefined && known.length === times.length && known.every((time, i) => time === times[i])) return;
    if (known === undefined && times.length === 0) return;
    const next = new Map(this.#times);
    if (times.length === 0) next.delete(id);
    else next.set(id, times);
    this.#times = next;
  }

  SetHistoryFrom(id: string, at: Ns | null): void {
    if ((this.#history.get(id) ?? null) === at) return;
    const next = new Map(this.#history);
    if (at === null) next.delete(id);
    else next.set(id, at);
    this.#history = next;
  }
}

export const as_of = new AsOfState();
