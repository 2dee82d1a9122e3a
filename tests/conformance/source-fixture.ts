import type { TableName } from '../../src/model/table.ts';
import type { SourceConfig, SourceDriver } from '../../src/sources/source.ts';

/** Types that every database has; the fixture writes them in its own words. */
export type NeutralType = 'bigint' | 'text' | 'decimal(12,2)' | 'double' | 'boolean' | 'timestamp';

/**
 * bigint and decimal cells are digits, timestamps `YYYY-MM-DD HH:MM:SS.ffffff`; double cells are numbers.
 */
export type NeutralCell = string | number | boolean | null;

export interface NeutralColumn {
  readonly name: string;
  readonly type: NeutralType;
  readonly notNull?: boolean;
}

export interface NeutralTable {
  readonly name: string;
  readonly columns: readonly NeutralColumn[];
  /** Its columns are to be NOT NULL, also where the database would not see to that. */
  readonly primaryKey?: readonly string[];
  readonly unique?: readonly (readonly string[])[];
  readonly indexes?: readonly (readonly string[])[];
}

/** A database of one's own for the suite. Writes go through a connection that is none of the driver's, and are committed. */
export interface SourceFixture extends AsyncDisposable {
  readonly driver: SourceDriver;
  readonly config: SourceConfig;
  quote(name: string): string;
  /** A private folder for what a snapshot needs. */
  readonly runtimeFolder: string;
  createTable(table: NeutralTable): Promise<TableName>;
  insert(table: NeutralTable, rows: readonly (readonly NeutralCell[])[]): Promise<void>;
  /** One statement of plain SQL that every database takes. */
  execute(sql: string): Promise<void>;
}
