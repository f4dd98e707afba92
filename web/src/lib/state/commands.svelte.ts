// SPDX-License-Identifier: Apache-2.0
// What the page that is open can do, so that keys and the palette reach it. A page says so while it is mounted.
import type { TimeRange } from '../model/time_range.ts';

export interface PageAction {
  label: string;
  Run(): void;
}

export interface PageCommands {
  Refresh?(): void;
  /** `/` */
  FocusFilter?(): void;
  range?: { Get(): TimeRange; Set(range: TimeRange): void; Open?(): void };
  /** `v` */
  CycleRevisions?(): void;
  /** `z` */
  ToggleTable?(): void;
  /** `0` */
  Fit?(): void;
  /** Mod+S */
  Save?(): void;
  actions?: PageAction[];
}

class Commands {
  page = $state.raw<PageCommands>({});

  /** Returns the function that takes them away again. */
  Use(commands: PageCommands): () => void {
    this.page = commands;
    return () => {
      if (this.page === commands) this.page = {};
    };
  }
}

export const commands = new Commands();
