// SPDX-License-Identifier: Apache-2.0
// A panel beside what opened it, in the browser's top layer, so that nothing that scrolls cuts it off. It follows its opener.

const kEdge = 8;
const kGap = 4;

function Place(panel: HTMLElement, opener: HTMLElement, align: 'left' | 'right'): void {
  const at = opener.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = panel;
  const below = innerHeight - at.bottom - kGap - kEdge;
  const above = at.top - kGap - kEdge;
  const up = height > below && above > below;
  const left = align === 'left' ? at.left : at.right - width;
  panel.style.left = `${Math.max(kEdge, Math.min(left, innerWidth - width - kEdge))}px`;
  panel.style.top = up ? `${Math.max(kEdge, at.top - kGap - height)}px` : `${Math.max(kEdge, Math.min(at.bottom + kGap, innerHeight - height - kEdge))}px`;
}

/** Shows `panel` (an element with popover="manual") beside `opener`; returns the function that ends it. */
export function Anchor(panel: HTMLElement, opener: HTMLElement, align: 'left' | 'right' = 'left'): () => void {
  panel.showPopover();
  const place = (): void => Place(panel, opener, align);
  place();
  const sizes = new ResizeObserver(place);
  sizes.observe(panel);
  addEventListener('scroll', place, { capture: true, passive: true });
  addEventListener('resize', place);
  return () => {
    sizes.disconnect();
    removeEventListener('scroll', place, { capture: true });
    removeEventListener('resize', place);
  };
}
