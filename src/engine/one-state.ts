import type { Consistency, TableRun } from './table-run.ts';

/**
 * The coordinator's session reads the very state that all files of the finished table are of. A rerun may find all of them done, in a snapshot
 * that has gone: they are of one state, and the session is in another.
 */
export function isOneState(run: TableRun, { level, epochs }: Consistency, when: 'run' | 'later'): boolean {
  if (when !== 'run' || run.epoch === 0) return false;
  if (level === 'unchanged') return true;
  return level === 'snapshot' && epochs.every(({ epoch, facts }) => epoch === run.epoch && facts.shared);
}
