import type pg from 'pg';

/** The oid of `pg_catalog."default"`, which stands for the database's own collation. */
const DEFAULT_COLLATION = '100';

/**
 * Of these collations (oids; 0 is none) those whose library has changed since the indexes were built, with the reason to give. A B-tree
 * over such a collation can be out of order, and a range read through it can lose rows. PostgreSQL before 15 knows no version of the
 * database's own collation.
 */
export async function staleCollations(
  client: pg.Client,
  collations: readonly string[],
  serverVersion: number,
): Promise<ReadonlyMap<string, string>> {
  const oids = [...new Set(collations)].filter((oid) => oid !== '0');
  if (oids.length === 0) return new Map();
  const named = await client.query<{ oid: string; collname: string }>({
    text: `SELECT oid, collname FROM pg_catalog.pg_collation WHERE oid = ANY ($1::pg_catalog.oid[])
      AND collversion IS DISTINCT FROM pg_catalog.pg_collation_actual_version(oid) AND collversion IS NOT NULL`,
    values: [`{${oids.filter((oid) => oid !== DEFAULT_COLLATION).join(',')}}`],
  });
  const stale = new Map(named.rows.map((row) => [row.oid, reason(`collation ${row.collname}`)]));
  if (oids.includes(DEFAULT_COLLATION) && serverVersion >= 150_000) {
    const { rowCount } =
      await client.query(`SELECT 1 FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()
      AND datcollversion IS DISTINCT FROM pg_catalog.pg_database_collation_actual_version(oid) AND datcollversion IS NOT NULL`);
    if (rowCount === 1) stale.set(DEFAULT_COLLATION, reason("the database's collation"));
  }
  return stale;
}

function reason(what: string): string {
  return `${what} has another version than when the index was built, so the index may be out of order: REINDEX, then ALTER … REFRESH COLLATION VERSION`;
}
