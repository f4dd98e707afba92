// SPDX-License-Identifier: Apache-2.0
// Wells that come from a file or from storage: what does not fit is replaced with its default, what cannot be wells at all is null.
import {
  EmptySpec, kAggregates, kFilterOps, kFormats, kGranularities, kLimit, type FilterWell, type Missing, type ValueWell, type WellSpec,
} from './well_spec.ts';

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
  return [{ column: Text(value['column']), op: OneOf(value['op'], kFilterOps, 'is'), values }];
}

export function ReadSpec(value: unknown): WellSpec | null {
  if (!IsObject(value) || typeof value['database'] !== 'string' || typeof value['table'] !== 'string') return null;
  const { database, table, x, values, color, multiples, filters, sort, limit, missing, missing_in } = value;
  const column = (well: unknown): string => (IsObject(well) ? Text(well['column']) : '');
  return {
    ...EmptySpec(database, table),
    x: column(x) === '' ? null : { column: column(x), granularity: OneOf((x as { granularity?: unknown }).granularity, kGranularities, 'auto') },
    values: Array.isArray(values) ? values.flatMap(ReadValue) : [],
    color: column(color) === '' ? null : { column: column(color), other: OneOf((color as { other?: unknown }).other, ['left_out', 'shown'] as const, 'left_out') },
    multiples: column(multiples) === '' ? null : { column: column(multiples), y: OneOf((multiples as { y?: unknown }).y, ['shared', 'own'] as const, 'shared') },
    filters: Array.isArray(filters) ? filters.flatMap(ReadFilter) : [],
    ...(IsObject(sort) ? { sort: { by: OneOf(sort['by'], ['x', 'value', 'color'] as const, 'x'), direction: OneOf(sort['direction'], ['ascending', 'descending'] as const, 'ascending') } } : {}),
    limit: typeof limit === 'number' && Number.isInteger(limit) && limit >= 1 && limit <= 1000 ? limit : kLimit,
    missing: OneOf(missing, kMissing, 'gap'), missing_in: OneOf(missing_in, ['display', 'sql'] as const, 'display'),
  };
}
