// SPDX-License-Identifier: Apache-2.0
// What differs between two texts, line by line, with a few lines around each change. Pure.

export interface DiffLine {
  kind: 'same' | 'gone' | 'new' | 'skipped';
  text: string;
}

const kCellsMax = 4_000_000;

/** All lines of both in order: those of `before` that went, those of `after` that came. */
function Compare(a: readonly string[], b: readonly string[]): DiffLine[] {
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head += 1;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail += 1;
  const [x, y] = [a.slice(head, a.length - tail), b.slice(head, b.length - tail)];
  const Lines = (kind: DiffLine['kind'], list: readonly string[]): DiffLine[] => list.map((text) => ({ kind, text }));
  const middle = x.length * y.length > kCellsMax ? [...Lines('gone', x), ...Lines('new', y)] : Longest(x, y);
  return [...Lines('same', a.slice(0, head)), ...middle, ...Lines('same', a.slice(a.length - tail))];
}

/** By the longest common subsequence. */
function Longest(x: readonly string[], y: readonly string[]): DiffLine[] {
  const width = y.length + 1;
  const best = new Uint32Array((x.length + 1) * width);
  const At = (i: number, j: number): number => best[i * width + j] ?? 0;
  for (let i = x.length - 1; i >= 0; i -= 1) {
    for (let j = y.length - 1; j >= 0; j -= 1) best[i * width + j] = x[i] === y[j] ? At(i + 1, j + 1) + 1 : Math.max(At(i + 1, j), At(i, j + 1));
  }
  const out: DiffLine[] = [];
  let [i, j] = [0, 0];
  while (i < x.length || j < y.length) {
    if (i < x.length && j < y.length && x[i] === y[j]) {
      out.push({ kind: 'same', text: x[i] ?? '' });
      i += 1;
      j += 1;
    } else if (i < x.length && (j >= y.length || At(i + 1, j) >= At(i, j + 1))) out.push({ kind: 'gone', text: x[i++] ?? '' });
    else out.push({ kind: 'new', text: y[j++] ?? '' });
  }
  return out;
}

/** With `around` lines of what is the same beside each change; the rest is one line that says how many. */
export function DiffLines(before: string, after: string, around = 3): DiffLine[] {
  const all = Compare(before.split('\n'), after.split('\n'));
  const near = all.map(() => false);
  all.forEach(({ kind }, i) => {
    if (kind !== 'same') near.fill(true, Math.max(0, i - around), Math.min(all.length, i + around + 1));
  });
  const out: DiffLine[] = [];
  for (let i = 0; i < all.length; i += 1) {
    if (near[i] === true) {
      out.push(all[i] as DiffLine);
      continue;
    }
    let n = 0;
    while (i + n < all.length && near[i + n] === false) n += 1;
    out.push({ kind: 'skipped', text: `${n} ${n === 1 ? 'line' : 'lines'} the same` });
    i += n - 1;
  }
  return out;
}

export const IsSame = (lines: readonly DiffLine[]): boolean => lines.every(({ kind }) => kind === 'same' || kind === 'skipped');
