import { describe, expect, it } from 'vitest';
import { postgresTarget } from '../../src/ingest/targets/postgres.ts';
import { givenLoad } from '../ingest/given-load.ts';
import { freshDatabase } from '../support/postgres-server.ts';

/** Settings of a role or a database that would change what a script does. */
describe('the scripts of PostgreSQL', () => {
  it('stop where a policy hides rows, which would then stand twice', async () => {
    await using database = await freshDatabase('roles');
    const { client, name } = database;
    const role = `${name}_loader`;
    await client.query(`CREATE ROLE "${role}" LOGIN PASSWORD 'x'`);
    try {
      await client.query(`CREATE TABLE t (id bigint, v text); INSERT INTO t VALUES (1, 'hidden'), (2, 'seen');
        ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON t USING (v <> 'hidden');
        GRANT ALL ON t TO "${role}"; GRANT ALL ON SCHEMA public TO "${role}"`);
      using given = givenLoad(
        postgresTarget,
        {
          columns: [
            { name: 'id', type: { kind: 'int64' }, nullable: false },
            { name: 'v', type: { kind: 'string' } },
          ],
          primaryKey: ['id'],
          table: { schema: 'public', name: 't' },
          order: { mode: 'merge' },
        },
        ['1,"new"', '2,"new"'],
      );
      const url = new URL(database.url);
      url.username = role;
      url.password = 'x';
      const run = given.run(url.href);
      expect(run.code, run.output).not.toBe(0);
      expect(run.output).toMatch(/row-level security/);
      expect((await client.query('SELECT id::int, v FROM t ORDER BY id')).rows).toEqual([
        { id: 1, v: 'hidden' },
        { id: 2, v: 'seen' },
      ]);
    } finally {
      await client.query(`DROP OWNED BY "${role}"`);
      await client.query(`DROP ROLE "${role}"`);
    }
  });

  it('read NULL in an array as NULL, whatever the database says', async () => {
    await using database = await freshDatabase('roles');
    const { client, name } = database;
    await client.query(`CREATE TABLE t (id bigint PRIMARY KEY, v text[])`);
    await client.query(`ALTER DATABASE "${name}" SET array_nulls = off`);
    using given = givenLoad(
      postgresTarget,
      {
        columns: [
          { name: 'id', type: { kind: 'int64' }, nullable: false },
          { name: 'v', type: { kind: 'string' } },
        ],
        primaryKey: ['id'],
        table: { schema: 'public', name: 't' },
      },
      ['1,"{a,NULL}"'],
    );
    const run = given.run(database.url);
    expect(run.code, run.output).toBe(0);
    expect((await client.query('SELECT v FROM t')).rows).toEqual([{ v: ['a', null] }]);
  });

  it.each([
    ['"char"', 'ABC'],
    ['bytea', '\\x41'],
    ['interval(0)', '00:00:01.6'],
    ['interval year', '1 year 2 mons'],
  ])('stop at a text that a column of %s would change', async (type, text) => {
    await using database = await freshDatabase('roles');
    await database.client.query(`CREATE TABLE t (id bigint PRIMARY KEY, v ${type})`);
    const columns = [
      { name: 'id', type: { kind: 'int64' }, nullable: false },
      { name: 'v', type: { kind: 'string' } },
    ] as const;
    using given = givenLoad(postgresTarget, { columns, primaryKey: ['id'], table: { schema: 'public', name: 't' } }, [
      `1,"${text}"`,
    ]);
    const run = given.run(database.url);
    expect(run.code, run.output).not.toBe(0);
    expect(run.output).toMatch(/would cut or change a text of the files; nothing was changed/);
  });
});
