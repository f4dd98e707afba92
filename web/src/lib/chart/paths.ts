// SPDX-License-Identifier: Apache-2.0
// Marks that uPlot has no builder for: points by the million, and bars of several lines side by side.
import type uPlot from 'uplot';

type Builder = uPlot.Series.PathBuilder;

const kBoth = 3; // uPlot: clip fill and stroke

const Ys = (u: uPlot, series: number): ArrayLike<number | null | undefined> => u.data[series] as unknown as ArrayLike<number | null | undefined>;

/** Round points, and squares once there are so many that one covers the next; each pixel at most once. */
export const PointPaths = (size_px: number): Builder => (u, series, begin, end) => {
  const fill = new Path2D();
  const xs = u.data[0] as unknown as ArrayLike<number>;
  const ys = Ys(u, series);
  const scale = u.series[series]?.scale ?? 'y';
  const { left, top, width, height } = u.bbox;
  const size = size_px * devicePixelRatio;
  const many = end - begin > 4 * width;
  const seen = many ? new Uint8Array((Math.ceil(width) + 1) * (Math.ceil(height) + 1)) : null;
  for (let i = begin; i <= end; i += 1) {
    const y = ys[i];
    if (y === null || y === undefined) continue;
    const px = u.valToPos(xs[i] as number, 'x', true);
    const py = u.valToPos(y, scale, true);
    if (seen === null) {
      fill.moveTo(px + size / 2, py);
      fill.arc(px, py, size / 2, 0, 2 * Math.PI);
      continue;
    }
    const cell = Math.round(py - top) * (Math.ceil(width) + 1) + Math.round(px - left);
    if (cell < 0 || cell >= seen.length || seen[cell] === 1) continue;
    seen[cell] = 1;
    fill.rect(Math.round(px) - size / 2, Math.round(py) - size / 2, size, size);
  }
  return { stroke: null, fill, clip: null, band: null, gaps: null, flags: kBoth } as unknown as uPlot.Series.Paths;
};

/** Bars of line `index` of `count`, side by side around their x. `Step` is the distance of two x. */
export const BarPaths = (index: number, count: number, Step: () => number): Builder => (u, series, begin, end) => {
  const fill = new Path2D();
  const xs = u.data[0] as unknown as ArrayLike<number>;
  const ys = Ys(u, series);
  const scale = u.series[series]?.scale ?? 'y';
  const step = Math.abs(u.valToPos(Step(), 'x', true) - u.valToPos(0, 'x', true));
  const room = Math.min(step * 0.78, 64 * devicePixelRatio * count);
  const width = Math.max(1, room / count);
  const zero = u.valToPos(0, scale, true);
  for (let i = begin; i <= end; i += 1) {
    const y = ys[i];
    if (y === null || y === undefined) continue;
    const left = u.valToPos(xs[i] as number, 'x', true) - room / 2 + index * width;
    const top = u.valToPos(y, scale, true);
    const inner = width > 4 ? width - devicePixelRatio : width;
    fill.rect(left, Math.min(top, zero), inner, Math.max(Math.abs(zero - top), y === 0 ? 0 : 1));
  }
  return { stroke: null, fill, clip: null, band: null, gaps: null, flags: kBoth } as unknown as uPlot.Series.Paths;
};
