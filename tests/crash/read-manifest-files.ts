import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import type { Manifest } from '../../src/model/manifest.ts';
import type { Digest } from './crash-tables.ts';
import { ROW_TEXT_SQL } from './crash-tables.ts';

/** The digest of what a reader sees who goes by `latest.json` and the manifest, read by DuckDB. */
export async function digestOfFiles(tableFolder: string): Promise<Digest & { readonly manifest: Manifest }> {
  const latest = JSON.parse(readFileSync(join(tableFolder, 'latest.json'), 'utf8')) as { manifest: string };
  const path = join(tableFolder, latest.manifest);
  const manifest = JSON.parse(readFileSync(path, 'utf8')) as Manifest;
  const files = manifest.files.map((file) => `'${join(dirname(path), file.path)}'`).join(', ');
  const from =
    manifest.format.name === 'parquet'
      ? `read_parquet([${files}])`
      : `read_csv([${files}], header = true, delim = ',', quote = '"', escape = '"', nullstr = '\\N', allow_quoted_nulls = false, ` +
        "columns = {'id': 'BIGINT', 'name': 'VARCHAR', 'amount': 'VARCHAR'})";
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  const result = await connection.runAndReadAll(
    `SELECT count(*) AS rows, md5(string_agg(${ROW_TEXT_SQL}, chr(10) ORDER BY id, name, amount)) AS md5 FROM ${from}`,
  );
  const [row] = result.getRowObjects();
  connection.closeSync();
  instance.closeSync();
  return { rows: Number(row?.['rows']), md5: String(row?.['md5']), manifest };
}
