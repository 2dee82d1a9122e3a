import type pg from 'pg';
import type { ChecksumRequest } from '../source.ts';
import { fromClause } from './from-clause.ts';
import { andWhere } from './ranges.ts';
import { withSearchPath } from './search-path.ts';

export async function countRows(client: pg.Client, { table, where }: ChecksumRequest): Promise<bigint> {
  return withSearchPath(client, table, where, async () => {
    const { rows } = await client.query<{ rows: string }>(
      `SELECT pg_catalog.count(*) AS rows FROM ${fromClause(table)} WHERE true${andWhere(table, where)}`,
    );
    return BigInt(rows[0]?.rows ?? 0);
  });
}
