// SPDX-License-Identifier: Apache-2.0
// What the chart draws beside its lines: the area that is not final yet, the watermark, revised windows with their first value,
// and the strip at the bottom that shows where revisions happened. Pure drawing: it reads the model and changes nothing.
import type uPlot from 'uplot';
import { FirstValue, type ChartModel, type WindowRow } from '../model/chart.ts';
import { FormatTimestamp, type Ns } from '../time.ts';

export type RevisionMode = 'off' | 'mark' | 'compare';
export const kRevisionModes: readonly RevisionMode[] = ['off', 'mark', 'compare'];

export interface Palette {
  bg: string;
  fg: string;
  muted: string;
  grid: string;
  line: string;
  raw: string;
  ghost: string;
  delta: string;
  wm: string;
  prov: string;
  band: string;
  hover: string;
  font: string;
}

export interface OverlayInput {
  model: ChartModel;
  palette: Palette;
  mode: RevisionMode;
  hovered: WindowRow | null;
  /** Row time -> 0..1, how far its ring has opened. */
  rings: ReadonlyMap<Ns, number>;
  ToX(time: Ns): number;
}

export interface OverlayDrawn {
  revised: number;
  watermark_x: number | null;
}

/** Height of the heat strip and of the room that the y scale leaves for it, CSS pixels. */
export const kStripPx = 9;
export const kStripRoomPx = 14;

const kDenseWindowPx = 6;

const X = (u: uPlot, x: number): number => u.valToPos(x, 'x', true);
const Y = (u: uPlot, y: number): number => u.valToPos(y, 'y', true);

/** Below the lines: the area right of the watermark and the window under the cursor. */
export function DrawBelow(u: uPlot, { model, palette, hovered, ToX }: OverlayInput): void {
  const { ctx, bbox } = u;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  if (model.watermark !== null) {
    const left = Math.max(bbox.left, X(u, ToX(model.watermark)));
    const right = bbox.left + bbox.width;
    if (left < right) {
      ctx.fillStyle = palette.prov;
      ctx.fillRect(left, bbox.top, right - left, bbox.height);
    }
  }
  if (hovered !== null) {
    const left = X(u, ToX(hovered.window_start));
    ctx.fillStyle = palette.hover;
    ctx.fillRect(left, bbox.top, X(u, ToX(hovered.window_end)) - left, bbox.height);
  }
  ctx.restore();
}

/** Above the lines. */
export function DrawAbove(u: uPlot, input: OverlayInput): OverlayDrawn {
  const { model, mode, hovered } = input;
  const { ctx, bbox } = u;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top - 4, bbox.width, bbox.height + 4);
  ctx.clip();
  const revised = model.Revised();
  if (mode !== 'off') {
    DrawStrip(u, input, revised);
    const dense = WindowPx(u, input) < kDenseWindowPx * devicePixelRatio;
    if (dense && mode === 'compare') DrawBand(u, input, revised);
    for (const row of revised) {
      if (!dense || row === hovered) DrawMark(u, input, row, mode === 'compare' || row === hovered ? 'with-first' : 'current-only');
    }
    DrawRings(u, input, revised);
  }
  ctx.restore();
  return { revised: mode === 'off' ? 0 : revised.length, watermark_x: DrawWatermark(u, input) };
}

function WindowPx(u: uPlot, { model, ToX }: OverlayInput): number {
  const row = model.rows[0];
  return row === undefined ? Infinity : X(u, ToX(row.window_end)) - X(u, ToX(row.window_start));
}

function DrawMark(u: uPlot, { palette, ToX }: OverlayInput, row: WindowRow, what: 'with-first' | 'current-only'): void {
  if (row.value === null) return;
  const { ctx } = u;
  const px = devicePixelRatio;
  const x = X(u, ToX(row.time));
  const y = Y(u, row.value);
  const first = FirstValue(row);
  if (what === 'with-first' && first !== null) {
    const y_first = Y(u, first);
    ctx.strokeStyle = palette.delta;
    ctx.lineWidth = 2 * px;
    ctx.beginPath();
    ctx.moveTo(x, y_first);
    ctx.lineTo(x, y);
    ctx.stroke();
    ctx.beginPath();
    ctx.arc(x, y_first, 3.5 * px, 0, 2 * Math.PI);
    ctx.fillStyle = palette.bg;
    ctx.fill();
    ctx.strokeStyle = palette.ghost;
    ctx.lineWidth = 1.75 * px;
    ctx.stroke();
  }
  const r = 5.25 * px;
  ctx.beginPath();
  ctx.moveTo(x, y - r);
  ctx.lineTo(x + r, y);
  ctx.lineTo(x, y + r);
  ctx.lineTo(x - r, y);
  ctx.closePath();
  ctx.fillStyle = palette.delta;
  ctx.fill();
  ctx.strokeStyle = palette.bg;
  ctx.lineWidth = 1.25 * px;
  ctx.stroke();
}

/** Dense charts: the area between first and current value, broken where a window was not revised. */
function DrawBand(u: uPlot, { palette, ToX }: OverlayInput, revised: WindowRow[]): void {
  const { ctx } = u;
  ctx.fillStyle = palette.band;
  for (const row of revised) {
    const first = FirstValue(row);
    if (first === null || row.value === null) continue;
    const half = Math.max(1, (X(u, ToX(row.window_end)) - X(u, ToX(row.window_start))) / 2);
    const x = X(u, ToX(row.time));
    ctx.fillRect(x - half, Math.min(Y(u, first), Y(u, row.value)), 2 * half, Math.abs(Y(u, first) - Y(u, row.value)));
  }
}

function DrawStrip(u: uPlot, { palette, ToX }: OverlayInput, revised: WindowRow[]): void {
  const { ctx, bbox } = u;
  const height = kStripPx * devicePixelRatio;
  const top = bbox.top + bbox.height - height;
  ctx.fillStyle = palette.delta;
  for (const row of revised) {
    const left = X(u, ToX(row.window_start));
    const width = Math.max(2 * devicePixelRatio, X(u, ToX(row.window_end)) - left - devicePixelRatio);
    ctx.globalAlpha = Math.min(1, 0.25 + 0.15 * Number(row.revision - 1n));
    ctx.fillRect(left, top, width, height);
  }
  ctx.globalAlpha = 1;
}

function DrawRings(u: uPlot, { palette, rings, ToX }: OverlayInput, revised: WindowRow[]): void {
  const { ctx } = u;
  for (const row of revised) {
    const progress = rings.get(row.time);
    if (progress === undefined || row.value === null) continue;
    ctx.globalAlpha = 1 - progress;
    ctx.strokeStyle = palette.delta;
    ctx.lineWidth = 2 * devicePixelRatio;
    ctx.beginPath();
    ctx.arc(X(u, ToX(row.time)), Y(u, row.value), (6 + 14 * progress) * devicePixelRatio, 0, 2 * Math.PI);
    ctx.stroke();
  }
  ctx.globalAlpha = 1;
}

/** The line, its label, and the tick that says up to where windows are closed. Returns its x in canvas pixels. */
function DrawWatermark(u: uPlot, { model, palette, ToX }: OverlayInput): number | null {
  if (model.watermark === null) return null;
  const { ctx, bbox } = u;
  const px = devicePixelRatio;
  const right = bbox.left + bbox.width;
  const x = X(u, ToX(model.watermark));
  const closed = X(u, ToX(model.watermark - model.allowed_lateness));
  ctx.save();
  ctx.font = palette.font;
  if (closed >= bbox.left && closed <= right) {
    ctx.fillStyle = palette.wm;
    const bottom = bbox.top + bbox.height;
    ctx.fillRect(closed - px / 2, bottom - (kStripRoomPx + 12) * px, px, (kStripRoomPx + 17) * px);
    if (closed - bbox.left > 60 * px) {
      ctx.textAlign = 'right';
      ctx.textBaseline = 'bottom';
      ctx.fillText('closed', closed - 5 * px, bottom - kStripRoomPx * px);
    }
  }
  if (x < bbox.left || x > right) {
    ctx.restore();
    return null;
  }
  ctx.strokeStyle = palette.wm;
  ctx.lineWidth = 1.5 * px;
  ctx.setLineDash([5 * px, 4 * px]);
  ctx.beginPath();
  ctx.moveTo(x, bbox.top);
  ctx.lineTo(x, bbox.top + bbox.height);
  ctx.stroke();
  const label = `watermark ${FormatTimestamp(model.watermark, { digits: 0, date: false })}`;
  const left_fits = x - bbox.left > ctx.measureText(label).width + 16 * px;
  ctx.textAlign = left_fits ? 'right' : 'left';
  ctx.textBaseline = 'top';
  const text_x = x + (left_fits ? -7 : 7) * px;
  ctx.lineWidth = 4 * px;
  ctx.setLineDash([]);
  ctx.strokeStyle = palette.bg;
  ctx.strokeText(label, text_x, bbox.top + 5 * px);
  ctx.fillStyle = palette.wm;
  ctx.fillText(label, text_x, bbox.top + 5 * px);
  ctx.restore();
  return x;
}
