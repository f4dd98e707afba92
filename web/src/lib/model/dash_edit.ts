// SPDX-License-Identifier: Apache-2.0
// Changing a dashboard: undo and redo, what is done to panels, and how a draft differs from what is published, in words. Pure.
import { Write, type DashboardFile, type Panel } from './dashboard_file.ts';
import { NewPanelId } from './panel_wells.ts';

export const kUndoMax = 50;

/** States before and after the present one. */
export class History<T> {
  #past: T[] = [];
  #future: T[] = [];
  #present: T;
  #tag = '';

  constructor(present: T) {
    this.#present = present;
  }

  get present(): T {
    return this.#present;
  }
  get can_undo(): boolean {
    return this.#past.length > 0;
  }
  get can_redo(): boolean {
    return this.#future.length > 0;
  }

  /** A change; one that follows another of the same tag (typing in one field) is a step with it. */
  Push(next: T, tag = ''): void {
    if (next === this.#present) return;
    if (tag === '' || tag !== this.#tag) this.#past = [...this.#past, this.#present].slice(-kUndoMax);
    this.#tag = tag;
    this.#present = next;
    this.#future = [];
  }

  Undo(): T {
    const before = this.#past.at(-1);
    if (before === undefined) return this.#present;
    this.#past = this.#past.slice(0, -1);
    this.#future = [this.#present, ...this.#future];
    this.#tag = '';
    return (this.#present = before);
  }

  Redo(): T {
    const [next, ...rest] = this.#future;
    if (next === undefined) return this.#present;
    this.#future = rest;
    this.#past = [...this.#past, this.#present];
    this.#tag = '';
    return (this.#present = next);
  }
}

export type Place = Panel['grid'];

export const ReplacePanel = (file: DashboardFile, panel: Panel): DashboardFile => ({ ...file, panels: file.panels.map((p) => (p.id === panel.id ? panel : p)) });
export const RemovePanel = (file: DashboardFile, id: string): DashboardFile => ({ ...file, panels: file.panels.filter((p) => p.id !== id) });

/** A copy right below its original; what was there gives way. */
export function DuplicatePanel(file: DashboardFile, id: string): { file: DashboardFile; id: string } {
  const original = file.panels.find((p) => p.id === id);
  if (original === undefined) return { file, id };
  const { x, y, w, h } = original.grid;
  const copy: Panel = { ...structuredClone(original), id: NewPanelId(file), title: `${original.title} (copy)`, grid: { x, y: y + h, w, h } };
  return { file: { ...file, panels: [...file.panels.map((p) => (p.id !== id && p.grid.y >= y + h ? { ...p, grid: { ...p.grid, y: p.grid.y + h } } : p)), copy] }, id: copy.id };
}

/** New places of some panels. */
export const PlacePanels = (file: DashboardFile, places: ReadonlyMap<string, Place>): DashboardFile => {
  const moved = file.panels.map((p) => {
    const to = places.get(p.id);
    const { x, y, w, h } = p.grid;
    return to === undefined || (to.x === x && to.y === y && to.w === w && to.h === h) ? p : { ...p, grid: { x: to.x, y: to.y, w: to.w, h: to.h } };
  });
  return moved.every((p, i) => p === file.panels[i]) ? file : { ...file, panels: moved };
};

export const SameFile = (a: DashboardFile, b: DashboardFile): boolean => Write(a) === Write(b);

const Count = (n: number, what: string): string => `${n} ${n === 1 ? what : `${what}s`}`;

/** `1 panel added, 2 panels changed, settings changed`; empty when nothing differs. */
export function DescribeChanges(before: DashboardFile, after: DashboardFile): string {
  const Json = (value: unknown): string => JSON.stringify(value);
  const old = new Map(before.panels.map((p) => [p.id, p]));
  const now = new Map(after.panels.map((p) => [p.id, p]));
  const added = after.panels.filter((p) => !old.has(p.id)).length;
  const removed = before.panels.filter((p) => !now.has(p.id)).length;
  let changed = 0;
  let moved = 0;
  for (const panel of after.panels) {
    const was = old.get(panel.id);
    if (was === undefined) continue;
    if (Json({ ...was, grid: null }) !== Json({ ...panel, grid: null })) changed += 1;
    else if (Json(was.grid) !== Json(panel.grid)) moved += 1;
  }
  const { panels: a, variables: va, ...rest_before } = before;
  const { panels: b, variables: vb, ...rest_after } = after;
  const order = added + removed === 0 && a.some((p, i) => p.id !== b[i]?.id);
  const parts = [
    ...(added > 0 ? [`${Count(added, 'panel')} added`] : []), ...(removed > 0 ? [`${Count(removed, 'panel')} removed`] : []), ...(changed > 0 ? [`${Count(changed, 'panel')} changed`] : []),
    ...(moved > 0 ? [`${Count(moved, 'panel')} moved`] : []), ...(order ? ['order changed'] : []), ...(Json(va) !== Json(vb) ? ['variables changed'] : []),
    ...(Json(rest_before) !== Json(rest_after) ? ['settings changed'] : []),
  ];
  return parts.join(', ');
}

/** What a mover says: `column 3, row 5, 6 wide, 7 high`. */
export const PlaceText = ({ x, y, w, h }: Place): string => `column ${x + 1}, row ${y + 1}, ${w} wide, ${h} high`;

/** One step of a key in move mode; null: the key means something else. Arrows move, with Shift they resize. */
export function Stepped(place: Place, key: string, shift: 'moves' | 'sizes'): Place | null {
  const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[key];
  if (by === undefined) return null;
  const [dx, dy] = by as [number, number];
  if (shift === 'sizes') return { ...place, w: Math.max(1, Math.min(12 - place.x, place.w + dx)), h: Math.max(1, Math.min(100, place.h + dy)) };
  return { ...place, x: Math.max(0, Math.min(12 - place.w, place.x + dx)), y: Math.max(0, place.y + dy) };
}
