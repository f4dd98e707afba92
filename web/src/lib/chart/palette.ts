// SPDX-License-Identifier: Apache-2.0
// Colours of app.css as canvases need them: read when a chart is made and again when the theme changes.

export interface Palette {
  bg: string;
  fg: string;
  muted: string;
  grid: string;
  ghost: string;
  delta: string;
  wm: string;
  prov: string;
  band: string;
  hover: string;
  font_family: string;
  /** Any token by its name. */
  Token(name: string): string;
}

export function ReadPalette(root: HTMLElement): Palette {
  const style = getComputedStyle(root);
  const Token = (name: string): string => style.getPropertyValue(name).trim();
  return {
    bg: Token('--bg-2'), fg: Token('--fg'), muted: Token('--muted'), grid: Token('--grid'), ghost: Token('--ghost'), delta: Token('--delta'),
    wm: Token('--wm'), prov: Token('--prov'), band: Token('--band'), hover: Token('--hover'), font_family: style.fontFamily, Token,
  };
}

export function WithAlpha(hex: string, alpha: number): string {
  const m = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(hex);
  if (m === null) return hex;
  return `rgba(${[m[1], m[2], m[3]].map((part) => parseInt(part ?? '0', 16)).join(',')},${alpha})`;
}
