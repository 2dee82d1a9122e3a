import { setTimeout } from 'node:timers/promises';
import type { RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CursorColumn, CursorWindow } from '../../../src/model/cursor.ts';
import { checkWhereClause } from '../../../src/model/where-clause.ts';
import { connect } from '../../../src/sources/mysql/connect.ts';
import { endConnection } from '../../../src/sources/mysql/open-connection.ts';
import { flooredMoment } from '../../../src/sources/mysql/cursor-zone.ts';
import { mysqlDriver } from '../../../src/sources/mysql/index.ts';
import { MYSQL_RULES } from '../../../src/sources/mysql/ranges.ts';
import type { SourceSession } from '../../../src/sources/source.ts';
import { CursorJob, cursorsOf } from '../../conformance/cursor-job.ts';
import { codeOf, step, upTo } from '../../conformance/cursors.suite.ts';
import { connectMariadb } from '../../support/mariadb-server.ts';
import { serverKind } from '../../support/mysql-kind.ts';
import { beginTransaction, type MysqlCursorFixture, mysqlCursorFixture } from './cursor-fixture.ts';
import { configOf, quote } from './mysql-fixture.ts';

/* Sessions of this server are five hours ahead of UTC when they say nothing else. */
let fixture: MysqlCursorFixture;
let session: SourceSession;

beforeAll(async () => {
  fixture = await mysqlCursorFixture('+05:00');
  session = await fixture.driver.open(fixture.config, 'coordinator');
});

afterAll(async () => {
  await session?.[Symbol.asyncDispose]();
  await fixture?.[Symbol.asyncDispose]();
});

let tables = 0;

async function jobOver(
  columns: string,
  column: string,
  reader = session,
): Promise<CursorJob & { readonly name: string }> {
  const name = `own_${(tables += 1)}`;
  await fixture.execute(`CREATE TABLE ${name} (${columns})`);
  const job = await CursorJob.over(reader, { schema: fixture.database.name, name }, column);
  return Object.assign(job, { name });
}

/** In a session that says nothing of its zone. */
async function insertLocally(sql: string): Promise<void> {
  const client = await connectMariadb(fixture.database.url);
  await client.query('SET time_zone = @@GLOBAL.time_zone');
  await client.query(sql);
  await client.end();
}

describe('bounds of MySQL and MariaDB', () => {
  it('49: DATETIME is on the clock that sessions of the server begin with, TIMESTAMP in UTC', async () => {
    for (const type of ['DATETIME(6)', 'DATETIME', 'TIMESTAMP(3)', 'TIMESTAMP']) {
      const job = await jobOver(`id int PRIMARY KEY, stamp ${type} NULL, INDEX (stamp)`, 'stamp');
      await insertLocally(
        `INSERT INTO ${job.name} VALUES (1, NOW(6) - INTERVAL 2 SECOND), (2, NOW(6) + INTERVAL 10 MINUTE)`,
      );
      expect([type, (await job.next()).ids]).toEqual([type, [1]]);
      expect([type, (await job.next({ zone: '+06:00' })).ids]).toEqual([type, type.startsWith('TIMESTAMP') ? [] : [2]]);
    }
  });

  it('49: the bound is cut to the digits that the column keeps', async () => {
    const job = await jobOver('id int PRIMARY KEY, stamp DATETIME NOT NULL, INDEX (stamp)', 'stamp');
    const writer = await beginTransaction(fixture.database.url);
    await writer.execute("SET time_zone = '+05:00'");
    await writer.execute(`INSERT INTO ${job.name} VALUES (1, NOW(6))`);
    const { to } = await job.bound();
    expect(to?.value).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
    expect((await job.next()).ids).toEqual([]);
    await writer.commit();
    await setTimeout(1100);
    expect((await job.next()).ids).toEqual([1]);
  });

  it('49: a statement that runs holds the window where it began, also before it has written anything', async () => {
    const job = await jobOver('id int PRIMARY KEY, stamp TIMESTAMP(6), INDEX (stamp)', 'stamp');
    const client = await connectMariadb(fixture.database.url);
    const writing = client.query(`INSERT INTO ${job.name} SELECT 1, NOW(6) FROM (SELECT SLEEP(1.2)) AS slow`);
    await setTimeout(500);
    await fixture.execute(`INSERT INTO ${job.name} VALUES (2, NOW(6))`);
    expect((await job.next()).ids).toEqual([]);
    await writing;
    await client.end();
    expect((await job.next()).ids).toEqual([1, 2]);
  });

  it('readers do not hold a window back, in a snapshot or with a statement that runs', async () => {
    const job = await jobOver('id int PRIMARY KEY, stamp TIMESTAMP(6), INDEX (stamp)', 'stamp');
    const number = await CursorJob.over(session, job.table, 'id');
    const [dump, report] = await Promise.all([
      connectMariadb(fixture.database.url),
      connectMariadb(fixture.database.url),
    ]);
    await dump.query('START TRANSACTION WITH CONSISTENT SNAPSHOT');
    await fixture.execute(`INSERT INTO ${job.name} VALUES (1, NOW(6))`);
    await dump.query(`SELECT * FROM ${job.name}`);
    const reporting = report.query(`SELECT SLEEP(1.5) FROM ${job.name}`);
    await setTimeout(200);
    expect((await job.next()).ids).toEqual([1]);
    expect((await number.next({ waitMs: 0 })).ids).toEqual([1]);
    await reporting;
    await Promise.all([dump.end(), report.end()]);
  });

  it('49: AUTO_INCREMENT of a transaction that is open is waited for, and of nobody who came later', async () => {
    const job = await jobOver('id int PRIMARY KEY AUTO_INCREMENT, v int UNIQUE', 'id');
    const [first, later] = await Promise.all([0, 1].map(() => beginTransaction(fixture.database.url)));
    await first?.execute(`INSERT INTO ${job.name} (v) VALUES (1)`);
    await fixture.execute(`INSERT INTO ${job.name} (v) VALUES (2)`);
    const problem = await job.next({ waitMs: 100 }).catch((error: unknown) => error);
    expect(problem).toMatchObject({
      problem: { code: 'CURSOR_BUSY', message: expect.stringMatching(/^connection \d+ \(a transaction since/) },
    });
    const waiting = job.next({ waitMs: 20_000 });
    await setTimeout(500);
    await later?.execute(`INSERT INTO ${job.name} (v) VALUES (3)`);
    await first?.commit();
    expect((await waiting).ids).toEqual([1, 2]);
    await later?.commit();
    expect((await job.next()).ids).toEqual([3]);
  });

  it('a prepared XA transaction holds the window back, whose connection has gone', async () => {
    const job = await jobOver('id int PRIMARY KEY, stamp TIMESTAMP(6), INDEX (stamp)', 'stamp');
    const client = await connectMariadb(fixture.database.url);
    await client.query(`XA START 'x'; INSERT INTO ${job.name} VALUES (1, NOW(6)); XA END 'x'; XA PREPARE 'x'`);
    await client.end();
    await fixture.execute(`INSERT INTO ${job.name} VALUES (2, NOW(6))`);
    // InnoDB cannot tell it from one of before the server was started, which may be of any age.
    expect(await codeOf(job.bound())).toBe('CURSOR_BUSY');
    await fixture.execute("XA COMMIT 'x'");
    expect((await job.next()).ids).toEqual([1, 2]);
  });

  it('a replica that stands still gives no bound', async () => {
    const job = await jobOver('id int PRIMARY KEY, stamp TIMESTAMP(6), INDEX (stamp)', 'stamp');
    const words = { mariadb: ['MASTER TO MASTER', 'SLAVE'], mysql: ['REPLICATION SOURCE TO SOURCE', 'REPLICA'] };
    const [change, replica] = words[await serverKind(fixture.database.url)];
    await fixture.execute(`CHANGE ${change}_HOST = '127.0.0.1'`);
    const problem = await job.bound().catch((error: unknown) => error);
    await fixture.execute(`RESET ${replica} ALL`);
    expect(problem).toMatchObject({ problem: { code: 'CURSOR_BUSY', hint: expect.stringContaining('START REPLICA') } });
    expect((await job.bound()).promise).toMatch(/^every transaction/);
  });

  it('who may not see other sessions stays behind the clock, and is told so', async () => {
    await fixture.execute(
      `CREATE USER IF NOT EXISTS few IDENTIFIED BY 'few-pass'; GRANT SELECT ON ${fixture.database.name}.* TO few`,
    );
    await using few = await mysqlDriver.open(
      configOf(fixture.database, '', { name: 'few', password: 'few-pass' }),
      'coordinator',
    );
    const job = await jobOver('id int PRIMARY KEY, stamp TIMESTAMP(6), INDEX (stamp)', 'stamp', few);
    await fixture.execute(
      `INSERT INTO ${job.name} VALUES (1, NOW() - INTERVAL 1 HOUR), (2, NOW() - INTERVAL 1 MINUTE)`,
    );
    const { ids, bound } = await job.next();
    expect(ids).toEqual([1]);
    expect(bound.promise).toMatch(
      /cannot be seen \(this user may not: GRANT PROCESS.* 600 s before the server's clock/,
    );
    expect((await job.next({ lagMs: 1000 })).ids).toEqual([2]);
    const number = await CursorJob.over(few, job.table, 'id');
    expect((await number.bound()).promise).toContain('one that commits after a larger one was read is missed');
  });

  it('a clock that is about to be set back: the window ends where the hour that comes twice begins', async () => {
    await makeZone('Test/Back', Date.parse('2024-10-27T01:00:00Z') / 1000, 7200, 3600);
    const connection = await connect(fixture.config, 'sqlextract test');
    const floor = async (moment: string, nativeType = 'datetime(3)', kind: CursorColumn['kind'] = 'time') =>
      flooredMoment(connection, { name: 'c', kind, nativeType, nullable: true }, moment, {
        sql: "'Test/Back'",
        name: 'Test/Back',
      });
    expect(await floor('2024-10-26 23:59:00.123456')).toEqual({ value: '2024-10-27 01:59:00.123', setBack: false });
    expect(await floor('2024-10-27 00:30:00.123456')).toEqual({ value: '2024-10-27 02:00:00.000', setBack: true });
    expect(await floor('2024-10-27 01:30:00.123456')).toEqual({ value: '2024-10-27 02:30:00.123', setBack: false });
    expect(await floor('2024-10-27 22:59:59.999999', 'date', 'date')).toEqual({ value: '2024-10-27', setBack: false });
    await endConnection(connection);
  });
});

/** A zone whose clock is set back once. */
async function makeZone(name: string, at: number, before: number, after: number): Promise<void> {
  await fixture.execute(
    `INSERT INTO mysql.time_zone (Use_leap_seconds) VALUES ('N'); SET @zone = LAST_INSERT_ID();
     INSERT INTO mysql.time_zone_name VALUES ('${name}', @zone);
     INSERT INTO mysql.time_zone_transition_type VALUES (@zone, 0, ${before}, 1, 'B'), (@zone, 1, ${after}, 0, 'A');
     INSERT INTO mysql.time_zone_transition VALUES (@zone, 0, 0), (@zone, ${at}, 1)`,
  );
}

describe('windows of MySQL and MariaDB', () => {
  const columns = (type: string) => `id int PRIMARY KEY, c ${type}, INDEX (c)`;

  it('51: values of every type that can be a cursor come back as they went, at their ends too', async () => {
    const types: Readonly<Record<string, readonly string[]>> = {
      'bigint unsigned': ['0', '9223372036854775808', '18446744073709551615'],
      'int(7) zerofill': ['5', '500'],
      'decimal(20,0)': ['-9', '99999999999999999999'],
      'decimal(20,5)': ['-1.00001', '1.5'],
      'timestamp(6)': ["'2024-10-27 00:30:00.000001'", "'2024-10-27 01:30:00.000001'"],
      date: ["'0001-01-01'", "'2024-02-29'"],
      'varchar(9) CHARACTER SET latin1': ["'a'", "'é'"],
      'varchar(9) CHARACTER SET ucs2': ["'a'", "'日'"],
      'varchar(9)': ["''", `'\\\\''";--'`],
      'varbinary(10)': ["X'00'", "X'00FF'"],
    };
    for (const [type, values] of Object.entries(types)) {
      const job = await jobOver(columns(type), 'c');
      await fixture.execute(
        `INSERT INTO ${job.name} VALUES ${values.map((value, id) => `(${id}, ${value})`).join(', ')}`,
      );
      expect([type, (await job.next()).ids]).toEqual([type, [0, 1, 2].slice(0, values.length)]);
      const before = job.from;
      expect([type, (await job.next()).ids, job.from]).toEqual([type, [], before]);
      await fixture.execute(`INSERT INTO ${job.name} SELECT 9, c FROM ${job.name} WHERE id = ${values.length - 1}`);
      expect([type, (await job.next()).ids]).toEqual([type, [9]]);
    }
  });

  it('50: only the very keys that were delivered are left out, also where others are equal to them', async () => {
    const type = 'CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci';
    const hostile = 'key`") OR 1 = 1 --';
    const job = await jobOver(`id int PRIMARY KEY, c int, ${quote(hostile)} varchar(20) ${type} NULL`, 'c');
    job.key = [hostile];
    await fixture.execute(`INSERT INTO ${job.name} VALUES (1, 7, 'abc'), (2, 7, '')`);
    expect((await job.next()).ids).toEqual([1, 2]);
    await fixture.execute(`INSERT INTO ${job.name} VALUES (3, 7, 'ABC'), (4, 7, ' '), (5, 7, NULL)`);
    job.key = [hostile, 'id'];
    const ids = (await job.next()).ids;
    expect(ids).toEqual([3, 4, 5]);
    // A key with a NULL in it names no row.
    expect(job.from?.ties).toEqual({ kind: 'all' });
  });

  it('a window is a range of the index, with ties too', async () => {
    const job = await jobOver(`${columns('datetime(6) NULL')}, filler char(200) DEFAULT 'x'`, 'c');
    const rows = upTo(3000).map((id) => `(${id}, '${step(id)}')`);
    await fixture.execute(`INSERT INTO ${job.name} (id, c) VALUES ${rows.join(', ')}; ANALYZE TABLE ${job.name}`);
    const ties = { kind: 'except', key: ['id'], tuples: upTo(500).map((id) => [String(id)]) } as const;
    const to = { value: step(2960), inclusive: false };
    for (const nulls of [false, true]) {
      const window: CursorWindow = { column: job.column, from: { value: step(2950), ties }, to, nulls };
      const condition = cursorsOf(session).condition(job.table, window);
      expect(checkWhereClause(condition, MYSQL_RULES)).toBe(null);
      const [[plan]] = await fixture.database.client.query<RowDataPacket[]>(
        `EXPLAIN FORMAT=TRADITIONAL SELECT * FROM ${job.name} WHERE (TRUE) AND (\n${condition}\n)`,
      );
      expect(plan).toMatchObject({ key: 'c' });
      expect(plan?.['type']).toMatch(/^(?:range|ref_or_null)$/);
      expect(Number(plan?.['rows'])).toBeLessThan(30);
      expect(await job.read(window)).toEqual(upTo(2959, 2950));
    }
  });

  it('a day that no calendar has is no row without a value', async () => {
    const job = await jobOver(columns('date NOT NULL'), 'c');
    await fixture.execute(
      `SET SESSION sql_mode = ''; INSERT INTO ${job.name} VALUES (1, '0000-00-00'), (2, '2024-01-31')`,
    );
    expect(await cursorsOf(session).hasNulls(job.table, job.column, null)).toBe(false);
    job.nulls = true;
    job.from = { value: '2024-01-01', ties: { kind: 'all' } };
    expect(await job.read(job.windowTo(null))).toEqual([2]);
  });

  it('moments in a zone are typed for a TIMESTAMP only; unsigned numbers go back to 0', async () => {
    const { literal, earlier } = cursorsOf(session);
    const stamp = await jobOver(columns('timestamp(3) NULL'), 'c');
    expect(await literal(stamp.table, stamp.column, '2024-01-31T08:00:00+02:00')).toBe('2024-01-31 06:00:00.000');
    expect(await literal(stamp.table, stamp.column, '2024-01-31 08:00')).toBe('2024-01-31 08:00:00.000');
    const wall = await jobOver(columns('datetime'), 'c');
    expect(await codeOf(literal(wall.table, wall.column, '2024-01-31T08:00:00Z'))).toBe('CURSOR_VALUE');
    expect(await codeOf(literal(wall.table, wall.column, '2024-02-30 08:00:00'))).toBe('CURSOR_VALUE');
    const number = await jobOver(columns('int unsigned'), 'c');
    expect(await earlier(number.table, number.column, '10', { amount: '11', unit: null })).toBe('0');
    expect(await codeOf(literal(number.table, number.column, '-1'))).toBe('CURSOR_VALUE');
  });

  it('what has no order in time is no cursor, and xmin is a name like any other', async () => {
    for (const type of ['json', "enum('a')", "set('a')", 'time', 'year', 'bit(3)', 'float', 'point']) {
      expect([type, await codeOf(jobOver(`id int PRIMARY KEY, c ${type}`, 'c'))]).toEqual([type, 'CURSOR_COLUMN']);
    }
    expect((await jobOver('id int PRIMARY KEY, xmin int NOT NULL', 'xmin')).column).toMatchObject({ kind: 'integer' });
  });

  it('the columns of a query are cursors too', async () => {
    const { name } = await jobOver(columns('datetime(6)'), 'c');
    await fixture.execute(`INSERT INTO ${name} VALUES (1, '${step(1)}'), (2, NULL)`);
    const table = await session.describeQuery({
      sql: `SELECT id, c AS stamp FROM ${name}`,
      name: 'q',
      splitBy: null,
      selection: {
        include: null,
        exclude: [],
        asText: [],
        policies: { zeroDates: 'fail', tinyint1: 'integer' } as never,
      },
    });
    const column = await cursorsOf(session).describe(table, 'Stamp');
    expect(column).toEqual({ name: 'stamp', kind: 'time', nativeType: 'datetime(6)', nullable: true });
    const window: CursorWindow = { column, from: null, to: null, nulls: false };
    const request = { table, window, where: null, key: ['id'], most: 5 };
    expect(await cursorsOf(session).delivered(request)).toEqual({ largest: step(1), ties: [['1']] });
    expect(await cursorsOf(session).hasNulls(table, column, null)).toBe(true);
  });
});
