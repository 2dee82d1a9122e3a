import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EpochFacts } from '../../../src/model/epoch.ts';
import type { TableSchema } from '../../../src/model/table.ts';
import { cursorCondition } from '../../../src/sources/postgres/cursor-condition.ts';
import { rowsSince } from '../../../src/sources/postgres/cursor-since.ts';
import { takeSnapshot } from '../../../src/sources/postgres/snapshot.ts';
import { type SnapshotFixture, snapshotFixture } from './snapshot-fixture.ts';

let fixture: SnapshotFixture;
let table: TableSchema;
beforeAll(async () => {
  fixture = await snapshotFixture('since');
  await fixture.database.client.query(`
    CREATE VIEW seen AS SELECT * FROM t;
    CREATE TABLE guarded (id int PRIMARY KEY);
    ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
    ALTER TABLE guarded FORCE ROW LEVEL SECURITY`);
  table = await fixture.table('t');
});
afterAll(() => fixture[Symbol.asyncDispose]());

async function epoch(mode: 'shared' | 'none' = 'shared'): Promise<EpochFacts> {
  const snapshot = await takeSnapshot(fixture.client, fixture.config, fixture.request([table], { mode, holdMs: 0 }));
  await snapshot.release();
  return snapshot.facts;
}

async function idsSince(facts: EpochFacts, where: string | null = null): Promise<readonly number[]> {
  const since = await rowsSince(fixture.client, { facts, table, where });
  if (since.kind === 'unknown') throw new Error(since.why);
  const { rows } = await fixture.database.client.query<{ id: number }>(
    `SELECT id FROM t WHERE ${cursorCondition(since.window)} ORDER BY id`,
  );
  return rows.map(({ id }) => id);
}

describe('rows since an epoch', () => {
  it.each(['shared', 'none'] as const)(
    'are those of every transaction that was open then, or began later (%s)',
    async (mode) => {
      const { client } = fixture.database;
      const early = await fixture.another();
      await early.query(`BEGIN READ WRITE; SAVEPOINT a; UPDATE public.t SET v = 'early' WHERE id = 10; RELEASE a`);
      const facts = await epoch(mode);
      await early.query(`SAVEPOINT b; UPDATE public.t SET v = 'early' WHERE id = 20; RELEASE b; COMMIT`);
      await client.query(`BEGIN; SAVEPOINT c; UPDATE t SET v = 'late' WHERE id = 30; RELEASE c; COMMIT`);
      const found = await idsSince(facts);
      // Rows that the fixture wrote may be among them while other tests keep the horizon back.
      expect(found).toEqual(expect.arrayContaining([10, 20, 30]));
      await client.query('VACUUM FREEZE t');
      expect(await idsSince(facts)).toEqual(expect.arrayContaining([10, 20, 30]));
      await client.query('VACUUM FULL t');
      expect(await idsSince(facts)).toEqual(expect.arrayContaining([10, 20, 30]));
    },
  );

  it('come with a query for the keys: from the index alone, or with what was written where a condition is', async () => {
    const facts = await epoch();
    const plain = await rowsSince(fixture.client, { facts, table, where: null });
    expect(plain).toMatchObject({ keys: 'SELECT "id" FROM "public"."t"', window: { to: null, nulls: false } });
    const under = await rowsSince(fixture.client, { facts, table, where: 'v = 1' });
    if (under.kind === 'unknown') throw new Error(under.why);
    expect(under.keys).not.toContain('v = 1');
    await fixture.database.client.query(`UPDATE t SET v = 'x' WHERE id = 5`);
    const { rows } = await fixture.database.client.query<{ id: number }>(
      `SELECT id FROM (${under.keys}) AS q WHERE sqlextract_changed`,
    );
    expect(rows.map(({ id }) => id)).toContain(5);
  });

  it.each([
    ['a view', async () => ({ table: await fixture.table('seen', 'view') }), 'the rows of a view'],
    ['no key', async () => ({ table: { ...table, primaryKey: [] } }), 'no primary key'],
    ['a clock', async () => ({ where: 'id < extract(epoch FROM now())' }), 'although no row changed'],
    ['another server', async () => ({ facts: changed(await epoch(), { systemId: '1' }) }), 'does not prove'],
    ['another timeline', async () => ({ facts: changed(await epoch(), { timeline: '000000FF' }) }), 'does not prove'],
    ['too long ago', async () => ({ facts: changed(await epoch(), { xmin: '-2147483648' }) }), 'does not prove'],
    ['no proof at all', async () => ({ facts: { ...(await epoch()), proof: {} } }), 'does not prove'],
  ])('are not known of %s', async (_, changes, why) => {
    const request = { facts: await epoch(), table, where: null, ...(await changes()) };
    expect(await rowsSince(fixture.client, request)).toEqual({ kind: 'unknown', why: expect.stringContaining(why) });
  });

  it('are not known where row policies pick', async () => {
    const { client } = fixture.database;
    await client.query('CREATE ROLE since_reader; GRANT SELECT ON guarded TO since_reader');
    await fixture.client.query('SET ROLE since_reader');
    try {
      const guarded = await fixture.table('guarded');
      const facts = { takenAt: '', label: '', shared: true, proof: {} };
      const answer = await rowsSince(fixture.client, { facts, table: guarded, where: null });
      expect(answer).toEqual({ kind: 'unknown', why: expect.stringContaining('row policies') });
    } finally {
      await fixture.client.query('RESET ROLE');
      await client.query('DROP OWNED BY since_reader; DROP ROLE since_reader');
    }
  });
});

function changed(facts: EpochFacts, proof: Readonly<Record<string, string>>): EpochFacts {
  return { ...facts, proof: { ...facts.proof, ...proof } };
}
