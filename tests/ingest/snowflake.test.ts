import { mkdtemp, mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LOAD_MODES } from '../../src/ingest/load-mode.ts';
import type { LoadMode } from '../../src/ingest/load-mode.ts';
import { snowflakeTarget } from '../../src/ingest/targets/snowflake.ts';
import { HOSTILE, hostileText } from './hostile.ts';
import { insideOf, namesBefore, OPTIONS, statementsFrom } from './option-lists.ts';
import { runWithStubs } from './run-with-stubs.ts';
import { lexSql, SNOWFLAKE } from './sql-lexer.ts';
import type { Token } from './sql-lexer.ts';
import { column, PLACE, planOf } from './warehouse-plan.ts';
import type { PlanChoice } from './warehouse-plan.ts';

const scriptsOf = (choice: Partial<PlanChoice>) =>
  snowflakeTarget.scripts(planOf({ target: 'snowflake', ...choice }), PLACE);

function textOf(choice: Partial<PlanChoice>, name = '-load.sql'): string {
  const script = scriptsOf(choice).find((each) => each.name.endsWith(name));
  if (script === undefined) throw new Error(`no script ${name}`);
  return script.text;
}

/** Tokens of the script and, instead of the block's text, those of the block. */
function tokensOf(text: string): readonly Token[] {
  return lexSql(text, SNOWFLAKE).flatMap((token, index, all) => {
    const isBlock = token.kind === 'block' || (token.kind === 'text' && all[index - 1]?.value === 'IMMEDIATE');
    return isBlock ? lexSql(token.value, SNOWFLAKE) : [token];
  });
}

const shapeOf = (tokens: readonly Token[]): string =>
  tokens
    .filter(({ kind }) => kind !== 'comment')
    .map(({ kind, value }) => (kind === 'word' || kind === 'symbol' ? value : kind))
    .join(' ');

describe('Snowflake scripts', () => {
  const modes = LOAD_MODES.flatMap((mode) => (['csv', 'parquet'] as const).map((format) => ({ mode, format })));

  it.each(modes)('have only options of the manual: $mode, $format', ({ mode, format }) => {
    const copies = statementsFrom(tokensOf(textOf({ mode, format })), 'COPY', 'INTO');
    expect(copies).toHaveLength(1);
    for (const copy of copies) {
      const after = copy.slice(copy.findIndex(({ value }) => value === 'FILES'));
      expect(namesBefore(after, '=').filter((name) => !OPTIONS['snowflake COPY INTO']?.includes(name))).toEqual([]);
      const format_ = namesBefore(insideOf(copy, 'FILE_FORMAT'), '=');
      expect(format_.filter((name) => !OPTIONS['snowflake FILE_FORMAT']?.includes(name))).toEqual([]);
      expect(format_).toContain('TYPE');
    }
  });

  it.each(modes)('copy no file when there is none, and 2500 files by 1000 and by bytes: $mode, $format', (each) => {
    const copies = (choice: Partial<PlanChoice>) =>
      statementsFrom(tokensOf(textOf({ ...each, ...choice })), 'COPY', 'INTO').map(
        (copy) => insideOf(copy, 'FILES').filter(({ kind }) => kind === 'text').length,
      );
    expect(copies({ files: 0 })).toEqual([]);
    expect(copies({ files: 1 })).toEqual([1]);
    expect(copies({ files: 2500 })).toEqual([1000, 1000, 500]);
    expect(copies({ files: 3, options: { chunkBytes: 3000 } })).toEqual([2, 1]);
  });

  it('claim the run, then change rows, then commit', () => {
    for (const mode of LOAD_MODES.filter((each) => each !== 'full-refresh')) {
      const text = textOf({ mode });
      const order = [
        'BEGIN TRANSACTION;',
        'SET "held_at"',
        '"run_id" =',
        '"extracted_at" >',
        'INTO "shop"."orders"',
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
    const text = textOf({ mode: 'delete-insert', window: { column: 'c_8', from: '2024-01-01', to: '2024-02-01' } });
    expect(text).toContain(`WHERE "c_8" >= TO_DATE('2024-01-01', 'AUTO') AND "c_8" < TO_DATE('2024-02-01', 'AUTO')`);
    expect(text).toContain('RAISE out_of_window');
  });

  it('keep rows that do not fit, up to a number, and refuse to do so with parquet', () => {
    const text = textOf({ options: { onError: 'skip', maxErrors: 7 } });
    expect(text).toContain('CREATE OR REPLACE TABLE "shop"."_sqlextract_abcdef012345_rejected"');
    expect(text).toContain('IF (rejected > 7) THEN');
    expect(() => scriptsOf({ format: 'parquet', options: { onError: 'skip' } })).toThrow(
      'single rows cannot be left out',
    );
  });

  it('have one shape whatever the names and values are', () => {
    const plain = (mode: LoadMode, format: 'csv' | 'parquet', one = 'one', other = 'other', table = 'orders') => ({
      mode,
      format,
      schema: one,
      table,
      run: other,
      columns: [column(one, { kind: 'int64' }, { isKey: true }, false), column(other, { kind: 'string' })],
      nullMarker: other,
      locations: { stage: `db.${one}` },
    });
    fc.assert(
      fc.property(hostileText, hostileText, fc.constantFrom(...LOAD_MODES), (one, other, mode) => {
        fc.pre(one !== other);
        const hostile = tokensOf(textOf(plain(mode, 'csv', one, other, one)));
        const usual = tokensOf(textOf(plain(mode, 'csv')));
        expect(shapeOf(hostile)).toBe(shapeOf(usual));
        const names = new Set(hostile.filter(({ kind }) => kind === 'identifier').map(({ value }) => value));
        expect(names).toContain(one);
        expect(names).toContain(other);
        expect(
          hostile.some(
            ({ kind, value }) => kind === 'text' && value === `@db.${one.replace(/\/+$/, '')}/abcdef012345/`,
          ),
        ).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});

describe('Snowflake shell scripts', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'snow-'));
  });
  afterAll(async () => await rm(folder, { recursive: true, force: true }));

  it.each(HOSTILE.map((name, index) => ({ name, index })))(
    'hand $name to the client as it is',
    async ({ name, index }) => {
      const place = join(folder, String(index));
      const files = join(place, `it's "a" $(id)\nfolder ${name.replaceAll('/', '').slice(0, 40)}`);
      await mkdir(files, { recursive: true });
      const scripts = scriptsOf({ table: name, schema: name, folder: files, files: 3 });
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
