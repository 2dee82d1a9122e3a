import { describe, expect, it } from 'vitest';
import { TYPE_RULES } from '../../src/sources/postgres/types.ts';
import { type FreshDatabase, freshDatabase } from '../support/postgres-server.ts';
import { PARQUET_AND_CSV, type ValueTables, valuesSuite } from './values.suite.ts';
import { ALL_TYPES, fillTable, pinOracle, prepareTypes, writeServerTexts } from './value-table.ts';

let database: FreshDatabase;

async function open(): Promise<ValueTables> {
  database = await freshDatabase('random_values');
  const { client, url } = database;
  const columns = await prepareTypes(client);
  await pinOracle(client);
  return {
    url,
    columns,
    fill: (table, rows, seed) => fillTable(client, table, columns, rows, seed),
    async writeServerTexts(table, path) {
      // The names of other schemas are part of what the server says of a reg… value.
      await client.query("SET search_path = ''");
      await writeServerTexts(client, `public.${table}`, columns, path);
      await client.query('RESET search_path');
    },
    folderOf: (table) => `public.${table}`,
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}

valuesSuite({
  types: ALL_TYPES,
  rows: 2500,
  ways: [
    ...PARQUET_AND_CSV,
    { way: 'parquet by a cursor', flags: ['--format', 'parquet', '--compression', 'snappy'], options: '?copy=off' },
  ],
  open,
});

describe('no type is left out', () => {
  const generated = new Set(ALL_TYPES.map(({ name }) => name));

  it('of those that the source has a rule for', () => {
    expect([...Object.keys(TYPE_RULES), 'numeric'].filter((name) => !generated.has(name))).toEqual([]);
  });

  it('of those that the server knows, but for those that it takes no values of', async () => {
    const { rows } = await database.client.query<{ name: string }>(
      `SELECT typname AS name FROM pg_type WHERE typnamespace = 'pg_catalog'::regnamespace AND typtype IN ('b', 'r', 'm')
        AND NOT EXISTS (SELECT FROM pg_type element WHERE element.typarray = pg_type.oid) ORDER BY 1`,
    );
    const missing = rows.map(({ name }) => name).filter((name) => !generated.has(name));
    for (const name of missing) {
      await expect(database.client.query(`SELECT '1'::pg_catalog."${name}"`), name).rejects.toMatchObject({
        code: '0A000',
      });
    }
  });
});
