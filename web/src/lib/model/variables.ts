// SPDX-License-Identifier: Apache-2.0
// The variables of a dashboard: which values a link, a default or the answer of a query give them, and in which order their queries can
// run. No value at all means All: what the statement has in [[ ]] around the variable is left out.
import type { VariableValues } from '../api/dashboards.ts';
import type { Variable } from './dashboard_file.ts';

export interface Option {
  value: string;
  label: string;
}

export const kAll = '$__all';
export const kAuto = 'auto';

const kName = /\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))/g;

/** Names of variables in a text: `$name` and `${name}`; `$__name` is a macro. */
export function References(text: string): string[] {
  const names = [...text.matchAll(kName)].map((m) => m[1] ?? m[2] ?? '').filter((name) => !name.startsWith('__'));
  return [...new Set(names)];
}

/** Those first that others refer to; a circle stays in the file's order. */
export function InOrder(variables: readonly Variable[]): Variable[] {
  const done: Variable[] = [];
  const rest = [...variables];
  const own = new Set(variables.map(({ name }) => name));
  while (rest.length > 0) {
    const ready = rest.findIndex((v) => References(v.sql).every((name) => name === v.name || !own.has(name) || done.some((d) => d.name === name)));
    done.push(...rest.splice(Math.max(0, ready), 1));
  }
  return done;
}

/** Those whose query names `name`, directly or through others. */
export function Dependents(variables: readonly Variable[], name: string): string[] {
  const out = new Set<string>([name]);
  for (const v of InOrder(variables)) if (v.kind === 'query' && References(v.sql).some((n) => out.has(n))) out.add(v.name);
  out.delete(name);
  return [...out];
}

const Labels = (values: readonly string[]): Option[] => values.map((value) => ({ value, label: value }));

/** What can be chosen without asking the server; null: its query has to run. */
export function FixedOptions(variable: Variable): Option[] | null {
  switch (variable.kind) {
    case 'query':
      return null;
    case 'interval':
      return Labels([...new Set([kAuto, ...variable.options])]).map((o) => (o.value === kAuto ? { value: kAuto, label: 'Auto' } : o));
    case 'list':
    case 'constant':
      return Labels(variable.options.length > 0 ? variable.options : variable.default);
    case 'text':
      return [];
  }
}

/** The values that a variable has: what is wished, its default, All, the first there is. */
export function Settle(variable: Variable, wished: readonly string[] | undefined, options: readonly Option[]): string[] {
  if (variable.kind === 'constant') return variable.default.slice(0, 1);
  if (variable.kind === 'text') return [wished?.[0] ?? variable.default[0] ?? ''];
  if (wished !== undefined && variable.all && (wished.length === 0 || wished.includes(kAll))) return [];
  const known = new Set(options.map(({ value }) => value));
  const Take = (values: readonly string[]): string[] => {
    const kept = [...new Set(values)].filter((value) => known.has(value));
    return variable.multi ? kept : kept.slice(0, 1);
  };
  const chosen = Take(wished ?? []);
  if (chosen.length > 0) return chosen;
  const standard = Take(variable.default);
  if (standard.length > 0) return standard;
  if (variable.all) return [];
  return options.slice(0, 1).map(({ value }) => value);
}

/** What a link asks for: `var-NAME` once or several times. */
export function WishedOf(params: URLSearchParams): VariableValues {
  const out: VariableValues = {};
  for (const name of new Set(params.keys())) if (name.startsWith('var-')) out[name.slice(4)] = params.getAll(name);
  return out;
}

/** The same for a link. */
export const ParamsOf = (values: readonly string[]): readonly string[] => (values.length === 0 ? [kAll] : values);

/** The text with the values of variables; null if one has none or several: it is then no condition of equality. */
export function Substitute(text: string, values: VariableValues): string | null {
  let ok = true;
  const out = text.replace(kName, (whole, braced: string | undefined, plain: string | undefined) => {
    const name = braced ?? plain ?? '';
    if (name.startsWith('__') || values[name] === undefined) return whole;
    if (values[name].length !== 1) ok = false;
    return values[name][0] ?? '';
  });
  return ok ? out : null;
}

const kUnitMs: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `5m` in milliseconds; null if it is no width. */
export function WidthMs(text: string): number | null {
  const m = /^(\d{1,9})\s*(ms|s|m|h|d)$/.exec(text.trim());
  if (m === null) return null;
  const width = Number(m[1]) * (kUnitMs[m[2] ?? ''] ?? 0);
  return width > 0 ? width : null;
}

const kStepsMs = [1, 5, 10, 15, 30, 60, 300, 600, 900, 1800, 3600, 10_800, 21_600, 43_200, 86_400].map((s) => s * 1000);

/** The smallest step with at most a point for two pixels, and not finer than `least_ms`. */
export const AutoWidthMs = (range_ms: number, width_px: number, least_ms = 0): number =>
  kStepsMs.find((step) => step >= least_ms && range_ms / step <= Math.max(1, width_px / 2)) ?? (kStepsMs.at(-1) as number);

/** What a variable's control says. */
export function ValueText(variable: Variable, values: readonly string[], options: readonly Option[]): string {
  if (values.length === 0) return variable.all ? 'All' : 'none';
  const first = options.find(({ value }) => value === values[0])?.label ?? values[0] ?? '';
  return values.length === 1 ? first : `${first} and ${values.length - 1} more`;
}
