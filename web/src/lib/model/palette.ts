// SPDX-License-Identifier: Apache-2.0
// The palette's entries and how a few typed letters choose among them.
import type { GraphStatus } from '../api/types.ts';
import { kSections, PathOfParts } from './routes.ts';

export interface PaletteEntry {
  kind: 'page' | 'stream' | 'pipeline' | 'view' | 'table' | 'dashboard' | 'query' | 'action';
  label: string;
  href?: string;
  Run?: () => void;
}

export function ObjectsOf(graph: GraphStatus | null): PaletteEntry[] {
  const pages: PaletteEntry[] = kSections.map(({ label, href }) => ({ kind: 'page', label, href }));
  if (graph === null) return pages;
  const node = (id: string): string => `/ui/pipelines?node=${encodeURIComponent(id)}`;
  return [
    ...pages,
    ...graph.streams.map(({ name }): PaletteEntry => ({ kind: 'stream', label: name, href: PathOfParts('streams', name) })),
    ...graph.pipelines.map(({ name }): PaletteEntry => ({ kind: 'pipeline', label: name, href: node(`pipeline:${name}`) })),
    ...graph.views.map(({ name }): PaletteEntry => ({ kind: 'view', label: name, href: node(`view:${name}`) })),
    ...graph.databases.flatMap(({ name: database, tables }) =>
      tables.map(({ name }): PaletteEntry => ({ kind: 'table', label: `${database}.${name}`, href: PathOfParts('db', database, name) }))),
  ];
}

/** Higher is better; null: the letters do not occur in this order. A beginning beats a word's begin beats letters apart. */
export function Score(label: string, wanted: string): number | null {
  const text = label.toLowerCase();
  const letters = wanted.toLowerCase().trim();
  if (letters === '') return 0;
  const at = text.indexOf(letters);
  if (at === 0) return 1000 - text.length;
  if (at > 0) return (/[\w]/.test(text[at - 1] ?? '') ? 500 : 800) - at;
  let from = 0;
  let gaps = 0;
  for (const c of letters) {
    const next = text.indexOf(c, from);
    if (next < 0) return null;
    if (next > from) gaps += 1;
    from = next + 1;
  }
  return 100 - gaps * 5 - text.length / 100;
}

export function Choose(entries: readonly PaletteEntry[], wanted: string, shown_max = 50): PaletteEntry[] {
  return entries
    .map((entry, i) => ({ entry, i, score: Score(entry.label, wanted) ?? Score(`${entry.kind} ${entry.label}`, wanted) }))
    .filter((e): e is { entry: PaletteEntry; i: number; score: number } => e.score !== null)
    .sort((a, b) => b.score - a.score || a.i - b.i)
    .slice(0, shown_max)
    .map(({ entry }) => entry);
}
