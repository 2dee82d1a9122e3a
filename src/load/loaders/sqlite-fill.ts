import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { DuckDBBlobValue } from '@duckdb/node-api';
import type { LoadColumn, TableLoad } from '../../ingest/ingest-plan.ts';
import type { RowPlaces } from '../../ingest/targets/sqlite.ts';
import { SqlextractError } from '../../model/problem.ts';
import { displayName } from '../../model/table.ts';
import type { SqliteValue } from './sqlite-rows.ts';
import { RowReader } from './sqlite-rows.ts';

/** Puts all rows of all files into the open transaction; returns how many went in. Throws LOAD_REFUSED for NaN. */
export async function fillRows(database: DatabaseSync, load: TableLoad, { text, columns }: RowPlaces): Promise<number> {
  const statement = database.prepare(text);
  const plain = columns.map((index) => {
    const kind = load.columns[index]?.source.type.kind;
    return kind !== 'binary' && kind !== 'float32' && kind !== 'float64';
  });
  let rows = 0;
  await using reader = await RowReader.open();
  for (const file of load.files) {
    for await (const block of reader.blocks(load, file)) {
      const cells = columns.map((index, place) => {
        const values = block[index] ?? [];
        return plain[place] === true ? (values as readonly SqliteValue[]) : bound(values, load, load.columns[index]);
      });
      rows += insertBlock(statement, cells, block[0]?.length ?? 0);
    }
  }
  return rows;
}

function insertBlock(statement: StatementSync, cells: readonly (readonly SqliteValue[])[], count: number): number {
  const row = Array.from<SqliteValue>({ length: cells.length }).fill(null);
  let inserted = 0;
  for (let index = 0; index < count; index++) {
    for (let column = 0; column < cells.length; column++) row[column] = cells[column]?.[index] ?? null;
    inserted += Number(statement.run(...row).changes);
  }
  return inserted;
}

function bound(values: readonly unknown[], load: TableLoad, column: LoadColumn | undefined): readonly SqliteValue[] {
  return values.map((value) => {
    if (value instanceof DuckDBBlobValue) return value.bytes;
    if (typeof value === 'number' && Number.isNaN(value)) throw notANumber(load, column);
    return value as SqliteValue;
  });
}

function notANumber({ target: { schema, name } }: TableLoad, column: LoadColumn | undefined): SqlextractError {
  return new SqlextractError({
    code: 'LOAD_REFUSED',
    message: `${displayName({ schema: schema ?? '', name })}: a value of column ${column?.name ?? ''} is NaN, which SQLite does not have; nothing was changed`,
    hint: 'extract it with --as-text for that column, or leave such rows out with --where',
    fault: 'data',
  });
}
