import type { LoadColumn, TableLoad } from '../ingest/ingest-plan.ts';
import { foldedName } from '../ingest/target-names.ts';
import type { IngestTarget } from '../ingest/target.ts';
import { SqlextractError } from '../model/problem.ts';
import { displayName } from '../model/table.ts';
import type { ExistingColumn } from './loader.ts';

/** What is done when the table that is there lacks columns of ours. */
export const EVOLVE = ['fail', 'add-columns', 'ignore'] as const;
export type Evolve = (typeof EVOLVE)[number];

export interface Drift {
  /** Of our files, not in the table. */
  readonly missing: readonly LoadColumn[];
  /** Of the table, not in our files, and neither nullable nor filled by themselves: no row can be inserted. */
  readonly required: readonly string[];
}

/** Names are compared as the target compares them. */
export function driftOf(load: TableLoad, existing: readonly ExistingColumn[], target: IngestTarget): Drift {
  const there = new Set(existing.map(({ name }) => foldedName(name, target)));
  const ours = new Set(load.columns.map(({ name }) => foldedName(name, target)));
  return {
    missing: load.columns.filter(({ name }) => !there.has(foldedName(name, target))),
    required: existing
      .filter(({ name, nullable, filled }) => !nullable && !filled && !ours.has(foldedName(name, target)))
      .map(({ name }) => name),
  };
}

/** The load without the columns that the table lacks. Throws LOAD_DRIFT when one of them is part of the key. */
export function withoutMissing(load: TableLoad, { missing }: Drift): TableLoad {
  const key = missing.find(({ isKey }) => isKey);
  if (key !== undefined) throw drifted(load, `it lacks ${key.name}, a column of the key`, 'add the column to it');
  return {
    ...load,
    columns: load.columns.map((column) => (missing.includes(column) ? { ...column, ignored: true } : column)),
  };
}

/** The load without the columns that the table makes of others. */
export function withoutGenerated(
  load: TableLoad,
  existing: readonly ExistingColumn[],
  target: IngestTarget,
): TableLoad {
  const made = new Set(existing.filter(({ generated }) => generated).map(({ name }) => foldedName(name, target)));
  if (made.size === 0) return load;
  const columns = load.columns.map((column) => {
    return made.has(foldedName(column.name, target)) ? { ...column, ignored: true } : column;
  });
  return { ...load, columns };
}

/** Throws LOAD_DRIFT. */
export function refuseDrift(load: TableLoad, { missing, required }: Drift, evolve: Evolve): void {
  if (required.length > 0) {
    const what = `it has ${required.join(', ')}, NOT NULL without a default, and the files have no such column`;
    throw drifted(load, what, 'give it a default, or use --mode full-refresh');
  }
  if (missing.length === 0 || evolve !== 'fail') return;
  const what = `it lacks ${missing.map(({ name }) => name).join(', ')}, which the files have`;
  throw drifted(load, what, '--evolve add-columns adds them, --evolve ignore leaves them out');
}

/** `what` completes "table t of the target is not the one of the files: …". */
export function drifted({ target: { schema, name } }: TableLoad, what: string, hint: string): SqlextractError {
  const table = displayName({ schema: schema ?? '', name });
  return new SqlextractError({
    code: 'LOAD_DRIFT',
    message: `table ${table} of the target is not the one of the files: ${what}`,
    hint,
    fault: 'data',
  });
}
