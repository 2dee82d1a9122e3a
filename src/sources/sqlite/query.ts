import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { sqliteError } from './errors.ts';

/** A cell as node:sqlite gives it with bigints on: INTEGER is bigint, REAL is number. */
export type Cell = bigint | number | string | Uint8Array | null;
export type Row = readonly Cell[];

/** A connection with the path that its errors name. Rows come as arrays, integers as bigints. */
export interface Connection {
  readonly database: DatabaseSync;
  readonly path: string;
  /** `device:inode` of the file that is open, whatever the path leads to later. */
  readonly file: string;
}

/** Throws when the text holds more than one statement: SQLite would run the first and ignore the rest. */
export function prepare(connection: Connection, sql: string): StatementSync {
  try {
    const statement = connection.database.prepare(sql);
    if (statement.sourceSQL !== sql) throw new Error(`more than one statement: ${sql}`);
    return statement;
  } catch (error) {
    throw sqliteError(error, connection.path);
  }
}

export function allRows(connection: Connection, sql: string): readonly Row[] {
  const statement = prepare(connection, sql);
  try {
    return statement.all() as unknown as readonly Row[];
  } catch (error) {
    throw sqliteError(error, connection.path);
  }
}

export function firstRow(connection: Connection, sql: string): Row | null {
  const statement = prepare(connection, sql);
  try {
    return (statement.get() as unknown as Row | undefined) ?? null;
  } catch (error) {
    throw sqliteError(error, connection.path);
  }
}

export function textCell(row: Row, index: number): string {
  const cell = row[index];
  if (typeof cell !== 'string') throw new Error(`column ${index} of a catalog query is no text`);
  return cell;
}

export function numberCell(row: Row, index: number): number {
  const cell = row[index];
  if (typeof cell !== 'bigint' && typeof cell !== 'number')
    throw new Error(`column ${index} of a catalog query is no number`);
  return Number(cell);
}
