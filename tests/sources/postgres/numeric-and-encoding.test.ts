import { afterAll, beforeAll, expect, it } from 'vitest';
import { Client } from 'pg';
import { SqlextractError } from '../../../src/model/problem.ts';
import { ALL_COLUMNS, readRows } from '../../conformance/source-reading.ts';
import { type FreshDatabase, freshDatabase } from '../../support/postgres-server.ts';
import { openSession } from './postgres-fixture.ts';

let database: FreshDatabase;
beforeAll(async () => {
  database = await freshDatabase('numeric');
});
afterAll(() => database?.[Symbol.asyncDispose]());

/** Every precision with four scales, the edges among them. */
const TYPES = Array.from({ length: 38 }, (_, index) => index + 1).flatMap((precision) =>
  [...new Set([0, Math.min(2, precision), Math.floor(precision / 2), precision])].map(
    (scale) => [precision, scale] as const,
  ),
);

it('random decimals of every precision equal the server, both ways', async () => {
  const columns = TYPES.map(([precision, scale], index) => `c${index} numeric(${precision},${scale})`);
  // Digits of random count (also none) from md5, so that leading and trailing zeros and groups of 0000 come up.
  const digits = (salt: number) =>
    `translate(md5(i::text || '${salt}') || md5('${salt}' || i::text), 'abcdef', '000000')`;
  const cells = TYPES.map(
    ([precision, scale], index) =>
      `(CASE WHEN i % 2 = 0 THEN '-' ELSE '' END || '0' || left(${digits(index)}, 1 + i % ${precision}) || 'e-${scale}')::numeric`,
  );
  await database.client.query(`CREATE TABLE decimals (id int PRIMARY KEY, ${columns.join(', ')});
    INSERT INTO decimals SELECT i, ${cells.join(', ')} FROM generate_series(1, 400) i`);
  const texts = TYPES.map((_, index) => `c${index}::text`);
  const { rows } = await database.client.query<string[]>({
    text: `SELECT id::text, ${texts.join(', ')} FROM decimals ORDER BY decimals.id`,
    rowMode: 'array',
  });
  for (const options of ['', 'copy=off']) {
    await using session = await openSession(database, options);
    const table = await session.describe({ schema: '', name: 'decimals' }, ALL_COLUMNS);
    const read = await readRows(session, { table });
    expect(read.toSorted((one, other) => Number(one[0]) - Number(other[0]))).toEqual(rows);
  }
});

it('text of a database without encoding is taken when it is UTF-8, and refused when not', async () => {
  const name = `${database.name}_ascii`;
  await database.client.query(
    `CREATE DATABASE ${name} TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'`,
  );
  const url = new URL(database.url);
  url.pathname = `/${name}`;
  const ascii = { ...database, url: url.href };
  try {
    for (const options of ['', 'copy=off']) {
      await using session = await openSession(ascii, options);
      const view = (bytes: string) => ({ where: `v = convert_from('${bytes}'::bytea, 'SQL_ASCII')` });
      const writer = new Client({ connectionString: ascii.url });
      await writer.connect();
      await writer.query(`DROP TABLE IF EXISTS t; CREATE TABLE t (id int PRIMARY KEY, v text);
        INSERT INTO t VALUES (1, convert_from('\\xc3a9'::bytea, 'SQL_ASCII')), (2, convert_from('\\xe9'::bytea, 'SQL_ASCII'))`);
      await writer.end();
      const table = await session.describe({ schema: '', name: 't' }, ALL_COLUMNS);
      expect(await readRows(session, { table, ...view('\\xc3a9') })).toEqual([['1', 'é']]);
      const error = await readRows(session, { table }).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(SqlextractError);
      expect((error as SqlextractError).problem).toMatchObject({ code: 'SOURCE_ENCODING', verdict: 'fatal' });
    }
  } finally {
    await database.client.query(`DROP DATABASE ${name} WITH (FORCE)`);
  }
});
