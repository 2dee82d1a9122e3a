import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkReads } from '../../src/ingest/check-load.ts';
import { EVERY_MODE } from '../../src/ingest/load-mode.ts';
import type { Script } from '../../src/ingest/target.ts';
import { sqlServerTarget } from '../../src/ingest/targets/sqlserver.ts';
import { targetSuite } from '../conformance/target.suite.ts';
import { HOSTILE, hostileText } from './hostile.ts';
import { runWithStubs } from './run-with-stubs.ts';
import type { Piece } from './token-lists.ts';
import { shapeOf, tsqlBatch, tsqlConstant, tsqlPieces } from './token-lists.ts';
import type { PlanChoice } from './warehouse-plan.ts';
import { column, PLACE, planOf } from './warehouse-plan.ts';

targetSuite({
  target: sqlServerTarget,
  locations: { serverPath: '/import' },
  unquoteIdentifier: (text) => {
    const [piece, ...more] = tsqlPieces(text);
    if (piece?.kind !== 'name' || more.length > 0) throw new Error(`not one name: ${text}`);
    return piece.value;
  },
  unquoteLiteral: tsqlConstant,
});

const BULK_OPTIONS = [
  ...['FORMAT', 'FIRSTROW', 'FIELDTERMINATOR', 'FIELDQUOTE', 'ROWTERMINATOR', 'KEEPNULLS', 'MAXERRORS', 'TABLOCK'],
  'CODEPAGE',
];

function scriptsOf(choice: Partial<PlanChoice> = {}): readonly Script[] {
  const given = { target: 'sqlserver', compression: 'none' as const, locations: { serverPath: '/import' }, ...choice };
  return sqlServerTarget.scripts(planOf(given), PLACE);
}

function textsOf(choice: Partial<PlanChoice>, step: RegExp): readonly string[] {
  return scriptsOf(choice)
    .filter(({ name }) => name.endsWith('.sql') && step.test(name))
    .map(({ text }) => tsqlBatch(text));
}

/** What the server is asked to execute: the sums behind `SET @bulk =`. */
function bulksOf(choice: Partial<PlanChoice>): readonly string[] {
  return textsOf(choice, /-load-/).flatMap((text) =>
    [...text.matchAll(/^SET @bulk = (.*) \+ @codepage \+ (.*);$/gm)].map(
      ([, before = '', after = '']) => `${tsqlConstant(before)}65001${tsqlConstant(after)}`,
    ),
  );
}

describe('scripts for SQL Server', () => {
  it.each([
    [{ guid: '0b1c' }, `@here = N'0b1c' AND DB_NAME() = N'shop'`, 'database_guid'],
    [{ server: 'SQL1' }, `@here = N'SQL1' AND DB_NAME() = N'shop'`, '@@SERVERNAME'],
    [{ server: 'sql1:1433' }, null, ''],
  ])(
    'stop at the table that the run was read from, where the server knows who it is: %j',
    (names, condition, asked) => {
      const plan = planOf({ target: 'sqlserver', compression: 'none', locations: { serverPath: '/import' } });
      const tables = plan.tables.map((load) => {
        const identity = { driver: 'sqlserver', database: 'shop', ...names };
        return { ...load, source: { ...load.source, identity } };
      });
      const scripts = sqlServerTarget.scripts({ ...plan, tables }, PLACE);
      const text = scripts.find(({ name }) => name.endsWith('-prepare.sql'))?.text ?? '';
      if (condition === null) expect(text).not.toContain('@here');
      else {
        expect(text).toContain(condition);
        expect(text).toContain(asked);
        expect(text.indexOf('@here')).toBeLessThan(text.indexOf('BEGIN TRANSACTION'));
      }
    },
  );

  it('give BULK INSERT every option that it needs, and none that the manual does not have', () => {
    const bulks = bulksOf({ files: 5 });
    expect(bulks).toHaveLength(5);
    for (const bulk of bulks) {
      const inside = tsqlPieces(/ WITH \(([^]*?)\); SET/.exec(bulk)?.[1] ?? '');
      const names = inside
        .filter(({ kind, value }) => kind === 'word' && !/^\d+$/.test(value))
        .map(({ value }) => value);
      expect(names.toSorted()).toEqual(BULK_OPTIONS.toSorted());
    }
    expect(bulks.join('\n')).not.toMatch(/\*|parquet/i);
  });

  it('stage each file in a transaction with its name, in as many sessions as asked for', () => {
    const sessions = textsOf({ files: 7, options: { parallel: 3 } }, /-load-/);
    expect(sessions).toHaveLength(3);
    for (const text of sessions) {
      const begins = text.split('BEGIN TRANSACTION;').length;
      expect(text.split('COMMIT TRANSACTION;')).toHaveLength(begins);
      expect(text.split('IF @loaded <> ')).toHaveLength(begins);
      expect(text).toContain('SET XACT_ABORT ON;');
    }
  });

  it('find the files below --server-path, on Linux and on Windows', () => {
    const folder = '/export/out/dbo.orders/run-1';
    const path = (serverPath: string) =>
      tsqlPieces(bulksOf({ files: 1, folder, locations: { serverPath } })[0] ?? '')[6]?.value;
    expect(path('/import/')).toBe('/import/dbo.orders/run-1/part-000001.csv');
    expect(path('D:\\import')).toBe('D:\\import\\dbo.orders\\run-1\\part-000001.csv');
    expect(path("\\\\host\\it's")).toBe("\\\\host\\it's\\dbo.orders\\run-1\\part-000001.csv");
  });

  it('are refused without a path, and where NULL is an empty text', () => {
    expect(() => scriptsOf({ locations: {} })).toThrow('--server-path');
    expect(() => scriptsOf({ nullMarker: '' })).toThrow('does not tell from an empty text');
    const whole = [column('id', { kind: 'int64' }, { isKey: true }, false)];
    expect(bulksOf({ nullMarker: '', columns: whole })).toHaveLength(2);
  });

  it('are not written for Parquet and for compressed files', () => {
    const [table] = planOf({ target: 'sqlserver', format: 'parquet' }).tables;
    if (table === undefined) throw new Error('no table');
    expect(() => checkReads(table, sqlServerTarget, null)).toThrow('does not read parquet files');
    const [zipped] = planOf({ target: 'sqlserver' }).tables;
    if (zipped === undefined) throw new Error('no table');
    expect(() => checkReads(zipped, sqlServerTarget, null)).toThrow('compressed with gzip');
  });

  it('compare the marker with its length, and read an empty cell as NULL nowhere', () => {
    const [text = ''] = textsOf({ nullMarker: 'NÜLL' }, /-publish/);
    const values = [...text.matchAll(/^INSERT INTO @columns VALUES \((.*)\);$/gm)].map(([line]) => line);
    expect(values.length).toBeGreaterThan(10);
    for (const line of values) expect(line).toContain('DATALENGTH(s.c');
    expect(text).toContain(`= N''NÜLL'' AND DATALENGTH(s.c1) = 5 THEN NULL`);
  });

  it('claim the run, check, change rows and write the ledger in one transaction', () => {
    for (const mode of EVERY_MODE) {
      const [text = ''] = textsOf({ mode }, /-publish/);
      const order = [
        'BEGIN TRANSACTION;',
        'sp_getapplock',
        '[run_id] =',
        '[extracted_at] >',
        'COUNT_BIG(*)',
        mode === 'delete' ? 'DELETE t FROM' : 'EXEC sp_executesql @sql',
        'INSERT INTO [shop].[_sqlextract_loads]',
        'COMMIT TRANSACTION;\n',
      ];
      const places = order.map((part, index) =>
        text.indexOf(part, index < 7 ? 0 : text.indexOf('_sqlextract_loads] (')),
      );
      expect(
        places.every((place) => place > 0),
        mode,
      ).toBe(true);
      expect(places, mode).toEqual(places.toSorted((one, other) => one - other));
      expect(text).not.toMatch(/\bMERGE\b(?! INTO|, which)/);
    }
  });

  it('join with = where a key cannot be NULL, null-safe where it can, with the length of texts', () => {
    const columns = [
      column('a', { kind: 'int64' }, { isKey: true }),
      column('b', { kind: 'string' }, { isKey: true }, false),
    ];
    const [text = ''] = textsOf({ mode: 'merge', columns }, /-publish/);
    const same =
      'EXISTS (SELECT t.[a] INTERSECT SELECT s.c1) AND t.[b] COLLATE Latin1_General_100_BIN2 = s.c2 AND DATALENGTH(t.[b]) = DATALENGTH(s.c2)';
    expect(text).toContain(`ON ${same};`);
    expect(textsOf({ mode: 'merge', columns }, /-prepare/)[0]).not.toContain('PRIMARY KEY ([a]');
  });

  it.each(EVERY_MODE)('have one shape whatever names and values are: %s', (mode) => {
    const choice = (one: string, other: string): Partial<PlanChoice> => ({
      mode,
      schema: one,
      table: one,
      columns: [column(one, { kind: 'int64' }, { isKey: true }, false), column(other, { kind: 'string' })],
      nullMarker: other,
      run: other,
      deletedColumn: `${other} gone`,
    });
    // sums of constants count as one; the marker's length is the one number that follows from a value
    const shape = (pieces: readonly Piece[]) =>
      shapeOf(pieces)
        .replaceAll(/\( CONVERT \( nvarchar \( max \) , (?:(?:text|NCHAR \( \d+ \))(?: \+ )?)+ \) \)/g, 'text')
        .replaceAll(/(DATALENGTH \( s \. c\d+ \) = )\d+/g, '$1n');
    const usual = textsOf(choice('one', 'other'), /./).map((text) => shape(tsqlPieces(text)));
    fc.assert(
      fc.property(hostileText, hostileText, (one, other) => {
        fc.pre(one !== other);
        const texts = textsOf(choice(one, other), /./);
        const pieces = texts.map((text) => tsqlPieces(text));
        expect(pieces.map(shape)).toEqual(usual);
        const names = new Set(pieces.flat().flatMap(({ kind, value }) => (kind === 'name' ? [value] : [])));
        expect(names).toContain(one);
      }),
      { numRuns: 60 },
    );
  });

  it.each(['replace', 'merge'] as const)('are these files: %s', async (mode) => {
    const columns = [
      column('id', { kind: 'int64' }, { isKey: true }, false),
      column('note', { kind: 'string' }),
      column('amount', { kind: 'decimal', precision: 12, scale: 2 }),
      column('created_at', { kind: 'timestamp', zoned: true }),
      column('raw', { kind: 'binary' }),
    ];
    const dedupeBy = mode === 'merge' ? 'created_at' : null;
    for (const { name, text } of scriptsOf({ mode, columns, dedupeBy })) {
      await expect(text).toMatchFileSnapshot(`../../fixtures/ingest/sqlserver/${mode}/${name}`);
    }
  });
});

describe('run.sh for SQL Server', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tsql-'));
  });
  afterAll(async () => await rm(folder, { recursive: true, force: true }));

  it.each(HOSTILE.map((name, index) => ({ name, index })))('runs all steps of $name', async ({ name, index }) => {
    const scripts = scriptsOf({ table: name, schema: name, run: name, files: 3, options: { parallel: 2 } });
    const sqlOf = (step: string) => scripts.find((each) => each.name.endsWith(`-${step}.sql`))?.name ?? '';
    const place = join(folder, String(index));
    const all = await runWithStubs(place, scripts, 'run.sh', ['sqlcmd'], {
      words: ['-S', 'my host'],
      answers: { sqlcmd: '          0\n' },
    });
    const common = ['sqlcmd', '-S', 'my host', '-b', '-I', '-x'];
    const words = all.calls.map((call) => call.words);
    expect(words.map((each) => each.slice(0, 6))).toEqual(words.map(() => common));
    const files = words.map((each) => each.at(-1));
    expect(files.slice(0, 2)).toEqual([sqlOf('prepare'), sqlOf('loaded')]);
    expect(new Set(files.slice(2, 4))).toEqual(new Set([sqlOf('load-1'), sqlOf('load-2')]));
    expect(files.slice(4)).toEqual([sqlOf('publish'), sqlOf('cleanup')]);
    const again = await runWithStubs(place, scripts, 'run.sh', ['sqlcmd'], { answers: { sqlcmd: '          1\n' } });
    expect(again.calls.map((call) => call.words.at(-1))).toEqual([sqlOf('prepare'), sqlOf('loaded'), sqlOf('cleanup')]);
    expect(again.stdout).toContain('is loaded already; nothing was done');
  });
});
