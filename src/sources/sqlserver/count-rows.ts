import type { ChecksumRequest } from '../source.ts';
import type { SqlServerConnection } from './connection.ts';
import { andWhere, rangeRelation } from './ranges.ts';

export async function countRows(connection: SqlServerConnection, { table, where }: ChecksumRequest): Promise<bigint> {
  const [row] = await connection.rows(
    `SELECT COUNT_BIG(*) AS rows_of_it FROM ${rangeRelation(table, { kind: 'all' })} WHERE 1 = 1${andWhere(table, where)}`,
  );
  return BigInt(String(row?.['rows_of_it'] ?? 0));
}
