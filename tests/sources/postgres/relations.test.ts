import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SqlextractError } from '../../../src/model/problem.ts';
import type { TableSchema } from '../../../src/model/table.ts';
import { postgresDriver } from '../../../src/sources/postgres/index.ts';
import type { SourceSession } from '../../../src/sources/source.ts';
import { ALL_COLUMNS, keyOver, planRanges, readPlan, readRows } from '../../conformance/source-reading.ts';
import { type FreshDatabase, freshDatabase } from '../../support/postgres-server.ts';
import { configOf, openSession } from './postgres-fixture.ts';

let database: FreshDatabase;
let session: SourceSession;

beforeAll(async () => {
  database = await freshDatabase('relations');
  session = await openSession(database);
});

afterAll(async () => {
  await session?.[Symbol.asyncDispose]();
  await database?.[Symbol.asyncDispose]();
});

function table(name: string, schema = ''): Promise<TableSchema> {
  return session.describe({ schema, name }, ALL_COLUMNS);
}

async function problemCode(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(SqlextractError);
  return (error as SqlextractError).problem.code;
}

/** Ids of all rows of the table's block ranges, `step` blocks each, the last one open. */
async function idsByBlocks(described: TableSchema, step: number): Promise<number[]> {
  const ids: number[] = [];
  for (const { relation, blocks } of described.physicalParts) {
    for (let from = 0; from === 0 || from < blocks; from += step) {
      const toBlock = from + step >= blocks ? null : from + step;
      const range = { kind: 'physical', relation, fromBlock: from, toBlock } as const;
      ids.push(...(await readRows(session, { table: described, range })).map((row) => Number(row[0])));
    }
  }
  return ids.toSorted((one, other) => one - other);
}

describe('keys', () => {
  const texts = ['', 'a', 'A', 'é', 'e\u0301', '😀', '\uffff', "quote'", 'back\\slash', 'new\nline', 'z"z', 'ß', ' '];
  it.each([
    ['text', texts],
    ['text COLLATE "C"', texts],
    ['character(6)', ['', 'a', 'ab ', 'b\\', "c'"]],
    [
      'uuid',
      [
        '00000000-0000-0000-0000-000000000000',
        'ffffffff-ffff-ffff-ffff-ffffffffffff',
        '12345678-9abc-def0-1234-56789abcdef0',
      ],
    ],
    ['numeric', ['-1e30', '0', '0.10', '1e-20', '123456789012345678901234567890.5', 'NaN', 'Infinity']],
    ['numeric(10,2)', ['-0.01', '0', '99999999.99']],
    ['double precision', ['-Infinity', '-0.1', '0', '5e-324', '0.30000000000000004', '1e300', 'Infinity', 'NaN']],
    [
      'timestamptz',
      ['-infinity', '0044-03-15 00:00:00+00 BC', '2024-10-27 00:30:00+00', '2024-10-27 01:30:00.000001+00', 'infinity'],
    ],
    ['date', ['-infinity', '0044-03-15 BC', '2024-02-29', 'infinity']],
    ['bytea', ['\\x', '\\x00', '\\x5c27', '\\xff']],
    ['boolean', ['t', 'f']],
    ['inet', ['10.0.0.1', '10.0.0.0/8', '::1']],
    ['interval', ['1 mon', '29 days', '31 days', '-1 sec']],
    ['int[]', ['{}', '{1,2}', '{1,NULL}', '{2}']],
    ['smallint', ['-32768', '0', '32767']],
    ['"char"', ['a', 'b', '']],
  ])('%s: ranges of any step hold every row once', async (type, values) => {
    await database.client.query(`DROP TABLE IF EXISTS keyed; CREATE TABLE keyed (k ${type} PRIMARY KEY, n int)`);
    for (const [n, value] of values.entries())
      await database.client.query('INSERT INTO keyed VALUES ($1, $2)', [value, n]);
    const described = await session.describe({ schema: '', name: 'keyed' }, { ...ALL_COLUMNS, include: ['n'] });
    const key = keyOver(described, ['k']);
    for (let step = 1; step <= values.length + 1; step++) {
      const ranges = await planRanges(session, described, key, step);
      expect(ranges.length).toBe(Math.max(1, Math.ceil(values.length / step)));
      const read = (await readPlan(session, described, key, ranges)).map(([n]) => Number(n));
      expect(read.toSorted((one, other) => one - other)).toEqual(values.map((_, n) => n));
    }
  });

  it('5. equal texts of a non-deterministic collation are lost in no range and do not stop the walk', async () => {
    await database.client.query(`CREATE COLLATION nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
      CREATE TABLE nocase_keys (k text COLLATE nocase NOT NULL, n int); CREATE INDEX ON nocase_keys (k);
      INSERT INTO nocase_keys VALUES ('a', 0), ('A', 1), ('a', 2), ('A', 3), ('b', 4), ('B', 5), ('c', 6)`);
    const described = await table('nocase_keys');
    const key = keyOver(described, ['k']);
    for (let step = 1; step <= 8; step++) {
      const ranges = await planRanges(session, described, key, step);
      expect(ranges.length).toBeLessThanOrEqual(3);
      const read = (await readPlan(session, described, key, ranges)).map((row) => Number(row[1]));
      expect(read.toSorted((one, other) => one - other)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    }
  });

  it('lists the usable ones, best first', async () => {
    await database.client.query(`CREATE TABLE many_keys (id bigint PRIMARY KEY, a int NOT NULL, b text, c int NOT NULL);
      CREATE UNIQUE INDEX u_ab ON many_keys (a, b); CREATE UNIQUE INDEX u_c ON many_keys (c);
      CREATE INDEX i_a ON many_keys (a); CREATE UNIQUE INDEX u_part ON many_keys (a) WHERE a > 5;
      CREATE UNIQUE INDEX u_expr ON many_keys (lower(b)); CREATE INDEX h ON many_keys USING hash (a);
      CREATE UNIQUE INDEX u_mixed ON many_keys (a, c DESC); CREATE UNIQUE INDEX u_ops ON many_keys (b text_pattern_ops);
      CREATE UNIQUE INDEX u_inc ON many_keys (c) INCLUDE (b)`);
    const { candidateKeys, primaryKey } = await table('many_keys');
    expect(candidateKeys.map((key) => key.name)).toEqual(['many_keys_pkey', 'u_c', 'u_inc', 'u_ab', 'i_a']);
    expect(candidateKeys.map((key) => key.nullable)).toEqual([false, false, false, true, false]);
    expect(candidateKeys.map((key) => key.integer)).toEqual([true, true, true, false, true]);
    expect(primaryKey).toEqual(['id']);
  });
});

describe('partitions and children', () => {
  beforeAll(async () => {
    await database.client.query(`
      CREATE TABLE parts (id int, region text, at date, PRIMARY KEY (id, region, at)) PARTITION BY LIST (region);
      CREATE TABLE "Parts eu" PARTITION OF parts FOR VALUES IN ('eu') PARTITION BY RANGE (at);
      CREATE TABLE parts_eu_1 PARTITION OF "Parts eu" FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
      CREATE TABLE parts_eu_empty PARTITION OF "Parts eu" FOR VALUES FROM ('2021-01-01') TO ('2022-01-01');
      CREATE TABLE parts_other PARTITION OF parts DEFAULT;
      INSERT INTO parts SELECT i, CASE WHEN i % 3 = 0 THEN 'us' ELSE 'eu' END, '2020-06-01' FROM generate_series(1, 3000) i;
      CREATE TABLE parent (id int UNIQUE, v text); CREATE TABLE child (extra int) INHERITS (parent);
      INSERT INTO parent SELECT i, 'p' FROM generate_series(1, 500) i;
      INSERT INTO child SELECT i, 'c', i FROM generate_series(400, 1000) i; INSERT INTO child VALUES (NULL, 'null', 1)`);
  });

  it('three levels with an empty leaf, by blocks and by key', async () => {
    const described = await table('parts');
    expect(described.kind).toBe('partitioned table');
    expect(described.physicalParts.map((part) => part.relation)).toEqual([
      '"public"."parts_eu_1"',
      '"public"."parts_eu_empty"',
      '"public"."parts_other"',
    ]);
    const all = Array.from({ length: 3000 }, (_, index) => index + 1);
    expect(await idsByBlocks(described, 3)).toEqual(all);
    const key = keyOver(described, ['id', 'region', 'at']);
    const read = await readPlan(session, described, key, await planRanges(session, described, key, 700));
    expect(read.map((row) => Number(row[0])).toSorted((one, other) => one - other)).toEqual(all);
  });

  it('lists the parent but not its partitions, which can be named', async () => {
    const names = (await session.listTables()).map((one) => one.name);
    expect(names).toContain('parts');
    expect(names).not.toContain('parts_eu_1');
    expect((await readRows(session, { table: await table('parts_eu_1') })).length).toBe(2000);
  });

  it('9. a parent of inheritance reads its children, and its key promises nothing', async () => {
    const described = await table('parent');
    expect(described.remarks.join()).toContain('inherit');
    const key = keyOver(described, ['id']);
    expect(key).toMatchObject({ unique: false, nullable: true });
    expect(described.columns[0]?.nullable).toBe(true);
    const read = await readPlan(session, described, key, await planRanges(session, described, key, 100));
    expect(read.length).toBe(1102);
    expect((await idsByBlocks(described, 1)).length).toBe(1102);
    expect((await readRows(session, { table: await table('child') })).length).toBe(602);
  });
});

it('15. generated columns are read in the order of attnum, dropped ones are not; views and materialized views', async () => {
  await database.client.query(`CREATE TABLE gen (a int, gone int, b int GENERATED ALWAYS AS (a * 2) STORED);
    ALTER TABLE gen DROP COLUMN gone; INSERT INTO gen (a) VALUES (21);
    CREATE VIEW gen_view AS SELECT b FROM gen; CREATE MATERIALIZED VIEW gen_mat AS SELECT b FROM gen`);
  expect(await readRows(session, { table: await table('gen') })).toEqual([['21', '42']]);
  const view = await table('gen_view');
  expect(view).toMatchObject({ kind: 'view', candidateKeys: [], physicalParts: [] });
  expect(await readRows(session, { table: view })).toEqual([['42']]);
  const matview = await table('gen_mat');
  expect(matview.physicalParts.length).toBe(1);
  expect(await readRows(session, { table: matview })).toEqual([['42']]);
});

it('resolves names: exact first, public first, else a list', async () => {
  await database.client.query(`CREATE SCHEMA "Other"; CREATE SCHEMA third; CREATE TABLE "Order Items" (id int, "ID" int);
    CREATE TABLE "order items" (id int); CREATE TABLE "Other".order_x (id int); CREATE TABLE third.twice (id int); CREATE TABLE "Other".twice (id int)`);
  expect((await table('Order Items')).name).toBe('Order Items');
  expect((await table('order items')).name).toBe('order items');
  expect((await table('ORDER_X')).schema).toBe('Other');
  expect((await table('order_x', 'other')).schema).toBe('Other');
  expect(await problemCode(table('ORDER ITEMS'))).toBe('TABLE_AMBIGUOUS');
  expect(await problemCode(table('twice'))).toBe('TABLE_AMBIGUOUS');
  const pick = { ...ALL_COLUMNS, include: ['Id'] };
  expect(await problemCode(session.describe({ schema: '', name: 'Order Items' }, pick))).toBe('AMBIGUOUS_COLUMN');
});

describe('what this user may not read', () => {
  const user = { name: `reader_${process.pid}`, password: 'reader' };
  beforeAll(async () => {
    await database.client.query(`CREATE ROLE ${user.name} LOGIN PASSWORD 'reader';
      CREATE TABLE hidden (id int); CREATE TABLE partly (id int, secret text); GRANT SELECT (id) ON partly TO ${user.name};
      CREATE TABLE policed (id int, owner text); ALTER TABLE policed ENABLE ROW LEVEL SECURITY;
      CREATE POLICY own ON policed USING (owner = current_user); GRANT SELECT ON policed TO ${user.name};
      INSERT INTO policed VALUES (1, 'someone')`);
  });
  afterAll(() => database.client.query(`DROP OWNED BY ${user.name}; DROP ROLE ${user.name}`));

  it('is refused before it is read', async () => {
    await using limited = await postgresDriver.open(configOf(database, '', user), 'reader');
    const at = (name: string, exclude: string[] = []) =>
      limited.describe({ schema: '', name }, { ...ALL_COLUMNS, exclude });
    expect(await problemCode(at('hidden'))).toBe('SOURCE_PERMISSION');
    expect(await problemCode(at('partly'))).toBe('SOURCE_PERMISSION');
    expect(await readRows(limited, { table: await at('partly', ['secret']) })).toEqual([]);
    expect(await problemCode(at('policed'))).toBe('SOURCE_ROW_SECURITY');
    expect(await problemCode(readRows(limited, { table: await table('policed') }))).toBe('SOURCE_ROW_SECURITY');
    expect(await problemCode(readRows(limited, { table: await table('hidden') }))).toBe('SOURCE_PERMISSION');
  });

  it('a wrong password is said without showing it', async () => {
    const config = configOf(database, '', { ...user, password: 'wr0ng-secret' });
    const error = await postgresDriver.open(config, 'reader').then(
      async (opened) => opened[Symbol.asyncDispose](),
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(SqlextractError);
    expect((error as SqlextractError).problem).toMatchObject({ code: 'SOURCE_AUTH', verdict: 'fatal' });
    expect(JSON.stringify((error as SqlextractError).problem) + config.displayUrl).not.toContain('wr0ng-secret');
  });
});

it('a table altered since the plan is refused', async () => {
  await database.client.query('CREATE TABLE drifting (id int, v text); INSERT INTO drifting VALUES (1, 2)');
  const planned = await table('drifting');
  await database.client.query('ALTER TABLE drifting ALTER COLUMN v TYPE bigint USING v::bigint');
  expect(await problemCode(readRows(session, { table: planned }))).toBe('SOURCE_CHANGED');
  await database.client.query('ALTER TABLE drifting DROP COLUMN v');
  expect(await problemCode(readRows(session, { table: planned }))).toBe('SOURCE_CHANGED');
});

it('a where text means what it means to its author', async () => {
  await database.client.query(`CREATE EXTENSION IF NOT EXISTS citext; CREATE TABLE mails (id int PRIMARY KEY, mail citext UNIQUE);
    INSERT INTO mails VALUES (1, 'Ann@x'), (2, 'bob@x')`);
  const described = await table('mails');
  expect(await readRows(session, { table: described, where: "mail = 'ANN@X' -- only her" })).toEqual([['1', 'Ann@x']]);
  expect(described.candidateKeys.find((key) => key.columns[0] === 'mail')?.refused).toContain('citext');
});
