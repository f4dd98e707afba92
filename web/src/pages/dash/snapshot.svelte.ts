// SPDX-License-Identifier: Apache-2.0
// The snapshot that this tab has open. It came from a file and lasts as long as the tab.
import { ReadSnapshot, type SnapshotOf } from '../../lib/model/snapshot.ts';

class Opened {
  snapshot = $state.raw<SnapshotOf | null>(null);
}
export const opened = new Opened();

/** Null: the text is no snapshot. Empty: it is open now. Else what is wrong with it. */
export function OpenSnapshot(text: string): string | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if ((value as { kind?: unknown } | null)?.kind !== 'tidemark-snapshot') return null;
  const read = ReadSnapshot(value);
  if (typeof read === 'string') return read;
  opened.snapshot = read;
  return '';
}
