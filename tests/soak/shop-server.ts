import { Client } from 'pg';
import { connectMariadb, type FreshMariadb } from '../support/mariadb-server.ts';
import type { FreshDatabase } from '../support/postgres-server.ts';
import { type Dialect, MARIADB, POSTGRES, rowsQuery } from './dialects.ts';
import type { ShopTable } from './shop-tables.ts';

export interface ShopConnection extends AsyncDisposable {
  execute(sql: string): Promise<void>;
  texts(sql: string): Promise<readonly string[]>;
}

/** A server with the shop's tables in it. */
export interface ShopServer {
  readonly name: 'postgres' | 'mariadb';
  readonly url: string;
  /** As the configuration names it. */
  readonly schema: string;
  readonly dialect: Dialect;
  /** Errors of writers who were in each other's way. */
  readonly collisions: RegExp;
  connect(): Promise<ShopConnection>;
}

/** Who waits for a row for longer gives up. */
const LOCK_WAIT_SECONDS = 1;

export async function postgresShop({ url, client }: FreshDatabase): Promise<ShopServer> {
  await client.query(POSTGRES_TABLES);
  return {
    name: 'postgres',
    url,
    schema: 'public',
    dialect: POSTGRES,
    collisions: /deadlock|lock timeout|duplicate key/,
    connect: () => connectPostgres(url, `SET lock_timeout = '${LOCK_WAIT_SECONDS}s'`),
  };
}

export async function connectPostgres(url: string, settings = ''): Promise<ShopConnection> {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query(`SET TimeZone = 'UTC'; ${settings}`);
  return {
    execute: async (sql) => void (await client.query(sql)),
    texts: async (sql) => (await client.query<{ t: string }>(sql)).rows.map(({ t }) => t),
    [Symbol.asyncDispose]: async () => client.end(),
  };
}

export async function mariadbShop({ url, name, client }: FreshMariadb): Promise<ShopServer> {
  for (const statement of MARIADB_TABLES) await client.query(statement);
  return {
    name: 'mariadb',
    url,
    schema: name,
    dialect: MARIADB,
    collisions: /Deadlock|Lock wait timeout|Duplicate entry|Record has changed/,
    connect: async () => {
      const connection = await connectMariadb(url);
      await connection.query(`SET innodb_lock_wait_timeout = ${LOCK_WAIT_SECONDS}`);
      return {
        execute: async (sql) => void (await connection.query(sql)),
        texts: async (sql) => ((await connection.query(sql))[0] as { t: string }[]).map(({ t }) => t),
        [Symbol.asyncDispose]: async () => connection.end(),
      };
    },
  };
}

export async function rowsOf(connection: ShopConnection, server: ShopServer, table: ShopTable): Promise<string[]> {
  return (await connection.texts(rowsQuery(server.dialect, table, table.name))).toSorted();
}

/** Every version that a row of `prices` ever had is in `prices_history`, by a trigger. */
const POSTGRES_TABLES = `
  CREATE TABLE customers (id bigint PRIMARY KEY, name text, credit numeric(12,2), deleted smallint NOT NULL DEFAULT 0,
    updated_at timestamptz NOT NULL DEFAULT now());
  CREATE INDEX ON customers (updated_at);
  CREATE TABLE orders (shop integer, number bigint, state text, deleted smallint NOT NULL DEFAULT 0,
    changed timestamp(0) NOT NULL DEFAULT localtimestamp, PRIMARY KEY (shop, number));
  CREATE TABLE log (id bigserial PRIMARY KEY, message text);
  CREATE TABLE prices (id bigint PRIMARY KEY, price numeric(12,2), updated_at timestamptz NOT NULL DEFAULT now());
  CREATE TABLE prices_history (id bigint, price numeric(12,2), updated_at timestamptz);
  CREATE TABLE visits (page text NOT NULL, seen_at timestamptz NOT NULL);
  CREATE TABLE stock (id bigint PRIMARY KEY, pieces integer, updated_at timestamptz NOT NULL);
  CREATE FUNCTION keep_price() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO prices_history VALUES (NEW.id, NEW.price, NEW.updated_at); RETURN NEW; END $$;
  CREATE TRIGGER keep_price AFTER INSERT OR UPDATE ON prices FOR EACH ROW EXECUTE FUNCTION keep_price();`;

const MARIADB_TABLES = [
  `CREATE TABLE customers (id bigint PRIMARY KEY, name varchar(200), credit decimal(12,2), deleted smallint NOT NULL DEFAULT 0,
    updated_at timestamp(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6), INDEX (updated_at))`,
  `CREATE TABLE orders (shop integer, number bigint, state varchar(200), deleted smallint NOT NULL DEFAULT 0,
    changed datetime NOT NULL DEFAULT CURRENT_TIMESTAMP, PRIMARY KEY (shop, number))`,
  'CREATE TABLE log (id bigint PRIMARY KEY AUTO_INCREMENT, message varchar(200))',
  `CREATE TABLE prices (id bigint PRIMARY KEY, price decimal(12,2),
    updated_at datetime(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6))`,
  'CREATE TABLE prices_history (id bigint, price decimal(12,2), updated_at datetime(6))',
  'CREATE TABLE visits (page varchar(200) NOT NULL, seen_at datetime(6) NOT NULL)',
  'CREATE TABLE stock (id bigint PRIMARY KEY, pieces integer, updated_at datetime(6) NOT NULL)',
  'CREATE TRIGGER keep_new AFTER INSERT ON prices FOR EACH ROW INSERT INTO prices_history VALUES (NEW.id, NEW.price, NEW.updated_at)',
  'CREATE TRIGGER keep_changed AFTER UPDATE ON prices FOR EACH ROW INSERT INTO prices_history VALUES (NEW.id, NEW.price, NEW.updated_at)',
];
