// SPDX-License-Identifier: Apache-2.0
// What a browser shows of plain elements, on a canvas: boxes, lines of text, drawings of SVG. It is for panels that are no canvas
// themselves (figures, tables, bars, words), so it knows what those are made of and no more. Nothing outside of `root` is drawn.
type Box = { left: number; top: number; right: number; bottom: number };

const Meets = (a: Box, b: Box): boolean => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
const Common = (a: Box, b: Box): Box => ({ left: Math.max(a.left, b.left), top: Math.max(a.top, b.top), right: Math.min(a.right, b.right), bottom: Math.min(a.bottom, b.bottom) });
const IsSeen = (colour: string): boolean => colour !== 'transparent' && !/,\s*0\)$/.test(colour);

/** Draws what is inside `root` with `root`'s corner at the origin of the context. */
export function Paint(context: CanvasRenderingContext2D, root: HTMLElement): void {
  const { left, top, right, bottom } = root.getBoundingClientRect();
  context.save();
  context.translate(-left, -top);
  PaintElement(context, root, { left, top, right, bottom });
  context.restore();
}

function PaintElement(context: CanvasRenderingContext2D, element: Element, clip: Box): void {
  const style = getComputedStyle(element);
  if (style.display === 'none' || style.visibility === 'hidden' || style.opacity === '0' || element.classList.contains('sr-only')) return;
  const box = element.getBoundingClientRect();
  const inside = style.overflowX === 'visible' ? clip : Common(clip, box);
  if (style.display !== 'contents' && box.width > 0 && !Meets(box, clip)) return;
  if (element instanceof HTMLCanvasElement) {
    context.drawImage(element, box.left, box.top, box.width, box.height);
    return;
  }
  if (element instanceof SVGGeometryElement) return PaintShape(context, element, style);
  if (element instanceof HTMLElement) PaintBox(context, box, style, clip);
  for (const child of element.childNodes) {
    if (child instanceof Element) PaintElement(context, child, inside);
    else if (child instanceof Text) PaintText(context, child, style, inside);
  }
}

function Within(context: CanvasRenderingContext2D, clip: Box, draw: () => void): void {
  context.save();
  context.beginPath();
  context.rect(clip.left, clip.top, clip.right - clip.left, clip.bottom - clip.top);
  context.clip();
  draw();
  context.restore();
}

function PaintBox(context: CanvasRenderingContext2D, box: DOMRect, style: CSSStyleDeclaration, clip: Box): void {
  Within(context, clip, () => {
    if (IsSeen(style.backgroundColor)) {
      context.fillStyle = style.backgroundColor;
      context.beginPath();
      context.roundRect(box.left, box.top, box.width, box.height, Math.min(Number.parseFloat(style.borderTopLeftRadius) || 0, box.height / 2));
      context.fill();
    }
    const Side = (width: string, colour: string, kind: string, x: number, y: number, w: number, h: number): void => {
      if (Number.parseFloat(width) === 0 || kind === 'none' || !IsSeen(colour)) return;
      context.fillStyle = colour;
      context.fillRect(x, y, w, h);
    };
    Side(style.borderTopWidth, style.borderTopColor, style.borderTopStyle, box.left, box.top, box.width, Number.parseFloat(style.borderTopWidth));
    Side(style.borderBottomWidth, style.borderBottomColor, style.borderBottomStyle, box.left, box.bottom - Number.parseFloat(style.borderBottomWidth), box.width, Number.parseFloat(style.borderBottomWidth));
    Side(style.borderLeftWidth, style.borderLeftColor, style.borderLeftStyle, box.left, box.top, Number.parseFloat(style.borderLeftWidth), box.height);
    Side(style.borderRightWidth, style.borderRightColor, style.borderRightStyle, box.right - Number.parseFloat(style.borderRightWidth), box.top, Number.parseFloat(style.borderRightWidth), box.height);
  });
}

function PaintShape(context: CanvasRenderingContext2D, shape: SVGGeometryElement, style: CSSStyleDeclaration): void {
  const at = shape.getScreenCTM();
  if (at === null) return;
  const path = new Path2D(shape instanceof SVGPathElement ? (shape.getAttribute('d') ?? '') : OutlineOf(shape));
  context.save();
  context.transform(at.a, at.b, at.c, at.d, at.e, at.f);
  context.globalAlpha = Number.parseFloat(style.opacity) || 1;
  if (style.fill !== 'none') {
    context.fillStyle = style.fill;
    context.fill(path);
  }
  if (style.stroke !== 'none') {
    context.strokeStyle = style.stroke;
    context.lineWidth = Number.parseFloat(style.strokeWidth) || 1;
    context.stroke(path);
  }
  context.restore();
}

function OutlineOf(shape: SVGGeometryElement): string {
  const N = (name: string): number => Number.parseFloat(shape.getAttribute(name) ?? '0') || 0;
  if (shape instanceof SVGLineElement) return `M${N('x1')} ${N('y1')}L${N('x2')} ${N('y2')}`;
  if (shape instanceof SVGRectElement) return `M${N('x')} ${N('y')}h${N('width')}v${N('height')}h${-N('width')}z`;
  if (shape instanceof SVGCircleElement) return `M${N('cx') - N('r')} ${N('cy')}a${N('r')} ${N('r')} 0 1 0 ${2 * N('r')} 0a${N('r')} ${N('r')} 0 1 0 ${-2 * N('r')} 0z`;
  return '';
}

/** Word by word where the browser put them, so that lines break as they do on the page. */
function PaintText(context: CanvasRenderingContext2D, text: Text, style: CSSStyleDeclaration, clip: Box): void {
  if (text.data.trim() === '') return;
  const range = document.createRange();
  Within(context, clip, () => {
    context.font = `${style.fontStyle} ${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
    context.fillStyle = style.color;
    context.textBaseline = 'middle';
    for (const word of text.data.matchAll(/\S+/g)) {
      range.setStart(text, word.index);
      range.setEnd(text, word.index + word[0].length);
      const box = range.getBoundingClientRect();
      const shown = style.textTransform === 'uppercase' ? word[0].toUpperCase() : word[0];
      if (Meets(box, clip)) context.fillText(shown, box.left, box.top + box.height / 2);
    }
  });
}
