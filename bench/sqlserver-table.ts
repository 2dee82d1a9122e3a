import sql from 'mssql';

/** A table that is dropped again when disposed. */
export interface BenchTable extends AsyncDisposable {
  readonly name: string;
  /** The server's own words. */
  readonly version: string;
}

const FIRST_ROWS = 10_000;

/** The rows of the other sources' tables, as near as T-SQL's functions come. Made by doubling: no server-side row generator is the same everywhere. */
export async function makeSqlServerTable(url: string, name: string, rows: number): Promise<BenchTable> {
  const pool = await sql.connect({ ...sql.ConnectionPool.parseConnectionString(adoString(url)), requestTimeout: 0 });
  const run = async (text: string) => pool.request().batch(text);
  await run(`IF OBJECT_ID('${name}') IS NOT NULL DROP TABLE ${name}`);
  await run(
    `CREATE TABLE ${name} (id bigint NOT NULL PRIMARY KEY, account int NOT NULL, name nvarchar(60) NOT NULL, note nvarchar(200), amount decimal(12,2) NOT NULL,
       created_at datetime2(6) NOT NULL, born date, score float, active bit NOT NULL, token uniqueidentifier NOT NULL)`,
  );
  for (let at = 1; at <= FIRST_ROWS; at += 500) {
    const cells = Array.from({ length: 500 }, (_, i) => `(${rowOf(at + i)})`).join(',');
    await run(`INSERT INTO ${name} VALUES ${cells}`);
  }
  for (let have = FIRST_ROWS; have < rows; have *= 2) {
    await run(
      `INSERT INTO ${name} SELECT TOP (${Math.min(have, rows - have)}) id + ${have}, account, name, note, amount, created_at, born, score, active, NEWID() FROM ${name} ORDER BY id`,
    );
  }
  const version = await pool.request().query<{ version: string }>('SELECT @@VERSION AS version');
  return {
    name,
    version: (version.recordset[0]?.version ?? 'unknown').split('\n')[0] ?? '',
    async [Symbol.asyncDispose]() {
      await run(`DROP TABLE ${name}`);
      await pool.close();
    },
  };
}

function rowOf(i: number): string {
  const note = i % 5 === 0 ? 'NULL' : `N'note about "${(i * 2654435761).toString(16).padStart(32, '0')}", kept'`;
  const day = new Date(-631152000000 + (i % 20000) * 86400000).toISOString().slice(0, 10);
  const at = new Date(1577836800000 + i * 997).toISOString().slice(0, 23);
  return `${i}, ${(i * 7919) % 100000}, N'customer ${(i * 31) % 999983}', ${note}, ${((i * 104729) % 100000000) / 100}, '${at}', '${day}', ${(i * 1.1) / 7}, ${i % 3 === 0 ? 1 : 0}, NEWID()`;
}

/** `sqlserver://user:password@host:port/database?encrypt=…` in the words of the driver's connection string. */
export function adoString(url: string): string {
  const at = new URL(url);
  const quoted = (text: string) => `"${decodeURIComponent(text).replaceAll('"', '""')}"`;
  const encrypt = at.searchParams.get('encrypt') ?? 'true';
  const trust = at.searchParams.get('trustServerCertificate') ?? 'false';
  return (
    `Server=${at.hostname},${at.port === '' ? '1433' : at.port};Database=${quoted(at.pathname.slice(1))};User Id=${quoted(at.username)};` +
    `Password=${quoted(at.password)};Encrypt=${encrypt};TrustServerCertificate=${trust}`
  );
}
