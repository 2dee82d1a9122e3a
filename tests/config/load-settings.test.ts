import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { environmentName, type SettingName, SETTINGS } from '../../src/config/setting-table.ts';
import type { Settings } from '../../src/config/settings.ts';
import { givenFolder } from './given-folder.ts';

const { path, load, problemOf } = givenFolder();

/** Three texts a setting: for the flag, the environment, the file; and the values they stand for. */
const EXAMPLES: { readonly [Name in SettingName]: readonly [string, string, string, ...unknown[]] } = {
  out: ['/a', '/b', '/c', '/a', '/b', '/c'],
  stateDir: ['/a', '/b', '/c', '/a', '/b', '/c'],
  format: ['csv', 'parquet', 'csv', 'csv', 'parquet', 'csv'],
  compression: ['gzip', 'none', 'snappy', 'gzip', 'none', 'snappy'],
  workers: ['3', '5', '7', 3, 5, 7],
  batchRows: ['30', '50', '70', 30, 50, 70],
  bufferBytes: ['1MB', '2MB', '3MB', 1e6, 2e6, 3e6],
  chunkBytes: ['1KiB', '2KiB', '3KiB', 1024, 2048, 3072],
  parallelWrite: ['false', 'true', 'no', false, true, false],
  consistency: ['chunk', 'require', 'snapshot', 'chunk', 'require', 'snapshot'],
  holdMs: ['1m', '2s', '0', 60_000, 2000, 0],
  keepSnapshot: ['true', 'false', 'yes', true, false, true],
  onTableError: ['continue', 'stop', 'continue', 'continue', 'stop', 'continue'],
  zeroDates: ['null', 'text', 'fail', 'null', 'text', 'fail'],
  tinyint1: ['boolean', 'integer', 'boolean', 'boolean', 'integer', 'boolean'],
  allowLocks: ['true', 'false', 'yes', true, false, true],
  maxConnections: ['3', '5', '7', 3, 5, 7],
  maxRowsPerSecond: ['30', '50', '70', 30, 50, 70],
  maxBytesPerSecond: ['1MB', '2MB', '3MB', 1e6, 2e6, 3e6],
  maxQuerySeconds: ['3', '5', '7', 3, 5, 7],
  retries: ['0', '1', '2', 0, 1, 2],
  maxFailures: ['3', '5', '7', 3, 5, 7],
  nullMarker: ['A', 'B', 'C', 'A', 'B', 'C'],
  job: ['a', 'b', '', 'a', 'b'],
  runKey: ['a', 'b', '', 'a', 'b'],
  where: ['x > 1', 'x > 2', '', 'x > 1', 'x > 2'],
  splitBy: ['a', 'b', '', 'a', 'b'],
  limit: ['10', '20', '', 10, 20],
  incrementalBy: ['a', 'b', '', 'a', 'b'],
  strategy: ['append', 'delete_insert', '', 'append', 'delete_insert'],
  start: ['a', 'b', '', 'a', 'b'],
  end: ['a', 'b', '', 'a', 'b'],
  lookback: ['3 hours', '5', '', { amount: '3', unit: 'hour' }, { amount: '5', unit: null }],
  cursorZone: ['a', 'b', '', 'a', 'b'],
  cursorLagMs: ['1m', '2s', '', 60_000, 2000],
  cursorWaitMs: ['1m', '2s', '', 60_000, 2000],
  nullCursors: ['read', 'fail', '', 'read', 'fail'],
  detectDeletes: ['true', 'false', '', true, false],
  detectChanges: ['hash', 'hash', 'sums', 'hash', 'hash'],
  vars: ['{"a": "1"}', '{"b": 2}', '', { a: '1' }, { b: '2' }],
  onChange: ['fail', 'restart', 'warn', 'fail', 'restart', 'warn'],
  onDrift: ['freeze', 'add-columns', 'fail', 'freeze', 'add-columns', 'fail'],
};

describe('flags > environment > file > defaults', () => {
  test.each(Object.entries(SETTINGS))('%s', async (name, setting) => {
    const [flag, variable, written, fromFlag, fromVariable, fromFile] = EXAMPLES[name as SettingName];
    const { file: place } = setting;
    const file =
      place === null
        ? ''
        : place.section === 'top'
          ? `${place.key}: ${written}\n`
          : `defaults: {${place.key}: ${written}}\n`;
    const env = { [environmentName(setting.flag)]: variable };
    // A column to split by needs a query that it belongs to.
    const flags = { [setting.flag]: flag, ...(name === 'splitBy' ? { query: 'SELECT 1 AS a', name: 'q' } : {}) };
    const seen = (settings: Settings): unknown => [
      settings[name as SettingName],
      settings.origins[name as SettingName],
    ];

    expect(seen(await load({ flags, env, file }))).toEqual([fromFlag, 'flag']);
    expect(seen(await load({ env, file }))).toEqual([fromVariable, 'environment']);
    const nowhere = ['workers', 'bufferBytes', 'batchRows'].includes(name) ? 'chosen' : 'default';
    const [value, origin] = seen(await load({ file })) as [unknown, string];
    expect(place === null ? [null, origin] : [value, origin]).toEqual(
      place === null ? [null, nowhere] : [fromFile, 'file'],
    );
    expect(seen(await load({ file: '' }))).toEqual([expect.toSatisfy(() => true), nowhere]);
  });

  test('what nobody says is chosen from cores and memory, or is the documented default', async () => {
    expect(await load({})).toMatchObject({
      workers: 4,
      bufferBytes: 256_000_000,
      batchRows: 32_768,
      chunkBytes: 100_000_000,
      format: 'parquet',
      compression: null,
      nullMarker: '\\N',
      holdMs: 900_000,
      parallelWrite: true,
      source: null,
      tables: [],
      out: join(path(), 'export'),
      stateDir: join(path(), '.sqlextract'),
    });
  });

  test('a flag that is off by --no- is said, not absent', async () => {
    const file = 'defaults: {parallel_write: true}';
    expect(await load({ flags: { 'parallel-write': false }, file })).toMatchObject({ parallelWrite: false });
  });

  test('an empty variable is none; an empty NULL marker of the flag is one', async () => {
    const settings = await load({ env: { SQLEXTRACT_WORKERS: '' }, flags: { null: '' } });
    expect(settings).toMatchObject({ workers: 4, nullMarker: '' });
  });

  test('whose fault a bad value is', async () => {
    expect(await problemOf({ flags: { workers: '0' } })).toMatchObject({ code: 'USAGE_WORKERS', fault: 'usage' });
    const variable = await problemOf({ env: { SQLEXTRACT_CHUNK_SIZE: '5XB' } });
    expect(variable).toMatchObject({ code: 'USAGE_SIZE', fault: 'configuration' });
    expect(variable.message).toBe('SQLEXTRACT_CHUNK_SIZE 5XB: there is no unit XB');
    const written = await problemOf({ file: 'out: x\ndefaults:\n  chunk_size: 5XB\n' });
    expect(written.message).toBe('chunk_size in sqlextract.yaml, line 3 5XB: there is no unit XB');
  });

  test('a variable that is nearly a setting is warned of, others are not', async () => {
    const { warnings } = await load({
      env: { SQLEXTRACT_WORKER: '4', SQLEXTRACT_FAULT: '', SQLEXTRACT_TEST_URL: 'x' },
    });
    expect(warnings).toEqual([
      'the environment variable SQLEXTRACT_WORKER is not a setting; did you mean SQLEXTRACT_WORKERS?',
    ]);
  });
});

describe('the file', () => {
  test('is found by flag and by variable, and must then be there', async () => {
    await writeFile(join(path(), 'other.yaml'), 'defaults: {workers: 9}');
    expect(await load({ flags: { config: 'other.yaml' } })).toMatchObject({ workers: 9 });
    expect(await load({ env: { SQLEXTRACT_CONFIG: join(path(), 'other.yaml') } })).toMatchObject({ workers: 9 });
    expect(await problemOf({ flags: { config: 'none.yaml' } })).toMatchObject({ code: 'CONFIG_FILE_UNREADABLE' });
  });

  test('its folders, the default ones too, lie beside it; those of flags and variables where one stands', async () => {
    await writeFile(join(path(), 'sqlextract.yaml'), 'out: data\n');
    const cwd = join(path(), 'below');
    await mkdir(cwd);
    const config = { config: '../sqlextract.yaml' };
    expect(await load({ flags: config, cwd })).toMatchObject({
      out: join(path(), 'data'),
      stateDir: join(path(), '.sqlextract'),
    });
    expect(await load({ flags: { ...config, out: 'mine' }, cwd })).toMatchObject({ out: join(cwd, 'mine') });
  });

  test.each([
    ['outt: x', 'CONFIG_KEY', 'sqlextract.yaml, line 1: the file has no key outt; did you mean out?'],
    [
      'out: x\ndefaults:\n  chunksize: 1',
      'CONFIG_KEY',
      'sqlextract.yaml, line 3: defaults has no key chunksize; did you mean chunk_size?',
    ],
    [
      'tables:\n  users:\n    wher: x',
      'CONFIG_KEY',
      'sqlextract.yaml, line 3: users has no key wher; did you mean where?',
    ],
    ['sources:\n  a:\n    url: x\n    pass: y', 'CONFIG_KEY', 'sqlextract.yaml, line 4: a has no key pass'],
    ['defaults: [1]', 'CONFIG_VALUE', 'sqlextract.yaml, line 1: defaults must be a mapping (key: value)'],
    ['out: [a]', 'CONFIG_VALUE', 'sqlextract.yaml, line 1: out must be a text or a number'],
    ['tables: {a: {columns: {b: c}}}', 'CONFIG_VALUE', 'columns must be a list of names'],
    ['- a', 'CONFIG_VALUE', 'the file must be a mapping'],
    ['out: a\nout: b', 'CONFIG_SYNTAX', 'sqlextract.yaml, line 2'],
    ['out: "a', 'CONFIG_SYNTAX', 'sqlextract.yaml, line 1'],
    ['constructor: x', 'CONFIG_KEY', 'the file has no key constructor'],
    ['out: ${1x}', 'CONFIG_REFERENCE', '${1x} is not a reference'],
  ])('%s is refused with its line', async (file, code, message) => {
    const problem = await problemOf({ file });
    expect(problem).toMatchObject({ code, fault: 'configuration' });
    expect(problem.message).toContain(message);
  });

  test('keys without value and an empty file say nothing', async () => {
    expect(await load({ file: 'defaults:\nsources:\ntables:\nout:\n' })).toMatchObject({ out: join(path(), 'export') });
    expect(await load({ file: '# nothing\n' })).toMatchObject({ tables: [] });
  });

  test('references to the environment', async () => {
    const file = 'out: /${NAME}/${OTHER:-b}/$${NAME}\ndefaults: {workers: "${EMPTY:-6}"}\n';
    expect(await load({ file, env: { NAME: 'a', EMPTY: '' } })).toMatchObject({ out: '/a/b/${NAME}', workers: 6 });
    const missing = await problemOf({ file: 'state_dir: x\nout: ${HOMM}', env: { HOME: '/root' } });
    expect(missing.code).toBe('CONFIG_VARIABLE_MISSING');
    expect(missing.message).toContain('line 2: the environment variable HOMM is not set (did you mean HOME?)');
  });
});
