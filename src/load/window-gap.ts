import type { TableLoad } from '../ingest/ingest-plan.ts';
import { isOfJob, runOfLedger } from '../ingest/plan-window.ts';
import { SqlextractError } from '../model/problem.ts';
import { displayName } from '../model/table.ts';
import type { LoadSession } from './loader.ts';

/**
 * A window is taken only onto the one that it goes on from. Throws LOAD_GAP before anything is staged; the claim in the target's own
 * transaction asks the same again.
 */
export async function requirePrevious(session: Pick<LoadSession, 'newest'>, load: TableLoad): Promise<void> {
  const previous = load.incremental?.previous ?? null;
  if (previous === null) return;
  const newest = await session.newest(load);
  if (newest.includes(previous.ledger)) return;
  const { schema, name } = load.target;
  const table = displayName({ schema: schema ?? '', name });
  const there =
    newest.length === 0 ? 'the target has no run of it' : `the target has run ${newest.map(runOfLedger).join(', ')}`;
  throw new SqlextractError({
    code: 'LOAD_GAP',
    message: `${table}: ${there}, and the window of run ${load.source.run} goes on from run ${previous.run}`,
    hint: hintFor(load, previous.run, newest),
    fault: 'data',
  });
}

/** Windows that are loaded do not help where somebody else's run is the newest. */
function hintFor({ source }: TableLoad, previous: string, newest: readonly string[]): string {
  const anew = `sqlextract watermark reset --table ${displayName(source.table)}, then sqlextract sync`;
  if (newest.length > 0 && !newest.some((run) => isOfJob(run, source.job)))
    return `the newest run is of another job (a full run, or another --where), and windows do not go on from it; begin anew: ${anew}; from then on leave the other job out`;
  // run ids begin with their time
  if (newest.some((run) => isOfJob(run, source.job) && runOfLedger(run) > previous))
    return `the target is ahead of the state that this window comes from, which may be an older copy; begin anew: ${anew}`;
  return `load the windows between first: sqlextract load does, when the folder of run ${previous} lies beside that of ${source.run}; or begin anew: ${anew}`;
}

/**
 * The ledger outlives a table that somebody dropped or renamed: a new one would get this window's rows alone, and look complete. Throws
 * LOAD_GAP.
 */
export function requireTable({ incremental, source, target }: TableLoad): void {
  if (incremental?.previous == null) return;
  const table = displayName({ schema: target.schema ?? '', name: target.name });
  throw new SqlextractError({
    code: 'LOAD_GAP',
    message: `${table} is not there, though the ledger says that run ${incremental.previous.run} was loaded into it; the window of run ${source.run} is not all of its rows`,
    hint: `bring the table back, or begin anew: sqlextract watermark reset --table ${displayName(source.table)}, then sqlextract sync`,
    fault: 'data',
  });
}

/** The same of a run that is loaded: nothing is done only where its rows are still there. Throws LOAD_REFUSED. */
export async function requireLoaded(
  session: Pick<LoadSession, 'columns' | 'count' | 'held'>,
  load: TableLoad,
): Promise<void> {
  const { mode, source, target } = load;
  const isThere = (await session.columns(load)) !== null;
  // whoever takes appended rows on may empty the table
  if (isThere && (mode === 'append' || (await session.count(load)) > 0 || (await session.held(load)) <= 0)) return;
  const table = displayName({ schema: target.schema ?? '', name: target.name });
  throw new SqlextractError({
    code: 'LOAD_REFUSED',
    message: `${table} ${isThere ? 'has no rows any more' : 'is not there any more'}, though the ledger says that run ${source.run} was loaded into it; nothing was done`,
    hint: 'bring its rows back, or delete those of the table from the ledger (_sqlextract_loads) and load all of it',
    fault: 'data',
  });
}
