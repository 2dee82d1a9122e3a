import { toProblem } from '../model/problem.ts';
import type { SourceSession } from '../sources/source.ts';
import type { RunWatcher } from './events.ts';
import { isOneState } from './one-state.ts';
import type { TableRun } from './table-run.ts';

/**
 * The rows that the table has, for whoever compares them with what was written: inside the run's snapshot when the files are of it. Not
 * with a limit, where no count of the source says which rows had to be taken. A count that fails is remarked; the files are complete.
 */
export async function countSource(
  run: TableRun,
  session: SourceSession,
  when: 'run' | 'later',
  watcher: RunWatcher,
): Promise<void> {
  const { where, limit } = run.settings;
  if (limit !== null) return;
  const ofFiles = run.finished !== null && isOneState(run, run.finished, when);
  try {
    const rows = Number(await session.countRows({ table: run.table, where }));
    watcher.event({ kind: 'source-counted', table: run.name, rows, when: ofFiles ? 'run' : 'later' });
  } catch (error) {
    const text = `its rows in the source could not be counted: ${toProblem(error).message}`;
    watcher.event({ kind: 'remark', table: run.name, text });
  }
}
