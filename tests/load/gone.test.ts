import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { DuckDBInstance } from '@duckdb/node-api';
import { describe, expect, it } from 'vitest';
import type { LoadableTarget } from '../../src/ingest/target.ts';
import { duckdbTarget } from '../../src/ingest/targets/duckdb.ts';
import { mysqlTarget } from '../../src/ingest/targets/mysql.ts';
import { postgresTarget } from '../../src/ingest/targets/postgres.ts';
import { sqliteTarget } from '../../src/ingest/targets/sqlite.ts';
import { duckdbLoader } from '../../src/load/loaders/duckdb.ts';
import { loadTable } from '../../src/load/load-table.ts';
import type { PlanFacts } from '../conformance/ingest-example.ts';
import { exampleWindow } from '../conformance/ingest-example.ts';
import type { GivenLoad } from '../ingest/given-load.ts';
import { givenLoad } from '../ingest/given-load.ts';
import { freshMariadb } from '../support/mariadb-server.ts';
import { freshDatabase } from '../support/postgres-server.ts';
import { createMariadb } from './mysql-target.ts';
import { FLAVOR } from '../support/mysql-flavor.ts';

/** The ledger outlives tables that somebody drops or empties: a script that goes by it alone would say that all is well, or load a part. */

interface Place extends AsyncDisposable {
  readonly target: LoadableTarget;
  readonly flavor?: string;
  /** The scripts of the load; their exit code and what they said. */
  run(given: GivenLoad): Promise<{ readonly code: number; readonly output: string }>;
  ask(given: GivenLoad, statement: string): Promise<readonly unknown[]>;
}

async function postgres(): Promise<Place> {
  const database = await freshDatabase('gone');
  return {
    target: postgresTarget,
    run: async (given) => given.run(database.url),
    ask: async (_, statement) =>
      (await database.client.query<object>(statement)).rows.flatMap((row) => Object.values(row)),
    [Symbol.asyncDispose]: async () => database[Symbol.asyncDispose](),
  };
}

async function mariadb(): Promise<Place> {
  const database = await freshMariadb('gone');
  const { runArguments, environment } = createMariadb(database);
  return {
    target: mysqlTarget,
    ...FLAVOR,
    run: async (given) => given.runWith(runArguments, environment),
    ask: async (_, statement) => {
      const [rows] = await database.client.query(statement);
      return Array.isArray(rows) ? rows.flatMap((row) => Object.values(row)) : [];
    },
    [Symbol.asyncDispose]: async () => database[Symbol.asyncDispose](),
  };
}

async function sqlite(): Promise<Place> {
  return {
    target: sqliteTarget,
    run: async (given) => given.run(),
    ask: async ({ folder }, statement) => {
      const database = new DatabaseSync(join(folder, 'target'));
      try {
        return database
          .prepare(statement)
          .all()
          .flatMap((row) => Object.values(row));
      } finally {
        database.close();
      }
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}

/** Without a shell of its own here: the script's statements. */
async function duckdb(): Promise<Place> {
  const ask = async ({ folder }: GivenLoad, statement: string) => {
    const instance = await DuckDBInstance.create(join(folder, 'target'));
    const connection = await instance.connect();
    try {
      return (await connection.runAndReadAll(statement)).getRows().flat();
    } finally {
      connection.closeSync();
      instance.closeSync();
    }
  };
  return {
    target: duckdbTarget,
    run: async (given) => {
      const [script] = duckdbTarget.scripts(given.plan, { pathOf: ({ path }) => path });
      try {
        return {
          code: 0,
          output: JSON.stringify(await ask(given, script?.text ?? ''), (_, value: unknown) => String(value)),
        };
      } catch (error) {
        return { code: 1, output: String(error) };
      }
    },
    ask,
    [Symbol.asyncDispose]: async () => undefined,
  };
}

const COLUMNS = [
  { name: 'id', type: { kind: 'int64' }, nullable: false },
  { name: 'v', type: { kind: 'int64' } },
] as const;

describe.each([
  ['PostgreSQL', postgres],
  ['MariaDB', mariadb],
  ['SQLite', sqlite],
  ['DuckDB', duckdb],
] as const)('%s', (_, create) => {
  const factsOf = ({ flavor }: Place, more: PlanFacts): PlanFacts => ({
    columns: COLUMNS,
    primaryKey: ['id'],
    table: { schema: '', name: 't' },
    ...(flavor === undefined ? {} : { flavor }),
    ...more,
  });

  it('a run that is loaded into a table that is emptied or gone stops', async () => {
    await using place = await create();
    using given = givenLoad(place.target, factsOf(place, { order: { mode: 'replace' } }), ['1,1', '2,2']);
    const once = await place.run(given);
    expect(once.code, once.output).toBe(0);
    const again = await place.run(given);
    expect(again.code, again.output).toBe(0);
    for (const statement of ['DELETE FROM t', 'DROP TABLE t']) {
      await place.ask(given, statement);
      const gone = await place.run(given);
      expect(gone.code, `${statement}: ${gone.output}`).not.toBe(0);
      expect(gone.output).toMatch(/t: the ledger \(_sqlextract_loads\) says that rows were loaded into it/);
    }
    await place.ask(given, 'DELETE FROM _sqlextract_loads');
    const anew = await place.run(given);
    expect(anew.code, anew.output).toBe(0);
    expect(String(await place.ask(given, 'SELECT v FROM t ORDER BY v'))).toBe('1,2');
  });

  it('a window onto a table that is emptied or gone stops', async () => {
    await using place = await create();
    const incremental = exampleWindow({
      uniqueKey: ['id'],
      column: { name: 'v', kind: 'integer', nativeType: 'bigint', nullable: true },
    });
    using given = givenLoad(place.target, factsOf(place, { incremental, order: { mode: null } }), ['1,18']);
    const [load] = given.plan.tables;
    // SQLite keeps nothing of a load that stopped
    await place.run(given);
    await place.ask(
      given,
      `CREATE TABLE IF NOT EXISTS _sqlextract_loads (table_name varchar(200), run_id varchar(200), job text, mode text, row_count bigint,
      inserted bigint, updated bigint, deleted bigint, rejected bigint, extracted_at varchar(40), window_from text, window_to text, loaded_at text)`,
    );
    for (const statement of ['CREATE TABLE IF NOT EXISTS t (id bigint, v bigint)', 'DROP TABLE t']) {
      await place.ask(given, statement);
      await place.ask(given, 'DELETE FROM _sqlextract_loads');
      await place.ask(
        given,
        `INSERT INTO _sqlextract_loads (table_name, run_id, job, mode, row_count, inserted, updated, deleted, rejected, extracted_at)
        VALUES ('${load?.ledger.table}', '${load?.incremental?.previous?.ledger}', 'j', 'replace', 3, 3, 0, 9, 0, '2025-12-31T00:00:00.000Z')`,
      );
      const gone = await place.run(given);
      expect(gone.code, `${statement}: ${gone.output}`).not.toBe(0);
      expect(gone.output).toMatch(/says that rows were loaded into it/);
    }
  });
});

it('load says the same of a run that is loaded', async () => {
  const facts: PlanFacts = { columns: COLUMNS, primaryKey: ['id'], table: { schema: '', name: 't' } };
  using given = givenLoad(duckdbTarget, facts, ['1,1']);
  const url = join(given.folder, 'target');
  const load = async () => {
    const place = {
      url,
      displayUrl: url,
      flavor: null,
      environment: {},
      identity: () => Promise.resolve(null),
      scratch: given.folder,
    };
    await using session = await duckdbLoader.open(place, 1);
    const [table] = given.plan.tables;
    if (table === undefined) throw new Error('the plan has no table');
    const watch = {
      place: { displayUrl: 'target', identity: () => Promise.resolve(null) },
      stop: new AbortController().signal,
      onBytes: () => undefined,
      onRemark: () => undefined,
    };
    return await loadTable({ session, target: duckdbTarget, plan: given.plan, evolve: 'fail', ...watch }, table);
  };
  const place = await duckdb();
  expect(await load()).toMatchObject({ kind: 'loaded' });
  expect(await load()).toMatchObject({ kind: 'already-loaded' });
  await place.ask(given, 'DELETE FROM t');
  expect(await load()).toMatchObject({
    problem: { code: 'LOAD_REFUSED', message: expect.stringContaining('has no rows any more') },
  });
  await place.ask(given, 'DROP TABLE t');
  expect(await load()).toMatchObject({
    problem: { code: 'LOAD_REFUSED', message: expect.stringContaining('not there any more') },
  });
});
