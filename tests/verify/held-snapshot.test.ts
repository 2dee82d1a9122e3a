import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { freshDatabase } from '../support/postgres-server.ts';
import { runCli } from '../support/run-cli.ts';
import type { VerifyReport } from '../../src/verify/verification.ts';
import { freshFolder } from './extracted.ts';

test('verify compares inside the snapshot that a run keeps, and leaves it as it is', async () => {
  using folder = freshFolder();
  await using database = await freshDatabase('held');
  await database.client.query('CREATE TABLE t AS SELECT i AS id, i::text AS name FROM generate_series(1, 1000) i');
  await database.client.query('ALTER TABLE t ADD PRIMARY KEY (id)');
  const options = { cwd: folder.path, env: { SQLEXTRACT_SOURCE: database.url } };
  const extract = ['extract', '--table', 't', '--workers', '2', '--quiet', '--keep-snapshot', '--hold', '60s'];
  expect(await runCli(extract, options)).toMatchObject({ code: 0 });
  await database.client.query("UPDATE t SET name = 'changed' WHERE id = 7");

  const verify = ['verify', '--against-source', '--json'];
  for (const _ of ['once', 'and again: the holder lives on']) {
    const run = await runCli(verify, options);
    expect(run).toMatchObject({ code: 0 });
    const report = JSON.parse(run.stdout) as VerifyReport;
    expect(report.tables[0]?.source).toMatchObject({ verdict: 'equal', when: 'run' });
  }
  const { rows } = await database.client.query<{ pid: number }>(
    "SELECT pid FROM pg_stat_activity WHERE application_name = 'sqlextract holder' AND datname = current_database()",
  );
  expect(rows).toHaveLength(1);

  await database.client.query('SELECT pg_terminate_backend($1)', [rows[0]?.pid]);
  const later = await runCli(verify, options);
  expect(later).toMatchObject({ code: 6 });
  const report = JSON.parse(later.stdout) as VerifyReport;
  expect(report.problem?.code).toBe('VERIFY_SOURCE_MOVED_OR_DIFFERENT');
  expect(report.tables[0]?.source).toMatchObject({ verdict: 'different', when: 'later', files: { rows: '1000' } });
  expect(readdirSync(join(folder.path, '.sqlextract', 'run'))).toEqual([]);
});

test('what was asked for wrongly is said, and the exit code tells whose fault it is', async () => {
  using folder = freshFolder();
  const options = { cwd: folder.path };
  const nothing = await runCli(['verify'], options);
  expect(nothing.code).toBe(2);
  expect(nothing.stderr).toContain('NO_FINISHED_RUN');
  const missing = await runCli(['verify', 'nowhere/manifest.json'], options);
  expect(missing.code).toBe(4);
  expect(missing.stderr).toContain('MANIFEST_MISSING');
});
