import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { DuckDBInstance } from '@duckdb/node-api';
import { describe, expect, it } from 'vitest';
import type { IngestTarget } from '../../src/ingest/target.ts';
import { duckdbTarget } from '../../src/ingest/targets/duckdb.ts';
import { mysqlTarget } from '../../src/ingest/targets/mysql.ts';
import { postgresTarget } from '../../src/ingest/targets/postgres.ts';
import { sqliteTarget } from '../../src/ingest/targets/sqlite.ts';
import { duckdbLoader } from '../../src/load/loaders/duckdb.ts';
import { mysqlLoader } from '../../src/load/loaders/mysql.ts';
import { postgresLoader } from '../../src/load/loaders/postgres.ts';
import { sqliteLoader } from '../../src/load/loaders/sqlite.ts';
import type { TargetLoader } from '../../src/load/loader.ts';
import type { LoadOutcome } from '../../src/load/load-table.ts';
import { loadTable } from '../../src/load/load-table.ts';
import type { PlanFacts } from '../conformance/ingest-example.ts';
import type { GivenLoad } from '../ingest/given-load.ts';
import { freshMariadb } from '../support/mariadb-server.ts';
import { freshDatabase } from '../support/postgres-server.ts';
import { givenLoad } from '../ingest/given-load.ts';
import { FLAVOR } from '../support/mysql-flavor.ts';

const FACTS: PlanFacts = {
  columns: [
    { name: 'id', type: { kind: 'int64' }, nullable: false },
    { name: 'n"ame', type: { kind: 'string' } },
    { name: 'amount', type: { kind: 'decimal', precision: 8, scale: 2 } },
  ],
  primaryKey: ['id'],
  table: { schema: '', name: 't' },
};
/** Two rows that fit; then a text that is no number, one that would be rounded, too few cells, and a cell that is too much. */
const LINES = ['1,"a",1.50', '2,\\N,-2.25', 'x,"c",3.00', '4,"d",4.567', '5,"e"', '6,"f",6.00,7'];

function skipping(maxErrors: number, order: PlanFacts['order'] = {}): PlanFacts {
  return { ...FACTS, order, options: { onError: 'skip', maxErrors } };
}

async function loadInto(
  url: string,
  { folder, plan }: GivenLoad,
  [loader, target]: readonly [TargetLoader, IngestTarget],
): Promise<LoadOutcome> {
  const identity = () => Promise.resolve(null);
  const place = { url, displayUrl: url, flavor: null, environment: {}, identity, scratch: folder };
  await using session = await loader.open(place, plan.options.parallel);
  const [table] = plan.tables;
  if (table === undefined) throw new Error('the plan has no table');
  const stop = new AbortController().signal;
  const watch = { onBytes: () => undefined, onRemark: () => undefined };
  return await loadTable({ session, target, place, plan, evolve: 'fail', stop, ...watch }, table);
}

describe('DuckDB, --on-error skip', () => {
  const load = async (given: GivenLoad) => loadInto(join(given.folder, 'target'), given, [duckdbLoader, duckdbTarget]);
  const ask = async ({ folder }: GivenLoad, statement: string) => {
    const instance = await DuckDBInstance.create(join(folder, 'target'));
    const connection = await instance.connect();
    try {
      const found = await connection.runAndReadAll(statement);
      return found.getRows().map((row) => row.map((cell) => (cell === null ? null : String(cell))));
    } finally {
      connection.closeSync();
      instance.closeSync();
    }
  };

  it.each(['full-refresh', 'append', 'merge'] as const)(
    'leaves out what does not fit, and keeps it with its reason, %s',
    async (mode) => {
      using given = givenLoad(duckdbTarget, skipping(4, { mode, key: ['id'] }), LINES);
      const entry = { rows: 6, inserted: 2, rejected: 4 };
      expect(await load(given)).toMatchObject({ kind: 'loaded', entry });
      expect(await ask(given, 'FROM t ORDER BY id')).toEqual([
        ['1', 'a', '1.50'],
        ['2', null, '-2.25'],
      ]);
      const kept = await ask(given, 'SELECT reason, row FROM _sqlextract_rejected ORDER BY reason');
      expect(kept).toEqual([
        ['does not fit: amount', '{"id":"4","n\\"ame":"d","amount":"4.567"}'],
        ['does not fit: id', '{"id":"x","n\\"ame":"c","amount":"3.00"}'],
        ['line 6 is no row: Expected Number of Columns: 3 Found: 2', '5,"e"'],
        ['line 7 is no row: Expected Number of Columns: 3 Found: 4', '6,"f",6.00,7'],
      ]);
      expect(await load(given)).toMatchObject({ kind: 'already-loaded', entry });
      expect(await ask(given, 'SELECT count(*) FROM _sqlextract_rejected')).toEqual([['4']]);
    },
  );

  it('leaves out what the columns of the table that is there do not take', async () => {
    using given = givenLoad(duckdbTarget, skipping(9), ['300,"a",1.00', '7,\\N,1.00', '8,"b",123456.00', '9,"c",9.00']);
    await ask(given, 'CREATE TABLE t (id TINYINT, "n""ame" VARCHAR NOT NULL, amount DECIMAL(5,2))');
    expect(await load(given)).toMatchObject({ kind: 'loaded', entry: { inserted: 1, rejected: 3 } });
    expect(await ask(given, 'FROM t')).toEqual([['9', 'c', '9.00']]);
    const reasons = await ask(given, 'SELECT reason FROM _sqlextract_rejected ORDER BY reason');
    expect(reasons.flat()).toEqual(['does not fit: amount', 'does not fit: id', 'does not fit: n"ame']);
  });

  it('changes nothing when more do not fit, or rows are missing', async () => {
    using many = givenLoad(duckdbTarget, skipping(3), LINES);
    await ask(
      many,
      'CREATE TABLE t (id BIGINT, "n""ame" VARCHAR, amount DECIMAL(8,2)); INSERT INTO t VALUES (0, NULL, 0)',
    );
    expect(await load(many)).toMatchObject({
      kind: 'failed',
      problem: { code: 'LOAD_REFUSED', message: expect.stringMatching(/the 3 of --max-errors .*does not fit: amount/) },
    });
    using fewer = givenLoad(duckdbTarget, skipping(9), LINES, { rows: 7 });
    expect(await load(fewer)).toMatchObject({ kind: 'failed', problem: { code: 'LOAD_REFUSED' } });
    expect(await ask(many, 'SELECT id FROM t')).toEqual([['0']]);
    expect(await ask(many, "SELECT count(*) FROM duckdb_tables() WHERE table_name = '_sqlextract_rejected'")).toEqual([
      ['0'],
    ]);
  });
});

describe('PostgreSQL, --on-error skip', () => {
  const lines = LINES.slice(0, 4);
  const facts = (maxErrors: number, order: PlanFacts['order']) => ({
    ...skipping(maxErrors, order),
    table: { schema: 'public', name: 't' },
  });

  it.each([
    ['scripts', 'full-refresh'],
    ['scripts', 'merge'],
    ['load', 'replace'],
    ['load', 'append'],
  ] as const)('leaves out what the table does not take, and keeps it with its reason, by %s, %s', async (way, mode) => {
    await using database = await freshDatabase('rejects');
    const { client } = database;
    if (mode !== 'full-refresh') {
      await client.query(`CREATE TABLE t (id smallint PRIMARY KEY, "n""ame" varchar(9) NOT NULL, amount numeric(8,2) CHECK (amount > -2),
        no int GENERATED ALWAYS AS IDENTITY, twice numeric GENERATED ALWAYS AS (amount * 2) STORED NOT NULL)`);
    }
    const many = Array.from({ length: 12_000 }, (_, index) => `${index + 10},"row",0.50`);
    using given = givenLoad(postgresTarget, facts(4, { mode, key: ['id'] }), [...lines, '70000,"f",6.00', ...many]);
    if (way === 'load') {
      const outcome = await loadInto(database.url, given, [postgresLoader, postgresTarget]);
      expect(outcome).toMatchObject({ kind: 'loaded', entry: { rows: 12_005, inserted: 12_001, rejected: 4 } });
    } else {
      const run = given.run(database.url);
      expect(run.code, run.output).toBe(0);
    }
    const { rows } = await client.query(
      `SELECT reason, row::json->>'id' AS id FROM _sqlextract_rejected ORDER BY reason`,
    );
    const strict = mode !== 'full-refresh';
    expect(rows).toEqual([
      { reason: 'does not fit: amount', id: '4' },
      { reason: 'does not fit: id', id: 'x' },
      ...(strict
        ? [
            { reason: 'null value in column "n"ame" of relation "t" violates not-null constraint', id: '2' },
            { reason: 'smallint out of range', id: '70000' },
          ]
        : []),
    ]);
    const left = await client.query('SELECT count(*)::int AS n, sum(id)::int AS ids FROM t');
    expect(left.rows).toEqual([{ n: strict ? 12_001 : 12_003, ids: strict ? 72_114_001 : 72_184_003 }]);
  });

  it('changes nothing when more do not fit', async () => {
    await using database = await freshDatabase('rejects');
    using given = givenLoad(postgresTarget, facts(1, { mode: 'replace' }), lines);
    const run = given.run(database.url);
    expect(run.code).not.toBe(0);
    expect(run.output).toMatch(/more rows than the 1 of --max-errors do not fit.*the first: /);
    const { rows } = await database.client.query('SELECT count(*)::int AS n FROM t');
    expect(rows).toEqual([{ n: 0 }]);
    expect((await database.client.query(`SELECT to_regclass('_sqlextract_rejected') AS there`)).rows).toEqual([
      { there: null },
    ]);
  });
});

describe('a line that is no row stops a load, which says the file', () => {
  const FILE = 'part-000001.csv';
  const TEXTS: PlanFacts = {
    columns: [
      { name: 'id', type: { kind: 'int64' }, nullable: false },
      { name: 'a', type: { kind: 'string' } },
    ],
    table: { schema: '', name: 't' },
  };
  const BROKEN = { 'too few cells': '2', 'too many': '2,"b",9', 'an open quote': '2,"b' };

  it.each(Object.entries(BROKEN))('%s', async (what, line) => {
    await using postgres = await freshDatabase('broken');
    await using mariadb = await freshMariadb('broken');
    const said = async (target: IngestTarget, loader: TargetLoader, url: string | null) => {
      const table = { schema: target === postgresTarget ? 'public' : '', name: 't' };
      const flavor = target === mysqlTarget ? FLAVOR : {};
      using given = givenLoad(target, { ...TEXTS, table, ...flavor }, ['1,"a"', line, '3,"c"']);
      const outcome = await loadInto(url ?? join(given.folder, 'target'), given, [loader, target]);
      return outcome.kind === 'failed' ? outcome.problem.message : outcome.kind;
    };
    expect(await said(duckdbTarget, duckdbLoader, null)).toContain(`${FILE}, line 3: `);
    expect(await said(sqliteTarget, sqliteLoader, null)).toContain(`${FILE}, line 3: `);
    // an open quote is noticed where the file ends
    const last = what === 'an open quote' ? 5 : 3;
    expect(await said(postgresTarget, postgresLoader, postgres.url)).toMatch(new RegExp(`: ${FILE}: .*, line ${last}`));
    expect(await said(mysqlTarget, mysqlLoader, mariadb.url)).toMatch(
      what === 'an open quote' ? `2 rows were loaded of ${FILE}` : new RegExp(`: ${FILE}: .*(too few cells|Row 2)`),
    );
  });
});

it('a ledger that is none of ours stops a load, and stays as it is', async () => {
  const table = 'CREATE TABLE _sqlextract_loads (table_name varchar(9), run_id varchar(9))';
  await using postgres = await freshDatabase('foreign_ledger');
  await postgres.client.query(table);
  const facts = (schema: string): PlanFacts => ({ ...FACTS, table: { schema, name: 't' } });
  using intoPostgres = givenLoad(postgresTarget, facts('public'), ['1,"a",1.50']);
  using intoSqlite = givenLoad(sqliteTarget, facts(''), ['1,"a",1.50']);
  const file = new DatabaseSync(join(intoSqlite.folder, 'target'));
  file.exec(table);
  const outcomes = [
    await loadInto(postgres.url, intoPostgres, [postgresLoader, postgresTarget]),
    await loadInto(join(intoSqlite.folder, 'target'), intoSqlite, [sqliteLoader, sqliteTarget]),
  ];
  const message = expect.stringMatching(/_sqlextract_loads, the ledger .* cannot be read: .*mode/) as string;
  for (const outcome of outcomes) {
    expect(outcome).toMatchObject({ kind: 'failed', problem: { code: 'LOAD_LEDGER', fault: 'data', message } });
  }
  expect(file.prepare('SELECT name FROM sqlite_schema').all()).toHaveLength(1);
  file.close();
});
