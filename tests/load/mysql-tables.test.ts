import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LoadStep } from '../conformance/load-runs.ts';
import { extractTo, loadAll, newFolder } from '../conformance/load-runs.ts';
import type { LoadSource, SourceTable } from '../conformance/load-source.ts';
import type { FreshMariadb } from '../support/mariadb-server.ts';
import { freshMariadb } from '../support/mariadb-server.ts';
import type { FreshDatabase } from '../support/postgres-server.ts';
import { freshDatabase } from '../support/postgres-server.ts';
import { createMariadb, MARIADB } from './mysql-target.ts';
import { FLAVOR } from '../support/mysql-flavor.ts';

/** Tables that are there already, whose engine or whose columns would not keep what is loaded. */

const FACTS: SourceTable = { name: 'facts', key: null, columns: [] };
const COLUMNS = {
  at: 'datetime(6)',
  ratio: 'double',
  price: 'decimal(20,2)',
  bytes: 'varbinary(20)',
  note: 'varchar(20)',
  code: 'varchar(20)',
};

let source: FreshDatabase;
const extracts = newFolder();

beforeAll(async () => {
  source = await freshDatabase('load_facts');
  await source.client.query(
    `CREATE TABLE facts (id int PRIMARY KEY, at timestamp, ratio float8, price numeric(20,2), bytes bytea, note text, code text);
    INSERT INTO facts VALUES (1, '2024-01-01 12:34:56', 0.1234567890123, 123456789.12, 'ab', 'Abc', 'x '), (2, NULL, NULL, NULL, NULL, 'it''s', NULL)`,
  );
  await extractTo({ url: source.url } as LoadSource, extracts.folder, 'first', 'csv');
});
afterAll(async () => {
  extracts.remove();
  await source?.[Symbol.asyncDispose]();
});

/** Each with a row of before. */
async function makeTable({ client }: FreshMariadb, changed: Partial<typeof COLUMNS>, engine = 'InnoDB'): Promise<void> {
  const columns = Object.entries({ ...COLUMNS, ...changed }).map(([name, type]) => `${name} ${type}`);
  await client.query(`CREATE TABLE facts (id int PRIMARY KEY, ${columns.join(', ')}) ENGINE=${engine}`);
  await client.query('INSERT INTO facts (id) VALUES (99)');
}

async function ids({ client }: FreshMariadb): Promise<unknown> {
  const [rows] = await client.query('SELECT id FROM facts');
  return rows;
}

/** No engine of MySQL that has no transactions takes the ledger: its key is too long, or its texts. */
const CHANGES =
  FLAVOR.flavor === 'mariadb'
    ? ['', 'ALTER TABLE facts ENGINE=InnoDB; ALTER TABLE _sqlextract_loads ENGINE=Aria']
    : [''];

describe.each(['scripts', 'load'] as const)('by %s', (way) => {
  const step = (target: LoadStep['target'], mode: string, more: readonly string[] = []): LoadStep => ({
    ...{ fixture: MARIADB, target, folder: extracts.folder, way, out: 'first', mode, tables: [FACTS], more },
  });

  it.each([
    ['replace', []],
    ['replace', ['--parallel', '1']],
    ['merge', []],
  ])('%s %j into MyISAM is refused, also where only the ledger is', async (mode, more) => {
    await using database = await freshMariadb('load_engine');
    const target = createMariadb(database);
    await makeTable(database, {}, 'MyISAM');
    for (const change of CHANGES) {
      if (change !== '') await database.client.query(change);
      const { code, output } = await loadAll(step(target, mode, more));
      expect(code).not.toBe(0);
      expect(output).toMatch(/its engine has no transactions.*; nothing was changed/);
      expect(await ids(database)).toEqual([{ id: 99 }]);
    }
    await database.client.query('ALTER TABLE facts ENGINE=InnoDB; ALTER TABLE _sqlextract_loads ENGINE=InnoDB');
    expect(await loadAll(step(target, mode, more))).toMatchObject({ code: 0 });
  });

  it.each([
    ['at', 'date'],
    ['ratio', 'float'],
    ['price', 'float'],
    ['note', 'float'],
    ['bytes', 'binary(20)'],
    ['note', `enum('abc', 'x')`],
    ['note', `set('Abc', 'x')`],
    ['code', 'char(20)'],
  ])('a column %s that became %s is refused by its name', async (column, type) => {
    await using database = await freshMariadb('load_kept');
    const target = createMariadb(database);
    await makeTable(database, { [column]: type });
    for (const mode of ['replace', 'merge']) {
      const { code, output } = await loadAll(step(target, mode));
      expect(code).not.toBe(0);
      expect(output).toContain(`without a word; nothing was changed: ${column}`);
      expect(await ids(database)).toEqual([{ id: 99 }]);
    }
  });

  it('a text that is a member of an enum as it is becomes that', async () => {
    await using database = await freshMariadb('load_enum');
    await makeTable(database, { note: `enum('it''s', 'Abc')` });
    const outcome = await loadAll(step(createMariadb(database), 'replace', ['--parallel', '1']));
    expect(outcome.code, outcome.output).toBe(0);
    const [rows] = await database.client.query('SELECT note FROM facts ORDER BY id');
    expect(rows).toEqual([{ note: 'Abc' }, { note: "it's" }]);
  });
});
