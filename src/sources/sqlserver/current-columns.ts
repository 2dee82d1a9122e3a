import type { TableSchema } from '../../model/table.ts';
import { type NativeColumn, readColumns, readQueryColumns } from './columns.ts';
import type { SqlServerConnection } from './connection.ts';
import { rangeRelation } from './ranges.ts';

/** The columns of a planned table or query as they are now; of a query as it is read, since Babelfish sees none in one that begins with a parenthesis. */
export function currentColumns(connection: SqlServerConnection, table: TableSchema): Promise<readonly NativeColumn[]> {
  return table.query === undefined
    ? readColumns(connection, table)
    : readQueryColumns(connection, `SELECT * FROM ${rangeRelation(table, { kind: 'all' })}`);
}
