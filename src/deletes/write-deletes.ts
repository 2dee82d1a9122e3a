import { existsSync } from 'node:fs';
import { copyFile, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { MANIFEST_NAME, writeLatest, writeManifest } from '../checkpoint/manifest.ts';
import type { DeletesReport } from '../engine/report.ts';
import { deletesOf } from '../model/run-links.ts';
import { parquetAsCsv } from '../load/parquet-as-csv.ts';
import { sumOfNulTexts } from '../model/nul-texts.ts';
import type { Manifest, ManifestFile } from '../model/manifest.ts';
import { MANIFEST_VERSION } from '../model/manifest.ts';
import { temporaryNameOf } from '../sinks/temporary-name.ts';
import { sha256Of } from '../verify/hash-file.ts';
import type { MeasuredCells } from '../verify/measured-cells.ts';
import type { Link } from './known-keys.ts';

/**
 * The delete set as a link behind its window: the file under its final name, durable, then the manifest, then `latest.json`. A folder that a
 * killed process left without a manifest is written anew.
 */
export async function writeDeletes(
  window: Link,
  scan: Manifest,
  sets: GoneKeys,
  counts: { readonly rows: number; readonly known: number },
  scratch: string,
): Promise<DeletesReport> {
  const { folder, manifest } = await prepareDeletes(window, scan, sets, counts, scratch);
  const path = writeManifest(folder, manifest);
  pointTo({ folder, manifest });
  return { run: manifest.run, ...counts, folder, manifest: path };
}

/** `latest.json` names the link. */
export function pointTo({ folder, manifest: { run, finishedAt } }: Link): void {
  const place = `${basename(folder)}/${MANIFEST_NAME}`;
  writeLatest(dirname(folder), { version: MANIFEST_VERSION, run, manifest: place, finishedAt });
}

/** What the delete set is made of. */
export interface GoneKeys {
  writeGone(path: string): Promise<void>;
  /** `marker`: of a CSV file, else null. */
  measure(marker: string | null): Promise<MeasuredCells>;
}

/** The file, durable, and the manifest that is to be written. */
export async function prepareDeletes(
  window: Link,
  scan: Manifest,
  sets: GoneKeys,
  counts: { readonly rows: number; readonly known: number },
  scratch: string,
): Promise<Link> {
  const { run, folder } = deletesOf({ runId: window.manifest.run, folder: window.folder });
  const path = join(folder, MANIFEST_NAME);
  if (existsSync(path)) throw new Error(`run ${window.manifest.run} has its delete set already`);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { mode: 0o700 });
  const startedAt = new Date().toISOString();
  const key = window.manifest.incremental?.uniqueKey ?? [];
  const gone = await writeGone(window.manifest, key, sets, { rows: counts.rows, folder, scratch });
  return { folder, manifest: manifestOf(window.manifest, scan, { run, gone, known: counts.known, startedAt }) };
}

export interface GoneFile {
  readonly file: ManifestFile;
  readonly markerCells: number;
}

/** Totals of a link that has this one file. */
export function totalsOf({ file, markerCells }: GoneFile): Manifest['totals'] {
  const { rows, bytes, nullCounts, maxBytes, digits } = file;
  const measured = { ...(digits === undefined ? {} : { digits }), ...sumOfNulTexts([file]) };
  return { rows, bytes, files: 1, nullCounts, maxBytes, ...measured, replacedCells: {}, markerCells };
}

/** The keys that are gone as the one file of a link, in the format of the run before it. */
export async function writeGone(
  { format, schema }: Pick<Manifest, 'format' | 'schema'>,
  key: readonly string[],
  sets: GoneKeys,
  { rows, folder, scratch }: { readonly rows: number; readonly folder: string; readonly scratch: string },
): Promise<GoneFile> {
  const marker = format.name === 'csv' ? (format.nullMarker ?? '\\N') : null;
  const name = `part-000001.${format.name}`;
  const parquet = join(scratch, 'gone.parquet');
  await sets.writeGone(parquet);
  if (marker === null) await publish(parquet, join(folder, name));
  else {
    const columns = keyColumns(schema.columns, key).map((source) => ({ source }));
    await using csv = await parquetAsCsv({ path: parquet }, columns, scratch, marker);
    await publish(csv.path, join(folder, name));
  }
  const path = join(folder, name);
  const { markerCells, rows: _, ...measured } = await sets.measure(marker);
  const file: ManifestFile = {
    path: name,
    rows,
    bytes: (await stat(path)).size,
    sha256: await sha256Of(path),
    keyRange: { kind: 'all', text: 'all rows', from: null, to: null },
    epoch: 1,
    ...measured,
  };
  return { file, markerCells };
}

/** Durable under its final name. Both folders may lie on different file systems, hence the copy. */
export async function publish(from: string, to: string): Promise<void> {
  const temporary = join(dirname(to), temporaryNameOf(basename(to)));
  await copyFile(from, temporary);
  const handle = await open(temporary, 'r+');
  await handle.sync();
  await handle.close();
  await rename(temporary, to);
  const folder = await open(dirname(to), 'r');
  await folder.sync();
  await folder.close();
}

export function keyColumns(
  columns: Manifest['schema']['columns'],
  key: readonly string[],
): Manifest['schema']['columns'] {
  return key.flatMap((name) => columns.filter((column) => column.name === name));
}

function manifestOf(
  window: Manifest,
  scan: Manifest,
  facts: { readonly run: string; readonly gone: GoneFile; readonly known: number; readonly startedAt: string },
): Manifest {
  const { run, gone, known, startedAt } = facts;
  const { incremental } = window;
  if (incremental === undefined) throw new Error(`run ${window.run} is no window`);
  const key = incremental.uniqueKey;
  const seen = scan.consistency.epochs.at(-1);
  return {
    ...window,
    run,
    schema: { columns: keyColumns(window.schema.columns, key), primaryKey: key },
    format: { ...window.format, compression: window.format.name === 'parquet' ? 'zstd' : 'none' },
    consistency: { ...scan.consistency, epochs: seen === undefined ? [] : [{ ...seen, epoch: 1, files: 1 }] },
    totals: totalsOf(gone),
    files: [gone.file],
    startedAt,
    finishedAt: new Date().toISOString(),
    incremental: { ...incremental, previous: window.run, reset: false, backfill: false, repeatedTo: null },
    deletes: { key, known },
  };
}
