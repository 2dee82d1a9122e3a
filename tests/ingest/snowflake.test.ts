import { mkdtemp, mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EVERY_MODE } from '../../src/ingest/load-mode.ts';
import { snowflakeTarget } from '../../src/ingest/targets/snowflake.ts';
import { targetSuite } from '../conformance/target.suite.ts';
import { goldenSuite } from './golden.suite.ts';
import { HOSTILE, hostileText } from './hostile.ts';
import { insideOf, namesBefore, OPTIONS, statementsFrom } from './option-lists.ts';
import { runWithStubs } from './run-with-stubs.ts';
import { lexSql, onlyToken, SNOWFLAKE } from './sql-lexer.ts';
import type { Token } from './sql-lexer.ts';
import { column } from './warehouse-plan.ts';
import { loadText, nameOrNull, scriptsOf, warehouseSuite } from './warehouse.suite.ts';
import type { WarehouseFixture } from './warehouse.suite.ts';
import type { PlanChoice } from './warehouse-plan.ts';

/** Tokens of the script and, instead of the block's text, those of the block. */
function tokensOf(text: string): readonly Token[] {
  return lexSql(text, SNOWFLAKE).flatMap((token, index, all) => {
    const isBlock = token.kind === 'block' || (token.kind === 'text' && all[index - 1]?.value === 'IMMEDIATE');
    return isBlock ? lexSql(token.value, SNOWFLAKE) : [token];
  });
}

const fixture: WarehouseFixture = {
  target: snowflakeTarget,
  locations: {},
  tokensOf,
  notInParquet: [],
  filesOf: (tokens) =>
    statementsFrom(tokens, 'COPY', 'INTO').map(
      (copy) => insideOf(copy, 'FILES').filter(({ kind }) => kind === 'text').length,
    ),
  strangeOptions: (tokens) =>
    statementsFrom(tokens, 'COPY', 'INTO').flatMap((copy) => {
      const after = copy.slice(copy.findIndex(({ value }) => value === 'FILES'));
      return [
        ...namesBefore(after, '=').filter((name) => !OPTIONS['snowflake COPY INTO']?.includes(name)),
        ...namesBefore(insideOf(copy, 'FILE_FORMAT'), '=').filter(
          (name) => !OPTIONS['snowflake FILE_FORMAT']?.includes(name),
        ),
      ];
    }),
  mostFiles: 1000,
  names: hostileText.map((text) => text.replaceAll('\\', '')).filter((text) => text !== ''),
  hostileTables: true,
};
const textOf = (choice: Partial<PlanChoice>) => loadText(fixture, choice);

targetSuite({
  target: snowflakeTarget,
  locations: {},
  unquoteIdentifier: onlyToken('identifier', SNOWFLAKE),
  unquoteLiteral: onlyToken('text', SNOWFLAKE),
});

describe('Snowflake scripts', () => {
  warehouseSuite(fixture);
  goldenSuite(snowflakeTarget);

  it('refuse names that make the client cut statements elsewhere', () => {
    for (const name of ['a\\', '\\"', 'a\\b']) expect(nameOrNull(name, snowflakeTarget)).toBeNull();
  });

  it('groups files by bytes and by 1000', () => {
    const counts = (choice: Partial<PlanChoice>) => fixture.filesOf(tokensOf(textOf(choice)), []);
    expect(counts({ files: 2500 })).toEqual([1000, 1000, 500]);
    expect(counts({ files: 3, options: { chunkBytes: 3000 } })).toEqual([2, 1]);
  });

  it('claim the run, then change rows, then commit', () => {
    for (const mode of EVERY_MODE.filter((each) => each !== 'full-refresh')) {
      const text = textOf({ mode });
      const order = [
        'BEGIN TRANSACTION;',
        'SET "held_at"',
        '"run_id" =',
        '"extracted_at" >',
        mode === 'delete' ? 'DELETE FROM "shop"."orders"' : 'INTO "shop"."orders"',
        'INSERT INTO "shop"."_sqlextract_loads"',
        'COMMIT;',
      ];
      const places = order.map((each, index) =>
        text.indexOf(each, index === 0 ? 0 : text.indexOf('BEGIN TRANSACTION;')),
      );
      expect(places.every((place) => place > 0)).toBe(true);
      expect(places).toEqual(places.toSorted((one, other) => one - other));
      // a statement of DDL between the two would commit
      expect(text.slice(places[0], places.at(-1))).not.toMatch(/\b(CREATE|ALTER|DROP|TRUNCATE)\b/);
    }
  });

  it('join with = where a key cannot be NULL, null-safe where it can, and update nothing where all are keys', () => {
    const nullable = [
      column('a', { kind: 'int64' }, { isKey: true }),
      column('b', { kind: 'string' }, { isKey: true }, false),
    ];
    const text = textOf({ mode: 'merge', columns: nullable });
    expect(text).toContain(
      'ON EQUAL_NULL("shop"."orders"."a", s.c1) AND "shop"."orders"."b" = s.c2\n  WHEN NOT MATCHED',
    );
    expect(text).not.toContain('WHEN MATCHED');
    expect(text).not.toContain('PRIMARY KEY ("a"');
  });

  it('declare no key that appended rows may break', () => {
    expect(textOf({ mode: 'append' })).not.toContain('PRIMARY KEY ("id")');
    expect(textOf({ mode: 'replace' })).toContain('PRIMARY KEY ("id")');
  });

  it('refuse rows outside of the window, and convert its bounds', () => {
    const text = textOf({ mode: 'delete-insert', window: ['c_8', '2024-01-01', '2024-02-01'] });
    expect(text).toContain(`WHERE "c_8" >= TO_DATE('2024-01-01', 'AUTO') AND "c_8" < TO_DATE('2024-02-01', 'AUTO')`);
    expect(text).toContain('RAISE out_of_window');
  });

  it('keep rows that do not fit, up to a number, and refuse to do so with parquet', () => {
    const text = textOf({ options: { onError: 'skip', maxErrors: 7 } });
    expect(text).toContain('CREATE OR REPLACE TABLE "shop"."_sqlextract_abcdef012345_rejected"');
    expect(text).toContain('IF (rejected > 7) THEN');
    expect(() => scriptsOf(fixture, { format: 'parquet', options: { onError: 'skip' } })).toThrow(
      'single rows cannot be left out',
    );
  });

  it('take any stage that a person names as one text', () => {
    for (const stage of HOSTILE) {
      const tokens = tokensOf(textOf({ locations: { stage } }));
      const folder = `@${stage.replace(/^@/, '').replace(/\/+$/, '')}/abcdef012345/`;
      expect(tokens.some(({ kind, value }) => kind === 'text' && value === folder)).toBe(true);
    }
  });
});

describe('Snowflake shell scripts', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'snow-'));
  });
  afterAll(async () => await rm(folder, { recursive: true, force: true }));

  const names = HOSTILE.filter((name) => nameOrNull(name, snowflakeTarget) === name);
  it.each(names.map((name, index) => ({ name, index })))(
    'hand $name to the client as it is',
    async ({ name, index }) => {
      const place = join(folder, String(index));
      const files = join(place, `it's "a" $(id)\nfolder ${name.replaceAll('/', '').slice(0, 40)}`);
      await mkdir(files, { recursive: true });
      const scripts = scriptsOf(fixture, { table: name, schema: name, folder: files, files: 3 });
      const upload = await runWithStubs(place, scripts, 'upload.sh', ['snow'], { words: ['--connection', 'my own'] });
      const stage = `@"${name.replaceAll('"', '""')}"."_sqlextract_stage"/abcdef012345/`;
      expect(upload.calls).toEqual([
        {
          folder: join(place, 'scripts'),
          words: ['snow', 'sql', '--filename', '00-stage.sql', '--enable-templating', 'NONE', '--connection', 'my own'],
        },
        {
          folder: files,
          words: [
            'snow',
            'stage',
            'copy',
            'part-*.csv.gz',
            stage,
            '--parallel',
            '8',
            '--no-auto-compress',
            '--connection',
            'my own',
          ],
        },
      ]);
      const sql = scripts.find((each) => each.name.endsWith('-load.sql'))?.name ?? '';
      const loaded = await runWithStubs(place, scripts, 'run.sh', ['snow']);
      expect(loaded.calls).toEqual([
        { folder: join(place, 'scripts'), words: ['snow', 'sql', '--filename', sql, '--enable-templating', 'NONE'] },
      ]);
    },
  );
});
