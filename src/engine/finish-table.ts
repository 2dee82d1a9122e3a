import { createHash } from 'node:crypto';
import { basename, dirname } from 'node:path';
import type { Manifest, ManifestFile, ManifestTotals } from '../model/manifest.ts';
import { type ColumnDigits, widestDigits } from '../model/digits.ts';
import { sumOfNulTexts } from '../model/nul-texts.ts';
import { MANIFEST_VERSION } from '../model/manifest.ts';
import { writeLatest, writeManifest, MANIFEST_NAME } from '../checkpoint/manifest.ts';
import { describeRange } from '../model/key-range.ts';
import type { SourceSession } from '../sources/source.ts';
import { sweepTemporary } from '../sinks/temporary-name.ts';
import type { Consistency } from './table-run.ts';
import { judgeConsistency } from './consistency.ts';
import { requireFilesThere } from './recover.ts';
import type { ExtractRequest } from './request.ts';
import { draftOf } from './run-draft.ts';
import type { TableRun } from './table-run.ts';
import { nextIncrement } from './next-increment.ts';
import { replacedCells } from './table-run.ts';

/**
 * The end of a table: what its files are as one state is judged, the manifest is written after every file is durable, and only
 * then the run counts as complete. Killed anywhere in between, the rerun comes here again with the same files.
 */
export async function finishTable(
  run: TableRun,
  request: ExtractRequest,
  session: SourceSession,
  when: 'run' | 'later',
): Promise<void> {
  await requireFilesThere(run);
  await sweepTemporary(run.folder);
  const consistency = await judgeConsistency(run, run.epochs, session);
  const increment = await nextIncrement(run, consistency, session, when);
  const finishedAt = new Date().toISOString();
  const manifest = await manifestOf(run, request, consistency, finishedAt);
  writeManifest(run.folder, manifest);
  const name = basename(run.folder);
  writeLatest(dirname(run.folder), {
    version: MANIFEST_VERSION,
    run: run.runId,
    manifest: `${name}/${MANIFEST_NAME}`,
    finishedAt,
  });
  run.store.completeRun(run.runId, consistency.level, increment);
  run.finished = consistency;
}

async function manifestOf(
  run: TableRun,
  request: ExtractRequest,
  consistency: Consistency,
  finishedAt: string,
): Promise<Manifest> {
  const { table, settings } = run;
  const files = filesOf(run);
  const { folder: _, schema, format, ...draft } = await draftOf(run, request);
  return {
    version: MANIFEST_VERSION,
    tool: { name: 'sqlextract', version: request.toolVersion },
    run: draft.run,
    job: draft.job,
    source: draft.source,
    table: draft.table,
    ...(table.query === undefined ? {} : { query: queryOf(run, table.query) }),
    schema,
    ...(run.increment === null ? {} : { incremental: run.increment.window }),
    selection: {
      columns: settings.selection.include,
      where: run.askedWhere,
      limit: settings.limit,
      policies: settings.selection.policies,
    },
    format,
    consistency: {
      level: consistency.level,
      sentence: consistency.sentence,
      epochs: consistency.epochs.map(({ epoch, facts }) => ({
        epoch,
        takenAt: facts.takenAt,
        label: facts.label,
        shared: facts.shared,
        files: files.filter((file) => file.epoch === epoch).length,
      })),
    },
    totals: {
      ...totalsOf(files, table.columns.length),
      replacedCells: replacedCells(run),
      markerCells: [...run.done.values()].reduce((sum, report) => sum + report.nullMarkerCells, 0),
    },
    files,
    startedAt: draft.startedAt,
    finishedAt,
  };
}

function queryOf({ key }: TableRun, sql: string): NonNullable<Manifest['query']> {
  return { sql, sha256: createHash('sha256').update(sql).digest('hex'), splitBy: key[0] ?? null };
}

function filesOf(run: TableRun): readonly ManifestFile[] {
  const reports = [...run.done.values()].sort((a, b) => a.ordinal - b.ordinal);
  return reports.flatMap((report) => {
    const range = run.chunks.get(report.ordinal)?.range;
    if (range === undefined) throw new Error(`chunk ${report.ordinal} of ${run.name} was never planned`);
    const bounds = range.kind === 'between' ? { from: range.from, to: range.to } : { from: null, to: null };
    const keyRange = { kind: range.kind, text: describeRange(range), ...bounds };
    return report.files.map((file) => ({ ...file, keyRange, epoch: report.epoch }));
  });
}

function totalsOf(files: readonly ManifestFile[], columns: number): ManifestTotals {
  const each = Array.from({ length: columns }, (_, index) => index);
  const digits = digitsOf(files, each);
  return {
    rows: files.reduce((sum, file) => sum + file.rows, 0),
    bytes: files.reduce((sum, file) => sum + file.bytes, 0),
    files: files.length,
    nullCounts: each.map((index) => files.reduce((sum, file) => sum + (file.nullCounts[index] ?? 0), 0)),
    maxBytes: each.map((index) => files.reduce((most, file) => Math.max(most, file.maxBytes[index] ?? 0), 0)),
    ...(digits === null ? {} : { digits }),
    ...sumOfNulTexts(files),
  };
}

/** Null when an older version wrote one of the files: what it has, nobody counted. */
function digitsOf(files: readonly ManifestFile[], columns: readonly number[]): ColumnDigits | null {
  const each = files.flatMap(({ digits }) => (digits === undefined ? [] : [digits]));
  if (each.length < files.length) return null;
  return columns.map((index) => widestDigits(each.map((digits) => digits[index] ?? null)));
}
