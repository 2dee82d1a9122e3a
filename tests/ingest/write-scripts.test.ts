import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { scriptName } from '../../src/ingest/script-name.ts';
import { writeScripts } from '../../src/ingest/write-scripts.ts';
import { planned, planOf } from './load-example.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'scripts-'));
});
afterEach(async () => rm(folder, { recursive: true, force: true }));

const SCRIPTS = [
  { name: '01-users-load.sql', text: 'SELECT 1;\n', executable: false },
  { name: 'run.sh', text: '#!/bin/sh\n', executable: true },
] as const;

describe('a folder of scripts', () => {
  test('has the scripts, which can be run, and the plan without the paths of this machine', async () => {
    const target = join(folder, 'new', 'duckdb');
    await writeScripts(target, planOf(planned()), SCRIPTS);
    expect((await readdir(target)).toSorted()).toEqual(['01-users-load.sql', 'plan.json', 'run.sh']);
    expect((await stat(join(target, 'run.sh'))).mode & 0o777).toBe(0o755);
    const plan = await readFile(join(target, 'plan.json'), 'utf8');
    expect(plan).not.toContain('/data/export');
    expect(JSON.parse(plan)).toMatchObject({
      version: 1,
      tables: [{ files: [{ number: 1, name: 'part-000001.csv.gz' }, {}] }],
    });
  });

  test('written again, has no script of before, and still what is not ours', async () => {
    await writeScripts(folder, planOf(planned()), SCRIPTS);
    const theirs = ['notes.md', 'rejected.csv', '01-users-load.sql.bak', 'my-script.sql', 'run.log'];
    for (const name of theirs) await writeFile(join(folder, name), 'theirs');
    await writeScripts(folder, planOf(planned()), [{ name: '01-other-load.sql', text: '', executable: false }]);
    expect((await readdir(folder)).toSorted()).toEqual(['01-other-load.sql', 'plan.json', ...theirs].toSorted());
  });

  test('may be written by two at once, and after one that was killed', async () => {
    await writeFile(join(folder, '.plan.json.0123abcd.tmp'), '{');
    const both = Array.from({ length: 8 }, async () => writeScripts(folder, planOf(planned()), SCRIPTS));
    await Promise.all(both);
    expect((await readdir(folder)).toSorted()).toEqual(
      ['.plan.json.0123abcd.tmp', '01-users-load.sql', 'plan.json', 'run.sh'].toSorted(),
    );
  });

  test("of somebody else's is left alone", async () => {
    await writeFile(join(folder, 'run.sh'), 'theirs');
    await expect(writeScripts(folder, planOf(planned()), SCRIPTS)).rejects.toMatchObject({
      problem: { code: 'INGEST_FOLDER' },
    });
    expect(await readdir(folder)).toEqual(['run.sh']);
    expect(await readFile(join(folder, 'run.sh'), 'utf8')).toBe('theirs');
  });
});

describe('names of scripts', () => {
  const named = (name: string, number = 1): string =>
    scriptName({ ...planned(), number, target: { schema: null, name } }, 'load');

  test.each([
    ['users', '01-users-load.sql'],
    ['Order Details', '01-order-details-load.sql'],
    ['../../etc/passwd', '01-etc-passwd-load.sql'],
    ['$(id)', '01-id-load.sql'],
    ['😀', '01-table-load.sql'],
    ['-', '01-table-load.sql'],
    ['x'.repeat(300), `01-${'x'.repeat(40)}-load.sql`],
  ])('%j is %s', (name, expected) => expect(named(name)).toBe(expected));

  test('keep their order', () =>
    expect([named('b', 9), named('a', 10), named('c', 100)]).toEqual([
      '09-b-load.sql',
      '10-a-load.sql',
      '100-c-load.sql',
    ]));
});
