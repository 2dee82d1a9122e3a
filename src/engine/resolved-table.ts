import type { Problem } from '../model/problem.ts';
import type { TableSchema } from '../model/table.ts';
import type { TableSettings } from './request.ts';

/** A table of a command, found in the catalog, with what is wanted of it. */
export interface ResolvedTable {
  readonly name: string;
  readonly table: TableSchema;
  readonly settings: TableSettings;
}

export interface RefusedTable {
  readonly name: string;
  readonly problem: Problem;
}
