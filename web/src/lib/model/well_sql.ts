// SPDX-License-Identifier: Apache-2.0
// Wells to SQL: the same wells give the same text, whatever was clicked in which order. Every form runs on the server as it is
// (tests/e2e/wells_sql.mjs runs them all); the time range of the page comes in through $__timeFilter and $__interval.
import { ParseTimestamp } from '../time.ts';
import { QuoteName, QuoteText, TableName } from './sql.ts';
import {
  kCalendarSteps, kMultiplesMax, kValuesMax, type Aggregate, type FilterWell, type GeneratedSql, type Granularity, type ValueWell, type WellContext, type WellSpec, type WellWarning, type XWell, WallZone,
} from './well_spec.ts';

const kSequences: readonly Aggregate[] = ['rate', 'difference', 'cumulative'];
export const IsSequence = (aggregate: Aggregate): boolean => kSequences.includes(aggregate);
const IsCalendar = (g: Granularity): boolean => (kCalendarSteps as readonly string[]).includes(g);

/** `measure_value::double` needs no quotes: it is how everybody writes it. */
const ColumnSql = (name: string): string => (/^(measure_value::[a-z]+|measure_name|time)$/.test(name) ? name : QuoteName(name));

const TypeOf = (context: WellContext, column: string): string => {
  const known = context.schema?.columns.find((c) => c.name === column)?.type;
  return known ?? (column === 'time' ? 'timestamp' : (/^measure_value::(\w+)$/.exec(column)?.[1] ?? 'varchar'));
};
export const IsNumeric = (type: string): boolean => /^(double|bigint|integer|real)$/.test(type);

const IsAverageName = (name: string): boolean => /(^|[_.\- ])(avg|average|mean)([_.\- ]|$)/i.test(name);

/** The view whose rows a value averages, when they are averages themselves; null: they are not, or no view writes them. */
function AverageView(value: ValueWell, context: WellContext): string | null {
  if (value.aggregate !== 'avg' || value.measure === null) return null;
  const name = context.schema?.measures.find((m) => m.name === value.measure)?.view ?? null;
  if (name === null) return null;
  const view = context.views?.find((v) => v.name === name);
  return view === undefined || view.aggregate !== 'avg' ? (IsAverageName(value.measure) ? name : null) : name;
}

class Builder {
  readonly warnings: WellWarning[] = [];
  /** The view that is read in place of the table, so that averages are weighted. */
  readonly view: string | null;
  readonly from: string;
  readonly values: ValueWell[];
  readonly time_bin: string | null;
  readonly conditions: string[] = ['$__timeFilter'];
  readonly ctes: string[] = [];
  readonly spec: WellSpec;
  readonly context: WellContext;

  constructor(spec: WellSpec, context: WellContext) {
    this.spec = spec;
    this.context = context;
    if (spec.values.length > kValuesMax) this.Warn('too_many_values', 'value', kValuesMax, `Only the first ${kValuesMax} values are drawn.`);
    this.values = spec.values.slice(0, kValuesMax);
    const views = this.values.map((value) => AverageView(value, context));
    const first = views[0] ?? null;
    this.view = first !== null && views.every((v) => v === first) ? first : null;
    this.from = this.view === null ? TableName(spec.database, spec.table) : `view_rows(${QuoteText(this.view)})`;
    this.time_bin = spec.x?.column !== 'time' ? null : this.#Bin(spec.x);
    if (spec.filters.some((f) => f.column === 'time' && (f.op === 'relative' || f.op === 'between') && this.#Condition(f) !== null)) this.conditions.length = 0;
    this.#Measures();
    spec.filters.forEach((filter, i) => {
      const sql = this.#Condition(filter);
      if (sql === null) this.Warn('incomplete_filter', 'filters', i, 'This filter has no usable value yet and is left out.');
      else this.conditions.push(this.#IsOptional(filter) ? `[[${sql}]]` : sql);
    });
  }

  #IsOptional({ values }: FilterWell): boolean {
    const optional = this.context.optional ?? [];
    return values.some((v) => v.startsWith('$') && optional.includes(v.slice(1).replace(/^\{(.*)\}$/, '$1')));
  }

  Warn(code: WellWarning['code'], well: WellWarning['well'], index: number, message: string): void {
    this.warnings.push({ code, well, index, message });
  }

  /** In a zone it is what the clocks show; the drawing makes times of them again. */
  #Bin(x: XWell): string {
    const g = x.granularity;
    const zone = WallZone(x);
    const time = zone === null ? 'time' : `time AT TIME ZONE ${QuoteText(zone)}`;
    if (g === 'exact') return time;
    if (IsCalendar(g)) return `date_trunc('${g}', ${time})`;
    return `BIN(${time}, ${g === 'auto' ? '$__interval' : g})`;
  }

  get where(): string {
    return this.conditions.length === 0 ? '' : `\nWHERE ${Joined(this.conditions, '\n  ')}`;
  }

  /** Rows of the measures that are asked for, and what is doubtful about averaging them. */
  #Measures(): void {
    const names = [...new Set(this.values.flatMap(({ measure }) => (measure === null ? [] : [measure])))];
    const all_named = this.values.length > 0 && this.values.every(({ measure }) => measure !== null);
    if (all_named) this.conditions.push(names.length === 1 ? `measure_name = ${QuoteText(names[0] ?? '')}` : `measure_name IN (${names.map(QuoteText).join(', ')})`);
    const { spec, context } = this;
    const chosen = spec.filters.filter((f) => f.column === 'measure_name' && (f.op === 'is' || f.op === 'one_of')).flatMap((f) => f.values).filter((v) => !v.startsWith('$'));
    const apart = spec.color?.column === 'measure_name' || spec.multiples?.column === 'measure_name' || spec.x?.column === 'measure_name';
    this.values.forEach((value, i) => {
      const type = TypeOf(context, value.column);
      const kind = context.schema?.columns.find((c) => c.name === value.column)?.kind;
      const counted = value.aggregate === 'count' || value.aggregate === 'count_distinct';
      if (value.measure === null && kind === 'measure_value' && !counted && !apart && chosen.length !== 1) {
        const rivals = (context.schema?.measures ?? []).filter((m) => m.type === type && (chosen.length === 0 || chosen.includes(m.name)));
        if (rivals.length > 1) this.Warn('mixed_measures', 'value', i, `Rows of ${rivals.length} measures are taken together. Filter measure_name, or put it on Color.`);
      }
      if (value.aggregate !== 'avg' || this.view !== null) return;
      const averaged = value.measure !== null ? [value.measure] : chosen;
      if (averaged.some((name) => AverageView({ ...value, measure: name }, context) !== null || IsAverageName(name)) || (value.measure === null && IsAverageName(value.column))) {
        this.Warn('average_of_averages', 'value', i, 'average of averages: each row counts the same, however many records it stands for.');
      }
    });
  }

  #Literal(column: string, text: string): string | null {
    if (text.startsWith('$')) return QuoteText(text);
    const type = TypeOf(this.context, column);
    if (IsNumeric(type)) return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text.trim()) ? text.trim() : null;
    if (type === 'boolean') return /^(true|false)$/i.test(text.trim()) ? text.trim().toUpperCase() : null;
    if (type === 'timestamp') return ParseTimestamp(text.trim()) === null ? null : `TIMESTAMP ${QuoteText(text.trim().replace('T', ' ').replace(/Z$| UTC$/, ''))}`;
    return QuoteText(text);
  }

  /** Null: the filter has no value yet. */
  #Condition(filter: FilterWell): string | null {
    const column = ColumnSql(filter.column);
    const literals = filter.values.map((text) => this.#Literal(filter.column, text));
    const [a, b] = literals;
    const text = filter.values[0] ?? '';
    switch (filter.op) {
      case 'is':
        // A variable may have several values.
        return a == null ? null : text.startsWith('$') ? `${column} IN (${a})` : `${column} = ${a}`;
      case 'is_not':
        return a == null ? null : text.startsWith('$') ? `${column} NOT IN (${a})` : `${column} IS DISTINCT FROM ${a}`;
      case 'one_of': {
        const known = literals.filter((l): l is string => l !== null);
        return known.length === 0 ? null : `${column} IN (${known.join(', ')})`;
      }
      case 'contains':
        return text === '' ? null : `${this.#Text(filter.column)} LIKE ${QuoteText(`%${text.replace(/[\\%_]/g, '\\$&')}%`)} ESCAPE '\\'`;
      case 'matches':
        return text === '' || !IsPattern(text) ? null : `regexp_like(${this.#Text(filter.column)}, ${QuoteText(text)})`;
      case 'between':
        return a == null || b == null ? null : `${column} BETWEEN ${a} AND ${b}`;
      case 'top': {
        const n = Number(text);
        return Number.isInteger(n) && n >= 1 && n <= 1000 ? `${column} IN (${this.#Top(filter.column, n)})` : null;
      }
      case 'relative':
        return /^\d{1,9}(ms|s|m|h|d)$/.test(text) ? `${column} >= ago(${text})` : null;
      case 'null':
        return `${column} IS NULL`;
      case 'not_null':
        return `${column} IS NOT NULL`;
    }
  }

  #Text(column: string): string {
    return TypeOf(this.context, column) === 'varchar' ? ColumnSql(column) : `CAST(${ColumnSql(column)} AS varchar)`;
  }

  /** The values of a dimension with the greatest first value, of the rows that the conditions so far leave. */
  #Top(column: string, n: number): string {
    const by = this.values[0] === undefined ? 'COUNT(*)' : this.Base(this.values[0]);
    const name = ColumnSql(column);
    return `SELECT ${name} FROM ${this.from} WHERE ${Joined([...this.conditions, `${name} IS NOT NULL`], ' ')} GROUP BY ${name} ORDER BY ${by} DESC NULLS LAST, ${name} LIMIT ${n}`;
  }

  /** The aggregate over the rows of a bin; of a sequence, what it is made of. */
  Base(value: ValueWell): string {
    const column = ColumnSql(value.column);
    const several = new Set(this.values.map((v) => v.measure)).size > 1;
    const only = several && value.measure !== null ? ` FILTER (WHERE measure_name = ${QuoteText(value.measure)})` : '';
    const Call = (call: string): string => call + only;
    switch (value.aggregate) {
      case 'avg': case 'rate': case 'difference':
        return this.view === null ? Call(`AVG(${column})`) : `${Call(`SUM(${column} * record_count)`)} / ${Call('SUM(record_count)')}`;
      case 'sum': case 'cumulative': return Call(`SUM(${column})`);
      case 'count': return Call(`COUNT(${column})`);
      case 'count_true': return Call(`COUNT_IF(${column})`);
      case 'count_distinct': return Call(`APPROX_DISTINCT(${column})`);
      case 'min': return Call(`MIN(${column})`);
      case 'max': return Call(`MAX(${column})`);
      case 'median': return Call(`APPROX_PERCENTILE(${column}, 0.5)`);
      case 'percentile': return Call(`APPROX_PERCENTILE(${column}, ${Number(((value.percentile ?? 95) / 100).toFixed(6))})`);
      case 'stddev': return Call(`STDDEV(${column})`);
      case 'variance': return Call(`VARIANCE(${column})`);
      case 'first': return Call(`MIN_BY(${column}, time)`);
      case 'last': return Call(`MAX_BY(${column}, time)`);
    }
  }

  /** Whether a dimension has more values than may be drawn. Without a schema: it may. */
  #Exceeds(column: string, limit: number): boolean {
    const chosen = this.spec.filters.find((f) => f.column === column && (f.op === 'is' || f.op === 'one_of') && f.values.length > 0 && f.values.every((v) => !v.startsWith('$')));
    if (chosen !== undefined) return chosen.values.length > limit;
    if (this.spec.filters.some((f) => f.column === column && f.op === 'top' && Number(f.values[0]) <= limit)) return false;
    const { schema } = this.context;
    if (schema === null) return true;
    if (column === 'measure_name') return schema.measures.length > limit;
    const distinct = schema.dimensions.find((d) => d.name === column)?.distinct;
    return distinct == null || Number(distinct) > limit;
  }

  /** Color with its limit: the expression that rows are grouped by. */
  Color(): string | null {
    const { color, limit } = this.spec;
    if (color === null) return null;
    const name = ColumnSql(color.column);
    if (!this.#Exceeds(color.column, limit)) return name;
    const summed = this.values.every(({ aggregate }) => ['sum', 'count', 'count_true', 'cumulative'].includes(aggregate));
    if (color.other === 'shown' && summed) {
      this.ctes.push(`top AS (${this.#Top(color.column, limit)})`);
      return `CASE WHEN ${name} IN (SELECT ${name} FROM top) THEN ${name} ELSE 'Other' END`;
    }
    if (color.other === 'shown') this.Warn('other_left_out', 'color', 0, '“Other” exists for sums and counts only: the rest is left out.');
    this.conditions.push(`${name} IN (${this.#Top(color.column, limit)})`);
    return name;
  }

  Multiples(): string | null {
    const { multiples } = this.spec;
    if (multiples === null) return null;
    const name = ColumnSql(multiples.column);
    if (this.#Exceeds(multiples.column, kMultiplesMax)) this.conditions.push(`${name} IN (${this.#Top(multiples.column, kMultiplesMax)})`);
    return name;
  }
}

/** Conditions with AND between them; those in [[ ]] take theirs with them, and never stand first. */
function Joined(conditions: readonly string[], gap: string): string {
  const plain = conditions.filter((c) => !c.startsWith('[['));
  const optional = conditions.filter((c) => c.startsWith('[['));
  return [(plain.length === 0 ? ['TRUE'] : plain).join(`${gap}AND `), ...optional.map((c) => `[[AND ${c.slice(2)}`)].join(gap);
}

/** A regular expression that the browser can read as well; the server's has the same grammar in all that people type. */
function IsPattern(text: string): boolean {
  try {
    new RegExp(text, 'u');
    return true;
  } catch {
    return false;
  }
}

const kShort: Record<Aggregate, string> = {
  avg: 'avg', sum: 'sum', count: 'count', count_true: 'count true', count_distinct: 'distinct', min: 'min', max: 'max', median: 'median', percentile: 'p', stddev: 'std dev',
  variance: 'variance', first: 'first', last: 'last', rate: 'per second', difference: 'difference', cumulative: 'cumulative',
};

/** What a value is called in the result: its measure or column, with its aggregate where that would not tell values apart. */
function Names(values: readonly ValueWell[], taken: readonly (string | null)[]): string[] {
  const base = values.map(({ measure, column }) => (measure === null || !column.startsWith('measure_value::') ? column : measure));
  const used = new Set(taken);
  return values.map((value, i) => {
    const aggregate = value.aggregate === 'percentile' ? `p${value.percentile ?? 95}` : kShort[value.aggregate];
    const own = base[i] ?? '';
    let name = base.filter((b) => b === own).length > 1 || used.has(own) ? `${own} (${aggregate})` : own;
    for (let n = 2; used.has(name); n += 1) name = `${own} (${aggregate}) ${n}`;
    used.add(name);
    return name;
  });
}

export function ToSql(spec: WellSpec, context: WellContext): GeneratedSql {
  const b = new Builder(spec, context);
  const multiples = b.Multiples();
  const color = b.Color();
  const x = b.time_bin ?? (spec.x === null ? null : ColumnSql(spec.x.column));
  const same = spec.color !== null && spec.color.column === spec.x?.column;
  const groups: { role: 'x' | 'multiples' | 'color'; sql: string; name: string }[] = [];
  if (x !== null) groups.push({ role: 'x', sql: x, name: spec.x?.column ?? '' });
  if (multiples !== null && spec.multiples?.column !== spec.x?.column) groups.push({ role: 'multiples', sql: multiples, name: spec.multiples?.column ?? '' });
  if (color !== null && !same && spec.color?.column !== spec.multiples?.column) groups.push({ role: 'color', sql: color, name: spec.color?.column ?? '' });
  const names = Names(b.values, groups.map((g) => g.name));
  const columns = { x: spec.x?.column ?? null, values: names, color: spec.color?.column ?? null, multiples: spec.multiples?.column ?? null };
  if (b.values.length === 0) b.Warn('no_value', 'value', 0, 'Put a measure on Value.');

  const by_time = b.time_bin !== null;
  const sequences = b.values.map((value, i) => {
    if (!IsSequence(value.aggregate)) return false;
    if (!by_time) b.Warn('needs_time', 'value', i, 'This needs time on the X axis.');
    return by_time;
  });
  const has_sequence = sequences.includes(true);
  let fill = spec.missing_in === 'sql' && by_time && b.values.length > 0;
  if (spec.missing_in === 'sql' && (!fill || has_sequence || spec.x?.granularity === 'exact' || IsCalendar(spec.x?.granularity ?? 'auto') || spec.missing === 'gap')) {
    fill = false;
    b.Warn('not_filled', 'missing', 0, has_sequence ? 'Differences are not filled by the statement.' : 'The statement fills values at a fixed step of time, and not with gaps.');
  }

  const Item = (sql: string, name: string): string => {
    const quoted = ColumnSql(name);
    return sql === quoted ? sql : `${sql} AS ${/^(time|measure_name)$/.test(name) ? name : QuoteName(name)}`;
  };
  const Ref = (name: string): string => (/^(time|measure_name)$/.test(name) ? name : QuoteName(name));
  const direct = !has_sequence && !fill;
  const items = [...groups.map((g) => Item(g.sql, g.name)), ...b.values.map((value, i) => (direct ? Item(b.Base(value), names[i] ?? '') : `${b.Base(value)} AS v${i + 1}`))];
  if (b.values.length === 0 && groups.length === 0) items.push('COUNT(*) AS "rows"');
  const group_by = groups.length === 0 ? '' : `\nGROUP BY ${groups.map((g, i) => (g.sql.startsWith('CASE') ? String(i + 1) : g.sql)).join(', ')}`;
  const core = `SELECT ${items.join(', ')}\nFROM ${b.from}${b.where}${group_by}`;
  const group_names = groups.map((g) => Ref(g.name));
  const order = OrderBy(spec, groups.map((g) => ({ role: g.role, ref: Ref(g.name) })), names[0] === undefined ? null : QuoteName(names[0]));
  const rows = spec.x !== null && !by_time && spec.color === null && spec.multiples === null ? `\nLIMIT ${spec.limit}` : '';
  const Finish = (select: string): GeneratedSql => ({
    sql: `${b.ctes.length === 0 ? '' : `WITH ${b.ctes.join(',\n')}\n`}${select}${order}${rows}`, warnings: b.warnings, columns,
  });
  if (direct) return Finish(core);

  b.ctes.push(`binned AS (\n${Indent(core)})`);
  const others = group_names.filter((name) => name !== 'time');
  if (fill) {
    const step = spec.x?.granularity === 'auto' ? '$__interval' : (spec.x?.granularity ?? '1m');
    const Series = (v: string): string => {
      const series = `CREATE_TIME_SERIES(time, ${v})`;
      const times = `SEQUENCE(MIN(time), MAX(time), ${step})`;
      if (spec.missing === 'zero') return `INTERPOLATE_FILL(${series}, ${times}, 0)`;
      return spec.missing === 'previous' ? `INTERPOLATE_LOCF(${series}, ${times})` : `INTERPOLATE_LINEAR(${series}, ${times})`;
    };
    const series = b.values.map((_, i) => `${Series(`v${i + 1}`)} AS s${i + 1}`);
    b.ctes.push(`filled AS (\n  SELECT ${[...others, ...series].join(', ')}\n  FROM binned${others.length === 0 ? '' : `\n  GROUP BY ${others.join(', ')}`})`);
    const unnest = `UNNEST(${b.values.map((_, i) => `s${i + 1}`).join(', ')}) AS u(${b.values.map((_, i) => `t${i + 1}, v${i + 1}`).join(', ')})`;
    return Finish(`SELECT ${[...group_names.map((name) => (name === 'time' ? 't1 AS time' : name)), ...names.map((name, i) => `v${i + 1} AS ${QuoteName(name)}`)].join(', ')}\nFROM filled CROSS JOIN ${unnest}`);
  }
  const over = `OVER (${others.length === 0 ? '' : `PARTITION BY ${others.join(', ')} `}ORDER BY time)`;
  const values = b.values.map((value, i) => {
    const v = `v${i + 1}`;
    const as = ` AS ${QuoteName(names[i] ?? '')}`;
    if (sequences[i] !== true) return v + as;
    if (value.aggregate === 'cumulative') return `SUM(${v}) ${over}${as}`;
    const change = `${v} - LAG(${v}) ${over}`;
    return value.aggregate === 'difference' ? change + as : `(${change}) * 1e3 / (to_milliseconds(time) - to_milliseconds(LAG(time) ${over}))${as}`;
  });
  return Finish(`SELECT ${[...group_names, ...values].join(', ')}\nFROM binned`);
}

const Indent = (text: string): string => text.split('\n').map((line) => `  ${line}`).join('\n');

function OrderBy(spec: WellSpec, groups: readonly { role: string; ref: string }[], value: string | null): string {
  const of = (role: string): string | undefined => groups.find((g) => g.role === role)?.ref;
  const wished = spec.sort.by === 'value' ? value : (of(spec.sort.by) ?? null);
  const keys: string[] = [];
  if (wished !== null) keys.push(wished + (spec.sort.direction === 'descending' ? ' DESC' : ''));
  for (const { ref } of groups) if (ref !== wished) keys.push(ref);
  return keys.length === 0 || groups.length === 0 ? '' : `\nORDER BY ${keys.join(', ')}`;
}
