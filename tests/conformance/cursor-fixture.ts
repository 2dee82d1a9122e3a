import type { TableName } from '../../src/model/table.ts';
import type { SourceConfig, SourceDriver } from '../../src/sources/source.ts';

/** moment: without a zone where the database has such a type, with six digits of a second. */
export type CursorType = 'moment' | 'day' | 'integer' | 'text' | 'float';

/** `id` whole number, primary key; the cursor, with an index on it; `note` text, NOT NULL with the default ''. */
export interface CursorTable {
  readonly name: string;
  readonly cursor: { readonly name: string; readonly type: CursorType; readonly notNull?: boolean };
}

/** A transaction on a connection of its own. */
export interface OpenWriter {
  execute(sql: string): Promise<void>;
  commit(): Promise<void>;
}

/** A database of one's own whose columns without a zone are in UTC. */
export interface CursorFixture extends AsyncDisposable {
  readonly driver: SourceDriver;
  readonly config: SourceConfig;
  quote(name: string): string;
  createTable(table: CursorTable): Promise<TableName>;
  /** One statement, committed. */
  execute(sql: string): Promise<void>;
  /** The transaction has begun, and no statement of it has run. */
  begin(): Promise<OpenWriter>;
  /** False: a second writer waits until the first has ended. */
  readonly manyWriters: boolean;
  /** What stamps a `moment` by the server's own clock. */
  readonly now: string;
}
