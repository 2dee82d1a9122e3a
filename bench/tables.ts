import { DatabaseSync } from 'node:sqlite';
import pg from 'pg';

/** Ten mixed columns, about 175 bytes a row as CSV. The same values in both databases. */
export const COLUMNS = 'id, account, name, note, amount, created_at, born, score, active, token';

export async function makePostgresTable(client: pg.Client, table: string, rows: number): Promise<void> {
  await client.query(
    `CREATE TABLE ${table} (id bigint PRIMARY KEY, account integer NOT NULL, name text NOT NULL, note text, amount numeric(12,2) NOT NULL,
       created_at timestamptz NOT NULL, born date, score double precision, active boolean NOT NULL, token uuid NOT NULL)`,
  );
  await client.query(
    `INSERT INTO ${table} SELECT i, (i * 7919) % 100000, 'customer ' || (i * 31) % 999983,
       CASE WHEN i % 5 = 0 THEN NULL ELSE 'note about "' || md5(i::text) || '", kept' END, ((i * 104729) % 100000000)::numeric / 100,
       timestamptz '2020-01-01 00:00:00+00' + (i * 997) * interval '1 millisecond', date '1950-01-01' + (i % 20000)::int,
       (i * 1.1)::double precision / 7, i % 3 = 0, md5(i::text)::uuid FROM generate_series(1::bigint, ${rows}) AS i`,
  );
  await client.query(`VACUUM (ANALYZE) ${table}`);
}

/** SQLite has no timestamps, decimals or uuids of its own: they are stored as it is usually done. */
export function makeSqliteTable(path: string, table: string, rows: number): void {
  const database = new DatabaseSync(path);
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;
    CREATE TABLE ${table} (id INTEGER PRIMARY KEY, account INTEGER NOT NULL, name TEXT NOT NULL, note TEXT, amount DECIMAL(12,2) NOT NULL,
      created_at TEXT NOT NULL, born TEXT, score REAL, active BOOLEAN NOT NULL, token TEXT NOT NULL);
    INSERT INTO ${table} WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows})
      SELECT i, (i * 7919) % 100000, 'customer ' || (i * 31) % 999983,
        CASE WHEN i % 5 = 0 THEN NULL ELSE 'note about "' || printf('%032x', i * 2654435761) || '", kept' END, ((i * 104729) % 100000000) / 100.0,
        strftime('%Y-%m-%dT%H:%M:%S', 1577836800 + i, 'unixepoch') || printf('.%06d', (i * 997) % 1000000),
        date(-631152000 + (i % 20000) * 86400, 'unixepoch'), i * 1.1 / 7, i % 3 = 0,
        printf('%08x-%04x-4000-8000-%012x', i, i % 65536, i * 104729) FROM n;`);
  database.close();
}
