// SPDX-License-Identifier: Apache-2.0
export type Theme = 'system' | 'light' | 'dark';

const kKey = 'tidemark.theme';
const kThemes: Theme[] = ['system', 'light', 'dark'];

class ThemeState {
  theme = $state<Theme>('system');
  /** Grows when colours change: charts read the tokens again. */
  epoch = $state(0);

  constructor() {
    const saved = localStorage.getItem(kKey);
    if (kThemes.includes(saved as Theme)) this.theme = saved as Theme;
    this.#Apply();
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#Apply());
  }

  Next(): void {
    this.theme = kThemes[(kThemes.indexOf(this.theme) + 1) % kThemes.length] as Theme;
    localStorage.setItem(kKey, this.theme);
    this.#Apply();
  }

  #Apply(): void {
    const dark = this.theme === 'dark' || (this.theme === 'system' && matchMedia('(prefers-color-scheme: dark)').matches);
    document.documentElement.dataset.theme = dark ? 'dark' : 'light';
    this.epoch += 1;
  }
}

export const theme = new ThemeState();
