// SPDX-License-Identifier: Apache-2.0
// What a person chose for this browser: colours, density, keys, zone. The zone is in links too (`tz=`).
import { UseZone } from '../time.ts';
import { IsZone, kUtc, type Zone } from '../zone.ts';

export type Theme = 'system' | 'light' | 'dark';
export type Density = 'comfortable' | 'compact';
export type Toggle = 'on' | 'off';

const kKey = 'tidemark.prefs';
export const kThemes: readonly Theme[] = ['system', 'light', 'dark'];
export const kDensities: readonly Density[] = ['comfortable', 'compact'];

const OneOf = <T extends string>(value: unknown, known: readonly T[], standard: T): T => (known.includes(value as T) ? (value as T) : standard);

class Preferences {
  theme = $state<Theme>('system');
  density = $state<Density>('comfortable');
  single_keys = $state<Toggle>('on');
  motion = $state<'system' | 'reduced'>('system');
  zone = $state<Zone>(kUtc);
  /** Grows when colours or the zone change: charts draw anew. */
  epoch = $state(0);

  constructor() {
    let saved: Record<string, unknown> = {};
    try {
      saved = JSON.parse(localStorage.getItem(kKey) ?? '{}') as Record<string, unknown>;
    } catch {
      // what cannot be read is replaced with the next choice
    }
    this.theme = OneOf(saved['theme'], kThemes, 'system');
    this.density = OneOf(saved['density'], kDensities, 'comfortable');
    this.single_keys = OneOf(saved['single_keys'], ['on', 'off'], 'on');
    this.motion = OneOf(saved['motion'], ['system', 'reduced'], 'system');
    const linked = new URLSearchParams(location.search).get('tz');
    const zone = linked ?? saved['zone'];
    if (typeof zone === 'string' && IsZone(zone)) this.zone = zone;
    UseZone(() => this.zone);
    this.#Apply();
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#Apply());
  }

  NextTheme(): void {
    this.Set({ theme: kThemes[(kThemes.indexOf(this.theme) + 1) % kThemes.length] as Theme });
  }

  Set(changes: Partial<{ theme: Theme; density: Density; single_keys: Toggle; motion: 'system' | 'reduced'; zone: Zone }>): void {
    Object.assign(this, changes);
    const { theme, density, single_keys, motion, zone } = this;
    try {
      localStorage.setItem(kKey, JSON.stringify({ theme, density, single_keys, motion, zone }));
    } catch {
      // private windows may refuse; the choice then lasts as long as the tab
    }
    this.#Apply();
  }

  #Apply(): void {
    const dark = this.theme === 'dark' || (this.theme === 'system' && matchMedia('(prefers-color-scheme: dark)').matches);
    const root = document.documentElement;
    root.dataset['theme'] = dark ? 'dark' : 'light';
    root.dataset['density'] = this.density;
    root.dataset['motion'] = this.motion;
    this.epoch += 1;
  }
}

export const prefs = new Preferences();
