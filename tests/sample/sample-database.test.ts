import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSampleDatabase, SAMPLE_ORDERS, SAMPLE_USERS } from '../../src/sample/sample-database.ts';

let folder: string;
let path: string;
const reported: number[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sqlextract-sample-'));
  path = join(folder, 'new', 'sample.db');
  await createSampleDatabase(path, ({ rows }) => reported.push(rows));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

function query(sql: string): Record<string, unknown> {
  const database = new DatabaseSync(path, { readOnly: true, readBigInts: true });
  try {
    return { ...database.prepare(sql).get() };
  } finally {
    database.close();
  }
}

describe('sample database', () => {
  it('has as many rows as promised, and leaves nothing else', async () => {
    expect(query('SELECT (SELECT count(*) FROM users) AS users, (SELECT count(*) FROM orders) AS orders')).toEqual({
      users: BigInt(SAMPLE_USERS),
      orders: BigInt(SAMPLE_ORDERS),
    });
    expect(reported.at(-1)).toBe(SAMPLE_USERS + SAMPLE_ORDERS);
    expect(await readdir(join(folder, 'new'))).toEqual(['sample.db']);
    expect(query('PRAGMA quick_check')).toEqual({ quick_check: 'ok' });
  });

  it('has the awkward values', () => {
    const found =
      query(`SELECT sum(email IS NULL) > 0 AS nulls, sum(email = '') > 0 AS empties, sum(bio LIKE '%"%,%') > 0 AS quotes,
      sum(instr(bio, char(10))) > 0 AS newlines, sum(instr(bio, '😀')) > 0 AS emoji, sum(external_id > 9007199254740992) > 0 AS big,
      sum(external_id < -9223372036854000000) > 0 AS small, sum(typeof(balance) = 'real') > 0 AS decimals, sum(length(avatar) = 0) > 0 AS empty_blobs,
      sum(created_at GLOB '*.??????') = count(*) AS micros, sum(json_valid(settings)) = count(settings) AS json FROM users`);
    expect(Object.entries(found).filter(([, value]) => value !== 1n)).toEqual([]);
  });

  it('is the same every time', () => {
    // Sums of what SQLite computes by integers alone: the same on every machine.
    expect(
      query('SELECT sum(length(bio)) AS bio, sum(external_id % 1000003) AS ids, max(created_at) AS last FROM users'),
    ).toMatchInlineSnapshot(`
      {
        "bio": 4459957n,
        "ids": -5021000000n,
        "last": "2023-12-31 23:52:01.842721",
      }
    `);
    expect(
      query(
        'SELECT sum(user_id) AS users, sum(CAST(round(price * 100) AS INTEGER)) AS cents, count(shipped_at) AS shipped FROM orders',
      ),
    ).toMatchInlineSnapshot(`
      {
        "cents": 4995560288734n,
        "shipped": 749998n,
        "users": 99998288734n,
      }
    `);
  });

  it('every order has its user', () => {
    expect(
      query(
        'SELECT count(*) AS n FROM orders WHERE user_id NOT BETWEEN 1 AND (SELECT count(*) FROM users WHERE id > 0)',
      ),
    ).toEqual({ n: 0n });
  });

  it('leaves what was there when it can not finish', async () => {
    const old = join(folder, 'file');
    await writeFile(old, 'kept');
    await expect(createSampleDatabase(join(old, 'sample.db'))).rejects.toThrow(/EEXIST|ENOTDIR/);
    expect(await readdir(folder)).toEqual(['file', 'new']);
  });
});
