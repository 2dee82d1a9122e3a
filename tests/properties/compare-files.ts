import { dirname, join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import type { Manifest } from '../../src/model/manifest.ts';
import { csvTexts, duckType, quoteName, quoteText } from '../support/duckdb.ts';
import { fileText, isText } from './type-values.ts';
import type { ValueColumn } from './value-column.ts';

/** A value in the file that is not the server's: texts as `fileText` and `serverText` make them, null for NULL. */
export interface Mismatch {
  readonly id: string;
  readonly server: string | null;
  readonly file: string | null;
}

/** Rows that only one of the two has. */
export interface RowDifference {
  readonly onlyServer: number;
  readonly onlyFiles: number;
  readonly doubled: number;
}

const SHOWN = 3;

/** Loads what `writeServerTexts` wrote as the table `expected`. */
export async function loadServerTexts(
  connection: DuckDBConnection,
  path: string,
  columns: readonly ValueColumn[],
): Promise<void> {
  const types = ["'id': 'BIGINT'", ...columns.map(({ name }) => `${quoteText(name)}: 'VARCHAR'`)];
  await connection.run(
    `CREATE OR REPLACE TABLE expected AS SELECT * FROM read_csv(${quoteText(path)}, columns = {${types.join(', ')}}, auto_detect = false,
      header = false, delim = ',', quote = '"', escape = '"', nullstr = '\\N', max_line_size = 16777216)`,
  );
}

/** Loads the files of a manifest as the table `actual`, every value in the words of `serverText`. */
export async function loadFiles(connection: DuckDBConnection, manifestPath: string, manifest: Manifest): Promise<void> {
  const cells = manifest.schema.columns.map(({ name, type }) => {
    const column = quoteName(name);
    const typed = manifest.format.name === 'csv' && !isText(type.kind) ? csvCell(column, type) : column;
    return `${name === 'id' ? `CAST(${typed} AS BIGINT)` : inWords(type.kind, typed)} AS ${column}`;
  });
  const selects = manifest.files.map(
    (file) => `SELECT ${cells.join(', ')} FROM ${relation(manifest, join(dirname(manifestPath), file.path))}`,
  );
  await connection.run(`CREATE OR REPLACE TABLE actual AS ${selects.join(' UNION ALL ')}`);
}

type Column = Manifest['schema']['columns'][number];

function inWords(kind: Column['type']['kind'], value: string): string {
  return isText(kind) ? `lower(hex(encode(${value})))` : fileText(kind, value);
}

function csvCell(column: string, type: Column['type']): string {
  return type.kind === 'binary' ? `unhex(${column})` : `CAST(${column} AS ${duckType(type)})`;
}

function relation(manifest: Manifest, path: string): string {
  if (manifest.format.name === 'parquet') return `read_parquet(${quoteText(path)})`;
  return csvTexts(path, manifest.schema.columns);
}

export async function compareRows(connection: DuckDBConnection): Promise<RowDifference> {
  const result = await connection.runAndReadAll(`SELECT
    (SELECT count(*)::INT FROM expected ANTI JOIN actual USING (id)) AS onlyServer,
    (SELECT count(*)::INT FROM actual ANTI JOIN expected USING (id)) AS onlyFiles,
    (SELECT (count(*) - count(DISTINCT id))::INT FROM actual) AS doubled`);
  return result.getRowObjects()[0] as unknown as RowDifference;
}

/** How many values of each column differ, in the order of the columns. `against` is a relation like `expected`. */
export async function countMismatches(
  connection: DuckDBConnection,
  columns: readonly ValueColumn[],
  against = 'expected',
): Promise<readonly number[]> {
  const counts = columns.map(({ name }) => `(count(*) FILTER (e.${name} IS DISTINCT FROM a.${name}))::INT`);
  const result = await connection.runAndReadAll(
    `SELECT ${counts.join(', ')} FROM ${against} e JOIN actual a USING (id)`,
  );
  return (result.getRows()[0] ?? []).map(Number);
}

/** The first few of one column, for a person to see. */
export async function firstMismatches(connection: DuckDBConnection, column: ValueColumn): Promise<readonly Mismatch[]> {
  const { name, values } = column;
  const result = await connection.runAndReadAll(
    `SELECT id::VARCHAR, e.${name}, a.${name} FROM expected e JOIN actual a USING (id)
     WHERE e.${name} IS DISTINCT FROM a.${name} ORDER BY id LIMIT ${SHOWN}`,
  );
  const shown = (cell: unknown) => {
    if (typeof cell !== 'string') return null;
    return (isText(values.kind) ? Buffer.from(cell, 'hex').toString('utf8') : cell).slice(0, 200);
  };
  return result.getRows().map(([id, server, file]) => ({ id: String(id), server: shown(server), file: shown(file) }));
}
