import { SqlextractError } from '../model/problem.ts';
import { displayName } from '../model/table.ts';
import type { LoadColumn, TableLoad } from './ingest-plan.ts';
import type { LoadOrder, PlannedManifest } from './load-order.ts';
import { foldedName, targetName } from './target-names.ts';
import type { IngestTarget } from './target.ts';

/** So many may always be deleted: of a table of ten rows five can go in a day. */
const ALWAYS = 10;

/** Of a table that no deletes can be meant for; a whole number to every target. */
const NEVER = Number.MAX_SAFE_INTEGER;

/**
 * What a delete set says of itself, and how much of it is believed; null for what is none. That of a catch-up is of the very rows that the run
 * before it brings: what an emptied source does to a target is what a run that reads all rows does.
 */
export function deletesOf(
  { deletes, catchUp }: PlannedManifest,
  { maxDeleteFraction }: LoadOrder,
): TableLoad['deletes'] {
  if (deletes === undefined) return null;
  return { known: deletes.known, maxFraction: catchUp === undefined ? maxDeleteFraction : 1 };
}

/**
 * The target's name of the column that `--deleted-column` asked for; null: rows are taken out. Only windows have rows that go and come back, and a
 * run that reads all rows has none, caught up or not.
 * Throws INGEST_OPTION, INGEST_COLUMN, INGEST_NAME.
 */
export function deletedColumnOf(
  manifest: PlannedManifest,
  order: LoadOrder,
  names: readonly string[],
  target: IngestTarget,
): string | null {
  if (order.deletedColumn === null || manifest.incremental === undefined || manifest.catchUp !== undefined) return null;
  const { moments } = target.capabilities;
  if (!(moments instanceof RegExp)) throw cannotMark(`${target.title}: ${moments}`);
  const table = displayName(manifest.table);
  const name = targetName(
    `column ${order.deletedColumn} of ${table}`,
    order.deletedColumn,
    order.identifierCase,
    target,
  );
  const taken = names.find((each) => foldedName(each, target) === foldedName(name, target));
  if (taken === undefined) return name;
  throw new SqlextractError({
    code: 'INGEST_COLUMN',
    message: `--deleted-column ${order.deletedColumn}: the files of ${table} have a column of that name themselves`,
    hint: 'name one that the source does not have, for example --deleted-column _deleted_at',
    fault: 'usage',
  });
}

function cannotMark(why: string): SqlextractError {
  return new SqlextractError({
    code: 'INGEST_OPTION',
    message: `--deleted-column: ${why}`,
    hint: 'leave it out: rows that are gone in the source are deleted then',
    fault: 'usage',
  });
}

/** The load marks rows, or takes marks away, and the table has to have the column. */
export function needsDeletedColumn({ mode, deletedColumn }: TableLoad): boolean {
  return deletedColumn !== null && (mode === 'delete' || mode === 'merge');
}

/** It as a column of the table that is there. */
export function markColumn(name: string): LoadColumn {
  const source = { name, nativeType: 'timestamp', type: { kind: 'timestamp', zoned: true }, nullable: true } as const;
  return { source, name, isKey: false, measuredBytes: null, ignored: false };
}

/** The table has to have as many rows before so many may go; null: there is no need for any. */
export function leastRows({ deletes, rows }: Pick<TableLoad, 'deletes' | 'rows'>): number | null {
  if (deletes === null || rows <= ALWAYS) return null;
  const { maxFraction, known } = deletes;
  // 300 of 1000 are 0.3 of them, whatever binary fractions say
  const least = maxFraction === 0 ? NEVER : Math.ceil(rows / maxFraction - 1e-6);
  return known < least ? NEVER : least;
}

/** `rows` of the table; null: a script says it, before anybody has counted them. Without a sentence's end. */
export function tooManyDeletes({ rows, deletes, source }: TableLoad, there: number | null): string {
  const { known, maxFraction } = deletes ?? { known: 0, maxFraction: 0 };
  const least = leastRows({ deletes, rows });
  const table = least === null || least === NEVER ? 'the table' : `the table, which has fewer than ${least} rows,`;
  const had = there === null ? table : `the table's ${there} rows`;
  return `run ${source.run} would delete ${rows} records, more than the fraction ${maxFraction} of ${had} or of the ${known} that the source had (--max-delete-fraction)`;
}
