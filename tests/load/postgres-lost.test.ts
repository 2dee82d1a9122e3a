import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LoadStep } from '../conformance/load-runs.ts';
import { extractTo, loadAll, newFolder } from '../conformance/load-runs.ts';
import type { LoadSource, SourceTable } from '../conformance/load-source.ts';
import { CuttingProxy } from '../support/cutting-proxy.ts';
import type { FreshDatabase } from '../support/postgres-server.ts';
import { freshDatabase } from '../support/postgres-server.ts';
import { createPostgres, POSTGRES } from './postgres-target.ts';

/** Connections that are cut, clients that are killed, and what stays for the same command. */

const ROWS = 6000;
const NOTES: SourceTable = {
  name: 'notes',
  key: null,
  columns: [
    { name: 'id', kind: 'int64' },
    { name: 'body', kind: 'string' },
  ],
};

type Target = Awaited<ReturnType<typeof createPostgres>>;

let database: FreshDatabase;
const extracts = newFolder();

beforeAll(async () => {
  database = await freshDatabase('load_notes');
  await database.client.query('CREATE TABLE notes (id bigint PRIMARY KEY, body text)');
  await database.client.query(`INSERT INTO notes SELECT i, repeat(md5(i::text), 4) FROM generate_series(1, ${ROWS}) i`);
  await extractTo({ url: database.url } as LoadSource, extracts.folder, 'first', 'csv');
});
afterAll(async () => {
  extracts.remove();
  await database?.[Symbol.asyncDispose]();
});

const step = (target: Target, more: Partial<LoadStep> = {}): LoadStep => ({
  ...{ fixture: POSTGRES, target, folder: extracts.folder, way: 'load', out: 'first', mode: 'append', tables: [NOTES] },
  ...more,
});

async function expectLoaded(target: Target): Promise<void> {
  const { rows } = await target.database.client.query<{ n: string; hash: string }>(
    `SELECT count(*)::text AS n, md5(string_agg(id || body, ';' ORDER BY id)) AS hash FROM notes`,
  );
  const wanted = await database.client.query(
    `SELECT count(*)::text AS n, md5(string_agg(id || body, ';' ORDER BY id)) AS hash FROM notes`,
  );
  expect(rows).toEqual(wanted.rows);
  expect((await target.tables()).filter((name) => /_sqlextract_(?!loads$)/.test(name))).toEqual([]);
}

describe('a connection that is lost', () => {
  it.each([
    ['a new table', ''],
    ['a table that is there', 'CREATE TABLE notes (id bigint PRIMARY KEY, body text)'],
  ])('in the middle of %s is said, and the same command goes on', async (_, ddl) => {
    await using target = await createPostgres();
    await target.database.client.query(ddl);
    let lost = 0;
    for (const afterBytes of [900, 1500, 2500, 4000]) {
      const cut = { application: 'sqlextract load', number: 1, afterBytes, way: 'rst' as const };
      await using proxy = await CuttingProxy.start('postgres', target.url, cut);
      const { code, output } = await loadAll(step({ ...target, url: proxy.url(target.url) }));
      if (!proxy.wasCut) continue;
      lost += 1;
      expect(code, output).not.toBe(0);
      expect(output).toMatch(/the connection to .* was lost|ECONNRESET/);
      expect(output).not.toMatch(/INTERNAL|bug in sqlextract/);
    }
    expect(lost).toBeGreaterThan(1);
    expect(await loadAll(step(target))).toMatchObject({ code: 0 });
    await expectLoaded(target);
  });

  it('ended by the server while files are staged: those that are in stay in', async () => {
    await using target = await createPostgres();
    const { client, name } = target.database;
    const loading = loadAll(step(target));
    for (let tries = 0; tries < 400; tries += 1) {
      const { rowCount } = await client.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND application_name = 'sqlextract load' AND query LIKE 'COPY %'`,
        [name],
      );
      if ((rowCount ?? 0) > 0) break;
      await delay(2);
    }
    const { code, output } = await loading;
    // The server's last words are not always read before the socket breaks.
    if (code !== 0)
      expect(output).toMatch(/the connection to .* was lost.*(?:terminating connection|EPIPE|ECONNRESET)/s);
    expect(await loadAll(step(target))).toMatchObject({ code: 0 });
    await expectLoaded(target);
  });
});

describe('run.sh', () => {
  it('whose psql is killed ends with an error, cleans up, and loads all when it is run again', async () => {
    await using target = await createPostgres();
    const stubs = mkdtempSync(join(extracts.folder, 'stubs-'));
    // In the place of the program that unpacks: its psql dies in the middle of a COPY.
    const murder = `#!/bin/bash
pid=$PPID
while [ "$(ps -o comm= -p "$pid")" != psql ]; do pid=$(ps -o ppid= -p "$pid" | tr -d ' '); done
gzip_path=$(PATH=\${PATH#*:} command -v gzip)
"$gzip_path" "$@" | head -c 5000
kill -9 "$pid"
`;
    writeFileSync(join(stubs, 'gzip'), murder, { mode: 0o755 });
    const environment = { ...target.environment, PATH: `${stubs}:${process.env['PATH'] ?? ''}` };
    const killed = await loadAll(step({ ...target, environment }, { way: 'scripts' }));
    expect(killed.code, killed.output).not.toBe(0);
    expect(killed.output).toMatch(/Killed/);
    expect((await target.tables()).filter((name) => /_sqlextract_(?!loads$)/.test(name))).toEqual([]);
    expect((await target.database.client.query('SELECT 1 FROM notes')).rowCount).toBe(0);
    const again = await loadAll(step(target, { way: 'scripts' }));
    expect(again, again.output).toMatchObject({ code: 0 });
    await expectLoaded(target);
  });
});
