// SPDX-License-Identifier: Apache-2.0
// Short messages at the edge of the window; one with an undo waits ten seconds before its action cannot be taken back.

export interface Toast {
  id: number;
  text: string;
  tone: 'ok' | 'error';
  Undo: (() => void) | null;
}

export const kUndoMs = 10_000;
const kShownMs = 5_000;

class Toasts {
  list = $state.raw<Toast[]>([]);
  #next = 1;

  Show(text: string, { tone = 'ok', Undo = null }: { tone?: Toast['tone']; Undo?: (() => void) | null } = {}): void {
    const toast: Toast = { id: this.#next, text, tone, Undo };
    this.#next += 1;
    this.list = [...this.list, toast];
    setTimeout(() => this.Close(toast.id), Undo === null ? kShownMs : kUndoMs);
  }

  Close(id: number): void {
    this.list = this.list.filter((toast) => toast.id !== id);
  }

  Undo(toast: Toast): void {
    this.Close(toast.id);
    toast.Undo?.();
  }
}

export const toasts = new Toasts();
