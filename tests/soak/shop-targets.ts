import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import type { Random } from '../properties/random.ts';
import type { FreshDatabase } from '../support/postgres-server.ts';
import { DUCKDB, POSTGRES, rowsQuery } from './dialects.ts';
import { connectPostgres } from './shop-server.ts';
import { SHOP_TABLES, type ShopTable } from './shop-tables.ts';

/** Where `sync` loads into; read here by the target itself, without a line of the program. */
export interface ShopTarget {
  readonly name: 'duckdb' | 'postgres';
  readonly url: string;
  rows(schema: string, table: ShopTable): Promise<string[]>;
  /** Something that no load gets past, until it is ended. */
  beginTrouble(schema: string, random: Random): Promise<Trouble>;
}

export interface Trouble {
  readonly name: string;
  /** A load waits for its end instead of failing. */
  readonly keepsWaiting: boolean;
  end(): Promise<void>;
}

export function duckdbTarget(folder: string, name: string): ShopTarget {
  const path = join(folder, `${name}.duckdb`);
  return {
    name: 'duckdb',
    url: path,
    rows: async (schema, table) => {
      const { connection, close } = await openFile(path);
      const found = await connection.runAndReadAll(rowsQuery(DUCKDB, table, `${schema}.${table.name}`));
      close();
      return found
        .getRows()
        .map(([text]) => String(text))
        .toSorted();
    },
    beginTrouble: async (schema, random) => {
      const { connection, close } = await openFile(path);
      if (random.chance(0.5))
        return { name: 'somebody else has the file', keepsWaiting: false, end: async () => close() };
      const table = random.pick(SHOP_TABLES).name;
      const rename = async (from: string, to: string, using: DuckDBConnection) =>
        using.run(`ALTER TABLE ${schema}.${from} RENAME TO ${to}`);
      await rename(table, 'hidden', connection);
      close();
      return {
        name: `table ${table} is gone`,
        keepsWaiting: false,
        end: async () => {
          const again = await openFile(path);
          await rename('hidden', table, again.connection);
          again.close();
        },
      };
    },
  };
}

/** DuckDB lets one program in. */
async function openFile(path: string): Promise<{ readonly connection: DuckDBConnection; close(): void }> {
  const instance = await DuckDBInstance.create(path, { threads: '1' });
  const connection = await instance.connect();
  await connection.run("SET TimeZone = 'UTC'");
  const close = (): void => {
    connection.closeSync();
    instance.closeSync();
  };
  return { connection, close };
}

export function postgresTarget({ url }: FreshDatabase): ShopTarget {
  return {
    name: 'postgres',
    url,
    rows: async (schema, table) => {
      await using connection = await connectPostgres(url);
      return (await connection.texts(rowsQuery(POSTGRES, table, `${schema}.${table.name}`))).toSorted();
    },
    beginTrouble: async (schema, random) => {
      const table = `${schema}.${random.pick(SHOP_TABLES).name}`;
      const connection = await connectPostgres(url);
      await connection.execute('BEGIN');
      const isLocked = random.chance(0.5);
      await connection.execute(
        isLocked ? `LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE` : `ALTER TABLE ${table} RENAME TO hidden`,
      );
      if (!isLocked) await connection.execute('COMMIT');
      return {
        name: isLocked ? `table ${table} is locked` : `table ${table} is gone`,
        keepsWaiting: isLocked,
        end: async () => {
          const back = `ALTER TABLE ${schema}.hidden RENAME TO ${table.slice(schema.length + 1)}`;
          try {
            await connection.execute(isLocked ? 'ROLLBACK' : back);
          } finally {
            await connection[Symbol.asyncDispose]();
          }
        },
      };
    },
  };
}
