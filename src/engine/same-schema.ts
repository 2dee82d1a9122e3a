import { SqlextractError } from '../model/problem.ts';
import type { SourceSession } from '../sources/source.ts';
import { describeAgain } from './describe-again.ts';
import type { TableRun } from './table-run.ts';

/**
 * The plan was made before the snapshot; inside it the table must still have the same columns, else files of two shapes would be
 * written. Throws SCHEMA_CHANGED.
 */
export async function requireSameSchema(session: SourceSession, runs: readonly TableRun[]): Promise<void> {
  for (const run of runs) {
    const now = await describeAgain(session, run.table, run.settings.selection);
    const shape = (table: TableRun['table']) => JSON.stringify([table.objectId, table.columns]);
    if (shape(now) === shape(run.table)) continue;
    throw new SqlextractError({
      code: 'SCHEMA_CHANGED',
      message: `${run.name} was altered while the run was being prepared`,
      hint: 'run the same command again with --fresh',
      fault: 'source',
    });
  }
}
