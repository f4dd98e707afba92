// SPDX-License-Identifier: Apache-2.0
// Live updates wait while somebody works in a region: the pointer or the keyboard is on its chart, text in it is selected, a menu in
// it is open (console-ux.md section 11). What came meanwhile is counted, and taken up when the region is left or on demand.

export const kHoldMsAfterMove = 5_000;
const kMoves = ['pointerdown', 'pointermove', 'keydown', 'wheel'] as const;

/** Where the pointer or the keys work on what is drawn. */
const kWorked = 'canvas, .u-over, svg[role], [role=slider], [data-hold]';

export class Hold {
  /** Updates that came since the region has been held. */
  waiting = $state(0);
  held = $state(false);
  readonly #OnFree: () => void;
  #root: HTMLElement | null = null;
  #moved_at = -Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `on_free` takes up what waited. */
  constructor(on_free: () => void) {
    this.#OnFree = on_free;
  }

  /** For `{@attach}` and `use:`: the region. */
  readonly Watch = (root: HTMLElement): (() => void) => {
    this.#root = root;
    this.held = false;
    this.waiting = 0;
    const OnMove = (event: Event): void => {
      if ((event.target as Element | null)?.closest(kWorked) == null) return;
      this.#moved_at = performance.now();
      this.#Judge();
    };
    const OnOther = (): void => this.#Judge();
    const OnLeave = (): void => {
      this.#moved_at = -Infinity;
      // Focus also leaves what the page removes while it draws, when no state may change.
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#Judge(), 0);
    };
    for (const name of kMoves) root.addEventListener(name, OnMove, { passive: true });
    root.addEventListener('pointerleave', OnLeave);
    root.addEventListener('focusout', OnLeave);
    // A menu opens or closes by attributes of its button.
    const seen = new MutationObserver(OnOther);
    seen.observe(root, { subtree: true, attributeFilter: ['aria-expanded', 'open'] });
    document.addEventListener('selectionchange', OnOther);
    return () => {
      clearTimeout(this.#timer);
      seen.disconnect();
      document.removeEventListener('selectionchange', OnOther);
      for (const name of kMoves) root.removeEventListener(name, OnMove);
      root.removeEventListener('pointerleave', OnLeave);
      root.removeEventListener('focusout', OnLeave);
      this.#root = null;
    };
  };

  /** True: the update waits, and is counted. */
  Keep(): boolean {
    if (!this.held || this.#root === null) return false;
    this.waiting += 1;
    return true;
  }

  /** The user wants them now. */
  Take(): void {
    this.#moved_at = -Infinity;
    document.getSelection()?.removeAllRanges();
    this.#Free();
  }

  #Judge(): void {
    clearTimeout(this.#timer);
    const left = kHoldMsAfterMove - (performance.now() - this.#moved_at);
    if (left > 0) this.#timer = setTimeout(() => this.#Judge(), left);
    if (left > 0 || this.#HasMenu() || this.#HasSelection()) this.held = true;
    else if (this.held) this.#Free();
  }

  #Free(): void {
    const waited = this.waiting > 0;
    this.held = false;
    this.waiting = 0;
    if (waited) this.#OnFree();
  }

  #HasMenu(): boolean {
    return this.#root?.querySelector('[aria-expanded=true][aria-haspopup], [popover]:popover-open, dialog[open]') != null;
  }

  #HasSelection(): boolean {
    const selection = document.getSelection();
    return selection !== null && !selection.isCollapsed && this.#root !== null && selection.anchorNode !== null && this.#root.contains(selection.anchorNode);
  }
}

/** "3 updates waiting". */
export const WaitingWords = (waiting: number): string => `${waiting} ${waiting === 1 ? 'update' : 'updates'} waiting`;
