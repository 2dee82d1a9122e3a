import { execFile } from 'node:child_process';
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EVERY_MODE } from '../../src/ingest/load-mode.ts';
import { databricksTarget } from '../../src/ingest/targets/databricks.ts';
import { quoteLiteral } from '../../src/ingest/targets/databricks-names.ts';
import { targetSuite } from '../conformance/target.suite.ts';
import { goldenSuite } from './golden.suite.ts';
import { HOSTILE, hostileText } from './hostile.ts';
import { insideOf, namesBefore, OPTIONS, statementsFrom } from './option-lists.ts';
import { runWithStubs } from './run-with-stubs.ts';
import { DATABRICKS, lexSql, onlyToken } from './sql-lexer.ts';
import type { Token } from './sql-lexer.ts';
import { column } from './warehouse-plan.ts';
import type { PlanChoice } from './warehouse-plan.ts';
import { loadText, nameOrNull, scriptsOf, warehouseSuite } from './warehouse.suite.ts';
import type { WarehouseFixture } from './warehouse.suite.ts';

const tokensOf = (text: string): readonly Token[] => lexSql(text, DATABRICKS);

/** What stands in the parentheses after each `read_files`. */
function readsOf(tokens: readonly Token[]): readonly (readonly Token[])[] {
  return tokens.flatMap(({ kind, value }, at) =>
    kind === 'word' && value === 'read_files' ? [insideOf(tokens.slice(at), 'read_files')] : [],
  );
}

/** The statements of the script that loads. */
const codeOf = (choice: Partial<PlanChoice>): string => loadText(fixture, choice).replaceAll(/^ *--.*$/gm, '');

const unknown = (names: readonly string[], list: string): readonly string[] =>
  names.filter((name) => !OPTIONS[list]?.includes(name));

const fixture: WarehouseFixture = {
  target: databricksTarget,
  locations: { volume: '/Volumes/main/default/landing/' },
  tokensOf,
  notInParquet: ['time'],
  filesOf: (tokens) => readsOf(tokens).map((read) => (read[0]?.value.split(/[{}]/)[1] ?? '').split(',').length),
  strangeOptions: (tokens) => [
    ...readsOf(tokens).flatMap((read) => unknown(namesBefore(read, '=>'), 'databricks read_files')),
    ...statementsFrom(tokens, 'COPY', 'INTO').flatMap((copy) => [
      ...unknown(
        namesBefore(copy.slice(copy.findIndex(({ value }) => value === 'FILEFORMAT')), '='),
        'databricks COPY INTO',
      ),
      ...unknown(namesBefore(insideOf(copy, 'FORMAT_OPTIONS'), '='), 'databricks FORMAT_OPTIONS'),
      ...unknown(namesBefore(insideOf(copy, 'COPY_OPTIONS'), '='), 'databricks COPY_OPTIONS'),
    ]),
  ],
  mostFiles: 1000,
  names: hostileText.map((text) => text.replaceAll(/\p{Cc}|\$\{/gu, '')).filter((text) => text !== ''),
  usualNames: (names) => (names.some((name) => /[ ,;{}()=]/.test(name)) ? ['one 1', 'other 2'] : ['one', 'other']),
  hostileTables: false,
};

targetSuite({
  target: databricksTarget,
  locations: { volume: '/Volumes/main/default/landing' },
  notInParquet: ['time'],
  unquoteIdentifier: onlyToken('identifier', DATABRICKS),
  unquoteLiteral: onlyToken('text', DATABRICKS),
});

describe('Databricks scripts', () => {
  warehouseSuite(fixture);
  goldenSuite(databricksTarget, { volume: '/Volumes/main/default/landing' });

  it('append each file once, by the memory of COPY INTO, at most 1000 at once', () => {
    for (const format of ['csv', 'parquet'] as const) {
      const copies = (files: number) =>
        statementsFrom(tokensOf(loadText(fixture, { mode: 'append', format, files })), 'COPY', 'INTO').map(
          (copy) => insideOf(copy, 'FILES').filter(({ kind }) => kind === 'text').length,
        );
      expect([copies(0), copies(1), copies(2500)]).toEqual([[], [1], [1000, 1000, 500]]);
    }
    for (const mode of EVERY_MODE.filter((each) => each !== 'append')) {
      expect(codeOf({ mode })).not.toContain('COPY INTO');
    }
    expect(loadText(fixture, { mode: 'append' })).toContain("COPY_OPTIONS ('force' = 'false'");
  });

  it('change the table with one statement, after all guards and before the ledger', () => {
    const changes = {
      replace: 'INSERT OVERWRITE',
      'full-refresh': 'CREATE OR REPLACE TABLE `shop`.`orders`',
      append: 'COPY INTO',
      merge: 'MERGE INTO',
      'delete-insert': 'MERGE INTO',
      delete: 'MERGE INTO',
    };
    for (const mode of EVERY_MODE) {
      const text = codeOf({ mode });
      expect(text.split(changes[mode])).toHaveLength(2);
      expect(text.lastIndexOf(changes[mode])).toBeGreaterThan(text.lastIndexOf('SIGNAL SQLSTATE'));
      expect(text.indexOf('INSERT INTO `shop`.`_sqlextract_loads`')).toBeGreaterThan(text.lastIndexOf(changes[mode]));
    }
  });

  it('join null-safe only where a key can be NULL, and update nothing where all are keys', () => {
    const keys = [
      column('a', { kind: 'int64' }, { isKey: true }),
      column('b', { kind: 'string' }, { isKey: true }, false),
    ];
    const text = loadText(fixture, { mode: 'merge', columns: keys });
    expect(text).toContain('ON t.`a` <=> s.c1 AND t.`b` = s.c2\n    WHEN NOT MATCHED THEN INSERT');
    const window = ['c_10', '2024-01-01', "x' OR true --"] as const;
    const windowed = loadText(fixture, { mode: 'delete-insert', window });
    expect(windowed).toContain('WHEN NOT MATCHED BY SOURCE AND t.`c_10` >= coalesce(try_cast(');
    expect(windowed).toContain(`'x\\' OR true --'`);
  });

  it('ask for column mapping where Delta needs it', () => {
    const odd = [column('Order No', { kind: 'int64' })];
    expect(loadText(fixture, { columns: odd })).toContain("'delta.columnMapping.mode' = 'name'");
    expect(loadText(fixture, {})).not.toContain('columnMapping');
  });

  it('write no `$` into a text, where Spark would put a variable', () => {
    expect(String(quoteLiteral('${env:HOME}\n'))).toBe(`'\\u0024{env:HOME}\\u000a'`);
    expect(nameOrNull('${env:HOME}', databricksTarget)).toBeNull();
  });

  it('refuse names, volumes and files that Databricks does not have', () => {
    const given = (more: Partial<PlanChoice>) => () => loadText(fixture, more);
    for (const table of ['a.b', 'a b', 'a/b']) expect(given({ table })).toThrow('cannot have a table or schema');
    for (const volume of [
      '/Volumes/main/default',
      'Volumes/a/b/c',
      '/Volumes/a/b/c/*',
      '/Volumes/a/b/c/{x}',
      'dbfs:/x',
    ]) {
      expect(given({ locations: { volume } })).toThrow('--volume');
    }
    expect(given({ format: 'parquet', columns: [column('t', { kind: 'time' })] })).toThrow('does not read times');
    expect(given({ mode: 'append', options: { onError: 'skip' } })).toThrow('COPY INTO');
    expect(given({ format: 'parquet', options: { onError: 'skip' } })).toThrow('single rows cannot be left out');
  });
});

describe('Databricks shell scripts', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'databricks-'));
  });
  afterAll(async () => await rm(folder, { recursive: true, force: true }));

  const names = HOSTILE.filter((name) => nameOrNull(name, databricksTarget) === name && !/[./\s]/.test(name));
  it.each(names.map((name, index) => ({ name, index })))('hand $name on as it is', async ({ name, index }) => {
    const place = join(folder, String(index));
    const files = join(place, `${name.slice(0, 40)} \n'"`, 'run');
    await mkdir(files, { recursive: true });
    for (const number of [1, 2]) await writeFile(join(files, `part-00000${number}.csv.gz`), '');
    await writeFile(join(files, 'manifest.json'), '');
    const volume = "/Volumes/main/de fault/it's";
    const scripts = scriptsOf(fixture, {
      table: name,
      schema: name,
      folder: files,
      locations: { volume },
      options: { parallel: 1 },
    });
    const upload = await runWithStubs(place, scripts, 'upload.sh', ['databricks'], { words: ['--profile', 'my own'] });
    const to = `dbfs:${volume}/abcdef012345/`;
    const copy = (file: string) => ({
      folder: files,
      words: ['databricks', 'fs', 'cp', file, `${to}${file}`, '--profile', 'my own'],
    });
    expect(upload.calls).toEqual([
      { folder: join(place, 'scripts'), words: ['databricks', 'fs', 'mkdir', to, '--profile', 'my own'] },
      copy('part-000001.csv.gz'),
      copy('part-000002.csv.gz'),
    ]);
    const answers = {
      databricks: '{"statement_id":"s1","status":{"state":"SUCCEEDED"},"result":{"data_array":[["a",null]]}}',
    };
    const loaded = await runWithStubs(place, scripts, 'run.sh', ['databricks'], {
      answers,
      env: { DATABRICKS_WAREHOUSE_ID: 'w 1' },
      words: ['--profile', 'my own'],
    });
    expect(loaded.stdout).toContain('a  NULL');
    expect(loaded.calls.map(({ words }) => [...words.slice(0, 5), ...words.slice(6)])).toEqual([
      ['databricks', 'api', 'post', '/api/2.0/sql/statements', '--json', '--profile', 'my own'],
    ]);
  });

  it('send the whole script as it is, and after a failure drop the staging table and fail', async () => {
    const place = join(folder, 'failing');
    const scripts = scriptsOf(fixture, { table: 'größe', options: { parallel: 2 } });
    const bin = join(place, 'bin');
    await mkdir(bin, { recursive: true });
    const answer = '{"statement_id":"s1","status":{"state":"FAILED","error":{"message":"sqlextract: no"}}}';
    await writeFile(join(bin, 'databricks'), `#!/bin/bash\ncat "\${5#@}" >>"$SENT"\necho '${answer}'\n`, {
      mode: 0o755,
    });
    for (const script of scripts) await writeFile(join(place, script.name), script.text);
    const env = {
      ...process.env,
      PATH: `${bin}:${process.env['PATH'] ?? ''}`,
      DATABRICKS_WAREHOUSE_ID: 'w',
      SENT: join(place, 'sent'),
    };
    const ran = promisify(execFile)('bash', [join(place, 'run.sh')], { env });
    await expect(ran).rejects.toMatchObject({ code: 1, stderr: 'sqlextract: no\nsqlextract: no\n' });
    const { stdout } = await promisify(execFile)('jq', [
      '-s',
      '-c',
      '[.[] | .statement, .warehouse_id, .on_wait_timeout]',
      join(place, 'sent'),
    ]);
    const load = scripts.find(({ name }) => name.endsWith('-load.sql'));
    const cleanup = scripts.find(({ name }) => name.endsWith('-cleanup.sql'));
    expect(JSON.parse(stdout)).toEqual([load?.text, 'w', 'CONTINUE', cleanup?.text, 'w', 'CONTINUE']);
    expect(cleanup?.text).toBe('DROP TABLE IF EXISTS `shop`.`_sqlextract_abcdef012345_stage`\n');
  });
});
