import { readdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import pLimit from 'p-limit';
import { readRemovedFiles, type RemovedFiles } from '../checkpoint/removed-files.ts';
import type { Manifest, ManifestFile } from '../model/manifest.ts';
import { displayName } from '../model/table.ts';
import { isChunkFileName } from '../model/run-file-name.ts';
import { checkFile, type FileCheck } from './check-file.ts';
import type { FileReader } from './duckdb-reader.ts';
import type { TableVerification } from './verification.ts';

export interface ManifestCheck {
  readonly path: string;
  readonly manifest: Manifest;
  readonly reader: FileReader;
  /** Files that are read at the same time. */
  readonly atOnce: number;
  /** Also computes the hash of model/row-hash.ts, for a comparison with the source. */
  readonly withHash: boolean;
  onFile(bytes: number): void;
}

/** What was found, without a comparison with the source. */
export interface CheckedManifest {
  readonly table: TableVerification;
  /** Over all files; null when one of them was not read whole. */
  readonly sums: { readonly rows: bigint; readonly sum: bigint } | null;
}

/** Every file of a manifest against it. Throws STATE_UNREADABLE when the record of removed files is damaged. */
export async function checkManifest(check: ManifestCheck): Promise<CheckedManifest> {
  const { path, manifest, reader, withHash } = check;
  const folder = dirname(path);
  const record = readRemovedFiles(folder, manifest.run);
  const removed = new Set(record?.files);
  const limit = pLimit(check.atOnce);
  const checks = await Promise.all(
    manifest.files.map(async (file) =>
      limit(async () => {
        const one = await checkFile({ manifest, folder, reader, withHash, removed }, file);
        check.onFile(file.bytes);
        return one;
      }),
    ),
  );
  const remarks = await unnamedFiles(folder, manifest.files);
  return { table: tableFrom(check, checks, record, remarks), sums: sumsOf(checks) };
}

function tableFrom(
  { path, manifest }: ManifestCheck,
  checks: readonly FileCheck[],
  record: RemovedFiles | null,
  remarks: readonly string[],
): TableVerification {
  const differences = checks.flatMap((one) => one.differences);
  const removedFiles = checks.filter(({ state }) => state === 'removed').length;
  const all = checks.length > 0 && removedFiles === checks.length;
  return {
    table: displayName(manifest.table),
    run: manifest.run,
    manifest: path,
    status: differences.length > 0 ? 'different' : all ? 'removed' : 'equal',
    rows: manifest.totals.rows,
    files: manifest.totals.files,
    bytes: manifest.totals.bytes,
    removedFiles,
    removedAt: removedFiles > 0 ? (record?.removedAt ?? null) : null,
    differences,
    source: null,
    remarks,
  };
}

function sumsOf(checks: readonly FileCheck[]): CheckedManifest['sums'] {
  if (checks.some(({ hashSum }) => hashSum === null)) return null;
  return {
    rows: checks.reduce((total, { rows }) => total + rows, 0n),
    sum: checks.reduce((total, { hashSum }) => total + (hashSum ?? 0n), 0n),
  };
}

const NAMES_SHOWN = 5;

/** Readers of the manifest never see them; readers of a glob would. */
async function unnamedFiles(folder: string, files: readonly ManifestFile[]): Promise<readonly string[]> {
  const named = new Set(files.map((file) => file.path));
  const found = await readdir(folder).catch(() => []);
  const unnamed = found.filter((name) => isChunkFileName(name) && !named.has(name)).sort();
  if (unnamed.length === 0) return [];
  const shown = unnamed.slice(0, NAMES_SHOWN).join(', ');
  const more = unnamed.length > NAMES_SHOWN ? ` and ${unnamed.length - NAMES_SHOWN} more` : '';
  return [`the folder holds files that the manifest does not name: ${shown}${more}`];
}
