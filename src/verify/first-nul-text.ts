import { join } from 'node:path';
import type { Manifest } from '../model/manifest.ts';
import { SqlextractError } from '../model/problem.ts';
import { openFileReader } from './duckdb-reader.ts';
import { relationOf } from './file-relation.ts';

type Files = Pick<Manifest, 'schema' | 'format' | 'totals' | 'files'>;

const PREFIX = 20;
const MEMORY = 1_000_000_000;

/**
 * An INGEST_NUL with the first text that it is about: its key and its beginning, as the file has them. Every other error, and one whose files
 * cannot be read, is given back as it is.
 */
export async function withFirstNulText(error: unknown, manifest: Files, folder: string): Promise<unknown> {
  if (!(error instanceof SqlextractError) || error.problem.code !== 'INGEST_NUL') return error;
  const found = await firstNulText(manifest, folder).catch(() => null);
  if (found === null) return error;
  return new SqlextractError({ ...error.problem, message: `${error.problem.message}: ${found}` }, error);
}

async function firstNulText(manifest: Files, folder: string): Promise<string | null> {
  const file = manifest.files.find(({ nulTexts }) => nulTexts !== undefined);
  const index = file?.nulTexts?.findIndex((count) => count > 0) ?? -1;
  if (file === undefined || index === -1) return null;
  const { from, columns } = relationOf(manifest, join(folder, file.path));
  const text = columns[index]?.raw ?? '';
  const key = columns.filter(({ column }) => manifest.schema.primaryKey.includes(column.name));
  const cells = [`left(${text}, ${PREFIX})`, ...key.map(({ raw }) => `${raw}::VARCHAR`)];
  using reader = await openFileReader({ threads: 1, memoryBytes: MEMORY });
  const rows = await reader.query(`SELECT ${cells.join(', ')} FROM ${from} WHERE contains(${text}, chr(0)) LIMIT 1`);
  const [prefix, ...values] = rows[0] ?? [];
  if (prefix === undefined || prefix === null) return null;
  const row = key.map(({ column }, at) => `${column.name} = ${values[at] ?? 'NULL'}`).join(', ');
  const begins = `${JSON.stringify(prefix)}${prefix.length < PREFIX ? '' : '…'}`;
  return `the first one is ${begins}${row === '' ? '' : `, in the row ${row}`} (${file.path})`;
}
