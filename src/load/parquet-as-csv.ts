import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LoadColumn } from '../ingest/ingest-plan.ts';
import { SqlextractError } from '../model/problem.ts';
import { csvCellSql, isQuotedCell, sqlName, sqlPath, sqlText } from './csv-cell-sql.ts';

/** A CSV file of the moment; gone when it is disposed of. */
export interface TemporaryCsv extends AsyncDisposable {
  /** Absolute. */
  readonly path: string;
}

/**
 * Writes one Parquet file of ours as the CSV file that `extract --format csv --compression none` writes of the same rows, byte for byte
 * (formats/csv-dialect.ts; NULL is `nullMarker`, never quoted), into a private folder below `scratch`, which is made when it is missing. Embedded DuckDB
 * reads and writes it with one thread, in constant memory but for one row group. Throws LOAD_PARQUET.
 */
export async function parquetAsCsv(
  file: { readonly path: string },
  columns: readonly Pick<LoadColumn, 'source' | 'inFile'>[],
  scratch: string,
  nullMarker = '\\N',
): Promise<TemporaryCsv> {
  await mkdir(scratch, { recursive: true, mode: 0o700 });
  const folder = await mkdtemp(join(scratch, 'csv-'));
  const remove = async () => rm(folder, { recursive: true, force: true });
  const path = join(folder, 'rows.csv');
  try {
    const inFile = columns.map((column) => ({ source: column.inFile ?? column.source }));
    await convert(file.path, inFile, path, nullMarker);
  } catch (error) {
    await remove();
    throw cannotConvert(file.path, error);
  }
  return { path, [Symbol.asyncDispose]: remove };
}

const DUCKDB_OPTIONS = { threads: '1', autoinstall_known_extensions: 'false', autoload_known_extensions: 'false' };

async function convert(
  from: string,
  columns: readonly Pick<LoadColumn, 'source'>[],
  to: string,
  nullMarker: string,
): Promise<void> {
  const { DuckDBInstance } = await import('@duckdb/node-api');
  const instance = await DuckDBInstance.create(':memory:', DUCKDB_OPTIONS);
  try {
    const connection = await instance.connect();
    // No value is left out or taken for another because a file's own statistics say what it is.
    await connection.run("SET disabled_optimizers = 'statistics_propagation'");
    const header = `${columns.map(({ source }) => sqlName(source.name)).join(',')}\n`;
    const { rowsChanged } = await connection.run(copyStatement(from, columns, to, header, nullMarker));
    // Before the first row stands the header, after the last one a line end: without rows there would be one line too many.
    if (rowsChanged === 0) await writeFile(to, header);
    connection.closeSync();
  } finally {
    instance.closeSync();
  }
}

/** COPY … TO, duckdb.org/docs/sql/statements/copy: cells of quoted columns are quoted always, their NULLs never. */
function copyStatement(
  from: string,
  columns: readonly Pick<LoadColumn, 'source'>[],
  to: string,
  header: string,
  nullMarker: string,
): string {
  const cells = columns.map(({ source: { name, type } }, index) => `${csvCellSql(type, sqlName(name))} AS c${index}`);
  const quoted = columns.flatMap(({ source }, index) => (isQuotedCell(source.type) ? [`c${index}`] : []));
  const options = [
    'FORMAT csv',
    'HEADER false',
    `PREFIX ${sqlText(header)}`,
    "SUFFIX '\n'",
    "DELIMITER ','",
    `QUOTE '"'`,
    `ESCAPE '"'`,
    `NULLSTR ${sqlText(nullMarker)}`,
    'COMPRESSION none',
    ...(quoted.length === 0 ? [] : [`FORCE_QUOTE (${quoted.join(', ')})`]),
  ];
  const source = `read_parquet(${sqlPath(from)}, hive_partitioning = false, union_by_name = false)`;
  return `COPY (SELECT ${cells.join(', ')} FROM ${source}) TO ${sqlText(to)} (${options.join(', ')})`;
}

function cannotConvert(path: string, error: unknown): SqlextractError {
  return new SqlextractError(
    {
      code: 'LOAD_PARQUET',
      message: `${path} could not be turned into CSV on its way to the target`,
      hint: 'the folder of the state needs room for one file as CSV a worker; `sqlextract verify` tells whether the file is whole',
      fault: 'data',
      causes: [error instanceof Error ? error.message : String(error)],
    },
    error,
  );
}
