import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { sqliteTarget } from '../../src/ingest/targets/sqlite.ts';
import { sqliteLoader } from '../../src/load/loaders/sqlite.ts';
import { fitted } from '../../src/load/load-table.ts';
import { toProblem } from '../../src/model/problem.ts';
import type { PlanFacts } from '../conformance/ingest-example.ts';
import type { GivenLoad } from '../ingest/given-load.ts';
import { givenLoad } from '../ingest/given-load.ts';

const KEYED: PlanFacts = {
  columns: [
    { name: 'k', type: { kind: 'string' } },
    { name: 'v', type: { kind: 'int64' } },
  ],
  table: { schema: '', name: 't' },
  order: { key: ['k'] },
};

/** Loads the one table of the plan by the driver; what it ended in. */
async function load({ folder, plan }: GivenLoad): Promise<string> {
  const [table] = plan.tables;
  if (table === undefined) throw new Error('the plan has no table');
  const url = join(folder, 'target');
  const place = {
    url,
    displayUrl: url,
    flavor: null,
    environment: {},
    identity: () => Promise.resolve(null),
    scratch: folder,
  };
  await using session = await sqliteLoader.open(place, 1);
  try {
    const fits = await fitted({ session, target: sqliteTarget, place, plan, evolve: 'fail' }, table);
    await session.prepare(fits, plan);
    await session.publish(fits, plan);
    return 'loaded';
  } catch (error) {
    await session.discard(table, plan);
    const { code, message, causes } = toProblem(error);
    return [code, message, ...(causes ?? [])].join(': ');
  }
}

function ask({ folder }: GivenLoad, statements: string): readonly unknown[] {
  const database = new DatabaseSync(join(folder, 'target'));
  try {
    database.exec(statements);
    return database
      .prepare('SELECT * FROM t ORDER BY v')
      .all()
      .map((row) => Object.values(row));
  } finally {
    database.close();
  }
}

describe.each(['merge', 'delete-insert'] as const)('SQLite, %s', (mode) => {
  const facts = { ...KEYED, order: { ...KEYED.order, mode } };

  it.each([
    ['two of the files in another case', 'NOCASE', ['"x",1', '"X",2']],
    ["one of the table's in another case", 'NOCASE', ['"e",1']],
    ['two of the files with and without a blank', 'RTRIM', ['"x",1', '"x ",2']],
    ["one of the table's with a blank", 'RTRIM', ['"E ",1']],
  ])('stops at keys that are one to the collation of the table only: %s', async (_, collation, lines) => {
    for (const run of [load, async (given: GivenLoad) => given.run().output]) {
      using given = givenLoad(sqliteTarget, facts, lines);
      ask(given, `CREATE TABLE t (k TEXT COLLATE ${collation}, v INTEGER); INSERT INTO t VALUES ('E', 0)`);
      expect(await run(given)).toMatch(/to the collation of the table only.*; nothing was changed/);
      expect(ask(given, '')).toEqual([['E', 0]]);
    }
  });

  it('takes the same keys byte by byte, and NULL, whatever the collation is', async () => {
    for (const run of [load, async (given: GivenLoad) => given.run().output]) {
      using given = givenLoad(sqliteTarget, facts, ['"E",1', '"x ",2', '"x",3', '"é",4', '\\N,5']);
      ask(given, "CREATE TABLE t (k TEXT COLLATE NOCASE, v INTEGER); INSERT INTO t VALUES ('E', 0), (NULL, 0)");
      expect(await run(given)).not.toMatch(/LOAD_|sqlextract:/);
      expect(ask(given, '')).toEqual([
        ['E', 1],
        ['x ', 2],
        ['x', 3],
        ['é', 4],
        [null, 5],
      ]);
    }
  });
});

describe.each(['replace', 'append', 'merge', 'delete-insert'] as const)('SQLite, %s', (mode) => {
  it.each([
    ['deletes a row', 'AFTER INSERT ON t BEGIN DELETE FROM t WHERE v = 1; END'],
    ['leaves a row out', 'BEFORE INSERT ON t WHEN NEW.v = 1 BEGIN SELECT RAISE(IGNORE); END'],
    ['adds a row', "AFTER INSERT ON t WHEN NEW.v = 1 BEGIN INSERT INTO t VALUES ('z', 9); END"],
  ])('stops when a trigger %s', async (_, trigger) => {
    for (const run of [load, async (given: GivenLoad) => given.run().output]) {
      using given = givenLoad(sqliteTarget, { ...KEYED, order: { ...KEYED.order, mode } }, ['"a",1', '"b",2']);
      ask(given, `CREATE TABLE t (k TEXT, v INTEGER); INSERT INTO t VALUES ('b', 0); CREATE TRIGGER g ${trigger}`);
      expect(await run(given)).toMatch(/; nothing was changed/);
      expect(ask(given, '')).toEqual([['b', 0]]);
    }
  });
});

describe('a generated column of the table that is there', () => {
  it.each(['replace', 'append', 'merge', 'delete-insert'] as const)('is left out, %s', async (mode) => {
    const facts: PlanFacts = {
      columns: [
        { name: 'id', type: { kind: 'int64' }, nullable: false },
        { name: 'v', type: { kind: 'int64' } },
        { name: 'w', type: { kind: 'string' } },
      ],
      table: { schema: '', name: 't' },
      order: { mode, key: ['id'] },
    };
    using given = givenLoad(sqliteTarget, facts, ['2,7,"a"']);
    ask(given, "CREATE TABLE t (id INTEGER, v INTEGER AS (id * 2), w TEXT DEFAULT 'w')");
    expect(await load(given)).toBe('loaded');
    expect(ask(given, '')).toEqual([[2, 4, 'a']]);
    using script = givenLoad(sqliteTarget, facts, ['2,7,"a"']);
    ask(script, "CREATE TABLE t (id INTEGER, v INTEGER AS (id * 2), w TEXT DEFAULT 'w')");
    expect(script.run().output).toMatch(/column v of the table that is there is a generated one.*nothing was changed/);
  });
});
