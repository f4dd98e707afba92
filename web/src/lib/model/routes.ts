// SPDX-License-Identifier: Apache-2.0
// Every address of the console and the page behind it. A page is named in the navigation by its section, which is also its heading.

export type Section = 'overview' | 'streams' | 'pipelines' | 'databases' | 'query' | 'dashboards' | 'alerts' | 'connect' | 'settings';

export type PageName =
  | 'overview' | 'streams' | 'stream' | 'pipelines' | 'pipeline' | 'view' | 'view_editor' | 'databases' | 'explain' | 'query' | 'dashboards' | 'dashboard' | 'snapshot' | 'share' | 'dashboard_edit' | 'alerts' | 'connect' | 'settings' | 'missing';

export interface Route {
  page: PageName;
  section: Section | null;
  /** Parts of the path, decoded; absent parts are left out. */
  args: Record<string, string>;
}

/** The navigation, in its order. `key` follows `g`. */
export const kSections: readonly { section: Section; label: string; href: string; key: string }[] = [
  { section: 'overview', label: 'Overview', href: '/ui/', key: 'o' },
  { section: 'streams', label: 'Streams', href: '/ui/streams', key: 's' },
  { section: 'pipelines', label: 'Pipelines', href: '/ui/pipelines', key: 'p' },
  { section: 'databases', label: 'Databases', href: '/ui/db', key: 'd' },
  { section: 'query', label: 'Query', href: '/ui/query', key: 'q' },
  { section: 'dashboards', label: 'Dashboards', href: '/ui/dash', key: 'b' },
  { section: 'alerts', label: 'Alerts', href: '/ui/alerts', key: 'a' },
  { section: 'connect', label: 'Connect', href: '/ui/connect', key: 'c' },
  { section: 'settings', label: 'Settings', href: '/ui/settings', key: ',' },
];

export const LabelOf = (section: Section): string => kSections.find((s) => s.section === section)?.label ?? '';

/** The sample dashboard. */
export const kSample = '/ui/dash/ec2';

// `:name` takes one part of the path, `:name?` may be absent.
const kPatterns: [pattern: string, page: PageName, section: Section][] = [
  ['', 'overview', 'overview'],
  ['streams', 'streams', 'streams'],
  ['streams/:stream/:tab?', 'stream', 'streams'],
  ['pipelines', 'pipelines', 'pipelines'],
  ['pipelines/:pipeline/:tab?', 'pipeline', 'pipelines'],
  ['views/:view/:tab?', 'view', 'pipelines'],
  ['view-editor', 'view_editor', 'pipelines'],
  ['db/:database?/:table?/:tab?', 'databases', 'databases'],
  ['explain', 'explain', 'databases'],
  ['query', 'query', 'query'],
  ['dash', 'dashboards', 'dashboards'],
  ['dash/:dashboard', 'dashboard', 'dashboards'],
  ['share', 'share', 'dashboards'],
  ['snapshot', 'snapshot', 'dashboards'],
  ['dash/:dashboard/edit/:panel?', 'dashboard_edit', 'dashboards'],
  ['alerts', 'alerts', 'alerts'],
  ['connect', 'connect', 'connect'],
  ['settings/:tab?', 'settings', 'settings'],
];

function Decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export function MatchRoute(path: string): Route {
  const parts = path.replace(/^\/ui\/?/, '').split('/').filter((part) => part !== '').map(Decode);
  for (const [pattern, page, section] of kPatterns) {
    const wanted = pattern === '' ? [] : pattern.split('/');
    if (parts.length > wanted.length) continue;
    const args: Record<string, string> = {};
    const fits = wanted.every((name, i) => {
      const part = parts[i];
      if (name.startsWith(':')) {
        if (part !== undefined) args[name.replace(/[:?]/g, '')] = part;
        return part !== undefined || name.endsWith('?');
      }
      return part === name;
    });
    if (fits) return { page, section, args };
  }
  return { page: 'missing', section: null, args: {} };
}

/** A path below /ui/ of parts that may hold anything. */
export const PathOfParts = (...parts: (string | undefined)[]): string =>
  `/ui/${parts.filter((part) => part !== undefined && part !== '').map((part) => encodeURIComponent(part as string)).join('/')}`;

// What the variables of the sample are called, and were called.
const kOldVariables: Record<string, string> = { 'var-instance_name': 'var-instance', 'var-region': 'var-region', 'var-cell': 'var-cell', 'var-silo': 'var-silo' };
const kKept = ['from', 'to', 'rev', 'tz', 'asof'];

/** The sample was a chart of its own once, and the start page before that: links to it lead to the dashboard. */
export function OldLink(path: string, search: string): string | null {
  const params = new URLSearchParams(search);
  const start = /^\/(ui\/?)?$/.test(path) && [...params.keys()].some((name) => name.startsWith('var-') || ['measure', 'rev', 'db', 'table'].includes(name));
  if (!start && !/^\/ui\/dash\/ec2-host-metrics\/?$/.test(path)) return null;
  const next = new URLSearchParams();
  for (const [name, value] of params) {
    const now = kKept.includes(name) ? name : kOldVariables[name];
    if (now !== undefined) next.append(now, value);
  }
  return kSample + (next.size === 0 ? '' : `?${next}`);
}
