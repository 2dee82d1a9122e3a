import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SqlextractError } from '../../../src/model/problem.ts';
import { DEFAULT_POLICIES } from '../../../src/model/value-policies.ts';
import { columnReader } from '../../../src/sources/mysql/decoders.ts';
import { asProblem } from '../../../src/sources/mysql/errors.ts';
import { describeQuery } from '../../../src/sources/mysql/describe-query.ts';
import { queryCell } from '../../../src/sources/mysql/query-rows.ts';
import { createScannedRows, ProtocolBreach } from '../../../src/sources/scanned-rows.ts';
import { Misfit } from '../../../src/sources/mysql/misfit.ts';
import type { ColumnPlan } from '../../../src/sources/mysql/types.ts';
import type { ReadRequest } from '../../../src/sources/source.ts';
import { type ServerKind, serverKind } from '../../support/mysql-kind.ts';
import { sequence } from '../../support/mariadb-tables.ts';
import { type ReadFixture, readAll, readFixture, requestFor, schemaOf } from './read-fixture.ts';

/** Values that no file type holds, policies for them, and tables that change under the reader. */

let fixture: ReadFixture;
let kind: ServerKind;

beforeAll(async () => {
  kind = await serverKind();
  fixture = await readFixture('misfits');
  await fixture.execute("SET SESSION sql_mode = 'ALLOW_INVALID_DATES'");
  await fixture.execute(`CREATE TABLE dates (id int PRIMARY KEY, d date, t datetime(3), s timestamp NULL)`);
  await fixture.execute(`INSERT INTO dates VALUES
    (1, '2024-02-29', '2024-02-29 23:59:59.999', '2024-01-01 00:00:00'), (2, '0000-00-00', NULL, NULL),
    (3, '2024-00-15', '0000-00-00 00:00:00', '0000-00-00 00:00:00'), (4, '2024-02-31', '2023-02-29 10:00:00', NULL),
    (5, '2024-04-31', '2024-01-00 00:00:00.500', NULL), (6, '0000-01-01', '1900-02-29 00:00:00', NULL)`);
});
afterAll(() => fixture[Symbol.asyncDispose]());

async function problemOf(request: ReadRequest) {
  try {
    await readAll(fixture, request);
  } catch (error) {
    return (asProblem(error) as SqlextractError).problem;
  }
  throw new Error('the read ended well');
}

describe('checklist 23: dates that no calendar has', () => {
  it('stop the read by default, naming table, key, column, value and the way out', async () => {
    const table = await schemaOf(fixture, 'dates', { primaryKey: ['id'] });
    const problem = await problemOf(requestFor(table));
    expect(problem).toMatchObject({ code: 'VALUE_DOES_NOT_FIT', fault: 'data', verdict: 'fatal' });
    expect(problem.message).toBe(
      `column d of ${fixture.database.name}.dates holds a date that no calendar has in the row with key 2: 0000-00-00`,
    );
    expect(problem.hint).toMatch(/--zero-dates null.*--zero-dates text/);
    expect(await queryCell(fixture.connection, 'SELECT 42')).toBe('42');
  });

  it('become NULL, and are counted by column, with --zero-dates null', async () => {
    const policies = { ...DEFAULT_POLICIES, zeroDates: 'null' } as const;
    const replaced: Record<string, number> = {};
    const request = requestFor(await schemaOf(fixture, 'dates', { policies }), {
      policies,
      batchBounds: () => ({ rows: 2, bytes: 1 << 20 }),
      onReplaced: (column, cells) => {
        replaced[column] = (replaced[column] ?? 0) + cells;
      },
    });
    expect(await readAll(fixture, request)).toEqual([
      ['1', '2024-02-29', '2024-02-29 23:59:59.999000', '2024-01-01 00:00:00.000000'],
      ...['2', '3', '4', '5', '6'].map((id) => [id, null, null, null]),
    ]);
    expect(replaced).toEqual({ d: 5, t: 4, s: 1 });
  });

  it('are the server’s text with --zero-dates text', async () => {
    const policies = { ...DEFAULT_POLICIES, zeroDates: 'text' } as const;
    const table = await schemaOf(fixture, 'dates', { policies });
    const expected = await fixture.query('SELECT id, CAST(d AS CHAR), CAST(t AS CHAR), CAST(s AS CHAR) FROM dates');
    expect(await readAll(fixture, requestFor(table, { policies }))).toEqual(expected);
  });
});

describe('text that Unicode does not have', () => {
  it.each([
    ['gbk', 'A2A0'],
    ['sjis', '8540'],
    ['cp1250', '81'],
  ])('%s: the read ends with an error instead of a question mark', async (set, bytes) => {
    await fixture.execute(
      `DROP TABLE IF EXISTS odd; CREATE TABLE odd (id int PRIMARY KEY, v varchar(20) CHARACTER SET ${set})`,
    );
    await fixture.execute("INSERT INTO odd VALUES (1, 'fine?')");
    const request = requestFor(await schemaOf(fixture, 'odd'), { where: "v <> CONVERT('😀' USING ascii)" });
    expect(await readAll(fixture, request)).toEqual([['1', 'fine?']]);
    await fixture.execute(`INSERT INTO odd VALUES (2, _${set} X'${bytes}')`);
    const problem = await problemOf(requestFor(request.table));
    expect(problem.code).toBe('VALUE_DOES_NOT_FIT');
    expect(problem.message.toLowerCase()).toContain(`0x${bytes.toLowerCase()}`);
  });

  it.each([
    ['gbk', 'A2A0'],
    ['sjis', '8540'],
    ['big5', 'A3C0'],
    ['cp1250', '81'],
  ])('%s: a query ends with an error too, for the column and for what is made of it', async (set, bytes) => {
    const text = `varchar(20) CHARACTER SET ${set}`;
    await fixture.execute(
      `DROP TABLE IF EXISTS odd; CREATE TABLE odd (id int PRIMARY KEY, u varchar(5), v ${text}, e enum('a?', 'b') CHARACTER SET ${set})`,
    );
    await fixture.execute(`INSERT INTO odd VALUES (1, 'é', 'fine?', 'a?'), (2, 'ö', _${set} X'${bytes}', 'b')`);
    const read = async (sql: string) => {
      const selection = { include: null, exclude: [], asText: [], policies: DEFAULT_POLICIES };
      const request = { sql, name: 'asked', splitBy: null, selection };
      return requestFor(await describeQuery(fixture.connection, request, fixture.database.name), { key: ['id'] });
    };
    const fine = 'SELECT id, u, v, e, concat(v, e) AS w, 1.5 AS d FROM odd WHERE id = 1';
    expect(await readAll(fixture, await read(fine))).toEqual([['1', 'é', 'fine?', 'a?', 'fine?a?', '1.5']]);
    for (const column of ['v', "concat(v, '')", 'substr(v, 1, 5)', 'max(v)', 'coalesce(v, v)']) {
      const problem = await problemOf(await read(`SELECT id, u, ${column} AS w, e FROM odd GROUP BY id`));
      expect(problem, column).toMatchObject({ code: 'VALUE_DOES_NOT_FIT' });
      expect(problem.message.toLowerCase()).toContain(`0x${bytes.toLowerCase()}`);
      expect(problem.message).toMatch(/column w of asked .* in the row with key 2:/);
    }
  });

  it('half a surrogate pair in ucs2 is named with its row', async () => {
    await fixture.execute('CREATE TABLE halves (id int PRIMARY KEY, v varchar(20) CHARACTER SET ucs2)');
    await fixture.execute("INSERT INTO halves VALUES (1, 'a'), (2, _ucs2 X'D800')");
    const problem = await problemOf(requestFor(await schemaOf(fixture, 'halves', { primaryKey: ['id'] })));
    expect(problem.message).toMatch(
      /column v of .*halves holds text that is no UTF-8 in the row with key 2: 0x(?:d800|eda080)/,
    );
  });
});

describe('TINYINT(1)', () => {
  it('is a boolean when asked, and 2 is then an error', async () => {
    const policies = { ...DEFAULT_POLICIES, tinyint1: 'boolean' } as const;
    await fixture.execute('CREATE TABLE flags (id int PRIMARY KEY, f tinyint(1))');
    await fixture.execute('INSERT INTO flags VALUES (1, 0), (2, 1), (3, NULL)');
    const request = requestFor(await schemaOf(fixture, 'flags', { policies }), { policies, key: ['id'] });
    expect((await readAll(fixture, request)).map((row) => row[1])).toEqual([0, 1, null]);
    await fixture.execute('INSERT INTO flags VALUES (4, 2)');
    const problem = await problemOf(request);
    expect(problem.message).toMatch(/column f of .*flags .* key 4: 2$/);
    expect(problem.hint).toContain('--tinyint1');
  });
});

describe('checklist 33: a table that is altered', () => {
  it('is noticed before a row is decoded, in an older snapshot too', async () => {
    await fixture.execute('CREATE TABLE drift (id int PRIMARY KEY, v int)');
    await fixture.execute('INSERT INTO drift VALUES (1, 1)');
    const table = await schemaOf(fixture, 'drift');
    await queryCell(fixture.connection, 'START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY');
    await fixture.execute('ALTER TABLE drift DROP COLUMN v, ADD COLUMN w int DEFAULT 7, ALGORITHM=INSTANT');
    const problem = await problemOf(requestFor(table));
    expect(problem).toMatchObject({ code: 'SOURCE_CHANGED', fault: 'source' });
    // An older snapshot of MySQL has the older catalog too; the statement itself then tells.
    expect(problem.message).toMatch(kind === 'mysql' ? /Unknown column 'v'/ : /column v is no longer there/);
    await queryCell(fixture.connection, 'ROLLBACK');
    await fixture.execute('ALTER TABLE drift ADD COLUMN v bigint FIRST');
    expect((await problemOf(requestFor(table))).message).toMatch(/column v was int.* and is bigint/);
  });

  it('cannot be altered between the look at its columns and its rows', async () => {
    await fixture.execute('CREATE TABLE held (id int PRIMARY KEY)');
    await fixture.execute(`INSERT INTO held SELECT seq FROM ${sequence(1, 5000, 'seq')}`);
    const table = await schemaOf(fixture, 'held');
    const rows: unknown[] = [];
    await fixture.execute('SET SESSION lock_wait_timeout = 1');
    const request = requestFor(table, { batchBounds: () => ({ rows: 1000, bytes: 1 << 20 }) });
    const { readRange } = await import('../../../src/sources/mysql/read.ts');
    for await (const batch of readRange(fixture, request)) {
      if (rows.length === 0)
        await expect(fixture.execute('ALTER TABLE held ADD COLUMN v int')).rejects.toThrow(/[Ll]ock wait/);
      rows.push(batch.rowCount);
    }
    expect(rows).toEqual([1000, 1000, 1000, 1000, 1000]);
  });
});

describe('checklist 34: hostile names', () => {
  it('are columns like others', async () => {
    await fixture.execute(
      'CREATE TABLE `a``b $& %s` (`__proto__` int PRIMARY KEY, `x``; DROP` float, `$` varchar(9), `?` blob)',
    );
    await fixture.execute("INSERT INTO `a``b $& %s` VALUES (1, 0.1, '?', '$')");
    const table = await schemaOf(fixture, 'a`b $& %s');
    expect(await readAll(fixture, requestFor(table))).toEqual([['1', Math.fround(0.1), '?', '24']]);
  });
});

describe('decoders', () => {
  function decode(plan: Pick<ColumnPlan, 'type' | 'decoder' | 'bits'>, cells: readonly (Buffer | null)[]): void {
    const rows = createScannedRows(1);
    const bytes = new Uint8Array(Buffer.concat(cells.filter((cell) => cell !== null)));
    Object.assign(rows, { bytes, view: new DataView(bytes.buffer), count: cells.length });
    let at = 0;
    cells.forEach((cell, row) => {
      rows.starts[row] = at;
      rows.lengths[row] = cell?.length ?? -1;
      at += cell?.length ?? 0;
    });
    columnReader({ ...plan, select: (column) => column }, DEFAULT_POLICIES).decode(rows, 0);
  }
  const STRING = { type: { kind: 'string' }, decoder: 'text' } as const;
  const hex = (text: string): Buffer => Buffer.from(text, 'hex');

  it.each([
    ['a byte that is none', [hex('61'), hex('ff')], 1],
    ['a surrogate', [hex('eda080')], 0],
    ['an overlong form', [hex('61'), hex('61'), hex('c0af')], 2],
    ['a character that two cells share', [hex('61'), hex('c3'), hex('a9')], 1],
    ['a character that two cells share over an empty one and a NULL', [hex('c3'), hex(''), null, hex('a9')], 0],
    ['above U+10FFFF', [hex('f4908080')], 0],
  ])('refuse text with %s, and tell the row', (_, cells, row) => {
    expect.assertions(2);
    try {
      decode(STRING, cells);
    } catch (error) {
      expect(error).toBeInstanceOf(Misfit);
      expect((error as Misfit).row).toBe(row);
    }
  });

  const INT32 = { type: { kind: 'int32' }, decoder: 'int32' } as const;
  const INT64 = { type: { kind: 'int64' }, decoder: 'int64' } as const;
  const DOUBLE = { type: { kind: 'float64' }, decoder: 'float64' } as const;
  const BIT = { type: { kind: 'string' }, decoder: 'bits', bits: 9 } as const;
  it.each([
    { plan: INT32, texts: ['', '-', '1.5', '2147483648', '-2147483649', 'abc', '1 '] },
    { plan: INT64, texts: ['', '-', '1.5', '9223372036854775808', '-9223372036854775809', '12345678901234567x'] },
    { plan: DOUBLE, texts: ['', '-', '.', '1..2', '1e', 'nan', '--1', '1 '] },
    { plan: BIT, texts: ['xyz'] },
  ])('refuse what a column of $plan.decoder cannot hold', ({ plan, texts }) => {
    for (const text of texts) expect(() => decode(plan, [Buffer.from(text)]), text).toThrow(ProtocolBreach);
  });

  it.each(['1234.5', '123.456', '1000.00', '99999.99'])('refuse a decimal that does not fit: %s', (text) => {
    const plan = { type: { kind: 'decimal', precision: 5, scale: 2 }, decoder: 'decimal' } as const;
    expect(() => decode(plan, [Buffer.from(text)])).toThrow(Misfit);
    expect(() =>
      decode(plan, [Buffer.from('999.99'), Buffer.from('-0.01'), Buffer.from('7'), Buffer.from('1.5000')]),
    ).not.toThrow();
  });
});
