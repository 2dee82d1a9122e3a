import { appendFileSync, globSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LoadStep, Outcome, Way } from '../conformance/load-runs.ts';
import { extractTo, loadAll, newFolder } from '../conformance/load-runs.ts';
import type { LoadSource, SourceTable } from '../conformance/load-source.ts';
import type { FreshDatabase } from '../support/postgres-server.ts';
import { freshDatabase } from '../support/postgres-server.ts';
import { createPostgres, POSTGRES } from './postgres-target.ts';

/** Tables that are there already, with what people hang on them; several loads at once; files that are not as they were. */

const ROWS = 800;
const ITEMS: SourceTable = {
  name: 'items',
  key: null,
  columns: [
    { name: 'id', kind: 'int64' },
    { name: 'parent', kind: 'int64' },
    { name: 'label', kind: 'string' },
    { name: 'twice', kind: 'int64' },
    { name: 'address', kind: 'string' },
    { name: 'size', kind: 'decimal' },
  ],
};
const DDL = `CREATE TABLE items (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, parent bigint, label varchar(40) NOT NULL,
  twice bigint GENERATED ALWAYS AS (id * 2) STORED, address inet, size numeric(12,2))`;

type Target = Awaited<ReturnType<typeof createPostgres>>;

let database: FreshDatabase;
const extracts = newFolder();

beforeAll(async () => {
  database = await freshDatabase('load_items');
  await database.client.query(DDL);
  await database.client.query(
    `INSERT INTO items (id, parent, label, address, size) OVERRIDING SYSTEM VALUE
      SELECT i, nullif(i / 2, 0), 'item ' || i, ('10.0.0.' || i % 256)::inet, i / 3.0 FROM generate_series(1, $1::int) i`,
    [ROWS],
  );
  await extractTo({ url: database.url } as LoadSource, extracts.folder, 'first', 'csv');
  await database.client.query(`UPDATE items SET label = label || '!' WHERE id % 3 = 0`);
  await extractTo({ url: database.url } as LoadSource, extracts.folder, 'second', 'csv');
});
afterAll(async () => {
  extracts.remove();
  await database?.[Symbol.asyncDispose]();
});

const step = (target: Target, way: Way, mode: string, more: Partial<LoadStep> = {}): LoadStep => ({
  ...{ fixture: POSTGRES, target, folder: extracts.folder, way, out: 'first', mode, tables: [ITEMS] },
  ...more,
});

async function sums(client: FreshDatabase['client']): Promise<unknown> {
  const { rows } = await client.query<Record<string, string>>(
    `SELECT count(*)::text AS n, count(DISTINCT id)::text AS ids, sum(twice)::text AS twice, md5(string_agg(concat_ws('|', id, parent, label, address, size), ';' ORDER BY id)) AS hash FROM items`,
  );
  return rows[0];
}

async function expectLoaded(target: Target, { code, output }: Outcome): Promise<void> {
  expect(code, output).toBe(0);
  const { rows } = await target.database.client.query<{ n: string }>('SELECT count(*)::text AS n FROM items');
  expect(rows[0]?.n).toBe(String(ROWS));
  expect((await target.tables()).filter((name) => /_sqlextract_(?!loads$)/.test(name))).toEqual([]);
}

describe.each(['scripts', 'load'] as const)('by %s', (way) => {
  it.each(['replace', 'merge', 'delete-insert'])(
    '%s keeps identity, generated columns, types, views and grants',
    async (mode) => {
      await using target = await createPostgres();
      const { client } = target.database;
      await client.query(`${DDL}; CREATE VIEW big AS SELECT id FROM items WHERE size > 100; GRANT SELECT ON items TO PUBLIC;
      INSERT INTO items (label) VALUES ('stays only where keys decide')`);
      await expectLoaded(target, await loadAll(step(target, way, mode)));
      await loadAll(step(target, way, mode, { out: 'second' }));
      expect(await sums(client)).toEqual(await sums(database.client));
      const kept =
        await client.query(`SELECT has_table_privilege('public', 'items', 'SELECT') AS may, (SELECT count(*) FROM big) > 0 AS seen,
      (SELECT count(*)::int FROM pg_attribute WHERE attrelid = 'items'::regclass AND (attidentity = 'a' OR attgenerated = 's')) AS special`);
      expect(kept.rows).toEqual([{ may: true, seen: true, special: 2 }]);
    },
  );

  it('replace under a foreign key of another table: its rows stay, and still refer', async () => {
    await using target = await createPostgres();
    const { client } = target.database;
    await client.query(`${DDL}; CREATE TABLE lines (item bigint REFERENCES items)`);
    await client.query(`INSERT INTO items (label) SELECT 'old' FROM generate_series(1, 900)`);
    await client.query('INSERT INTO lines SELECT generate_series(1, 50)');
    await expectLoaded(target, await loadAll(step(target, way, 'replace')));
    expect((await client.query('SELECT count(*)::int AS n FROM lines JOIN items ON id = item')).rows).toEqual([
      { n: 50 },
    ]);
    await client.query('INSERT INTO items (id, label) OVERRIDING SYSTEM VALUE VALUES (9999, $1)', ['mine']);
    await client.query('INSERT INTO lines VALUES (9999)');
    const broken = await loadAll(step(target, way, 'replace', { out: 'second' }));
    expect(broken.code).not.toBe(0);
    expect(broken.output).toMatch(/violates foreign key constraint/);
    expect((await client.query(`SELECT count(*)::int AS n FROM items WHERE label LIKE '%!'`)).rows).toEqual([{ n: 0 }]);
  });

  it('replace and delete-insert are refused where rows of another table would go too', async () => {
    await using target = await createPostgres();
    await target.database.client.query(`${DDL}; CREATE TABLE lines (item bigint REFERENCES items ON DELETE CASCADE)`);
    for (const mode of ['replace', 'delete-insert']) {
      const { code, output } = await loadAll(step(target, way, mode));
      expect(code).not.toBe(0);
      expect(output).toMatch(/rows of other tables would go with its rows; nothing was changed/);
    }
    await expectLoaded(target, await loadAll(step(target, way, 'merge')));
  });

  it('full-refresh names what hangs on the table, and changes nothing', async () => {
    await using target = await createPostgres();
    const { client } = target.database;
    await client.query(
      `${DDL}; INSERT INTO items (label) VALUES ('old'); CREATE VIEW "my view" AS SELECT id FROM items`,
    );
    const { code, output } = await loadAll(step(target, way, 'full-refresh'));
    expect(code).not.toBe(0);
    expect(output).toMatch(
      /other objects depend on the table \(view .*"my view" depends on table .*items\); nothing was changed/,
    );
    expect((await client.query('SELECT label FROM items')).rows).toEqual([{ label: 'old' }]);
    expect((await target.tables()).filter((name) => /_sqlextract_(?!loads$)/.test(name))).toEqual([]);
    await client.query('DROP VIEW "my view"');
    await expectLoaded(target, await loadAll(step(target, way, 'full-refresh')));
  });

  it('a column that the table lacks stops it, and so does one that is too narrow', async () => {
    await using target = await createPostgres();
    const { client } = target.database;
    await client.query('CREATE TABLE items (id bigint, parent bigint, label varchar(7), twice bigint, address inet)');
    const lacking = await loadAll(step(target, way, 'append'));
    expect(lacking.code).not.toBe(0);
    expect(lacking.output).toMatch(/size/);
    await client.query('ALTER TABLE items ADD COLUMN size numeric');
    const narrow = await loadAll(step(target, way, 'append'));
    expect(narrow.code).not.toBe(0);
    expect(narrow.output).toMatch(/would cut or change a text of the files; nothing was changed/);
    expect((await client.query('SELECT 1 FROM items')).rowCount).toBe(0);
    expect((await target.tables()).filter((name) => /_sqlextract_(?!loads$)/.test(name))).toEqual([]);
  });

  it.each(['append', 'merge'])('%s: a value that a column would round stops it', async (mode) => {
    await using target = await createPostgres();
    const { client } = target.database;
    await client.query(
      `CREATE TABLE items (id int, parent float8, label text, twice numeric(20), address text, size numeric(12,1))`,
    );
    const { code, output } = await loadAll(step(target, way, mode));
    expect(code).not.toBe(0);
    expect(output).toMatch(/has fewer digits than the values of the files, and would round them; nothing was changed/);
    await client.query('ALTER TABLE items ALTER COLUMN size TYPE numeric');
    await expectLoaded(target, await loadAll(step(target, way, mode)));
  });

  it.each(['append', 'replace'])('%s: two at the same time load once', async (mode) => {
    await using target = await createPostgres();
    const both = await Promise.all([loadAll(step(target, way, mode)), loadAll(step(target, way, mode))]);
    await expectLoaded(target, both[0]);
    await expectLoaded(target, both[1]);
    const { rows } = await target.database.client.query('SELECT inserted::int AS n FROM _sqlextract_loads');
    expect(rows).toEqual([{ n: ROWS }]);
  });

  it('a window takes out what is in it, and refuses rows outside', async () => {
    await using target = await createPostgres();
    await loadAll(step(target, way, 'append'));
    const window = (to: number) => ['--window', 'id', '--window', '1', '--window', String(to)];
    const outside = await loadAll(step(target, way, 'delete-insert', { out: 'second', more: window(ROWS) }));
    expect(outside.code).not.toBe(0);
    expect(outside.output).toMatch(/outside of the window; nothing was changed/);
    await expectLoaded(
      target,
      await loadAll(step(target, way, 'delete-insert', { out: 'second', more: window(ROWS + 1) })),
    );
  });
});

describe('files that are not as they were', () => {
  it('a row more, or bytes less, and nothing is loaded', async () => {
    const [path = ''] = globSync(join(extracts.folder, 'second', '*items*', '*', 'part-000001.csv'));
    appendFileSync(path, '90001,1,"x",180002,"10.0.0.1",1.00\n');
    for (const way of ['scripts', 'load'] as const) {
      await using target = await createPostgres();
      const { code, output } = await loadAll(step(target, way, 'append', { out: 'second' }));
      expect(code, output).not.toBe(0);
      expect(output).toMatch(way === 'load' ? /bytes instead of/ : /rows that were loaded are not the 800/);
      expect((await target.tables()).filter((name) => name.includes('stage'))).toEqual([]);
    }
    truncateSync(path, 1000);
    await using target = await createPostgres();
    expect(await loadAll(step(target, 'scripts', 'append', { out: 'second' }))).not.toMatchObject({ code: 0 });
  });
});

describe('what a table does not keep', () => {
  const fresh = newFolder();
  const TEXTS: SourceTable = { name: 'texts', key: null, columns: [] };
  /** A type, a text that it would change, and one that it keeps. */
  const TYPES = [
    ['varchar(2)', 'ab   ', 'ab'],
    ['name', 'x'.repeat(70), 'x'.repeat(63)],
    ['numeric(10,2)', '1.005', '1.50'],
    ['real', '16777217', '16777216'],
    ['date', '2024-01-01 12:34:56', '2024-01-01'],
    ['timestamp', '2024-01-01 12:00:00+05:00', '2024-01-01T12:00:00.100'],
    ['timestamp(0)', '2024-01-01 12:00:00.4', '2024-01-01 12:00:00.000'],
    ['time(0)', '12:00:00.4', '12:00:00'],
    ['timestamptz(0)', '2024-01-01 12:00:00.4Z', '2024-01-01 12:00:00+05:00'],
    ['timestamptz', 'now', '2024-01-01 12:00:00Z'],
  ] as const;
  let source: FreshDatabase;

  beforeAll(async () => {
    source = await freshDatabase('load_texts');
    const columns = TYPES.map((_, index) => `c${index} text`).join(', ');
    const places = TYPES.map((_, index) => `$${index + 1}`).join(', ');
    for (const [name, at] of [
      ['changed', 1],
      ['kept', 2],
    ] as const) {
      await source.client.query(
        `CREATE TABLE ${name} (k text PRIMARY KEY, ${columns}); INSERT INTO ${name} VALUES ('b')`,
      );
      await source.client.query(
        `INSERT INTO ${name} VALUES ('a', ${places})`,
        TYPES.map((each) => each[at]),
      );
    }
    await source.client.query(
      `CREATE TABLE texts (k text PRIMARY KEY, v text); INSERT INTO texts VALUES ('x', '1'), ('X', '2'), ('x ', '3'), ('é', '4'), ('e', '5')`,
    );
    await extractTo({ url: source.url } as LoadSource, fresh.folder, 'first', 'csv');
  });
  afterAll(async () => {
    fresh.remove();
    await source?.[Symbol.asyncDispose]();
  });

  const texts = (target: Target, mode: string, folder = fresh.folder): LoadStep => ({
    ...{ fixture: POSTGRES, target, folder, way: 'load', out: 'first', mode, tables: [TEXTS] },
  });

  it.each(TYPES)('a text into %s: refused when it would change, else kept', async (type) => {
    const column = `c${TYPES.findIndex(([each]) => each === type)}`;
    const columns = TYPES.map((_, index) => `c${index} ${`c${index}` === column ? type : 'text'}`).join(', ');
    await using target = await createPostgres();
    const { client } = target.database;
    for (const name of ['changed', 'kept']) {
      await client.query(`CREATE TABLE ${name} (k text, ${columns}); INSERT INTO ${name} VALUES ('old')`);
    }
    const changed = await loadAll({ ...texts(target, 'replace'), tables: [{ ...TEXTS, name: 'changed' }] });
    expect(changed.code).not.toBe(0);
    expect(changed.output).toMatch(/would cut or change a text of the files; nothing was changed/);
    expect((await client.query('SELECT k FROM changed')).rows).toEqual([{ k: 'old' }]);
    const kept = await loadAll({ ...texts(target, 'replace'), tables: [{ ...TEXTS, name: 'kept' }] });
    expect(kept.code, kept.output).toBe(0);
    expect((await client.query('SELECT k FROM kept ORDER BY k')).rows).toEqual([{ k: 'a' }, { k: 'b' }]);
  });

  it.each(['merge', 'delete-insert'])('%s: keys that are equal to the collation only stop it', async (mode) => {
    await using target = await createPostgres();
    const { client } = target.database;
    await client.query(
      `CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level1', deterministic = false);
      CREATE TABLE texts (k text COLLATE loose PRIMARY KEY, v text); INSERT INTO texts VALUES ('x', 'old'), ('e', 'old')`,
    );
    const { code, output } = await loadAll(texts(target, mode));
    expect(code).not.toBe(0);
    expect(output).toMatch(/equal to one of the table's to its collation only .*; nothing was changed/);
    expect((await client.query(`SELECT 1 FROM texts WHERE v = 'old'`)).rowCount).toBe(2);
    await client.query('ALTER TABLE texts ALTER k TYPE text COLLATE "C"');
    expect(await loadAll(texts(target, mode))).toMatchObject({ code: 0 });
    expect((await client.query('SELECT 1 FROM texts')).rowCount).toBe(5);
  });

  it.each(['replace', 'append', 'merge', 'delete-insert'])('%s: a row that a trigger keeps out', async (mode) => {
    await using target = await createPostgres();
    const { client } = target.database;
    await client.query(
      `CREATE TABLE texts (k text PRIMARY KEY, v text); INSERT INTO texts VALUES ('old', 'old');
      CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF NEW.v = ''3'' THEN RETURN NULL; END IF; RETURN NEW; END';
      CREATE TRIGGER lose BEFORE INSERT ON texts FOR EACH ROW EXECUTE FUNCTION lose()`,
    );
    const { code, output } = await loadAll(texts(target, mode));
    expect(code).not.toBe(0);
    expect(output).toMatch(/rows that were loaded are not the 5 of the manifest; nothing was changed/);
    expect((await client.query('SELECT k FROM texts')).rows).toEqual([{ k: 'old' }]);
    await client.query('DROP TRIGGER lose ON texts');
    expect(await loadAll(texts(target, mode))).toMatchObject({ code: 0 });
  });
});
