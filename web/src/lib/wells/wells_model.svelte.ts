// SPDX-License-Identifier: Apache-2.0
// What one editor of wells holds: the spec, or the SQL that took its place; the table's schema; the statement that they make.
import { GetTableSchema, GetValues, type TableSchema } from '../api/tables.ts';
import { AutoVisual, Drop, FieldsOf, Remove, type Field, type WellName, type WellVisual } from '../model/well_edit.ts';
import { NewState, type WellsState } from '../model/panel_wells.ts';
import { WithShared } from '../model/shared_filters.ts';
import type { FilterWell, GeneratedSql, WellContext, WellSpec, WellWarning } from '../model/well_spec.ts';
import { ToSql } from '../model/well_sql.ts';
import { live } from '../state/live.svelte.ts';
import { Resource } from '../state/resource.svelte.ts';

export class WellsModel {
  state = $state.raw<WellsState>(NewState('', ''));
  /** Of the dashboard that the panel is of. */
  variables = $state.raw<readonly { name: string; all: boolean }[]>([]);
  readonly table = new Resource<TableSchema>((signal) => GetTableSchema(this.state.spec.database, this.state.spec.table, signal));
  readonly spec: WellSpec = $derived(this.state.spec);
  readonly context: WellContext = $derived({
    schema: this.table.data?.table === this.spec.table && this.table.data.database === this.spec.database ? this.table.data : null, views: live.graph?.views ?? [],
    optional: this.variables.filter(({ all }) => all).map(({ name }) => name),
  });
  readonly fields: Field[] = $derived(FieldsOf(this.context));
  readonly generated: GeneratedSql = $derived(ToSql(this.spec, this.context));
  readonly sql: string = $derived(this.state.own_sql ?? this.generated.sql);
  readonly visual: WellVisual = $derived(this.state.visual === 'auto' ? AutoVisual(this.spec) : this.state.visual);
  /** Says aloud what a drop did. */
  said = $state('');
  /** The filter that was just made: its menu opens. */
  opened_filter = $state<number | null>(null);
  /** Its filters may be those of the whole dashboard. */
  in_dashboard = $state(false);
  /** Filters of the dashboard that a table comes to. */
  Shared: (database: string, table: string) => FilterWell[] = () => [];
  /** Told of every change that a person made. */
  OnChange: (state: WellsState) => void = () => undefined;
  #asked = '';

  /** From outside: a stored panel, or a restored page. */
  Set(state: WellsState): void {
    this.state = state;
    this.#NeedSchema();
  }

  Change(change: Partial<WellsState>): void {
    this.state = { ...this.state, ...change };
    this.#NeedSchema();
    this.OnChange(this.state);
  }

  ChangeSpec(spec: WellSpec): void {
    if (spec !== this.state.spec) this.Change({ spec });
  }

  /** Another table: what was on the wells belongs to the old one. */
  Pick(database: string, table: string): void {
    if (database === this.spec.database && table === this.spec.table) return;
    const state = NewState(database, table);
    this.Change({ ...state, spec: WithShared(state.spec, this.Shared(database, table)), visual: this.state.visual, revisions: this.state.revisions });
  }

  Drop(well: WellName, field: Field, label: string): void {
    const before = this.spec;
    this.ChangeSpec(Drop(before, well, field));
    if (this.spec === before) {
      this.said = `${label} does not take ${field.label}`;
      return;
    }
    this.said = `${field.label} is on ${label}`;
    if (well === 'filters') this.opened_filter = this.spec.filters.length - 1;
  }

  Remove(well: WellName, index: number, label: string): void {
    this.ChangeSpec(Remove(this.spec, well, index));
    this.said = `removed from ${label}`;
  }

  Warnings(well: WellWarning['well'], index: number): WellWarning[] {
    return this.state.own_sql !== null ? [] : this.generated.warnings.filter((w) => w.well === well && w.index === index && w.code !== 'no_value' && w.code !== 'incomplete_filter');
  }

  Values(column: string, q: string): Promise<{ values: string[]; truncated: boolean }> {
    return GetValues(this.spec.database, this.spec.table, column, q);
  }

  Close(): void {
    this.table.Close();
  }

  #NeedSchema(): void {
    const { database, table } = this.spec;
    const key = JSON.stringify([database, table]);
    if (table === '' || key === this.#asked) return;
    this.#asked = key;
    this.table.data = null;
    void this.table.Load();
  }
}

/** The field that is dragged now, so that wells can show whether they take it. */
class Dragging {
  field = $state.raw<Field | null>(null);
}
export const dragging = new Dragging();
