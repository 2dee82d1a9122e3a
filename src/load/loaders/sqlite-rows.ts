import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import type { LoadFile, TableLoad } from '../../ingest/ingest-plan.ts';
import { duckdbRelation } from '../../ingest/targets/duckdb-files.ts';
import type { ColumnType } from '../../model/column-type.ts';
import { csvCellSql } from '../csv-cell-sql.ts';

/** What node:sqlite binds: a bigint as INTEGER, a number as REAL. */
export type SqliteValue = null | bigint | number | string | Uint8Array;

const OPTIONS = {
  threads: '1',
  memory_limit: '256MB',
  preserve_insertion_order: 'true',
  autoinstall_known_extensions: 'false',
  autoload_known_extensions: 'false',
};

/** Reads files of ours, Parquet and CSV alike, by embedded DuckDB, a few thousand rows at a time. */
export class RowReader implements AsyncDisposable {
  readonly #instance: DuckDBInstance;
  readonly #connection: DuckDBConnection;

  private constructor(instance: DuckDBInstance, connection: DuckDBConnection) {
    this.#instance = instance;
    this.#connection = connection;
  }

  static async open(): Promise<RowReader> {
    const { DuckDBInstance } = await import('@duckdb/node-api');
    const instance = await DuckDBInstance.create(':memory:', OPTIONS);
    const connection = await instance.connect();
    // No value is left out or taken for another because a file's own statistics say what it is.
    await connection.run("SET disabled_optimizers = 'statistics_propagation'; SET TimeZone = 'UTC'");
    return new RowReader(instance, connection);
  }

  /** Blocks of rows of one file, each a list of columns, each a list of its values. */
  async *blocks(load: TableLoad, file: LoadFile): AsyncGenerator<readonly (readonly unknown[])[]> {
    const cells = load.columns.map(({ source }, index) => valueSql(source.type, `c${index + 1}`, load.format.name));
    const relation = String(duckdbRelation({ ...load, files: [file] }, { keepsErrors: false }));
    const result = await this.#connection.stream(`SELECT ${cells.join(', ')} FROM ${relation}`);
    for (;;) {
      const chunk = await result.fetchChunk();
      if (chunk === null || chunk.rowCount === 0) return;
      yield chunk.getColumns();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#connection.closeSync();
    this.#instance.closeSync();
  }
}

/** Cells that SQLite keeps as text are those of our CSV files: taken as they are from these, written the same way from Parquet. */
function valueSql(type: ColumnType, cell: string, format: TableLoad['format']['name']): string {
  switch (type.kind) {
    case 'boolean':
      return `CAST(CAST(${cell} AS BOOLEAN) AS BIGINT)`;
    case 'int32':
    case 'int64':
      return `CAST(${cell} AS BIGINT)`;
    case 'float32':
      return `CAST(CAST(${cell} AS FLOAT) AS DOUBLE)`;
    case 'float64':
      return `CAST(${cell} AS DOUBLE)`;
    case 'binary':
      return format === 'csv' ? `unhex(${cell})` : cell;
    case 'date':
    case 'time':
    case 'timestamp':
    case 'decimal':
      return format === 'csv' ? cell : csvCellSql(type, cell);
    case 'string':
    case 'json':
    case 'uuid':
      return `CAST(${cell} AS VARCHAR)`;
    default:
      return type satisfies never;
  }
}
