import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { faultPoint } from '../model/fault-point.ts';
import { MANIFEST_VERSION, type Latest, type Manifest } from '../model/manifest.ts';
import { SqlextractError } from '../model/problem.ts';
import { misfit, type Shape } from './check-shape.ts';
import { writeDurably } from './durable-file.ts';

export const MANIFEST_NAME = 'manifest.json';
export const LATEST_NAME = 'latest.json';

/** The same two folders up from src/checkpoint and dist/program. */
const SCHEMA_PATH = join(import.meta.dirname, '..', '..', 'schema', 'manifest.schema.json');

const LATEST_SHAPE: Shape = {
  type: 'object',
  required: ['version', 'run', 'manifest', 'finishedAt'],
  properties: {
    version: { const: MANIFEST_VERSION },
    run: { type: 'string', minLength: 1 },
    manifest: { type: 'string', pattern: '^[A-Za-z0-9_][A-Za-z0-9_.-]*/manifest\\.json$' },
    finishedAt: { type: 'string' },
  },
};

/**
 * Writes `manifest.json` into the run's folder, durably, after every file in it is durable. A manifest of the same run that is
 * there already is replaced. Throws a plain Error when the manifest contradicts itself: a bug. Returns its path.
 */
export function writeManifest(folder: string, manifest: Manifest): string {
  const wrong = misfit(manifest, manifestShape()) ?? contradiction(manifest);
  if (wrong !== null) throw new Error(`the manifest of run ${manifest.run} is wrong: ${wrong}`);
  return put(join(folder, MANIFEST_NAME), manifest);
}

/** Points the table's folder to its last finished run. */
export function writeLatest(tableFolder: string, latest: Latest): string {
  const wrong = misfit(latest, LATEST_SHAPE);
  if (wrong !== null) throw new Error(`latest.json of run ${latest.run} would be wrong: ${wrong}`);
  return put(join(tableFolder, LATEST_NAME), latest);
}

/** Throws MANIFEST_MISSING, MANIFEST_NEWER, MANIFEST_INVALID (fault state). Files that it names are not looked at. */
export function readManifest(path: string): Manifest {
  const found = readJson(path);
  refuseNewer(found, path);
  const wrong = misfit(found, manifestShape()) ?? contradiction(found as Manifest);
  if (wrong !== null) throw invalid(path, wrong);
  return found as Manifest;
}

/** Throws MANIFEST_MISSING when the table has no finished run, MANIFEST_NEWER, MANIFEST_INVALID (fault state). */
export function readLatest(tableFolder: string): Latest {
  const path = join(tableFolder, LATEST_NAME);
  const found = readJson(path);
  refuseNewer(found, path);
  const wrong = misfit(found, LATEST_SHAPE);
  if (wrong !== null) throw invalid(path, wrong);
  return found as Latest;
}

let shape: Shape | null = null;

function manifestShape(): Shape {
  shape ??= JSON.parse(readFileSync(SCHEMA_PATH, 'utf8')) as Shape;
  return shape;
}

/** What a schema cannot say: sums, lengths and names that must agree. */
function contradiction(manifest: Manifest): string | null {
  const { files, totals, schema, consistency } = manifest;
  const columns = schema.columns.length;
  const sum = (of: (file: Manifest['files'][number]) => number) => files.reduce((total, file) => total + of(file), 0);
  if (totals.files !== files.length) return 'totals/files is not the number of files';
  if (totals.rows !== sum((file) => file.rows)) return 'totals/rows is not the sum over the files';
  if (totals.bytes !== sum((file) => file.bytes)) return 'totals/bytes is not the sum over the files';
  if (new Set(files.map((file) => file.path)).size !== files.length) return 'two files have one path';
  const lists = [totals, ...files].flatMap((one) => [one.nullCounts, one.maxBytes]);
  if (lists.some((list) => list.length !== columns)) return 'nullCounts and maxBytes must have one entry per column';
  const digits = [totals, ...files].map((one) => one.digits ?? []);
  if (digits.some((list) => list.length > 0 && list.length !== columns)) return 'digits must have one entry per column';
  const zeros = [totals, ...files].flatMap(({ nulTexts }) => (nulTexts === undefined ? [] : [nulTexts]));
  if (zeros.some((list) => list.length !== columns)) return 'nulTexts must have one entry per column';
  const epochs = new Set(consistency.epochs.map((epoch) => epoch.epoch));
  const stray = files.find((file) => !epochs.has(file.epoch));
  return stray === undefined ? null : `${stray.path} is of an epoch that is not listed`;
}

function put(path: string, document: Manifest | Latest): string {
  faultPoint('before-manifest');
  try {
    writeDurably(path, `${JSON.stringify(document, null, 2)}\n`);
  } catch (error) {
    throw notWritten(path, error);
  }
  faultPoint('after-manifest');
  return path;
}

function notWritten(path: string, error: unknown): SqlextractError {
  const { code, message } = error as NodeJS.ErrnoException;
  const full = code === 'ENOSPC' || code === 'EDQUOT';
  return new SqlextractError(
    {
      code: full ? 'DISK_FULL' : 'OUTPUT_NOT_WRITABLE',
      message: full ? `no space is left for ${path}` : `${path} cannot be written in ${dirname(path)}`,
      hint: 'when the disk is in order, run the same command again: only this file is missing',
      fault: 'disk',
      causes: [message],
    },
    error,
  );
}

function readJson(path: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new SqlextractError(
      {
        code: 'MANIFEST_MISSING',
        message: `there is no readable ${path}`,
        hint: 'a manifest is written last: run the extract command again until it says that it is done',
        fault: 'state',
        causes: [(error as Error).message],
      },
      error,
    );
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalid(path, `it is not JSON (${(error as Error).message})`);
  }
}

function refuseNewer(found: unknown, path: string): void {
  const version = (found as { version?: unknown } | null)?.version;
  if (typeof version !== 'number' || version <= MANIFEST_VERSION) return;
  throw new SqlextractError({
    code: 'MANIFEST_NEWER',
    message: `${path} was written by a newer sqlextract (version ${version}, this one knows ${MANIFEST_VERSION})`,
    hint: 'read it with the sqlextract that wrote it, or a newer one',
    fault: 'state',
  });
}

function invalid(path: string, why: string): SqlextractError {
  return new SqlextractError({
    code: 'MANIFEST_INVALID',
    message: `${path} cannot be trusted: ${why}`,
    hint: 'it was changed after it was written; restore it, or extract the table again',
    fault: 'state',
  });
}
