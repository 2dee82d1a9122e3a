/**
 * `npm run trial -- --chinook-postgres Chinook_PostgreSql.sql --chinook-sqlite Chinook_Sqlite.sqlite --chinook-mysql Chinook_MySql.sql
 * --chinook-sqlserver Chinook_SqlServer.sql --flights flights-3m.parquet` (any of them; SQL Server where SQLEXTRACT_TEST_SQLSERVER_URL is one):
 * real databases that nobody here wrote, extracted in both formats and compared, row for row, with the servers' own output: the
 * files are read back through the manifest by DuckDB. Chinook: github.com/lerocha/chinook-database; flights: npm vega-datasets.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { parseArgs } from 'node:util';
import { DuckDBInstance } from '@duckdb/node-api';
import pg from 'pg';
import type { Manifest } from '../src/model/manifest.ts';
import { readFilesOf } from '../tests/checklist/read-files.ts';
import { type Chinook, chinookOfMariadb, chinookOfSqlServer, chinookTexts } from '../tests/sample/chinook-databases.ts';
import { startMariadb } from '../tests/support/mariadb-server.ts';
import { startPostgres } from '../tests/support/postgres-server.ts';

const { values } = parseArgs({
  options: {
    'chinook-postgres': { type: 'string' },
    'chinook-sqlite': { type: 'string' },
    'chinook-mysql': { type: 'string' },
    'chinook-sqlserver': { type: 'string' },
    flights: { type: 'string' },
  },
});
const root = join(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'sqlextract-trial-'));
let different = 0;

interface Sum {
  readonly rows: number;
  readonly md5: string;
}

/** A row as text: cells joined by `|`, NULL as `∅`, sorted by bytes, so that order does not count and doubles do. */
const rowText = (columns: readonly string[], text: string) =>
  columns.map((name) => `coalesce(${name}::${text}, '∅')`).join(" || '|' || ");

async function sumOfFiles(manifestPath: string): Promise<Sum> {
  const manifest = JSON.parse(readFileSync(manifestPath, 'utf8')) as Manifest;
  const files = manifest.files.map((file) => `'${join(dirname(manifestPath), file.path)}'`).join(', ');
  const names = manifest.schema.columns.map((column) => `"${column.name}"`);
  const csv = `read_csv([${files}], header = true, all_varchar = true, nullstr = '\\N', allow_quoted_nulls = false, quote = '"', escape = '"')`;
  const timestamps = manifest.schema.columns.map((column, index) =>
    column.type.kind === 'timestamp' ? `replace(${names[index]}, 'T', ' ')` : (names[index] ?? ''),
  );
  const parquet = manifest.format.name === 'parquet';
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const found = await connection.runAndReadAll(
    `SELECT count(*) AS rows, md5(string_agg(t, chr(10) ORDER BY t)) AS md5 FROM
       (SELECT ${rowText(parquet ? names : timestamps, 'VARCHAR')} AS t FROM ${parquet ? `read_parquet([${files}])` : csv})`,
  );
  const [row] = found.getRowObjects();
  connection.closeSync();
  instance.closeSync();
  return { rows: Number(row?.['rows']), md5: String(row?.['md5']) };
}

async function sumOfServer(client: pg.Client, table: string, columns: readonly string[]): Promise<Sum> {
  const quoted = columns.map((name) => `"${name}"`);
  const { rows } = await client.query<{ rows: string; md5: string }>(
    `SELECT count(*) AS rows, md5(string_agg(t, E'\\n' ORDER BY t COLLATE "C")) AS md5 FROM (SELECT ${rowText(quoted, 'text')} AS t FROM ${table}) AS rows`,
  );
  return { rows: Number(rows[0]?.rows), md5: rows[0]?.md5 ?? '' };
}

function sumOfSqlite(path: string, table: string, columns: Manifest['schema']['columns']): Sum {
  const database = new DatabaseSync(path, { readOnly: true });
  const cells = columns.map(({ name, type }) =>
    type.kind === 'decimal' ? `printf('%.${type.scale}f', "${name}")` : `CAST("${name}" AS TEXT)`,
  );
  const nulls = columns.map(({ name }, index) => `CASE WHEN "${name}" IS NULL THEN '∅' ELSE ${cells[index]} END`);
  const texts = database
    .prepare(`SELECT ${nulls.join(" || '|' || ")} AS t FROM "${table}"`)
    .all()
    .map((row) => Buffer.from(String(row['t'])));
  database.close();
  const sorted = texts.sort((a, b) => a.compare(b)).map((text) => text.toString());
  return { rows: sorted.length, md5: createHash('md5').update(sorted.join('\n')).digest('hex') };
}

/** One run over all tables; the manifests' paths by table. */
function extractAll(source: string, format: string): ReadonlyMap<string, string> {
  const args = ['bin/dev.js', 'extract', '--table', '*', '--format', format, '--workers', '2', '--json', '--quiet'];
  const out = ['--out', join(folder, 'out'), '--state-dir', join(folder, 'state')];
  const run = spawnSync(process.execPath, [...args, ...out], {
    cwd: root,
    env: { ...process.env, SQLEXTRACT_SOURCE: source },
    maxBuffer: 2 ** 28,
  });
  if (run.status !== 0) throw new Error(run.stderr.toString() + run.stdout.toString());
  const report = JSON.parse(run.stdout.toString()) as { tables: { table: string; manifest: string }[] };
  return new Map(report.tables.map(({ table, manifest }) => [table, manifest]));
}

function compare(label: string, files: Sum, server: Sum): void {
  const equal = files.rows === server.rows && files.md5 === server.md5;
  if (!equal) different += 1;
  console.log(
    `${equal ? 'equal    ' : 'DIFFERENT'} ${label}: ${files.rows.toLocaleString('en')} rows, md5 ${files.md5}`,
  );
}

async function postgresTrial(url: string, label: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  for (const format of ['parquet', 'csv']) {
    for (const [table, manifest] of extractAll(url, format)) {
      const { schema } = JSON.parse(readFileSync(manifest, 'utf8')) as Manifest;
      const server = await sumOfServer(
        client,
        table,
        schema.columns.map((column) => column.name),
      );
      compare(`${label} ${table} → ${format}`, await sumOfFiles(manifest), server);
    }
  }
  await client.end();
}

async function sqliteTrial(path: string): Promise<void> {
  for (const format of ['parquet', 'csv']) {
    for (const [table, manifest] of extractAll(path, format)) {
      const { schema } = JSON.parse(readFileSync(manifest, 'utf8')) as Manifest;
      compare(`SQLite ${table} → ${format}`, await sumOfFiles(manifest), sumOfSqlite(path, table, schema.columns));
    }
  }
}

/** Row by row, sorted; the server's own texts. */
async function chinookTrial(chinook: Chinook, label: string): Promise<void> {
  const sumOf = (texts: readonly string[]): Sum => ({
    rows: texts.length,
    md5: createHash('md5').update(texts.toSorted().join('\n')).digest('hex'),
  });
  for (const format of ['parquet', 'csv']) {
    for (const [table, path] of extractAll(chinook.url, format)) {
      const { manifest, rows } = await readFilesOf(path);
      const { columns } = manifest.schema;
      const server = sumOf(await chinook.rows(table, columns));
      compare(`${label} ${table} → ${format}`, sumOf(chinookTexts(rows, columns)), server);
    }
  }
}

async function mysqlTrial(script: string): Promise<void> {
  const server = await startMariadb();
  try {
    await using chinook = await chinookOfMariadb(script, server.url);
    await chinookTrial(chinook, server.origin);
  } finally {
    await server.stop();
  }
}

async function sqlServerTrial(script: string): Promise<void> {
  await using chinook = await chinookOfSqlServer(script);
  await chinookTrial(chinook, 'SQL Server');
}

/** Once with a key, once without: read by blocks. */
async function loadFlights(url: string, parquet: string): Promise<void> {
  const csv = join(folder, 'flights.csv');
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run(`COPY (SELECT * FROM read_parquet('${parquet}')) TO '${csv}' (FORMAT csv, HEADER false)`);
  connection.closeSync();
  const columns = 'date timestamp, delay bigint, distance bigint, origin text, destination text';
  for (const [table, key] of [
    ['flights', 'id bigserial PRIMARY KEY, '],
    ['flights_without_key', ''],
  ]) {
    const load = `\\copy ${table} (date, delay, distance, origin, destination) FROM '${csv}' (FORMAT csv)`;
    execFileSync(
      'psql',
      [url, '-qc', `CREATE TABLE ${table} (${key}${columns})`, '-c', load, '-c', `ANALYZE ${table}`],
      { stdio: 'inherit' },
    );
  }
}

try {
  if (values['chinook-sqlite'] !== undefined) await sqliteTrial(values['chinook-sqlite']);
  if (values['chinook-mysql'] !== undefined) await mysqlTrial(readFileSync(values['chinook-mysql'], 'utf8'));
  if (values['chinook-sqlserver'] !== undefined) {
    await sqlServerTrial(readFileSync(values['chinook-sqlserver'], 'utf8'));
  }
  const server = await startPostgres();
  try {
    const administrator = new URL(server.url);
    if (values['chinook-postgres'] !== undefined) {
      execFileSync('psql', [server.url, '-qf', values['chinook-postgres']], { stdio: ['ignore', 'ignore', 'inherit'] });
      administrator.pathname = '/chinook';
      await postgresTrial(administrator.href, 'PostgreSQL');
    }
    if (values.flights !== undefined) {
      execFileSync('psql', [server.url, '-qc', 'CREATE DATABASE flights']);
      administrator.pathname = '/flights';
      await loadFlights(administrator.href, values.flights);
      await postgresTrial(administrator.href, 'PostgreSQL');
    }
  } finally {
    await server.stop();
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(different === 0 ? 'all equal' : `${different} different`);
process.exitCode = different === 0 ? 0 : 1;
