import type { Manifest } from '../model/manifest.ts';
import type { TableSchema } from '../model/table.ts';
import type { SourceSession } from '../sources/source.ts';

/** Which rows of the table the run had to take: the person's condition, and the window of an incremental run. */
export function whereOf(session: SourceSession, table: TableSchema, manifest: Manifest): string | null {
  const { where } = manifest.selection;
  if (manifest.incremental === undefined || manifest.incremental.column.kind === 'hash') return where;
  const condition = session.cursors.condition(table, manifest.incremental);
  return where === null ? condition : `(\n${where}\n) AND (${condition})`;
}

/** Rows that were found by comparing all: no condition tells them from the others. */
export function isDifference({ incremental }: Manifest): boolean {
  return incremental?.column.kind === 'hash' && !incremental.reset;
}
