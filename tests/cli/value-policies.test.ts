import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  call,
  createSqliteAccounts,
  finish,
  newCase,
  newFolder,
  refuse,
  removeFolders,
} from '../engine/extract-case.ts';
import { checkFlags } from '../../src/cli/check-flags.ts';
import type { Settings } from '../../src/config/settings.ts';
import { mysqlDriver } from '../../src/sources/mysql/index.ts';
import { type FreshDatabase, freshDatabase } from '../support/postgres-server.ts';

/* `--zero-dates` and `--tinyint1` are about values of MySQL: a source that has none does not take them in silence. */

let sqlite: string;
let postgres: FreshDatabase;

beforeAll(async () => {
  sqlite = join(newFolder(), 'shop.sqlite');
  createSqliteAccounts(sqlite, 10);
  postgres = await freshDatabase('policies');
  await postgres.client.query('CREATE TABLE accounts AS SELECT 1 AS id');
});

afterAll(async () => {
  await postgres?.[Symbol.asyncDispose]();
  removeFolders();
});

const sources = { sqlite: () => sqlite, postgres: () => postgres.url };
const TABLE = ['--table', 'accounts'];

it('MySQL has both', () => {
  const origins = { zeroDates: 'flag', tinyint1: 'environment', splitBy: 'default' };
  expect(() => checkFlags({ origins } as unknown as Settings, mysqlDriver)).not.toThrow();
});

describe.each(['sqlite', 'postgres'] as const)('%s', (source) => {
  it.each([
    ['--zero-dates', 'null'],
    ['--tinyint1', 'boolean'],
    ['--zero-dates', 'fail'],
  ])('refuses %s %s', async (flag, value) => {
    const { stderr } = await refuse(newCase(sources[source]()), [...TABLE, flag, value], 'USAGE_OF_OTHER_SOURCE', 2);
    expect(stderr).toContain(`${flag} is not for ${source}`);
    for (const command of ['plan', 'inspect']) {
      const run = await call(newCase(sources[source]()), [command, ...TABLE, flag, value]);
      expect([run.code, run.stderr]).toEqual([2, expect.stringContaining('code: USAGE_OF_OTHER_SOURCE')]);
    }
  });

  it('refuses the variable, too', async () => {
    const env = { SQLEXTRACT_ZERO_DATES: 'null' };
    const { stderr } = await refuse(newCase(sources[source]()), TABLE, 'USAGE_OF_OTHER_SOURCE', 3, { env });
    expect(stderr).toContain('SQLEXTRACT_ZERO_DATES');
  });

  it('leaves the defaults of a file to the sources that they are for', async () => {
    const test = newCase(sources[source]());
    writeFileSync(join(test.folder, 'sqlextract.yaml'), 'defaults: {zero_dates: text, tinyint1: boolean}');
    await finish(test, TABLE);
  });
});
