import { mkdtemp, mkdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { parse } from 'sql-parser-cst';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bigqueryTarget } from '../../src/ingest/targets/bigquery.ts';
import { targetSuite } from '../conformance/target.suite.ts';
import { goldenSuite } from './golden.suite.ts';
import { HOSTILE } from './hostile.ts';
import { insideOf, namesBefore, OPTIONS, statementsFrom } from './option-lists.ts';
import { runWithStubs } from './run-with-stubs.ts';
import { BIGQUERY, lexSql, onlyToken } from './sql-lexer.ts';
import { column } from './warehouse-plan.ts';
import type { PlanChoice } from './warehouse-plan.ts';
import { loadText, MODES, nameOrNull, scriptsOf, warehouseSuite } from './warehouse.suite.ts';
import type { WarehouseFixture } from './warehouse.suite.ts';

const fixture: WarehouseFixture = {
  target: bigqueryTarget,
  locations: { bucket: 'gs://my-bucket/loads/' },
  tokensOf: (text) => lexSql(text, BIGQUERY),
  notInParquet: ['time'],
  filesOf: (tokens) =>
    statementsFrom(tokens, 'LOAD', 'DATA').map(
      (load) =>
        insideOf(load, 'FILES').filter(({ kind, value }) => kind === 'text' && value.startsWith('gs://')).length,
    ),
  strangeOptions: (tokens) =>
    statementsFrom(tokens, 'LOAD', 'DATA')
      .flatMap((load) => [...namesBefore(insideOf(load, 'FILES'), '='), ...namesBefore(insideOf(load, 'OPTIONS'), '=')])
      .filter((name) => !OPTIONS['bigquery LOAD DATA']?.includes(name)),
  mostFiles: 10_000,
  names: fc.string({
    unit: fc.constantFrom(..."abzAÄ€漢 _-&%=+:'<>#|\t09".replaceAll('€', '')),
    minLength: 1,
    maxLength: 12,
  }),
  hostileTables: false,
};

targetSuite({
  target: bigqueryTarget,
  locations: { bucket: 'gs://my-bucket/loads' },
  notInParquet: ['time'],
  unquoteIdentifier: onlyToken('identifier', BIGQUERY),
  unquoteLiteral: onlyToken('text', BIGQUERY),
});

describe('BigQuery scripts', () => {
  warehouseSuite(fixture);
  goldenSuite(bigqueryTarget, { bucket: 'gs://my-bucket/loads' });

  const variants: readonly Partial<PlanChoice>[] = [
    {},
    { files: 0 },
    { files: 2500 },
    { options: { chunkBytes: 1000 } },
    { locations: { bucket: 'gs://my-bucket', catalog: 'my-project' } },
    { options: { allowOlder: true, create: false } },
  ];
  it.each(MODES)('parse: $mode, $format', (mode) => {
    for (const choice of variants) expect(() => parseScript(loadText(fixture, { ...mode, ...choice }))).not.toThrow();
  });

  it('parse with keys that can be NULL, with all columns as keys, windows, rejected rows, and the newest of two', () => {
    const keys = [
      column('a', { kind: 'float64' }, { isKey: true }),
      column('b', { kind: 'string' }, { isKey: true }, false),
    ];
    const choices: readonly Partial<PlanChoice>[] = [
      { mode: 'merge', columns: keys },
      { mode: 'delete-insert', columns: keys, dedupeBy: 'b' },
      { mode: 'delete-insert', window: ['c_10', "2024-01-01' OR TRUE --", '2024-02-01'] },
      { mode: 'merge', dedupeBy: 'c_10', options: { onError: 'skip', maxErrors: 3 } },
      { mode: 'replace', options: { onError: 'skip', maxErrors: 3 } },
    ];
    for (const choice of choices) expect(() => parseScript(loadText(fixture, choice))).not.toThrow();
    const text = loadText(fixture, choices[0] ?? {});
    expect(text).toContain(
      'ON TO_JSON_STRING(t.`a`) = TO_JSON_STRING(s.c1) AND t.`b` = s.c2\n        WHEN NOT MATCHED',
    );
    expect(text).not.toContain('PRIMARY KEY (`a`');
  });

  it('change rows and ledger between BEGIN TRANSACTION and COMMIT, and make no permanent object there', () => {
    for (const mode of ['replace', 'append', 'merge', 'delete-insert'] as const) {
      const text = loadText(fixture, { mode });
      const inside = text.slice(text.indexOf('BEGIN TRANSACTION'), text.indexOf('COMMIT TRANSACTION'));
      expect(inside).not.toMatch(/\b(CREATE|DROP|ALTER|LOAD)\b/);
      expect(inside).toContain('INSERT INTO `shop`.`_sqlextract_loads`');
    }
  });

  it('refuse names that BigQuery does not have', () => {
    const refused = HOSTILE.filter((name) => nameOrNull(name, bigqueryTarget) === null);
    expect(refused).toEqual(expect.arrayContaining(['a`b', `a"b`, 'a\nb', '$(id)', '{{x}}', ';--', 'a\\', '[a]]']));
    for (const name of ['_TABLE_x', '_partitiontime', '_CHANGE_TYPE'])
      expect(nameOrNull(name, bigqueryTarget)).toBeNull();
    expect(nameOrNull('Größe & Co.', bigqueryTarget)).toBeNull();
    expect(nameOrNull('Größe & Co', bigqueryTarget)).toBe('Größe & Co');
    expect(() => loadText(fixture, { schema: 'my-dataset' })).toThrow('dataset of the name "my-dataset"');
    expect(() => loadText(fixture, { table: 'a&b' })).toThrow('table of the name "a&b"');
  });

  it('refuse what its loader does not read from parquet', () => {
    const time = [column('t', { kind: 'time' })];
    expect(() => loadText(fixture, { format: 'parquet', columns: time })).toThrow('does not read times from parquet');
    const dotted = [column('a.b', { kind: 'int32' }, { name: 'a_b' })];
    expect(() => loadText(fixture, { format: 'parquet', columns: dotted })).toThrow('column a.b');
    expect(loadText(fixture, { format: 'csv', columns: dotted })).toContain('`a_b` INT64');
  });

  it('refuse what is no bucket', () => {
    for (const bucket of ['s3://b/x', 'b/x', 'gs://b/*', 'gs://b/a\nb', 'gs://']) {
      expect(() => loadText(fixture, { locations: { bucket } })).toThrow('--bucket');
    }
  });
});

describe('BigQuery shell scripts', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bq-'));
  });
  afterAll(async () => await rm(folder, { recursive: true, force: true }));

  it.each(["it's", '$(id) "x"', 'a\nb', '-rf'])(
    'hand folders and buckets of the name %j on as they are',
    async (name) => {
      const place = join(folder, name.replaceAll('/', ''));
      const files = join(place, name, 'run');
      await mkdir(files, { recursive: true });
      const bucket = `gs://my-bucket/${name.replaceAll('\n', ' ')}`;
      const scripts = scriptsOf(fixture, { table: 'größe 1', folder: files, files: 2500, locations: { bucket } });
      const upload = await runWithStubs(place, scripts, 'upload.sh', ['gcloud'], { words: ['--project', 'a b'] });
      expect(upload.calls).toEqual([
        {
          folder: files,
          words: [
            'gcloud',
            'storage',
            'cp',
            'part-*.csv.gz',
            `${bucket}/abcdef012345/`,
            '--no-clobber',
            '--project',
            'a b',
          ],
        },
      ]);
      const loaded = await runWithStubs(place, scripts, 'run.sh', ['bq'], { words: ['--location=EU'] });
      expect(loaded.calls).toEqual([
        {
          folder: join(place, 'scripts'),
          words: ['bq', '--headless', '--location=EU', 'query', '--use_legacy_sql=false'],
        },
      ]);
      const script = scripts.find((each) => each.name.endsWith('-load.sql'));
      expect(await readFile(join(place, 'scripts', script?.name ?? ''), 'utf8')).toBe(script?.text);
    },
  );
});

function parseScript(text: string): void {
  parse(text, { dialect: 'bigquery', includeSpaces: true, includeNewlines: true, includeComments: true });
}
