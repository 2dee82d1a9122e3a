import { leastRows, markColumn, needsDeletedColumn, tooManyDeletes } from '../ingest/deleted-rows.ts';
import type { IngestPlan, TableLoad } from '../ingest/ingest-plan.ts';
import { foldedName } from '../ingest/target-names.ts';
import type { IngestTarget } from '../ingest/target.ts';
import { SqlextractError } from '../model/problem.ts';
import { displayName } from '../model/table.ts';
import { drifted } from './drift.ts';
import type { ExistingColumn, LoadSession } from './loader.ts';

interface Deleting {
  readonly session: Pick<LoadSession, 'count' | 'addColumns'>;
  readonly target: IngestTarget;
  readonly plan: IngestPlan;
}

/**
 * A delete set against the table that is there: what of the table's columns is no key is none of its business. Throws LOAD_DRIFT, and
 * LOAD_DELETES before anything is staged; the target's own transaction asks the latter again.
 */
export async function requireDeletable(
  { session, target }: Deleting,
  load: TableLoad,
  existing: readonly ExistingColumn[],
): Promise<void> {
  const there = new Set(existing.map(({ name }) => foldedName(name, target)));
  const missing = load.columns.filter(({ name }) => !there.has(foldedName(name, target))).map(({ name }) => name);
  if (missing.length > 0) {
    throw drifted(load, `it lacks ${missing.join(', ')}, the key of the rows to delete`, 'add the column to it');
  }
  const least = leastRows(load);
  if (least === null) return;
  const rows = await session.count(load);
  if (rows < least) throw tooManyRefused(`${nameOf(load)}: ${tooManyDeletes(load, rows)}; nothing was changed`);
}

/** The column of `--deleted-column` is there, where the load has to do with it. Throws LOAD_DRIFT when it is another one. */
export async function withDeletedColumn(
  { session, target, plan }: Deleting,
  load: TableLoad,
  existing: readonly ExistingColumn[],
): Promise<void> {
  const name = load.deletedColumn;
  if (name === null || !needsDeletedColumn(load)) return;
  const found = existing.find((each) => foldedName(each.name, target) === foldedName(name, target));
  if (found === undefined) {
    await session.addColumns({ ...load, columns: [markColumn(name)] }, [name], plan);
    return;
  }
  const { moments } = target.capabilities;
  const fits = moments instanceof RegExp && moments.test(found.type) && found.nullable && found.generated !== true;
  if (fits) return;
  const what = `its column ${found.name} is ${found.type}${found.nullable ? '' : ' NOT NULL'}, which cannot say since when a row is deleted`;
  throw drifted(load, what, 'name another column with --deleted-column; it is added to the table');
}

/** `message` has both numbers. */
export function tooManyRefused(message: string): SqlextractError {
  return new SqlextractError({
    code: 'LOAD_DELETES',
    message,
    hint: 'look whether the source has lost rows; when that is right, let this one load do it: --max-delete-fraction 1',
    fault: 'data',
  });
}

function nameOf({ target: { schema, name } }: TableLoad): string {
  return displayName({ schema: schema ?? '', name });
}
