import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadSettings, type SettingsInput } from '../../src/config/load-settings.ts';
import { requireSource } from '../../src/config/resolve-source.ts';
import { environmentName, SETTINGS, type SettingName } from '../../src/config/setting-table.ts';
import type { Settings } from '../../src/config/settings.ts';
import { tableSettings } from '../../src/config/table-settings.ts';
import { SqlextractError, type Problem } from '../../src/model/problem.ts';

const RESOURCES = { cores: 4, memoryBytes: 4_000_000_000 };
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'settings-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

interface Given {
  readonly flags?: SettingsInput['flags'];
  readonly env?: Record<string, string>;
  readonly file?: string;
  readonly cwd?: string;
}

async function load({ flags = {}, env = {}, file, cwd = folder }: Given): Promise<Settings> {
  if (file !== undefined) await writeFile(join(folder, 'sqlextract.yaml'), file);
  return loadSettings({ flags, env, cwd, resources: RESOURCES });
}

async function problemOf(given: Given): Promise<Problem> {
  try {
    await load(given);
  } catch (error) {
    if (error instanceof SqlextractError) return error.problem;
    throw error;
  }
  throw new Error('the settings were taken');
}

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
  nullMarker: ['A', 'B', 'C', 'A', 'B', 'C'],
  job: ['a', 'b', '', 'a', 'b'],
  runKey: ['a', 'b', '', 'a', 'b'],
  where: ['x > 1', 'x > 2', '', 'x > 1', 'x > 2'],
  limit: ['10', '20', '', 10, 20],
};

describe('flags > environment > file > defaults', () => {
  test.each(Object.entries(SETTINGS))('%s', async (name, setting) => {
    const [flag, variable, written, fromFlag, fromVariable, fromFile] = EXAMPLES[name as SettingName];
    const { file: place } = setting;
    const file =
      place === null ? '' : place.section === 'top' ? `${place.key}: ${written}\n` : `defaults: {${place.key}: ${written}}\n`;
    const env = { [environmentName(setting.flag)]: variable };
    const flags = { [setting.flag]: flag };
    const seen = (settings: Settings): unknown => [settings[name as SettingName], settings.origins[name as SettingName]];

    expect(seen(await load({ flags, env, file }))).toEqual([fromFlag, 'flag']);
    expect(seen(await load({ env, file }))).toEqual([fromVariable, 'environment']);
    if (place !== null) expect(seen(await load({ file }))).toEqual([fromFile, 'file']);
    const [, origin] = seen(await load({ file: '' })) as [unknown, string];
    expect(origin).toBe(['workers', 'bufferBytes', 'batchRows'].includes(name) ? 'chosen' : 'default');
  });

  test('what nobody says is chosen from cores and memory, or is the documented default', async () => {
    expect(await load({})).toMatchObject({
      workers: 4,
      bufferBytes: 500_000_000,
      batchRows: 65_536,
      chunkBytes: 100_000_000,
      format: 'parquet',
      compression: null,
      nullMarker: '\\N',
      holdMs: 900_000,
      parallelWrite: true,
      source: null,
      tables: [],
      out: join(folder, 'export'),
      stateDir: join(folder, '.sqlextract'),
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
    const { warnings } = await load({ env: { SQLEXTRACT_WORKER: '4', SQLEXTRACT_FAULT: '', SQLEXTRACT_TEST_URL: 'x' } });
    expect(warnings).toEqual(['the environment variable SQLEXTRACT_WORKER is not a setting; did you mean SQLEXTRACT_WORKERS?']);
  });
});

describe('the file', () => {
  test('is found by flag and by variable, and must then be there', async () => {
    await writeFile(join(folder, 'other.yaml'), 'defaults: {workers: 9}');
    expect(await load({ flags: { config: 'other.yaml' } })).toMatchObject({ workers: 9 });
    expect(await load({ env: { SQLEXTRACT_CONFIG: join(folder, 'other.yaml') } })).toMatchObject({ workers: 9 });
    expect(await problemOf({ flags: { config: 'none.yaml' } })).toMatchObject({ code: 'CONFIG_FILE_UNREADABLE' });
  });

  test('its folders, the default ones too, lie beside it; those of flags and variables where one stands', async () => {
    await writeFile(join(folder, 'sqlextract.yaml'), 'out: data\n');
    const cwd = join(folder, 'below');
    await mkdir(cwd);
    const config = { config: '../sqlextract.yaml' };
    expect(await load({ flags: config, cwd })).toMatchObject({ out: join(folder, 'data'), stateDir: join(folder, '.sqlextract') });
    expect(await load({ flags: { ...config, out: 'mine' }, cwd })).toMatchObject({ out: join(cwd, 'mine') });
  });

  test.each([
    ['outt: x', 'CONFIG_KEY', 'sqlextract.yaml, line 1: the file has no key outt; did you mean out?'],
    ['out: x\ndefaults:\n  chunksize: 1', 'CONFIG_KEY', 'sqlextract.yaml, line 3: defaults has no key chunksize; did you mean chunk_size?'],
    ['tables:\n  users:\n    wher: x', 'CONFIG_KEY', 'sqlextract.yaml, line 3: users has no key wher; did you mean where?'],
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
    expect(await load({ file: 'defaults:\nsources:\ntables:\nout:\n' })).toMatchObject({ out: join(folder, 'export') });
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

describe('the source', () => {
  const file = 'source: shop\nsources:\n  shop: postgres://u@h/shop\n  local: data/x.sqlite\n  other:\n    url: postgres://u@h/o\n    password: ${PW}\n';

  test('flag > environment > file, by name, URL or path', async () => {
    expect((await load({ file })).source).toMatchObject({ name: 'shop', url: 'postgres://u@h/shop', origin: 'file' });
    const env = { SQLEXTRACT_SOURCE: 'local' };
    expect((await load({ file, env })).source).toMatchObject({ name: 'local', url: join(folder, 'data/x.sqlite'), origin: 'environment' });
    const flags = { source: 'x.sqlite' };
    expect((await load({ file, env, flags })).source).toMatchObject({ name: null, url: join(folder, 'x.sqlite'), origin: 'flag' });
    expect((await load({ flags: { source: 'sqlite:a/b.db?immutable=1' } })).source?.url).toBe(`sqlite:${folder}/a/b.db?immutable=1`);
  });

  test('a source that is not used needs no variables', async () => {
    expect((await load({ file })).source?.name).toBe('shop');
    expect(await problemOf({ file, flags: { source: 'other' } })).toMatchObject({ code: 'CONFIG_VARIABLE_MISSING' });
  });

  test('a password beside the URL is taken literally and shown nowhere', async () => {
    const { source, secrets, warnings } = await load({ file, flags: { source: 'other' }, env: { PW: 'p@%/:w' } });
    expect(decodeURIComponent(new URL(source?.url ?? '').password)).toBe('p@%/:w');
    expect(source?.displayUrl).toBe('postgres://u@h/o');
    expect(secrets).toContain('p@%/:w');
    expect(warnings).toEqual([]);
  });

  test('a password in argv is warned of, one in the environment is not', async () => {
    const url = 'postgres://u:secret@h/d';
    const { warnings } = await load({ flags: { source: url } });
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('SQLEXTRACT_SOURCE');
    expect(warnings[0]).not.toContain('secret');
    expect((await load({ env: { SQLEXTRACT_SOURCE: url } })).warnings).toEqual([]);
  });

  test('a word that is no source gets the nearest name', async () => {
    const problem = await problemOf({ file, flags: { source: 'shp' } });
    expect(problem).toMatchObject({ code: 'CONFIG_SOURCE_UNKNOWN', fault: 'configuration' });
    expect(problem.message).toContain('did you mean shop?');
    expect(problem.hint).toContain('./shp');
  });

  test('none at all is an error of those who need one', async () => {
    const { source } = await load({});
    expect(() => requireSource(source)).toThrow(/no source is named/);
  });
});

describe('tables', () => {
  const file = `defaults: {format: csv, chunk_size: 1MB}
exclude_tables: tmp_*
tables:
  'public.*': {compression: none}
  users: {columns: [id, email], where: id > 5}
  public.Orders: {format: parquet, chunk_size: 2MB, exclude_columns: 'a, b', as_text: [c]}
`;

  test('of the flags, else of the file', async () => {
    expect(await load({ file })).toMatchObject({ tables: ['public.*', 'users', 'public.Orders'], excludeTables: ['tmp_*'] });
    const flags = { table: ['a', 'b.c'], 'exclude-table': ['d'] };
    expect(await load({ file, flags })).toMatchObject({ tables: ['a', 'b.c'], excludeTables: ['d'] });
  });

  test('the entry of a table goes before the defaults, and behind flag and environment', async () => {
    const settings = await load({ file });
    const orders = { format: 'parquet', chunkBytes: 2e6, compression: null, excludeColumns: ['a', 'b'], asText: ['c'], columns: null };
    expect(tableSettings(settings, 'public', 'Orders')).toMatchObject(orders);
    expect(tableSettings(settings, 'public', 'orders')).toMatchObject(orders);
    expect(tableSettings(settings, '', 'orders')).toMatchObject(orders);
    expect(tableSettings(settings, 'public', 'users')).toMatchObject({ columns: ['id', 'email'], where: 'id > 5', format: 'csv' });
    expect(tableSettings(settings, 'public', 'x')).toMatchObject({ compression: 'none', format: 'csv', chunkBytes: 1e6 });
    expect(tableSettings(settings, 'other', 'x')).toMatchObject({ compression: null, format: 'csv' });
    const flagged = await load({ file, flags: { format: 'csv', columns: ['x,y', 'z'] }, env: { SQLEXTRACT_CHUNK_SIZE: '3MB' } });
    expect(tableSettings(flagged, 'public', 'Orders')).toMatchObject({ format: 'csv', chunkBytes: 3e6, columns: ['x', 'y', 'z'] });
  });

  test('a mistake in an entry is told before anything is read', async () => {
    const problem = await problemOf({ file: 'tables:\n  a: {}\n  b:\n    chunk_size: 5XB\n', flags: { 'chunk-size': '1MB' } });
    expect(problem.message).toContain('chunk_size in sqlextract.yaml, line 4');
  });
});
