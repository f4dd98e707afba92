// SPDX-License-Identifier: Apache-2.0
// Sentences about a panel's data, from templates: `{{maximum}}` is a whole sentence, `{{maximum value}}` a field of it, so that people
// can write their own. No model, no guess: each is computed from the lines that the panel read.
import { FormatCount, FormatDelta, FormatPercentChange, FormatValue } from '../format.ts';
import { FormatClock, type Ns } from '../time.ts';
import type { WindowRow } from './chart.ts';
import { kEmptyChart } from './panel_chart.ts';
import { Sentence, Summarize } from './revisions.ts';
import type { Line } from './wells.ts';

export interface Story {
  lines: readonly Line[];
  axis: 'time' | 'number' | 'text';
  labels: readonly string[];
  rows: readonly WindowRow[] | null;
  watermark: Ns | null;
}

export const kStatistics = ['maximum', 'minimum', 'last', 'growth', 'top', 'bottom', 'total', 'count', 'outlier', 'revisions'] as const;
export type Statistic = (typeof kStatistics)[number];

interface Fact {
  /** The whole sentence. */
  sentence: string;
  fields: Record<string, string>;
}

interface Sample {
  line: string;
  x: Ns;
  value: number;
}

const Samples = (story: Story): Sample[] =>
  story.lines.flatMap((line) => line.x.flatMap((x, i) => {
    const value = line.value[i] ?? null;
    return value === null ? [] : [{ line: line.name, x, value }];
  }));

const Where = (story: Story, x: Ns): string => {
  if (story.axis === 'time') return `at ${FormatClock(x)}`;
  if (story.axis === 'text') return `for ${story.labels[Number(x / 1_000_000_000n)] ?? '?'}`;
  return `at ${FormatValue(Number(x) / 1e9)}`;
};

const Of = (line: string): string => (line === '' ? '' : ` of ${line}`);

function Extreme(story: Story, which: 'maximum' | 'minimum'): Fact | null {
  let best: Sample | null = null;
  for (const s of Samples(story)) if (best === null || (which === 'maximum' ? s.value > best.value : s.value < best.value)) best = s;
  if (best === null) return null;
  return {
    sentence: `The ${which}${Of(best.line)} is ${FormatValue(best.value)} ${Where(story, best.x)}.`,
    fields: { value: FormatValue(best.value), time: Where(story, best.x).replace(/^(at|for) /, ''), line: best.line },
  };
}

/** The newest value of the first line against the one `n` periods before. */
function Growth(story: Story, n: number, word: 'last' | 'growth'): Fact | null {
  const line = story.lines[0];
  if (line === undefined) return null;
  const known = line.x.flatMap((x, i) => (line.value[i] == null ? [] : [{ x, value: line.value[i] as number }]));
  const [last, before] = [known.at(-1), known.at(-1 - n)];
  if (last === undefined || before === undefined) return null;
  const percent = FormatPercentChange(before.value, last.value);
  const change = `${FormatDelta(last.value - before.value)}${percent === '' ? '' : ` (${percent})`}`;
  const sentence = word === 'last'
    ? `${line.name === '' ? 'The value' : line.name} is ${FormatValue(last.value)} ${Where(story, last.x)}, ${change} against the ${n === 1 ? 'period' : `${n} periods`} before.`
    : `${line.name === '' ? 'The value' : line.name} changed by ${change} over ${n} ${n === 1 ? 'period' : 'periods'}.`;
  return { sentence, fields: { value: FormatValue(last.value), before: FormatValue(before.value), change, percent, time: Where(story, last.x).replace(/^(at|for) /, ''), line: line.name } };
}

/** Names with what they add up to: lines by their mean, or the categories of one line. */
function Ranked(story: Story): { name: string; value: number }[] {
  const all = story.axis === 'text' && story.lines.length === 1
    ? Samples(story).map(({ x, value }) => ({ name: story.labels[Number(x / 1_000_000_000n)] ?? '?', value }))
    : story.lines.flatMap(({ name, value }) => {
      const known = value.filter((v): v is number => v !== null);
      return known.length === 0 ? [] : [{ name, value: known.reduce((a, b) => a + b, 0) / known.length }];
    });
  return all.sort((a, b) => b.value - a.value || (a.name < b.name ? -1 : 1));
}

function Rank(story: Story, n: number, which: 'top' | 'bottom'): Fact | null {
  const all = Ranked(story);
  if (all.length === 0) return null;
  const chosen = (which === 'top' ? all : [...all].reverse()).slice(0, n);
  const list = chosen.map(({ name, value }) => `${name} (${FormatValue(value)})`).join(', ');
  return {
    sentence: `${which === 'top' ? 'Highest' : 'Lowest'}${chosen.length > 1 ? ` ${chosen.length} of ${all.length}` : ''}: ${list}.`,
    fields: { list, value: FormatValue(chosen[0]?.value ?? NaN), line: chosen[0]?.name ?? '' },
  };
}

function Total(story: Story): Fact | null {
  const all = Samples(story);
  if (all.length === 0) return null;
  const total = all.reduce((sum, { value }) => sum + value, 0);
  const text = Number.isInteger(total) ? FormatCount(total) : FormatValue(total);
  return { sentence: `The total is ${text} in ${FormatCount(all.length)} values.`, fields: { value: text, values: FormatCount(all.length) } };
}

function Count(story: Story): Fact {
  const n = story.axis === 'text' && story.lines.length === 1 ? story.labels.length : story.lines.length;
  return { sentence: `There ${n === 1 ? 'is 1 series' : `are ${FormatCount(n)} series`}.`, fields: { value: FormatCount(n) } };
}

export const kOutlierScore = 3.5;

const Median = (sorted: readonly number[]): number => {
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[half] as number) : ((sorted[half - 1] as number) + (sorted[half] as number)) / 2;
};

/** Robust z-scores: 0.6745 times the distance from the median over the median of all such distances, by line. */
export function Outliers(story: Story): { line: string; x: Ns; value: number; score: number }[] {
  const out: { line: string; x: Ns; value: number; score: number }[] = [];
  for (const line of story.lines) {
    const known = Samples({ ...story, lines: [line] });
    if (known.length < 8) continue;
    const median = Median(known.map(({ value }) => value).sort((a, b) => a - b));
    const spread = Median(known.map(({ value }) => Math.abs(value - median)).sort((a, b) => a - b));
    if (spread === 0) continue;
    for (const s of known) {
      const score = (0.6745 * (s.value - median)) / spread;
      if (Math.abs(score) > kOutlierScore) out.push({ ...s, score });
    }
  }
  return out.sort((a, b) => Math.abs(b.score) - Math.abs(a.score));
}

function Outlier(story: Story): Fact | null {
  if (Samples(story).length === 0) return null;
  const all = Outliers(story);
  const worst = all[0];
  if (worst === undefined) return { sentence: 'No value is far from the others.', fields: { value: '', time: '', line: '', score: '', count: '0' } };
  const more = all.length === 1 ? '' : `; ${FormatCount(all.length - 1)} more`;
  return {
    sentence: `${FormatValue(worst.value)}${Of(worst.line)} ${Where(story, worst.x)} is far from the others (score ${worst.score.toFixed(1).replace('-', '−')})${more}.`,
    fields: { value: FormatValue(worst.value), time: Where(story, worst.x).replace(/^(at|for) /, ''), line: worst.line, score: worst.score.toFixed(1), count: String(all.length) },
  };
}

/** What late data did, in the words of charts. */
function Revisions(rows: readonly WindowRow[], watermark: Ns | null): Fact {
  const summary = Summarize({ ...kEmptyChart, watermark, lines: [{ name: '', x: [], value: [], style: 'line', token: '', axis: 'left', rows }] });
  const top = summary?.largest ?? null;
  return {
    sentence: Sentence(summary),
    fields: {
      windows: FormatCount(summary?.windows ?? 0), final: FormatCount(summary?.final ?? 0), revised: FormatCount(summary?.revised ?? 0), provisional: FormatCount(summary?.provisional ?? 0),
      change: top === null ? '' : FormatDelta(top.current - top.first), percent: top === null ? '' : FormatPercentChange(top.first, top.current), time: top === null ? '' : FormatClock(top.row.time),
    },
  };
}

function FactOf(story: Story, statistic: Statistic, n: number): Fact | null {
  switch (statistic) {
    case 'maximum':
    case 'minimum':
      return Extreme(story, statistic);
    case 'last':
      return Growth(story, 1, 'last');
    case 'growth':
      return Growth(story, n, 'growth');
    case 'top':
    case 'bottom':
      return Rank(story, n, statistic);
    case 'total':
      return Total(story);
    case 'count':
      return Count(story);
    case 'outlier':
      return Outlier(story);
    case 'revisions':
      return story.rows === null ? null : Revisions(story.rows, story.watermark);
  }
}

const kField = /\{\{\s*([a-z]+)(?:\s+(\d{1,3}))?(?:\s+([a-z]+))?(?:\s+of\s+([^{}]+?))?\s*\}\}/g;

/**
 * Fills a template: `{{top 3}}`, `{{maximum value}}`, `{{last of avg_cpu_system}}`. `StoryOf` gives the data of a named query, or of all
 * without a name. What is not known stays as it was written, so that a mistake is seen; what has no data is a dash.
 */
export function Tell(template: string, StoryOf: (query: string | null) => Story | null): string {
  return template.replace(kField, (whole, word: string, number: string | undefined, field: string | undefined, of: string | undefined) => {
    if (!kStatistics.includes(word as Statistic)) return whole;
    const story = StoryOf(of ?? null);
    if (story === null) return whole;
    const fact = FactOf(story, word as Statistic, Math.max(1, Number(number ?? (word === 'growth' ? 1 : 3))));
    if (fact === null) return field === undefined ? 'No data yet.' : '–';
    if (field === undefined) return fact.sentence;
    return fact.fields[field] === undefined ? whole : fact.fields[field] || '–';
  });
}
