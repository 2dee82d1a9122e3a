import {
  DuckDBBlobValue,
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBInstance,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  DuckDBTimeValue,
  type DuckDBConnection,
  type DuckDBValue,
} from '@duckdb/node-api';
import type { ColumnType } from '../../src/model/column-type.ts';
import type { Cell, TestColumn } from './batch.ts';

/** An in-memory DuckDB: the reader that shares no line with the writers under test. */
export async function openDuckDb(): Promise<DuckDBConnection> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1', memory_limit: '1GB' });
  const connection = await instance.connect();
  await connection.run("SET TimeZone = 'UTC'");
  return connection;
}

export const quoteName = (name: string) => `"${name.replaceAll('"', '""')}"`;
export const quoteText = (text: string) => `'${text.replaceAll("'", "''")}'`;

export async function queryCells(connection: DuckDBConnection, sql: string): Promise<Cell[][]> {
  const result = await connection.runAndReadAll(sql);
  return result.getRows().map((row) => row.map(toCell));
}

/** DuckDB's client drops a byte order mark at a text's beginning: texts travel as bytes and become text here. */
async function queryColumns(
  connection: DuckDBConnection,
  columns: readonly TestColumn[],
  from: string,
  expression: (column: TestColumn) => string,
): Promise<Cell[][]> {
  const isText = ({ type }: TestColumn) => duckType(type) === 'VARCHAR';
  const list = columns.map((column) => (isText(column) ? `encode(${quoteName(column.name)})` : expression(column)));
  const rows = await queryCells(connection, `SELECT ${list.join(', ')} FROM ${from}`);
  const textAt = columns.map(isText);
  return rows.map((row) =>
    row.map((cell, index) => (textAt[index] && cell instanceof Uint8Array ? Buffer.from(cell).toString('utf8') : cell)),
  );
}

export function toCell(value: DuckDBValue): Cell {
  if (value instanceof DuckDBDecimalValue) return value.value;
  if (value instanceof DuckDBDateValue) return value.days;
  if (value instanceof DuckDBTimeValue || value instanceof DuckDBTimestampValue) return value.micros;
  if (value instanceof DuckDBTimestampTZValue) return value.micros;
  if (value instanceof DuckDBBlobValue) return new Uint8Array(value.bytes);
  if (value === null || typeof value !== 'object') return value;
  throw new TypeError(`no cell for ${value.constructor.name}`);
}

/** The type that DuckDB must see a Parquet column as, or read a CSV cell into. */
export function duckType(type: ColumnType): string {
  switch (type.kind) {
    case 'boolean':
      return 'BOOLEAN';
    case 'int32':
      return 'INTEGER';
    case 'int64':
      return 'BIGINT';
    case 'float32':
      return 'FLOAT';
    case 'float64':
      return 'DOUBLE';
    case 'decimal':
      return `DECIMAL(${type.precision},${type.scale})`;
    case 'date':
      return 'DATE';
    case 'time':
      return 'TIME';
    case 'timestamp':
      return type.zoned ? 'TIMESTAMP WITH TIME ZONE' : 'TIMESTAMP';
    case 'binary':
      return 'BLOB';
    default:
      return 'VARCHAR';
  }
}

export async function readParquet(connection: DuckDBConnection, path: string, columns: readonly TestColumn[]) {
  const types = (await connection.runAndReadAll(`DESCRIBE SELECT * FROM read_parquet(${quoteText(path)})`)).getRows();
  const seen = types.map(([name, type]) => `${String(name)} ${String(type)}`);
  const expected = columns.map(({ name, type }) => `${name} ${duckType(type)}`);
  if (seen.join() !== expected.join()) throw new Error(`DuckDB sees ${seen.join()} instead of ${expected.join()}`);
  return queryColumns(connection, columns, `read_parquet(${quoteText(path)})`, ({ name }) => quoteName(name));
}

/** The published dialect (csv-dialect.ts) in DuckDB's words: nothing is detected, every cell is read as the text it is. */
export function csvTexts(path: string, columns: readonly TestColumn[], nullMarker = '\\N'): string {
  const names = columns.map(({ name }) => `${quoteText(name)}: 'VARCHAR'`).join(', ');
  return `read_csv(${quoteText(path)}, columns = {${names}}, auto_detect = false, header = true, delim = ',', quote = '"',
    escape = '"', new_line = '\\n', nullstr = ${quoteText(nullMarker)}, allow_quoted_nulls = false, max_line_size = 16777216)`;
}

export async function readCsv(connection: DuckDBConnection, path: string, columns: readonly TestColumn[]) {
  return queryColumns(connection, columns, csvTexts(path, columns), ({ name, type }) => {
    const column = quoteName(name);
    return type.kind === 'binary' ? `unhex(${column})` : `CAST(${column} AS ${duckType(type)})`;
  });
}

/** Every cell as the text it is in the file. */
export function readCsvTexts(connection: DuckDBConnection, path: string, columns: readonly TestColumn[]) {
  const texts = columns.map(({ name }): TestColumn => ({ name, type: { kind: 'string' } }));
  return queryColumns(connection, texts, csvTexts(path, columns), ({ name }) => quoteName(name));
}
