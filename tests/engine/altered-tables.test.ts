import type { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FreshDatabase, freshDatabase } from '../support/postgres-server.ts';
import {
  createAccounts,
  die,
  extract,
  finish,
  newCase,
  refuse,
  removeFolders,
  SMALL_CHUNKS,
  until,
} from './extract-case.ts';

let database: FreshDatabase;
let client: Client;

beforeAll(async () => {
  database = await freshDatabase('altered');
  client = database.client;
});

afterAll(async () => {
  await database?.[Symbol.asyncDispose]();
  removeFolders();
});

describe('a table that is altered', () => {
  it('33. between chunks without a snapshot: columns that are added or change places are remarked, in --json too, and another table in its place', async () => {
    await createAccounts(client, 'grown', 12_000);
    await client.query('ALTER TABLE grown ADD COLUMN one int DEFAULT 1, ADD COLUMN two int DEFAULT 2');
    const test = newCase(database.url);
    const flags = ['--table', 'grown', ...SMALL_CHUNKS, '--consistency', 'chunk', '--max-rows-per-second', '4000'];
    const running = finish(test, flags);
    await until('it reads', async () => {
      const { rows } = await client.query(
        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'COPY%grown%'",
      );
      return rows.length > 0;
    });
    await client.query(
      `BEGIN; ALTER TABLE grown RENAME TO was; CREATE TABLE grown (LIKE was INCLUDING ALL); INSERT INTO grown SELECT * FROM was;
       ALTER TABLE grown RENAME one TO three; ALTER TABLE grown RENAME two TO one; ALTER TABLE grown RENAME three TO two;
       ALTER TABLE grown ADD COLUMN late int DEFAULT 5; COMMIT`,
    );
    const report = await running;
    expect(report.said).toContain(
      'public.grown: column late was added while the table was read: these files do not have it',
    );
    expect(report.said).toContain(
      'public.grown: columns two, one were renamed or moved while the table was read: some of these files can have the values of another column under such a name',
    );
    expect(report.said).toContainEqual(
      expect.stringMatching(
        /^public\.grown: the table was replaced, emptied or built anew while it was read \(\d+ is \d+ now\)/,
      ),
    );
    expect(report.rows).toBe(12_000);
  });

  it('between a kill and the rerun is told as what it is: not as other settings', async () => {
    await createAccounts(client, 'altered', 12_000);
    const test = newCase(database.url);
    const flags = ['--table', 'altered', ...SMALL_CHUNKS, '--consistency', 'chunk'];
    await die(test, flags, 'mid-read:3');
    await client.query('ALTER TABLE altered ADD COLUMN late int');
    const run = await refuse(test, flags, 'FINGERPRINT_CHANGED', 4);
    expect(run.stderr).toMatch(
      /public\.altered is not as the unfinished run \S+ began to read it: column 5 was not set/,
    );
    expect(run.stderr).toContain('add --fresh');
  });
});

describe('a user who may read some columns only', () => {
  it('extracts those, and is refused the others by name', async () => {
    await createAccounts(client, 'secret', 1000);
    await client.query(
      "DROP ROLE IF EXISTS clerk; CREATE ROLE clerk LOGIN PASSWORD 'clerk'; GRANT SELECT (id, version) ON secret TO clerk",
    );
    const url = new URL(database.url);
    url.username = 'clerk';
    url.password = 'clerk';
    const test = newCase(url.href);
    const report = await finish(test, ['--table', 'secret', '--columns', 'id,version']);
    expect(report.rows).toBe(1000);
    expect((await extract(newCase(url.href), ['--table', 'secret', '--exclude-columns', 'note,balance'])).code).toBe(0);
    const run = await refuse(newCase(url.href), ['--table', 'secret', '--columns', 'id,note'], 'SOURCE_PERMISSION', 3);
    expect(run.stderr).toContain('note');
  });
});
