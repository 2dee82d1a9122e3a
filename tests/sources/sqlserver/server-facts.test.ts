import { afterEach, describe, expect, it } from 'vitest';
import type { TableSchema } from '../../../src/model/table.ts';
import { DEFAULT_POLICIES } from '../../../src/model/value-policies.ts';
import type { SourceSession } from '../../../src/sources/source.ts';
import { sqlServerDriver } from '../../../src/sources/sqlserver/index.ts';
import { switchOn } from '../../../src/sources/sqlserver/isolation-words.ts';
import { TdsStandIn } from '../../support/tds-stand-in/server.ts';
import { type CatalogRow, SnapshotServer } from './snapshot-server.ts';

let standIn: TdsStandIn | null = null;

afterEach(async () => {
  await standIn?.[Symbol.asyncDispose]();
});

async function open(facts: CatalogRow | null): Promise<SourceSession> {
  standIn = await TdsStandIn.start(new SnapshotServer(facts).handler);
  return sqlServerDriver.open(sqlServerDriver.parse({ url: standIn.url, environment: {} }), 'coordinator');
}

const describePlain = (session: SourceSession): Promise<TableSchema> =>
  session.describe(
    { schema: 'dbo', name: 'plain' },
    { include: null, exclude: [], asText: [], policies: DEFAULT_POLICIES },
  );

async function snapshotOf(session: SourceSession) {
  return session.takeSnapshot({
    tables: [await describePlain(session)],
    mode: 'shared',
    holdMs: 0,
    previous: null,
    required: false,
    allowLocks: false,
    lastTry: false,
    runtimeFolder: '',
  });
}

describe('what is known of a server', () => {
  it('is found by the name of the database, whose number is another in sys.databases of Azure', async () => {
    await using session = await open({ edition: 5 });
    const statements = standIn?.statements.filter((sql) => sql.includes('sys.databases')) ?? [];
    expect(statements.length).toBeGreaterThan(0);
    for (const sql of statements) expect(sql).not.toContain('DB_ID()');
    expect(await session.identity()).not.toHaveProperty('guid');
  });

  it('is never guessed', async () => {
    await expect(open(null)).rejects.toMatchObject({ problem: { code: 'SOURCE_PERMISSION' } });
  });

  it('says when row security could not be seen', async () => {
    await using blind = await open({ sees_definitions: 0 });
    expect((await snapshotOf(blind)).remarks.join()).toContain('row-level security could hide rows');
    await standIn?.[Symbol.asyncDispose]();
    await using seeing = await open({ sees_definitions: 0, sees_policies: 1 });
    expect((await snapshotOf(seeing)).remarks.join()).not.toContain('row-level security');
  });

  it('proves nothing of a readable secondary', async () => {
    await using primary = await open({});
    const { facts } = await snapshotOf(primary);
    expect(facts.proof).toHaveProperty('version');
    const table = await describePlain(primary);
    await standIn?.[Symbol.asyncDispose]();
    await using secondary = await open({ updateability: 'READ_ONLY' });
    expect((await snapshotOf(secondary)).facts.proof).toEqual({});
    const before = standIn?.statements.length;
    expect(await secondary.unchangedSince(facts, table, [], null)).toBe('unknown');
    expect(standIn?.statements.length, 'the rows are not asked for').toBe(before);
  });

  it('offers on Babelfish only what it has', async () => {
    await using session = await open({ babelfish: 1 });
    const remarks = (await snapshotOf(session)).remarks.join();
    expect(remarks).toContain('--consistency require');
    expect(remarks).not.toMatch(/--allow-locks|AS SNAPSHOT OF/);
  });

  it('is quoted in a statement for people', () => {
    const isolation = {
      snapshot: false,
      readCommittedSnapshot: false,
      databaseSnapshot: false,
      frozen: false,
      secondary: false,
    };
    const facts = {
      babelfish: false,
      edition: 3,
      database: 'my-db',
      updateable: true,
      policiesVisible: true,
      isolation,
    };
    expect(switchOn(facts)).toContain('ALTER DATABASE [my-db] SET');
  });
});
