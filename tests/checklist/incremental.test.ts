import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CursorFixture } from '../conformance/cursor-fixture.ts';
import { step, upTo } from '../conformance/cursors.suite.ts';
import { call, type ExtractCase, finish, newCase, removeFolders } from '../engine/extract-case.ts';
import { mysqlCursorFixture } from '../sources/mysql/cursor-fixture.ts';
import { postgresCursorFixture } from '../sources/postgres/cursor-fixture.ts';
import { sqliteCursorFixture } from '../sources/sqlite/cursor-fixture.ts';
import { readFilesOf } from './read-files.ts';

/* Incremental runs of the list in index.test.ts, by the program, on every source that runs here. */

interface Source {
  readonly fixture: CursorFixture;
  /** As a person types it. */
  readonly url: string;
  /** Runs without changes; each is a start of the program. */
  readonly idleRuns: number;
}

const SOURCES: Readonly<Record<string, () => Promise<Source>>> = {
  sqlite: async () => {
    const fixture = await sqliteCursorFixture();
    return { fixture, url: fixture.file.path, idleRuns: 2 };
  },
  postgres: async () => {
    const fixture = await postgresCursorFixture();
    return { fixture, url: fixture.database.url, idleRuns: 2 };
  },
  mariadb: async () => {
    const fixture = await mysqlCursorFixture();
    return { fixture, url: fixture.database.url, idleRuns: 2 };
  },
};

afterAll(removeFolders);

describe.each(Object.entries(SOURCES))('incremental runs of %s', (_, open) => {
  let source: Source;
  beforeAll(async () => {
    source = await open();
  });
  afterAll(() => source?.fixture[Symbol.asyncDispose]());

  /** A new table, and how to insert rows into it: id, the cursor as SQL. */
  async function newJob(name: string) {
    const { fixture } = source;
    await fixture.createTable({ name, cursor: { name: 'stamp', type: 'moment' } });
    const insert = (rows: readonly (readonly [number, string])[]) =>
      `INSERT INTO ${fixture.quote(name)} (id, stamp) VALUES ${rows.map(([id, value]) => `(${id}, ${value})`).join(', ')}`;
    const test = newCase(source.url);
    const flags = ['--table', name, '--incremental-by', 'stamp', '--strategy', 'append'];
    return {
      insert,
      add: (rows: Parameters<typeof insert>[0]) => fixture.execute(insert(rows)),
      /** The ids that the next run delivers. */
      next: async (): Promise<readonly number[]> => deliveredBy(test, flags),
      watermark: async (): Promise<unknown> => watermarkOf(test),
    };
  }

  it('49. a row that is stamped before the end of a window, and committed after it, is delivered by the next one', async () => {
    const { fixture } = source;
    const { add, insert, next } = await newJob('late');
    await add([[1, fixture.now]]);
    const writer = await fixture.begin();
    await writer.execute(insert([[2, fixture.now]]));
    if (fixture.manyWriters) await add([[3, fixture.now]]);
    const first = await next();
    expect(first).not.toContain(2);
    await writer.commit();
    if (!fixture.manyWriters) await add([[3, fixture.now]]);
    const second = await next();
    expect(new Set([...first, ...second])).toEqual(new Set([1, 2, 3]));
    expect(first.length + second.length).toBe(3);
    expect(await next()).toEqual([]);
  });

  it('50. of 1000 rows with one stamp, half of them there in the first run, each is delivered once', async () => {
    const { add, next } = await newJob('ties');
    const at = `'${step(7)}'`;
    await add(upTo(500).map((id) => [id * 2, at]));
    expect(await next()).toEqual(upTo(500).map((id) => id * 2));
    await add(upTo(500).map((id) => [id * 2 - 1, at]));
    expect(await next()).toEqual(upTo(500).map((id) => id * 2 - 1));
    await add([[1001, `'${step(8)}'`]]);
    expect(await next()).toEqual([1001]);
  });

  it('51. steps of one microsecond: runs without changes deliver nothing, and the watermark stays', async () => {
    const { add, next, watermark } = await newJob('steps');
    await add(upTo(20).map((n) => [n, `'${step(n)}'`]));
    expect(await next()).toEqual(upTo(20));
    const before = await watermark();
    expect(before).toMatchObject({ from: { value: expect.stringContaining('08:00:00.00002') } });
    for (let run = 0; run < source.idleRuns; run += 1) expect(await next()).toEqual([]);
    expect(await watermark()).toEqual(before);
    await add([[21, `'${step(21)}'`]]);
    expect(await next()).toEqual([21]);
  });

  it('51. nor do 2100 rows with one stamp, more than are listed by their keys, until another one stands there', async () => {
    const { add, next } = await newJob('many_ties');
    const at = `'${step(7)}'`;
    await add(upTo(2100).map((id) => [id, at]));
    expect(await next()).toHaveLength(2100);
    expect(await next()).toEqual([]);
    await add([[2101, at]]);
    expect(await next()).toEqual(upTo(2101));
  });
});

async function deliveredBy(test: ExtractCase, flags: readonly string[]): Promise<readonly number[]> {
  const report = await finish(test, flags);
  const { manifest } = report.tables[0] ?? { manifest: null };
  if (manifest === null) throw new Error('the run has no manifest');
  return (await readFilesOf(manifest)).rows.map(([id]) => Number(id));
}

async function watermarkOf(test: ExtractCase): Promise<unknown> {
  const run = await call(test, ['watermark', 'list', '--json']);
  expect(run.code, run.stderr).toBe(0);
  const { watermarks } = JSON.parse(run.stdout) as { watermarks: { state: { watermark: unknown } }[] };
  return watermarks[0]?.state.watermark;
}
