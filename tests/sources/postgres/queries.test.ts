import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { checkQuery, normalizeQuery } from '../../../src/model/query-text.ts';
import type { TableSchema } from '../../../src/model/table.ts';
import { checkWhereClause } from '../../../src/model/where-clause.ts';
import { POSTGRES_RULES } from '../../../src/sources/postgres/from-clause.ts';
import { postgresDriver } from '../../../src/sources/postgres/index.ts';
import type { SourceSession } from '../../../src/sources/source.ts';
import { ALL_COLUMNS, keyOver, planRanges, readPlan, readRows } from '../../conformance/source-reading.ts';
import { type FreshDatabase, freshDatabase } from '../../support/postgres-server.ts';
import { sqlSoup } from '../../support/sql-fragments.ts';
import { configOf, openSession } from './postgres-fixture.ts';
import { type SnapshotFixture, snapshotFixture } from './snapshot-fixture.ts';

let database: FreshDatabase;
let session: SourceSession;

beforeAll(async () => {
  database = await freshDatabase('queries');
  await database.client.query(`
    CREATE TABLE t (id bigint PRIMARY KEY, v text, j json);
    INSERT INTO t SELECT i, 'v' || i, '{}' FROM generate_series(1, 50) i;
    CREATE SEQUENCE counter;
    CREATE FUNCTION writes() RETURNS int LANGUAGE sql VOLATILE AS 'INSERT INTO t VALUES (999) RETURNING 1';
    CREATE FUNCTION unlocks() RETURNS text LANGUAGE sql VOLATILE AS
      $$ SELECT set_config('transaction_read_only', 'off', true) $$;
    CREATE FUNCTION boom() RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RAISE EXCEPTION 'it was run'; END $$;
    CREATE TYPE color AS ENUM ('red', 'green');
    CREATE DOMAIN price AS numeric(8,2)`);
  session = await openSession(database);
});

afterAll(async () => {
  await session?.[Symbol.asyncDispose]();
  await database?.[Symbol.asyncDispose]();
});

function described(sql: string, splitBy: string | null = null, by: SourceSession = session): Promise<TableSchema> {
  return by.describeQuery({ sql, name: 'asked', splitBy, selection: ALL_COLUMNS });
}

async function contents(): Promise<unknown> {
  const { rows } = await database.client.query(
    'SELECT count(*) AS rows, max(id) AS last, (SELECT is_called FROM counter) AS called FROM t',
  );
  return rows[0];
}

describe('what a query cannot do', () => {
  const UNTOUCHED = { rows: '50', last: '50', called: false };

  it.each([
    "SELECT nextval('counter') AS n",
    "SELECT setval('counter', 5) AS n",
    'SELECT writes() AS n',
    'SELECT id, (SELECT writes()) AS n FROM t',
    'WITH x AS (SELECT unlocks() AS u) SELECT u, writes() AS n FROM x',
  ])('%s', async (sql) => {
    const table = await described(sql);
    const readOnly = /read-only transaction|read-write mode must be set before/;
    await expect(readRows(session, { table })).rejects.toThrow(readOnly);
    await expect(session.checksum({ table, where: null })).rejects.toThrow(readOnly);
    const [column] = table.columns.map(({ name }) => name);
    const walk = { table, key: [column ?? ''], where: null, after: null, before: null, step: 1 };
    await expect(session.nextBoundary({ ...walk, where: sql.includes('n FROM t') ? 'n = 1' : null })).rejects.toThrow(
      readOnly,
    );
    expect(await contents()).toEqual(UNTOUCHED);
    // Nothing of it stays in the session.
    expect(await readRows(session, { table: await described('SELECT id FROM t') })).toHaveLength(50);
  });

  it.each([
    'WITH gone AS (DELETE FROM t RETURNING id) SELECT id FROM gone',
    'WITH "AS" AS MATERIALIZED (DELETE FROM t RETURNING id) SELECT id FROM "AS"',
    'SELECT id INTO u FROM t',
    'SELECT id FROM t FOR UPDATE',
    'TRUNCATE t',
    'COPY t TO STDOUT',
    'SELECT 1 AS a) AS q; TRUNCATE t; SELECT * FROM (SELECT 1 AS a',
  ])('%s', async (sql) => {
    await expect(described(sql)).rejects.toMatchObject({ problem: { code: 'QUERY_REFUSED', fault: 'usage' } });
    expect(await contents()).toEqual(UNTOUCHED);
  });

  it('leaves nothing behind that a read-only transaction lets through', async () => {
    // Refused since PostgreSQL 16, done and undone before.
    const table = await described('SELECT lo_create(0) AS n', 'n');
    await readRows(session, { table }).catch(() => []);
    await session.checksum({ table, where: null }).catch(() => null);
    const walk = { table, key: ['n'], where: null, after: null, before: null, step: 1 };
    await session.nextBoundary(walk).catch(() => null);
    const { rows } = await database.client.query('SELECT count(*) AS objects FROM pg_largeobject_metadata');
    expect(rows).toEqual([{ objects: '0' }]);
  });

  it('is not run when it is described', async () => {
    const table = await described('SELECT boom() AS a, id FROM t', 'a');
    expect(table.columns.map(({ type }) => type.kind)).toEqual(['int32', 'int64']);
    await expect(readRows(session, { table })).rejects.toThrow('it was run');
  });
});

describe('columns', () => {
  it('have the types that the server tells', async () => {
    const table = await described(`SELECT 1 AS a, 1.5::numeric(12,2) AS b, 1.5 AS c, 'x' AS d, 'red'::color AS e,
      1::price AS f, ARRAY[1] AS g, ROW(1, 'b') AS h, now() AS i, NULL AS j, 'z'::char(3) AS k`);
    expect(table.columns.map(({ nativeType, type }) => `${nativeType}: ${type.kind}`)).toEqual([
      'integer: int32',
      'numeric(12,2): decimal',
      'numeric: string',
      'text: string',
      'color: string',
      'numeric(8,2): decimal',
      'integer[]: string',
      'record: string',
      'timestamp with time zone: timestamp',
      'text: string',
      'character(3): string',
    ]);
    const [row] = await readRows(session, { table });
    expect(row?.filter((_, index) => index !== 8)).toEqual([
      '1',
      '1.50',
      '1.5',
      'x',
      'red',
      '1.00',
      '{1}',
      '(1,b)',
      null,
      'z  ',
    ]);
  });

  it('that the server cuts to one name are two of a name', async () => {
    const long = '😀'.repeat(64);
    const one = await described(`SELECT id AS "${long}" FROM t`);
    expect(one.columns[0]?.name).toBe('😀'.repeat(15));
    await expect(described(`SELECT id AS "${long}a", id AS "${long}b" FROM t`)).rejects.toMatchObject({
      problem: { code: 'QUERY_DUPLICATE_COLUMN' },
    });
  });

  it.each(['SELECT 1', 'SELECT id, id + 1 FROM t', 'SELECT NULL'])('need a name: %s', async (sql) => {
    await expect(described(sql)).rejects.toMatchObject({ problem: { code: 'QUERY_UNNAMED_COLUMN' } });
  });

  it.each([
    ['SELECT missing FROM t', /column "missing" does not exist \(at character 8\)/],
    ['SELECT id FROM nowhere', /relation "nowhere" does not exist \(at character 16\)/],
    ['SELECT id FRM t', /syntax error/],
    ['SELECT id FROM t WHERE id = $1', /no parameter|parameter \$1|could not determine/],
  ])('of a wrong text: %s', async (sql, words) => {
    const error = await described(sql)
      .then(async (table) => readRows(session, { table }))
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ message: expect.stringMatching(words) });
  });

  it('of another type than planned stop the run', async () => {
    await database.client.query('CREATE TABLE altered AS SELECT 1 AS a');
    const table = await described('SELECT a FROM altered');
    await database.client.query("ALTER TABLE altered ALTER a TYPE text USING 'x'");
    await expect(readRows(session, { table })).rejects.toMatchObject({ problem: { code: 'SOURCE_CHANGED' } });
    await expect(session.checksum({ table, where: null })).rejects.toMatchObject({
      problem: { code: 'SOURCE_CHANGED' },
    });
  });
});

describe('a split column', () => {
  it.each([
    ['j', 'no order'],
    ['p', 'no order'],
  ])('%s without an order is refused with its reason', async (column, reason) => {
    const table = await described('SELECT id, j, point(1, 2) AS p FROM t', column);
    expect(table.candidateKeys).toMatchObject([{ name: column, refused: expect.stringContaining(reason) }]);
    expect(await readRows(session, { table: await described('SELECT id FROM t') })).toHaveLength(50);
  });

  it.each([
    'id',
    'id::numeric / 7',
    "CASE WHEN id % 3 = 0 THEN NULL ELSE 'k' || id END",
    'id::float8 / 3',
    'ARRAY[id]',
  ])('%s holds every row once', async (expression) => {
    const table = await described(`SELECT ${expression} AS k, id AS n FROM t`, 'k');
    const key = keyOver(table, ['k']);
    expect(key.integer).toBe(expression === 'id');
    const rows = await readPlan(session, table, key, await planRanges(session, table, key, 7));
    expect(rows.map((row) => Number(row[1])).toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 50 }, (_, i) => i + 1),
    );
  });
});

it("looks names up as the user's own session does", async () => {
  const user = `reader_${process.pid}`;
  await database.client.query(`
    CREATE SCHEMA own; CREATE TABLE own.t AS SELECT 7 AS id;
    CREATE ROLE ${user} LOGIN PASSWORD 'pw' ; GRANT USAGE ON SCHEMA own TO ${user}; GRANT SELECT ON own.t TO ${user};
    ALTER ROLE ${user} SET search_path = own, public`);
  try {
    await using theirs = await postgresDriver.open(
      configOf(database, '', { name: user, password: 'pw' }),
      'coordinator',
    );
    const table = await described('SELECT id FROM t', 'id', theirs);
    expect(await readRows(theirs, { table, where: 'id > 0' })).toEqual([['7']]);
    expect((await theirs.checksum({ table, where: null })).rows).toBe(1n);
    expect(await planRanges(theirs, table, keyOver(table, ['id']), 1)).toHaveLength(2);
    expect(table.objectId).not.toBe((await described('SELECT id FROM t')).objectId);
  } finally {
    await database.client.query(`DROP SCHEMA own CASCADE; DROP OWNED BY ${user}; DROP ROLE ${user}`);
  }
});

describe('a snapshot', () => {
  let fixture: SnapshotFixture;
  beforeEach(async () => {
    fixture = await snapshotFixture('query_snapshot');
    return () => fixture[Symbol.asyncDispose]();
  });

  it('keeps a TRUNCATE of what the query reads out, behind views too', async () => {
    await fixture.database.client.query('CREATE VIEW w AS SELECT id FROM t; CREATE TABLE other (a int)');
    await using coordinator = await postgresDriver.open(fixture.config, 'coordinator');
    for (const sql of [
      'SELECT v FROM t WHERE id > 10',
      'SELECT max(id) AS most FROM w',
      'SELECT 1 AS a WHERE EXISTS (TABLE t)',
    ]) {
      const table = await described(sql, null, coordinator);
      const snapshot = await coordinator.takeSnapshot(fixture.request([table], { holdMs: 0 }));
      const writer = fixture.database.client;
      await writer.query("SET lock_timeout = '200ms'");
      await expect(writer.query('TRUNCATE t'), sql).rejects.toMatchObject({ code: '55P03' });
      await writer.query('TRUNCATE other');
      await snapshot.release();
    }
  });

  it('is taken over a view whose tables the user may not read', async () => {
    const user = `viewer_${process.pid}`;
    const admin = fixture.database.client;
    await admin.query(
      `CREATE VIEW w AS SELECT id FROM t; CREATE ROLE ${user} LOGIN PASSWORD 'pw'; GRANT SELECT ON w TO ${user}`,
    );
    try {
      const config = configOf(fixture.database, '', { name: user, password: 'pw' });
      await using theirs = await postgresDriver.open(config, 'coordinator');
      const table = await described('SELECT id FROM w', null, theirs);
      const snapshot = await theirs.takeSnapshot(fixture.request([table], { holdMs: 0 }));
      expect(await readRows(theirs, { table })).toHaveLength(1000);
      await admin.query("SET lock_timeout = '200ms'");
      await expect(admin.query('TRUNCATE t')).rejects.toMatchObject({ code: '55P03' });
      await snapshot.release();
    } finally {
      await admin.query(`DROP OWNED BY ${user}; DROP ROLE ${user}`);
    }
  });
});

// The server is the judge: what closed the parentheses around it could bring back rows, or run as another statement.
it('whatever passes the check does not leave its parentheses', async () => {
  const client = database.client;
  let taken = 0;
  const rowsOf = async (sql: string): Promise<unknown> => {
    const result = await client.query(sql).catch(() => null);
    if (result === null) return [];
    taken++;
    return Array.isArray(result) ? 'more than one statement' : result.rows;
  };
  await fc.assert(
    fc.asyncProperty(sqlSoup(), async (text) => {
      if (checkWhereClause(text, POSTGRES_RULES) === null) {
        expect(await rowsOf(`SELECT one FROM (SELECT 1 AS one) q WHERE one = 2 AND (\n${text}\n)`)).toEqual([]);
      }
      const query = `SELECT ${text}`;
      if (checkQuery(query, POSTGRES_RULES) !== null) return;
      const embedded = `(${normalizeQuery(query, POSTGRES_RULES)}\n) AS q`;
      expect(await rowsOf(`SELECT 3 AS three FROM ${embedded} WHERE 1 = 2`)).toEqual([]);
    }),
    { numRuns: 4000 },
  );
  expect(taken, 'enough of them are SQL').toBeGreaterThan(50);
});
