import { SqlextractError } from '../model/problem.ts';
import type { RunWatcher } from './events.ts';
import type { ExtractRequest } from './request.ts';
import type { RefusedTable } from './resolved-table.ts';

/** Work for one table; null: it threw, and is refused. */
export type OrRefused = <T>(name: string, work: () => Promise<T>) => Promise<T | null>;

/** Under `--on-table-error continue` what one table throws is its own, and said at once; else it is thrown on. */
export function refuseInto(
  refused: RefusedTable[],
  { onTableError, driver, stop }: Pick<ExtractRequest, 'onTableError' | 'driver' | 'stop'>,
  watcher: RunWatcher | null,
): OrRefused {
  return async (name, work) => {
    try {
      return await work();
    } catch (error) {
      const problem = error instanceof SqlextractError ? error.problem : driver.classify(error);
      if (onTableError === 'stop' || stop.aborted || problem.fault === 'bug') throw error;
      refused.push({ name, problem });
      watcher?.event({ kind: 'table-failed', table: name, problem });
      return null;
    }
  };
}
