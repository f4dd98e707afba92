// SPDX-License-Identifier: Apache-2.0
// What happened lately, in words and with the page that shows it.
import type { Activity } from '../api/types.ts';
import { PathOfParts } from './routes.ts';

export interface ActivityLine {
  what: string;
  name: string;
  action: string;
  /** Null: there is nothing to open. */
  href: string | null;
}

const kWords: Record<string, string> = { scheduled_query: 'scheduled query', saved_query: 'saved query' };

function HrefOf({ kind, name }: Activity): string | null {
  switch (kind) {
    case 'stream':
      return PathOfParts('streams', name);
    case 'pipeline':
      return PathOfParts('pipelines', name);
    case 'view':
      return PathOfParts('views', name);
    case 'database':
      return PathOfParts('db', name);
    case 'table': {
      const dot = name.indexOf('.');
      return PathOfParts('db', name.slice(0, dot), name.slice(dot + 1));
    }
    case 'dashboard':
      return PathOfParts('dash', name);
    case 'saved_query':
      return `/ui/query?id=${encodeURIComponent(name)}`;
    case 'scheduled_query':
      return '/ui/query';
    default:
      return '/ui/settings/about';
  }
}

export function ToActivityLine(activity: Activity): ActivityLine {
  const { kind, name, action, detail } = activity;
  if (kind === 'server') return { what: 'server', name: detail ?? '', action: action === 'created' ? 'started for the first time' : action, href: HrefOf(activity) };
  return { what: kWords[kind] ?? kind, name: detail ?? name, action, href: action === 'deleted' ? null : HrefOf(activity) };
}
