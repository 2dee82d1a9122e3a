import type { SourceSession } from '../sources/source.ts';
import { describeAgain } from './describe-again.ts';
import type { RunWatcher } from './events.ts';
import type { TableRun } from './table-run.ts';

/**
 * Says which columns a table got while it was read without a snapshot, whose locks would have made the ALTER wait: the files are whole, and do not
 * have them. A column that was dropped or altered ends the read of its next range.
 */
export async function remarkDrift(run: TableRun, session: SourceSession, watcher: RunWatcher): Promise<void> {
  if (run.epochs.at(-1)?.facts.shared !== false || run.table.query !== undefined) return;
  const planned = new Set(run.table.columns.map(({ name }) => name));
  const now = await describeAgain(session, run.table, run.settings.selection);
  for (const { name } of now.columns.filter((column) => !planned.has(column.name))) {
    const text = `column ${name} was added while the table was read: these files do not have it`;
    watcher.event({ kind: 'remark', table: run.name, text });
  }
}
