// SPDX-License-Identifier: Apache-2.0
// Draws a heatmap on a canvas: darker is more. Returns where things are, so that a pointer or a key finds its cell.
import type { Heat } from '../model/panel_data.ts';
import { FormatClock } from '../time.ts';

export interface HeatLayout {
  left: number;
  top: number;
  width: number;
  height: number;
  columns: number;
  rows: number;
}

const kAxisPx = 20;
const kTickPx = 64;

const Token = (style: CSSStyleDeclaration, name: string): string => style.getPropertyValue(name).trim();

export function DrawHeat(canvas: HTMLCanvasElement, heat: Heat, marked: { row: number; column: number } | null): HeatLayout {
  const ratio = devicePixelRatio;
  const { clientWidth: width, clientHeight: height } = canvas;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const layout: HeatLayout = { left: 0, top: 0, width: 0, height: 0, columns: heat.times.length, rows: heat.labels.length };
  const context = canvas.getContext('2d');
  if (context === null || layout.columns === 0 || layout.rows === 0) return layout;
  const style = getComputedStyle(canvas);
  context.scale(ratio, ratio);
  context.font = `11px ${style.fontFamily}`;
  context.textBaseline = 'middle';
  const widest = Math.max(...heat.labels.map((label) => context.measureText(label).width));
  layout.left = Math.min(Math.ceil(widest) + 10, Math.round(width * 0.35));
  layout.width = width - layout.left - 8;
  layout.top = 4;
  layout.height = height - kAxisPx - layout.top;
  const cell = { width: layout.width / layout.columns, height: layout.height / layout.rows };
  const gap = cell.width > 6 && cell.height > 6 ? 1 : 0;
  const color = Token(style, '--line');
  const muted = Token(style, '--muted');

  heat.cells.forEach((row, r) => {
    row.forEach((value, c) => {
      context.globalAlpha = value === null || heat.max === 0 ? 0 : 0.08 + 0.92 * (Math.abs(value) / heat.max);
      context.fillStyle = color;
      context.fillRect(layout.left + c * cell.width, layout.top + r * cell.height, Math.max(1, cell.width - gap), Math.max(1, cell.height - gap));
    });
  });
  context.globalAlpha = 1;
  context.fillStyle = muted;
  // Names as far apart as they can be read.
  const every = Math.max(1, Math.ceil(14 / cell.height));
  context.textAlign = 'right';
  heat.labels.forEach((label, r) => {
    if (r % every === 0) context.fillText(label, layout.left - 6, layout.top + (r + 0.5) * cell.height, layout.left - 8);
  });
  context.textAlign = 'center';
  const step = Math.max(1, Math.ceil(kTickPx / cell.width));
  for (let c = Math.floor(step / 2); c < layout.columns; c += step) {
    const time = heat.times[c];
    if (time !== undefined) context.fillText(FormatClock(time), layout.left + (c + 0.5) * cell.width, height - kAxisPx / 2);
  }
  if (marked !== null) {
    context.strokeStyle = Token(style, '--fg');
    context.lineWidth = 2;
    context.strokeRect(layout.left + marked.column * cell.width, layout.top + marked.row * cell.height, Math.max(2, cell.width - gap), Math.max(2, cell.height - gap));
  }
  return layout;
}

/** The cell at a place of the canvas; null beside it. */
export function CellAt({ left, top, width, height, columns, rows }: HeatLayout, x: number, y: number): { row: number; column: number } | null {
  const column = Math.floor(((x - left) / width) * columns);
  const row = Math.floor(((y - top) / height) * rows);
  return column < 0 || column >= columns || row < 0 || row >= rows ? null : { row, column };
}
