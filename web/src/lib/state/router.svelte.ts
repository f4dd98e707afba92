// SPDX-License-Identifier: Apache-2.0
// Routes are paths under /ui/; what a page shows is in the query string, so that a link restores it.

export type PageName = 'chart' | 'query' | 'graph' | 'missing';

const kHome = '/ui/dash/ec2-host-metrics';

const kRoutes: [RegExp, PageName][] = [
  [/^\/ui\/dash\/ec2-host-metrics\/?$/, 'chart'],
  [/^\/ui\/query\/?$/, 'query'],
  [/^\/ui\/pipelines\/?$/, 'graph'],
];

class Router {
  path = $state(location.pathname);
  params = $state.raw(new URLSearchParams(location.search));

  get page(): PageName {
    return kRoutes.find(([pattern]) => pattern.test(this.path))?.[1] ?? 'missing';
  }

  constructor() {
    if (/^\/(ui\/?)?$/.test(location.pathname)) this.#Set(kHome + location.search, 'replace');
    window.addEventListener('popstate', () => this.#Read());
    document.addEventListener('click', (event) => this.#OnClick(event));
  }

  Go(url: string): void {
    this.#Set(url, 'push');
  }

  /** Changes parameters of this page in place; null removes one. */
  SetParams(changes: Record<string, string | null>): void {
    const params = new URLSearchParams(location.search);
    for (const [name, value] of Object.entries(changes)) {
      if (value === null) params.delete(name);
      else params.set(name, value);
    }
    const search = params.toString();
    this.#Set(location.pathname + (search === '' ? '' : `?${search}`), 'replace');
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
    if (link.origin !== location.origin || !link.pathname.startsWith('/ui/')) return;
    event.preventDefault();
    this.Go(link.pathname + link.search);
  }
}

export const router = new Router();
