import type { SourceSession } from '../sources/source.ts';
import { describeAgain } from './describe-again.ts';
import type { RunWatcher } from './events.ts';
import type { TableRun } from './table-run.ts';

/**
 * What became of a table while it was read without a snapshot, whose locks would have made it wait. Columns that it got: the files are whole, and do
 * not have them; one that was dropped or altered ends the read of its next range. Two of one type that swapped their names do not: they are at other
 * places then. Another table under its name, or on some databases one that was
 * emptied or built anew: ranges that were read before are of what was there before.
 */
export async function remarkDrift(run: TableRun, session: SourceSession, watcher: RunWatcher): Promise<void> {
  if (run.epochs.at(-1)?.facts.shared !== false || run.table.query !== undefined) return;
  const planned = new Set(run.table.columns.map(({ name }) => name));
  const now = await describeAgain(session, run.table, run.settings.selection);
  for (const { name } of now.columns.filter((column) => !planned.has(column.name))) {
    const text = `column ${name} was added while the table was read: these files do not have it`;
    watcher.event({ kind: 'remark', table: run.name, text });
  }
  const columns = movedColumns(
    run.table.columns.map(({ name }) => name),
    now.columns.map(({ name }) => name),
  );
  if (columns.length > 0) {
    const text =
      `columns ${columns.join(', ')} were renamed or moved while the table was read: ` +
      'some of these files can have the values of another column under such a name';
    watcher.event({ kind: 'remark', table: run.name, text });
  }
  if (now.objectId === run.table.objectId) return;
  const text =
    `the table was replaced, emptied or built anew while it was read (${run.table.objectId} is ${now.objectId} now): ` +
    'some of these files can be of what it was before, others of what it is now';
  watcher.event({ kind: 'remark', table: run.name, text });
}

/** Those of `now` that were in the other list, at another place of it. */
function movedColumns(before: readonly string[], now: readonly string[]): readonly string[] {
  const planned = before.filter((name) => now.includes(name));
  return now.filter((name) => planned.includes(name)).filter((name, at) => name !== planned[at]);
}
