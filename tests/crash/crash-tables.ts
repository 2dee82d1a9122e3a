import { md5Of } from '../support/mariadb-tables.ts';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { RowDataPacket } from 'mysql2/promise';
import pg from 'pg';
import type { FreshMariadb } from '../support/mariadb-server.ts';

/** A database with one table `accounts`, and the digest that files must have to be that table. */
export interface CrashSource {
  readonly name: string;
  readonly url: string;
  /** Below the output. */
  readonly tableFolder: string;
  digest(): Promise<Digest>;
}

export interface Digest {
  readonly rows: number;
  /** MD5 over all rows in key order; a doubled, lost or altered row changes it. */
  readonly md5: string;
}

const ROWS = 20_000;
const AWKWARD = ['', 'O\'Brien, "Bob"', 'two\nlines', '\\N', 'NULL', '😀 é', ' '];

interface Account {
  readonly id: bigint;
  readonly name: string | null;
  readonly amount: string | null;
}

function account(index: number): Account {
  const name =
    index % 11 === 0 ? null : index % 5 === 0 ? (AWKWARD[index % AWKWARD.length] ?? '') : `name ${index * 7919}`;
  const cents = (index * 104_729) % 1_000_000;
  const amount = index % 13 === 0 ? null : `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}`;
  return { id: BigInt(index) * 3n - 5_000n, name, amount };
}

/** Same text as DIGEST_SQL makes of a row. */
function rowText({ id, name, amount }: Account): string {
  return `${id}|${name === null ? 'n' : `v${name}`}|${amount === null ? 'n' : `v${amount}`}`;
}

export const ROW_TEXT_SQL = "id || '|' || coalesce('v' || name, 'n') || '|' || coalesce('v' || amount, 'n')";

/** By node:sqlite directly, ordered by key. */
export function sqliteSource(folder: string): CrashSource {
  const path = join(folder, 'crash.sqlite');
  const database = new DatabaseSync(path);
  database.exec(
    'PRAGMA journal_mode = WAL; CREATE TABLE accounts (id INTEGER PRIMARY KEY, name TEXT, amount TEXT); BEGIN',
  );
  const insert = database.prepare('INSERT INTO accounts VALUES (?, ?, ?)');
  for (let index = 0; index < ROWS; index += 1) {
    const { id, name, amount } = account(index);
    insert.run(id, name, amount);
  }
  database.exec('COMMIT');
  database.close();
  return { name: 'sqlite', url: path, tableFolder: 'accounts', digest: async () => digestOf(path) };
}

function digestOf(path: string): Digest {
  const database = new DatabaseSync(path, { readOnly: true });
  const statement = database.prepare('SELECT id, name, amount FROM accounts ORDER BY id');
  statement.setReadBigInts(true);
  const texts = (statement.all() as unknown as Account[]).map(rowText);
  database.close();
  return { rows: texts.length, md5: createHash('md5').update(texts.join('\n')).digest('hex') };
}

/** By the server itself. */
export async function postgresSource(client: pg.Client, url: string): Promise<CrashSource> {
  await client.query('CREATE TABLE accounts (id bigint PRIMARY KEY, name text, amount numeric(12,2))');
  const rows = Array.from({ length: ROWS }, (_, index) => account(index));
  await client.query('INSERT INTO accounts SELECT * FROM unnest($1::bigint[], $2::text[], $3::numeric[])', [
    rows.map((row) => row.id.toString()),
    rows.map((row) => row.name),
    rows.map((row) => row.amount),
  ]);
  await client.query('ANALYZE accounts');
  return {
    name: 'postgres',
    url,
    tableFolder: 'public.accounts',
    async digest() {
      const { rows: found } = await client.query<{ rows: string; md5: string }>(
        `SELECT count(*) AS rows, md5(string_agg(${ROW_TEXT_SQL}, E'\\n' ORDER BY id)) AS md5 FROM accounts`,
      );
      return { rows: Number(found[0]?.rows), md5: found[0]?.md5 ?? '' };
    },
  };
}

/** By the server itself. */
export async function mariadbSource({ client, url, name }: FreshMariadb): Promise<CrashSource> {
  await client.query(
    'CREATE TABLE accounts (id bigint PRIMARY KEY, name text COLLATE utf8mb4_bin, amount decimal(12,2)); SET group_concat_max_len = 1073741824',
  );
  const rows = Array.from({ length: ROWS }, (_, index) => account(index));
  for (let at = 0; at < ROWS; at += 5000) {
    const cells = rows.slice(at, at + 5000).map((row) => [row.id.toString(), row.name, row.amount]);
    await client.query('INSERT INTO accounts VALUES ?', [cells]);
  }
  await client.query('ANALYZE TABLE accounts');
  const text = "CONCAT(id, '|', COALESCE(CONCAT('v', name), 'n'), '|', COALESCE(CONCAT('v', amount), 'n'))";
  return {
    name: 'mariadb',
    url,
    tableFolder: `${name}.accounts`,
    async digest() {
      const [found] = await client.query<RowDataPacket[]>(
        `SELECT COUNT(*) AS n, GROUP_CONCAT(${text} ORDER BY id SEPARATOR '\n') AS texts FROM accounts`,
      );
      return { rows: Number(found[0]?.['n']), md5: md5Of(String(found[0]?.['texts'])) };
    },
  };
}
