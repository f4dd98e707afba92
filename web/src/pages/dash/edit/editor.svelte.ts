// SPDX-License-Identifier: Apache-2.0
// One dashboard while it is edited: the draft with undo, saved a moment after each change against the version that it came from. What
// somebody else saved meanwhile is a conflict, and nothing is written before it is settled.
import { ApiError } from '../../../lib/api/client.ts';
import { GetDashboard, PublishDashboard, RevertDashboard, SaveDraft, type Dashboard } from '../../../lib/api/dashboards.ts';
import type { ApiErrorBody } from '../../../lib/api/types.ts';
import { DescribeChanges, History, SameFile } from '../../../lib/model/dash_edit.ts';
import { NewDashboard, Parse, ToJson, type DashboardFile, type Parsed } from '../../../lib/model/dashboard_file.ts';
import { ToErrorBody } from '../../../lib/state/resource.svelte.ts';

const kAutosaveMs = 700;

export type Saving = 'saved' | 'waiting' | 'saving' | 'failed' | 'conflict';

export class DashEditor {
  readonly id: string;
  loaded = $state.raw<Dashboard | null>(null);
  /** A file that this version cannot read: nothing is edited then. */
  fault = $state.raw<Extract<Parsed, { ok: false }> | null>(null);
  error = $state.raw<ApiErrorBody | null>(null);
  file = $state.raw<DashboardFile>(NewDashboard(''));
  published = $state.raw<DashboardFile | null>(null);
  saving = $state<Saving>('saved');
  /** What is stored, when it is not what this editor began with. */
  theirs = $state.raw<{ stored: Dashboard; file: DashboardFile } | null>(null);
  can_undo = $state(false);
  can_redo = $state(false);
  /** Grows with every change that did not come from a person typing here: fields are filled anew. */
  epoch = $state(0);
  OnConflict: () => void = () => undefined;
  #history = new History<DashboardFile>(NewDashboard(''));
  #timer: ReturnType<typeof setTimeout> | undefined;
  #writing: Promise<void> | null = null;
  #saved: DashboardFile = NewDashboard('');

  readonly differs: boolean = $derived(this.published === null || !SameFile(this.published, this.file));
  readonly changes: string = $derived(this.published === null ? '' : DescribeChanges(this.published, this.file));

  constructor(id: string) {
    this.id = id;
  }

  /** Nothing waits for the server. */
  get settled(): boolean {
    return this.saving === 'saved';
  }

  async Load(): Promise<void> {
    try {
      this.#Take(await GetDashboard(this.id));
      this.error = null;
    } catch (e) {
      this.error = ToErrorBody(e);
    }
  }

  #Take(stored: Dashboard): void {
    const parsed = Parse(stored.draft ?? stored.published?.definition);
    if (!parsed.ok) {
      this.fault = parsed;
      this.loaded = stored;
      return;
    }
    this.fault = null;
    this.#Stored(stored);
    this.#history = new History(parsed.file);
    this.#saved = parsed.file;
    this.saving = 'saved';
    this.#Show('outside');
  }

  #Stored(stored: Dashboard): void {
    this.loaded = stored;
    const published = stored.published === null ? null : Parse(stored.published.definition);
    this.published = published?.ok === true ? published.file : null;
  }

  #Show(from: 'here' | 'outside'): void {
    this.file = this.#history.present;
    this.can_undo = this.#history.can_undo;
    this.can_redo = this.#history.can_redo;
    if (from === 'outside') this.epoch += 1;
  }

  Change(file: DashboardFile, tag = ''): void {
    this.#history.Push(file, tag);
    this.#Show('here');
    this.#SaveSoon();
  }

  Undo(): void {
    if (!this.can_undo) return;
    this.#history.Undo();
    this.#Show('outside');
    this.#SaveSoon();
  }

  Redo(): void {
    if (!this.can_redo) return;
    this.#history.Redo();
    this.#Show('outside');
    this.#SaveSoon();
  }

  #SaveSoon(): void {
    if (this.saving === 'conflict') return;
    this.saving = 'waiting';
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.Save(), kAutosaveMs);
  }

  /** Writes what is not written yet; one call at a time. */
  async Save(): Promise<void> {
    clearTimeout(this.#timer);
    if (this.#writing !== null) await this.#writing;
    if (this.loaded === null || this.saving === 'conflict') return;
    if (this.file === this.#saved) {
      this.saving = 'saved';
      return;
    }
    this.#writing = this.#Write(this.loaded.etag);
    await this.#writing;
    this.#writing = null;
    if (this.saving === 'waiting') await this.Save();
  }

  async #Write(etag: string): Promise<void> {
    const file = this.file;
    this.saving = 'saving';
    try {
      this.#Stored(await SaveDraft(this.id, etag, ToJson(file)));
      this.#saved = file;
      this.error = null;
      this.saving = this.file === file ? 'saved' : 'waiting';
    } catch (e) {
      if (!this.#Conflict(e)) {
        this.error = ToErrorBody(e);
        this.saving = 'failed';
      }
    }
  }

  /** Whether it was one. */
  #Conflict(e: unknown): boolean {
    if (!(e instanceof ApiError) || e.body.status !== 412) return false;
    const stored = (e.body as { current?: Dashboard }).current;
    const parsed = stored === undefined ? null : Parse(stored.draft ?? stored.published?.definition);
    if (stored === undefined || parsed?.ok !== true) return false;
    this.theirs = { stored, file: parsed.file };
    this.saving = 'conflict';
    this.OnConflict();
    return true;
  }

  /** Mine is written over what is stored. */
  async Overwrite(): Promise<void> {
    if (this.theirs === null) return;
    this.#Stored(this.theirs.stored);
    this.#saved = this.theirs.file;
    this.theirs = null;
    this.saving = 'waiting';
    await this.Save();
  }

  /** What is stored takes the place of mine; undo brings mine back. */
  TakeStored(): void {
    if (this.theirs === null) return;
    const { stored, file } = this.theirs;
    this.theirs = null;
    this.#Stored(stored);
    this.#history.Push(file);
    this.#saved = file;
    this.saving = 'saved';
    this.#Show('outside');
  }

  /** The draft becomes what viewers see. False: a conflict, or it could not be saved. */
  async Publish(message: string): Promise<boolean> {
    await this.Save();
    if (this.loaded === null || this.saving !== 'saved') {
      if (this.saving === 'failed' && this.error !== null) throw new ApiError(this.error);
      return false;
    }
    try {
      this.#Stored(await PublishDashboard(this.id, this.loaded.etag, message));
      return true;
    } catch (e) {
      if (this.#Conflict(e)) return false;
      throw e;
    }
  }

  /** The draft is gone, or is that version. */
  async Revert(version?: string): Promise<void> {
    clearTimeout(this.#timer);
    if (this.#writing !== null) await this.#writing;
    if (this.loaded === null) return;
    try {
      const stored = await RevertDashboard(this.id, this.loaded.etag, version);
      const parsed = Parse(stored.draft ?? stored.published?.definition);
      this.#Stored(stored);
      if (!parsed.ok) return;
      this.#history.Push(parsed.file);
      this.#saved = parsed.file;
      this.saving = 'saved';
      this.#Show('outside');
    } catch (e) {
      if (!this.#Conflict(e)) throw e;
    }
  }

  Close(): void {
    if (this.saving === 'waiting') void this.Save();
    clearTimeout(this.#timer);
  }
}
