import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Manifest, ManifestFile } from '../model/manifest.ts';
import type { FileReader } from './duckdb-reader.ts';
import { expectedSchema, readSchema, type SchemaColumn } from './file-relation.ts';
import { sha256Of } from './hash-file.ts';
import { readContents } from './read-file.ts';
import type { Difference } from './verification.ts';

export interface FileCheck {
  /** removed: not there, and recorded as removed after loading. */
  readonly state: 'read' | 'removed' | 'missing' | 'unreadable';
  readonly differences: readonly Difference[];
  /** As they were counted; 0 when they could not be. */
  readonly rows: bigint;
  /** Null unless every value was read and the hash was asked for. */
  readonly hashSum: bigint | null;
}

export interface FileCheckRequest {
  readonly manifest: Manifest;
  readonly folder: string;
  readonly reader: FileReader;
  readonly withHash: boolean;
  /** Names that were removed after loading. */
  readonly removed: ReadonlySet<string>;
}

/**
 * One file against its line in the manifest: there, size, sha256, then, by DuckDB, schema, rows, NULLs per column and, in text formats,
 * that every cell is a value of its column's type. Every difference is found, not only the first. Throws nothing about the file itself.
 */
export async function checkFile(request: FileCheckRequest, file: ManifestFile): Promise<FileCheck> {
  const { manifest, folder, reader, removed } = request;
  const path = join(folder, file.path);
  const note = noter(file.path);
  const found = await stat(path).catch(() => null);
  if (found === null || !found.isFile()) {
    const gone = { rows: 0n, hashSum: null };
    if (found === null && removed.has(file.path)) return { state: 'removed', differences: [], ...gone };
    const what = found === null ? 'no such file' : 'no regular file';
    return { state: 'missing', differences: [note('missing', null, `${file.bytes} bytes`, what)], ...gone };
  }
  const differences: Difference[] = [];
  try {
    differences.push(...(await bytesDifferences(file, path, found.size, note)));
    const schema = schemaDifferences(expectedSchema(manifest), await readSchema(reader, manifest, path), note);
    differences.push(...schema);
    if (schema.length > 0) return { state: 'read', differences, rows: 0n, hashSum: null };
    const contents = await readContents(reader, manifest, path, request.withHash);
    differences.push(...contentDifferences(manifest, file, contents, note));
    return { state: 'read', differences, rows: BigInt(contents.rows), hashSum: contents.hashSum };
  } catch (error) {
    differences.push(note('unreadable', null, `a ${manifest.format.name} file`, firstLine(error)));
    return { state: 'unreadable', differences, rows: 0n, hashSum: null };
  }
}

type Note = (kind: Difference['kind'], column: string | null, expected: unknown, found: unknown) => Difference;

function noter(file: string): Note {
  return (kind, column, expected, found) => ({ kind, file, column, expected: String(expected), found: String(found) });
}

async function bytesDifferences(file: ManifestFile, path: string, size: number, note: Note): Promise<Difference[]> {
  const sizes = size === file.bytes ? [] : [note('size', null, `${file.bytes} bytes`, `${size} bytes`)];
  const sha256 = await sha256Of(path);
  return sha256 === file.sha256 ? sizes : [...sizes, note('sha256', null, file.sha256, sha256)];
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
}

/** By name: a column that is lost does not make a difference of every column behind it. */
function schemaDifferences(
  expected: readonly SchemaColumn[],
  found: readonly SchemaColumn[],
  note: Note,
): readonly Difference[] {
  const seen = new Map(found.map((column) => [column.name, column]));
  const wanted = new Set(expected.map(({ name }) => name));
  const changed = expected.flatMap((column) => {
    const now = seen.get(column.name);
    if (now === undefined) return [note('schema', column.name, textOf(column), 'no such column')];
    return now.type === column.type ? [] : [note('schema', column.name, textOf(column), textOf(now))];
  });
  const more = found.filter(({ name }) => !wanted.has(name));
  const differences = [
    ...changed,
    ...more.map((column) => note('schema', column.name, 'no such column', textOf(column))),
  ];
  const order = (columns: readonly SchemaColumn[]): string => columns.map(({ name }) => name).join(', ');
  if (differences.length > 0 || order(expected) === order(found)) return differences;
  return [note('schema', null, order(expected), order(found))];
}

function textOf(column: SchemaColumn): string {
  return column.type === null ? column.name : `${column.name} ${column.type}`;
}

function contentDifferences(
  manifest: Manifest,
  file: ManifestFile,
  found: Awaited<ReturnType<typeof readContents>>,
  note: Note,
): readonly Difference[] {
  const rows = found.rows === file.rows ? [] : [note('rows', null, file.rows, found.rows)];
  const columns = manifest.schema.columns.flatMap(({ name, type }, index) => {
    const [nulls, misfits] = [found.nullCounts[index] ?? 0, found.misfits[index] ?? 0];
    const counted = nulls === file.nullCounts[index] ? [] : [note('nulls', name, file.nullCounts[index], nulls)];
    const text = `${misfits} cells that are no ${type.kind}`;
    return [...counted, ...(misfits === 0 ? [] : [note('cells', name, 'values of the type only', text)])];
  });
  return [...rows, ...columns];
}
