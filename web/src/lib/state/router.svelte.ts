// SPDX-License-Identifier: Apache-2.0
// Routes are paths under /ui/ (model/routes.ts); what a page shows is in the query string, so that a link restores it.
import { MatchRoute, OldLink, type Route } from '../model/routes.ts';

class Router {
  path = $state(location.pathname);
  params = $state.raw(new URLSearchParams(location.search));
  readonly route: Route = $derived(MatchRoute(this.path));

  constructor() {
    const old = OldLink(location.pathname, location.search);
    if (old !== null) history.replaceState(null, '', old);
    else if (/^\/(ui)?$/.test(location.pathname)) history.replaceState(null, '', `/ui/${location.search}`);
    this.#Read();
    window.addEventListener('popstate', () => this.#Read());
    document.addEventListener('click', (event) => this.#OnClick(event));
  }

  Go(url: string): void {
    this.#Set(url, 'push');
  }

  /** Another address for what is shown already: no step in the history. */
  Replace(url: string): void {
    this.#Set(url, 'replace');
  }

  /** Changes parameters of this page in place; null removes one. */
  SetParams(changes: Record<string, string | null>): void {
    const params = new URLSearchParams(location.search);
    for (const [name, value] of Object.entries(changes)) {
      if (value === null) params.delete(name);
      else params.set(name, value);
    }
    const search = params.toString();
    this.#Set(location.pathname + (search === '' ? '' : `?${search}`) + location.hash, 'replace');
  }

  /** Gives a parameter several values; none removes it. */
  SetAll(name: string, values: readonly string[]): void {
    const params = new URLSearchParams(location.search);
    params.delete(name);
    for (const value of values) params.append(name, value);
    const search = params.toString();
    this.#Set(location.pathname + (search === '' ? '' : `?${search}`) + location.hash, 'replace');
  }

  #Set(url: string, how: 'push' | 'replace'): void {
    if (how === 'push') history.pushState(null, '', url);
    else history.replaceState(history.state, '', url);
    this.#Read();
  }

  #Read(): void {
    this.path = location.pathname;
    this.params = new URLSearchParams(location.search);
  }

  #OnClick(event: MouseEvent): void {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = (event.target as Element | null)?.closest?.('a[href]');
    if (!(link instanceof HTMLAnchorElement) || link.target !== '' || link.hasAttribute('download')) return;
    if (link.origin !== location.origin || !link.pathname.startsWith('/ui/') || link.hash !== '') return;
    event.preventDefault();
    this.Go(link.pathname + link.search);
  }
}

export const router = new Router();
