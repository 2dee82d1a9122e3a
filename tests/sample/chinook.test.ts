import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readFilesOf } from '../checklist/read-files.ts';
import { finish, newCase, removeFolders } from '../engine/extract-case.ts';
import { sqlServerUrl, URL_VARIABLE } from '../support/sqlserver-server.ts';
import {
  type Chinook,
  chinookOfMariadb,
  chinookOfPostgres,
  chinookOfSqlite,
  chinookOfSqlServer,
  chinookTexts,
} from './chinook-databases.ts';

/* A real database that nobody here wrote, in four dialects, equal to its source table for table and row for row. */

const FIXTURES = join(import.meta.dirname, '../../fixtures/chinook');
const file = (name: string) => gunzipSync(readFileSync(join(FIXTURES, name)));
const text = (name: string) => file(name).toString('utf8');
const TABLES = 11;

function equalsItsSource(open: () => Promise<Chinook>): void {
  let chinook: Chinook;
  beforeAll(async () => {
    chinook = await open();
  });
  afterAll(async () => chinook?.[Symbol.asyncDispose]());

  it.each(['parquet', 'csv'])('every table and row (%s)', async (format) => {
    const test = newCase(chinook.url);
    const report = await finish(test, ['--table', '*', '--format', format, '--workers', '2']);
    expect(report.tables).toHaveLength(TABLES);
    for (const { table, manifest: path } of report.tables) {
      const { manifest, rows } = await readFilesOf(resolve(test.folder, path ?? ''));
      const texts = chinookTexts(rows, manifest.schema.columns);
      expect(texts.length, table).toBeGreaterThan(0);
      expect(texts.toSorted(), table).toEqual((await chinook.rows(table, manifest.schema.columns)).toSorted());
    }
  });
}

afterAll(removeFolders);

describe('Chinook in PostgreSQL', () => {
  equalsItsSource(async () => chinookOfPostgres(text('postgresql.sql.gz')));
});
describe('Chinook in MariaDB', () => {
  equalsItsSource(async () => chinookOfMariadb(text('mysql.sql.gz')));
});
describe('Chinook in SQLite', () => {
  equalsItsSource(async () => chinookOfSqlite(file('sqlite.gz')));
});
describe.skipIf(sqlServerUrl() === null)(`Chinook in SQL Server (where ${URL_VARIABLE} names one)`, () => {
  equalsItsSource(async () => chinookOfSqlServer(text('sqlserver.sql.gz')));
});
