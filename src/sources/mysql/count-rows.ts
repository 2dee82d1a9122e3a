import type { Connection } from 'mysql2';
import type { ChecksumRequest } from '../source.ts';
import { queryRow } from './query-rows.ts';
import { andWhere, relation } from './ranges.ts';

export async function countRows(connection: Connection, { table, where }: ChecksumRequest): Promise<bigint> {
  const [rows] = await queryRow(
    connection,
    `SELECT COUNT(*) FROM ${relation(table, [])} WHERE TRUE${andWhere(table, where)}`,
  );
  return BigInt(rows ?? 0);
}
