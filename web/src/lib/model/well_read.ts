// SPDX-License-Identifier: Apache-2.0
// Wells that come from a file or from storage: what does not fit is replaced with its default, what cannot be wells at all is null.
import { kLineTokens } from './panel_chart.ts';
import {
  EmptySpec, kAggregates, kFilterOps, kFormats, kGranularities, kLimit, type ColorWell, type FilterWell, type Missing, type ValueWell, type WellSpec, type XWell,
} from './well_spec.ts';
import { IsZone } from '../zone.ts';

const IsObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
const Text = (value: unknown): string => (typeof value === 'string' ? value : '');
const OneOf = <T extends string>(value: unknown, known: readonly T[], standard: T): T => (known.includes(value as T) ? (value as T) : standard);
const kMissing: readonly Missing[] = ['gap', 'connect', 'zero', 'previous', 'linear'];

function ReadValue(value: unknown): ValueWell[] {
  if (!IsObject(value) || Text(value['column']) === '') return [];
  const { column, measure, aggregate, percentile, axis, format } = value;
  const known = OneOf(aggregate, kAggregates, 'avg');
  return [{
    column: Text(column), measure: typeof measure === 'string' ? measure : null, aggregate: known,
    ...(known === 'percentile' && typeof percentile === 'number' && percentile >= 0 && percentile <= 100 ? { percentile } : {}),
    axis: OneOf(axis, ['left', 'right'] as const, 'left'), format: OneOf(format, kFormats, 'auto'),
  }];
}

function ReadFilter(value: unknown): FilterWell[] {
  if (!IsObject(value) || Text(value['column']) === '') return [];
  const values = Array.isArray(value['values']) ? value['values'].filter((v): v is string => typeof v === 'string') : [];
  return [{ column: Text(value['column']), op: OneOf(value['op'], kFilterOps, 'is'), values, ...(value['scope'] === 'dashboard' ? { scope: 'dashboard' } : {}) }];
}

function ReadX(value: unknown): XWell | null {
  if (!IsObject(value) || Text(value['column']) === '') return null;
  const zone = Text(value['zone']);
  return { column: Text(value['column']), granularity: OneOf(value['granularity'], kGranularities, 'auto'), ...(zone !== '' && IsZone(zone) && zone !== 'local' ? { zone } : {}) };
}

function ReadColor(value: unknown): ColorWell | null {
  if (!IsObject(value) || Text(value['column']) === '') return null;
  const fixed = IsObject(value['fixed']) ? Object.entries(value['fixed']).filter((one): one is [string, string] => kLineTokens.some((token) => token === one[1])) : [];
  return { column: Text(value['column']), other: OneOf(value['other'], ['left_out', 'shown'] as const, 'left_out'), ...(fixed.length === 0 ? {} : { fixed: Object.fromEntries(fixed) }) };
}

export function ReadSpec(value: unknown): WellSpec | null {
  if (!IsObject(value) || typeof value['database'] !== 'string' || typeof value['table'] !== 'string') return null;
  const { database, table, x, values, color, multiples, filters, sort, limit, missing, missing_in } = value;
  const column = (well: unknown): string => (IsObject(well) ? Text(well['column']) : '');
  return {
    ...EmptySpec(database, table),
    x: ReadX(x),
    values: Array.isArray(values) ? values.flatMap(ReadValue) : [],
    color: ReadColor(color),
    multiples: column(multiples) === '' ? null : { column: column(multiples), y: OneOf((multiples as { y?: unknown }).y, ['shared', 'own'] as const, 'shared') },
    filters: Array.isArray(filters) ? filters.flatMap(ReadFilter) : [],
    ...(IsObject(sort) ? { sort: { by: OneOf(sort['by'], ['x', 'value', 'color'] as const, 'x'), direction: OneOf(sort['direction'], ['ascending', 'descending'] as const, 'ascending') } } : {}),
    limit: typeof limit === 'number' && Number.isInteger(limit) && limit >= 1 && limit <= 1000 ? limit : kLimit,
    missing: OneOf(missing, kMissing, 'gap'), missing_in: OneOf(missing_in, ['display', 'sql'] as const, 'display'),
  };
}
