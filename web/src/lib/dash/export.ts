// SPDX-License-Identifier: Apache-2.0
// A panel as a file: its rows as CSV, what it draws as a picture.
import { ToCsv } from '../model/result.ts';
import { ToCells, type QueryData } from '../model/panel_data.ts';
import { Paint } from './paint.ts';
import { Download } from '../state/clipboard.ts';

/** A name that any file system takes. */
export const FileName = (title: string): string => title.trim().replace(/[^\p{L}\p{N}._-]+/gu, '-').replace(/^-+|-+$/g, '').slice(0, 80) || 'panel';

export function DownloadCsv(title: string, data: readonly QueryData[]): void {
  const good = data.filter(({ error, table }) => error === null && table.columns.length > 0);
  good.forEach(({ table }, i) => {
    const { columns, rows } = ToCells(table);
    Download(`${FileName(title)}${good.length > 1 ? `-${i + 1}` : ''}.csv`, 'text/csv', [ToCsv(columns, rows)]);
  });
}

const kHeadPx = 34;
const kFootPx = 26;

/** What is seen inside `root`, below the title: the canvases, above the names of their lines; where there are none, all of it. */
export async function DownloadPng(title: string, root: HTMLElement, legend: readonly { name: string; token: string }[]): Promise<boolean> {
  const canvases = [...root.querySelectorAll('canvas')];
  const box = root.getBoundingClientRect();
  const ratio = devicePixelRatio;
  const style = getComputedStyle(root);
  const Token = (name: string): string => style.getPropertyValue(name).trim();
  const out = document.createElement('canvas');
  out.width = Math.round(box.width * ratio);
  out.height = Math.round((box.height + kHeadPx + kFootPx) * ratio);
  const context = out.getContext('2d');
  if (context === null) return false;
  context.scale(ratio, ratio);
  context.fillStyle = Token('--bg-2');
  context.fillRect(0, 0, box.width, box.height + kHeadPx + kFootPx);
  context.textBaseline = 'middle';
  context.fillStyle = Token('--fg');
  context.font = `600 14px ${style.fontFamily}`;
  context.fillText(title, 12, kHeadPx / 2, box.width - 24);
  if (canvases.length === 0) {
    context.save();
    context.translate(0, kHeadPx);
    Paint(context, root);
    context.restore();
  }
  context.textBaseline = 'middle';
  for (const canvas of canvases) {
    const at = canvas.getBoundingClientRect();
    context.drawImage(canvas, at.left - box.left, at.top - box.top + kHeadPx, at.width, at.height);
  }
  context.font = `12px ${style.fontFamily}`;
  let x = 12;
  for (const { name, token } of legend) {
    const width = context.measureText(name).width;
    if (x + width + 34 > box.width) break;
    context.fillStyle = Token(token);
    context.fillRect(x, box.height + kHeadPx + kFootPx / 2 - 2, 14, 3);
    context.fillStyle = Token('--muted');
    context.fillText(name, x + 20, box.height + kHeadPx + kFootPx / 2);
    x += width + 36;
  }
  const blob = await new Promise<Blob | null>((resolve) => out.toBlob(resolve, 'image/png'));
  if (blob === null) return false;
  Download(`${FileName(title)}.png`, 'image/png', [blob]);
  return true;
}
