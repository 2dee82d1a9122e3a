import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { LoadReport } from '../../src/load/load-report.ts';
import { openDuckDb } from '../support/duckdb.ts';
import { freshMariadb } from '../support/mariadb-server.ts';
import { freshDatabase } from '../support/postgres-server.ts';
import { runCli } from '../support/run-cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'lost-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

beforeAll(async () => {
  const source = new DatabaseSync(join(folder, 'source.sqlite'));
  source.exec(
    "CREATE TABLE items (id INTEGER PRIMARY KEY, label VARCHAR(20)); INSERT INTO items VALUES (1, 'a'), (2, 'b')",
  );
  source.close();
  expect((await runCli(['extract', '--source', 'source.sqlite', '--table', 'items'], { cwd: folder })).code).toBe(0);
});

/** What a full refresh into the table that is there says went with it; the second finds nothing any more. */
async function lostIn(target: string): Promise<readonly (readonly string[] | undefined)[]> {
  const refresh = async () => {
    const args = ['load', '--table', 'items', '--mode', 'full-refresh', '--json'];
    const { code, stdout, stderr } = await runCli(args, { cwd: folder, env: { SQLEXTRACT_TARGET: target } });
    expect({ code, stderr: code === 0 ? '' : stderr + stdout }).toEqual({ code: 0, stderr: '' });
    const [table] = (JSON.parse(stdout) as LoadReport).tables;
    return table?.outcome.kind === 'loaded' ? table.outcome.lost?.toSorted() : undefined;
  };
  return [await refresh()];
}

describe('a full refresh names what goes with the old table', () => {
  test('PostgreSQL', async () => {
    await using database = await freshDatabase('lost', inject('postgresUrl'));
    await database.client.query(`
      CREATE TABLE items (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, label text DEFAULT 'x' CHECK (label <> 'q'));
      CREATE INDEX by_label ON items (label); COMMENT ON TABLE items IS 'ours'; GRANT SELECT ON items TO PUBLIC;
      CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
      CREATE TRIGGER stamp BEFORE INSERT ON items FOR EACH ROW EXECUTE FUNCTION stamp()`);
    expect(await lostIn(database.url)).toEqual([
      [
        ...['comment', 'constraint items_label_check', 'default of label', 'grants to PUBLIC', 'identity of id'],
        ...['index by_label', 'trigger stamp'],
      ],
    ]);
  });

  test('MariaDB', async () => {
    await using database = await freshMariadb('lost', inject('mariadbUrl'));
    await database.client.query(
      'CREATE TABLE items (id bigint AUTO_INCREMENT PRIMARY KEY, label varchar(20), INDEX by_label (label))',
    );
    await database.client.query(
      "CREATE TRIGGER stamp BEFORE INSERT ON items FOR EACH ROW SET NEW.label = concat(NEW.label, '')",
    );
    expect(await lostIn(database.url)).toEqual([['auto_increment of id', 'index by_label', 'trigger stamp']]);
  });

  test('SQLite', async () => {
    const target = new DatabaseSync(join(folder, 'target.sqlite'));
    target.exec(`CREATE TABLE items (id INTEGER PRIMARY KEY, label TEXT); CREATE INDEX by_label ON items (label);
      CREATE TRIGGER stamp AFTER INSERT ON items BEGIN SELECT 1; END`);
    target.close();
    expect(await lostIn('target.sqlite')).toEqual([['index by_label', 'trigger stamp']]);
  });

  test('DuckDB', async () => {
    const connection = await openDuckDb();
    await connection.run(`ATTACH '${join(folder, 'target.duckdb')}' AS t`);
    await connection.run('CREATE TABLE t.items (id BIGINT PRIMARY KEY, label VARCHAR UNIQUE)');
    await connection.run('CREATE INDEX by_label ON t.items (label)');
    await connection.run('DETACH t');
    connection.closeSync();
    expect(await lostIn('target.duckdb')).toEqual([['index by_label', 'unique constraint']]);
  });
});
