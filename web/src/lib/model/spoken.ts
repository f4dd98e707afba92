// SPDX-License-Identifier: Apache-2.0
// What a screen reader says of the point that the cursor came to.
import { FormatValue } from '../format.ts';
import { FormatClock, FormatTimestamp } from '../time.ts';
import { FirstValue, type WindowRow } from './chart.ts';
import type { ChartData } from './panel_chart.ts';
import { CountsAsRevised, StateOf, TimesRevised } from './revisions.ts';

export interface SpokenAt {
  line: number;
  at: bigint;
  value: number | null;
  row: WindowRow | null;
}

export function SpokenPoint({ line, at, value, row }: SpokenAt, data: ChartData): string {
  const name = data.lines.length > 1 ? `${data.lines[line]?.name ?? ''}, ` : '';
  const said = value === null ? 'no value' : FormatValue(value);
  if (row !== null) {
    const first = FirstValue(row);
    const state = StateOf(row, data);
    const history = CountsAsRevised(row, data) && first !== null ? `, revised ${TimesRevised(row)} times, first ${FormatValue(first)}` : state === 'provisional' ? ', provisional' : '';
    return `${name}${FormatClock(row.time, data.zone)}, ${said}${history}`;
  }
  const x = data.axis === 'time' ? FormatTimestamp(at, { digits: at % 1_000_000_000n === 0n ? 0 : 3, date: false, zone: data.zone }) : data.axis === 'number' ? FormatValue(Number(at) / 1e9) : (data.labels[Number(at / 1_000_000_000n)] ?? '');
  return `${name}${x}, ${said}`;
}
