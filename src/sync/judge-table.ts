import type { TableLoadReport } from '../load/load-report.ts';
import type { LoadOutcome } from '../load/load-table.ts';
import type { LedgerEntry } from '../load/loader.ts';
import type { TableVerdict } from './sync-report.ts';

type Loaded = LoadOutcome & { readonly kind: 'loaded' | 'already-loaded' };

/**
 * source = files = target, as far as the mode lets it be said:
 *
 *   replace, full-refresh   the target has as many rows as the files, but for rejected ones
 *   append, merge, …        it has as many more (or fewer) as the ledger says were inserted and deleted since it was counted
 *   delete                  it has as many fewer as were deleted; a delete set has keys of rows, and no rows
 *   loaded before           the ledger says what was done then; for replace and full-refresh the count still has to fit
 */
export function judgeTable(report: TableLoadReport, loaded: Loaded, source: TableVerdict['source']): TableVerdict {
  const { entry, counted } = loaded;
  if (counted === undefined) throw new Error(`the rows of ${report.into} were not counted`);
  const { before, after } = counted;
  const expected = expectedRows(loaded, before);
  const filesFit = entry.rows === report.sourceRows && rowsOf(entry) && (expected === null || after === expected);
  const sourceFits = source === null || source.rows === report.sourceRows;
  const verdict = !filesFit || (!sourceFits && source.when === 'run') ? 'different' : sourceFits ? 'equal' : 'moved';
  const { inserted, updated, deleted, rejected } = entry;
  return {
    table: report.table,
    into: report.into,
    run: report.run,
    mode: entry.mode,
    verdict,
    source,
    fileRows: report.sourceRows,
    target: { before, after, expected },
    ...{ inserted, updated, deleted, rejected },
    sentence: sentenceOf(verdict, source, filesFit, entry.mode === 'delete'),
    seconds: report.seconds,
  };
}

function expectedRows({ kind, entry }: Loaded, before: number | null): number | null {
  if (entry.mode === 'replace' || entry.mode === 'full-refresh') return entry.rows - entry.rejected;
  if (kind === 'already-loaded') return null;
  return (before ?? 0) + entry.inserted - entry.deleted;
}

/** What the ledger says of the files' rows, in itself. With --dedupe-by fewer rows than the files have are right. */
function rowsOf({ mode, rows, inserted, updated, rejected }: LedgerEntry): boolean {
  if (mode === 'delete') return inserted === 0;
  return mode === 'merge' || mode === 'delete-insert'
    ? inserted + updated + rejected <= rows
    : inserted === rows - rejected;
}

function sentenceOf(
  verdict: TableVerdict['verdict'],
  source: TableVerdict['source'],
  filesFit: boolean,
  isDelete: boolean,
): string {
  if (!filesFit) return 'files and target do not fit: somebody else may have written to the table meanwhile';
  if (isDelete) return 'the files have the keys of rows that the source no longer has';
  if (source === null) return 'the source was not counted: no count of it says which rows the run had to take';
  if (verdict === 'different')
    return 'the source had another number of rows in the very snapshot that the files are of';
  const when = source.when === 'run' ? "inside the run's snapshot" : 'as it is now';
  if (verdict === 'moved')
    return `the source has ${source.rows} rows as it is now, and may have changed since it was read`;
  return `the source was counted ${when}`;
}
