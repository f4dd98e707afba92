// SPDX-License-Identifier: Apache-2.0
// Ticks and their words, for each kind of x.
import type uPlot from 'uplot';
import { FormatValue } from '../format.ts';
import { FromX, type ChartData } from '../model/panel_chart.ts';
import { FormatClock, FormatTimestamp, kNsPerSecond, type Ns } from '../time.ts';
import type { Palette } from './palette.ts';

const kTickSeconds = [
  1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800, 1209600, 2592000, 7776000, 31536000,
];
const kTextSteps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];
const kManyDays = 2n * 86_400n * kNsPerSecond;
const kCharPx = 6.6;

/** `0.6`, not `0.6000`. */
export const ShortValue = (y: number): string => FormatValue(y).replace(/(\.\d*?)0+(?=$|e)/, '$1').replace(/\.(?=$|e)/, '');

export interface AxisInput {
  data: ChartData;
  base: Ns;
  palette: Palette;
  extent: { from: Ns; to: Ns };
  /** Below it there is room only, no values. */
  LowestValue(): number;
}

export function AxesOf({ data, base, palette, extent, LowestValue }: AxisInput): uPlot.Axis[] {
  const common = { stroke: palette.muted, font: `11px ${palette.font_family}` };
  const grid = { stroke: palette.grid, width: 1 };
  const dated = data.axis === 'time' && extent.to - extent.from > kManyDays;
  const Label = (x: number, room: number, step: number): string => {
    if (data.axis === 'number') return ShortValue(x);
    if (data.axis === 'text') {
      const text = Number.isInteger(x) ? (data.labels[x] ?? (data.labels.length === 0 ? String(x) : '')) : '';
      const fits = Math.max(4, Math.floor(room / kCharPx));
      return text.length <= fits ? text : `${text.slice(0, fits - 1)}…`;
    }
    const at = FromX(x, base);
    // As many digits as tell neighbours apart.
    if (!dated) return step >= 1 ? FormatClock(at, data.zone) : FormatTimestamp(at, { digits: Math.min(9, Math.ceil(-Math.log10(step) - 1e-9)), date: false, zone: data.zone });
    const words = FormatTimestamp(at, { digits: null, zone: data.zone }).slice(5);
    return words.endsWith(' 00:00') ? words.slice(0, 5) : words;
  };
  const Values: uPlot.Axis.DynamicValues = (u, splits, _axis, _space, step) => {
    const room = splits.length > 1 ? Math.abs(u.valToPos(splits[1] as number, 'x') - u.valToPos(splits[0] as number, 'x')) - 8 : u.width;
    return splits.map((x) => Label(x, room, step));
  };
  const x: uPlot.Axis = {
    ...common, grid, ticks: { ...grid, size: 5 }, size: 32, space: dated ? 96 : data.axis === 'text' ? 72 : data.axis === 'time' && extent.to - extent.from < 20n * kNsPerSecond ? 120 : 80, values: Values,
    ...(data.axis === 'time' ? { incrs: kTickSeconds } : data.axis === 'text' ? { incrs: kTextSteps } : {}),
  };
  const Side = (scale: 'y' | 'y2', side: 1 | 3): uPlot.Axis => ({
    ...common, scale, side, grid: scale === 'y' ? grid : { show: false }, ticks: { show: false }, gap: 8, space: 34,
    size: (_u, values) => Math.max(40, 14 + kCharPx * Math.max(0, ...(values ?? []).map((v) => v?.length ?? 0))),
    filter: (_u, splits) => splits.map((y) => (scale === 'y' && y < 0 && LowestValue() >= 0 ? null : y)),
    values: (_u, splits) => splits.map((y) => (y === null ? '' : ShortValue(y))),
  });
  const right = data.lines.some((line) => line.axis === 'right');
  return right ? [x, Side('y', 3), Side('y2', 1)] : [x, Side('y', 3)];
}
