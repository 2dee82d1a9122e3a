import { freshMariadb, startMariadb } from '../tests/support/mariadb-server.ts';

export interface MysqlBench {
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly query: (sql: string) => Promise<void>;
}

/** The same values as in the other databases, in a server that is started for this and stopped after `work`. */
export async function withMysqlTable<T>(
  table: string,
  rows: number,
  work: (bench: MysqlBench) => Promise<T>,
): Promise<T> {
  const server = await startMariadb();
  try {
    await using database = await freshMariadb('bench', server.url);
    const query = async (sql: string) => void (await database.client.query(sql));
    await query(CREATE.replace('$', table));
    await query(
      `INSERT INTO ${table} SELECT seq, (seq * 7919) % 100000, CONCAT('customer ', (seq * 31) % 999983),
         IF(seq % 5 = 0, NULL, CONCAT('note about "', MD5(seq), '", kept')), ((seq * 104729) % 100000000) / 100,
         TIMESTAMP '2020-01-01 00:00:00' + INTERVAL (seq * 997000) MICROSECOND, DATE '1950-01-01' + INTERVAL (seq % 20000) DAY,
         (seq * 1.1e0) / 7, seq % 3 = 0, UUID() FROM seq_1_to_${rows}`,
    );
    await query(`ANALYZE TABLE ${table}`);
    const at = new URL(database.url);
    return await work({
      url: database.url,
      host: at.hostname,
      port: Number(at.port),
      user: decodeURIComponent(at.username),
      password: decodeURIComponent(at.password),
      database: database.name,
      query,
    });
  } finally {
    await server.stop();
  }
}

const CREATE = `CREATE TABLE $ (id bigint PRIMARY KEY, account int NOT NULL, name varchar(60) NOT NULL, note text, amount decimal(12,2) NOT NULL,
  created_at timestamp(6) NOT NULL, born date, score double, active tinyint(1) NOT NULL, token char(36) NOT NULL)`;
