import { createReadStream, createWriteStream } from 'node:fs';
import { open, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip, createZstdCompress } from 'node:zlib';
import type { Link } from '../deletes/known-keys.ts';
import { publish } from '../deletes/write-deletes.ts';
import type { TableSettings } from '../engine/request.ts';
import { formatByName } from '../formats/registry.ts';
import { parquetAsCsv } from '../load/parquet-as-csv.ts';
import { chunkFileName } from '../model/chunk.ts';
import type { Manifest, ManifestFile } from '../model/manifest.ts';
import { widestDigits } from '../model/digits.ts';
import { sumOfNulTexts } from '../model/nul-texts.ts';
import { sha256Of } from '../verify/hash-file.ts';
import type { RowPart, RowSets } from './row-sets.ts';

/** The files of a window, durable in its folder, and what its manifest says of them. */
export type WindowFiles = Pick<Manifest, 'files' | 'totals' | 'consistency'>;

export interface WindowOrder {
  readonly scan: Link;
  readonly settings: TableSettings;
  /** Of the window: it is there. */
  readonly folder: string;
  readonly scratch: string;
}

/** Everything is new: the files of the scan are those of the window. */
export async function takeFiles({ scan, folder }: WindowOrder): Promise<WindowFiles> {
  const { files, totals, consistency } = scan.manifest;
  for (const { path } of files) await move(join(scan.folder, path), join(folder, path));
  const handle = await open(folder, 'r');
  await handle.sync();
  await handle.close();
  return { files, totals, consistency };
}

/** Rows that are new or changed, in files of about the size that was asked for; one without rows, for its schema, when there are none. */
export async function writeFiles(order: WindowOrder, sets: RowSets, changed: number): Promise<WindowFiles> {
  const { manifest } = order.scan;
  const bytesPerRow = manifest.totals.rows === 0 ? 0 : manifest.totals.bytes / manifest.totals.rows;
  const count = Math.max(1, Math.ceil((bytesPerRow * changed) / order.settings.chunkBytes));
  const each = Math.ceil(changed / count);
  const parts = Array.from({ length: count }, (_, index) => ({ first: index * each, end: (index + 1) * each }));
  const written: WrittenFile[] = [];
  for (const [index, part] of parts.entries()) written.push(await writeFile(order, sets, part, index + 1));
  const files = written.map(({ file }) => file);
  const rows = files.reduce((sum, file) => sum + file.rows, 0);
  if (rows !== changed) throw new Error(`${changed} rows changed, and ${rows} were written`);
  const epoch = manifest.consistency.epochs.at(-1);
  return {
    files,
    totals: {
      rows,
      bytes: files.reduce((sum, file) => sum + file.bytes, 0),
      files: files.length,
      nullCounts: perColumn(manifest, (index) => files.reduce((sum, file) => sum + (file.nullCounts[index] ?? 0), 0)),
      maxBytes: perColumn(manifest, (index) => Math.max(...files.map((file) => file.maxBytes[index] ?? 0))),
      digits: manifest.schema.columns.map((_, index) =>
        widestDigits(files.map((file) => file.digits?.[index] ?? null)),
      ),
      ...sumOfNulTexts(files),
      // Of all rows that were read: the files do not say which of their NULLs a policy wrote.
      replacedCells: rows === 0 ? {} : (manifest.totals.replacedCells ?? {}),
      markerCells: written.reduce((sum, { markerCells }) => sum + markerCells, 0),
    },
    consistency: {
      ...manifest.consistency,
      epochs: epoch === undefined ? [] : [{ ...epoch, epoch: 1, files: files.length }],
    },
  };
}

interface WrittenFile {
  readonly file: ManifestFile;
  readonly markerCells: number;
}

async function writeFile(order: WindowOrder, sets: RowSets, part: RowPart, number: number): Promise<WrittenFile> {
  const { settings, folder } = order;
  const { compression, nullMarker } = settings;
  const format = await formatByName(settings.format);
  const name = chunkFileName(1, number, format.extension(compression));
  const path = join(folder, name);
  const parquet = join(order.scratch, 'changed.parquet');
  const isCsv = settings.format === 'csv';
  await sets.writeChanged(parquet, part, isCsv ? 'snappy' : compression);
  if (isCsv) await publishCsv(order, parquet, path);
  else await publish(parquet, path);
  const { markerCells, ...measured } = await sets.statistics(part, isCsv ? nullMarker : null);
  const keyRange = { kind: 'all', text: 'all rows', from: null, to: null } as const;
  const bytes = { bytes: (await stat(path)).size, sha256: await sha256Of(path) };
  return { file: { path: name, ...bytes, keyRange, epoch: 1, ...measured }, markerCells };
}

async function publishCsv({ scan, settings, scratch }: WindowOrder, parquet: string, path: string): Promise<void> {
  const columns = scan.manifest.schema.columns.map((source) => ({ source }));
  await using csv = await parquetAsCsv({ path: parquet }, columns, scratch, settings.nullMarker);
  const { compression } = settings;
  if (compression === 'none') return publish(csv.path, path);
  const compressed = `${csv.path}.compressed`;
  const compressor = compression === 'gzip' ? createGzip() : createZstdCompress();
  await pipeline(createReadStream(csv.path), compressor, createWriteStream(compressed, { mode: 0o600 }));
  await publish(compressed, path);
}

function perColumn({ schema }: Manifest, of: (index: number) => number): readonly number[] {
  return schema.columns.map((_, index) => of(index));
}

/** Both are durable already; the folders may lie on different file systems. */
async function move(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
    await publish(from, to);
  }
}
