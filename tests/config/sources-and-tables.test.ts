import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { requireSource } from '../../src/config/resolve-source.ts';
import { tableSettings } from '../../src/config/table-settings.ts';
import { givenFolder } from './given-folder.ts';

const { path, load, problemOf } = givenFolder();

describe('the source', () => {
  const file =
    'source: shop\nsources:\n  shop: postgres://u@h/shop\n  local: data/x.sqlite\n  other:\n    url: postgres://u@h/o\n    password: ${PW}\n';

  test('flag > environment > file, by name, URL or path', async () => {
    expect((await load({ file })).source).toMatchObject({ name: 'shop', url: 'postgres://u@h/shop', origin: 'file' });
    const env = { SQLEXTRACT_SOURCE: 'local' };
    expect((await load({ file, env })).source).toMatchObject({
      name: 'local',
      url: join(path(), 'data/x.sqlite'),
      origin: 'environment',
    });
    const flags = { source: 'x.sqlite' };
    expect((await load({ file, env, flags })).source).toMatchObject({
      name: null,
      url: join(path(), 'x.sqlite'),
      origin: 'flag',
    });
    expect((await load({ flags: { source: 'sqlite:a/b.db?immutable=1' } })).source?.url).toBe(
      `sqlite:${path()}/a/b.db?immutable=1`,
    );
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
    expect(await load({ file })).toMatchObject({
      tables: ['public.*', 'users', 'public.Orders'],
      excludeTables: ['tmp_*'],
    });
    const flags = { table: ['a', 'b.c'], 'exclude-table': ['d'] };
    expect(await load({ file, flags })).toMatchObject({ tables: ['a', 'b.c'], excludeTables: ['d'] });
  });

  test('the entry of a table goes before the defaults, and behind flag and environment', async () => {
    const settings = await load({ file });
    const orders = {
      format: 'parquet',
      chunkBytes: 2e6,
      compression: null,
      excludeColumns: ['a', 'b'],
      asText: ['c'],
      columns: null,
    };
    expect(tableSettings(settings, 'public', 'Orders')).toMatchObject(orders);
    expect(tableSettings(settings, 'public', 'orders')).toMatchObject(orders);
    expect(tableSettings(settings, '', 'orders')).toMatchObject(orders);
    expect(tableSettings(settings, 'public', 'users')).toMatchObject({
      columns: ['id', 'email'],
      where: 'id > 5',
      format: 'csv',
    });
    expect(tableSettings(settings, 'public', 'x')).toMatchObject({
      compression: 'none',
      format: 'csv',
      chunkBytes: 1e6,
    });
    expect(tableSettings(settings, 'other', 'x')).toMatchObject({ compression: null, format: 'csv' });
    const flagged = await load({
      file,
      flags: { format: 'csv', columns: ['x,y', 'z'] },
      env: { SQLEXTRACT_CHUNK_SIZE: '3MB' },
    });
    expect(tableSettings(flagged, 'public', 'Orders')).toMatchObject({
      format: 'csv',
      chunkBytes: 3e6,
      columns: ['x', 'y', 'z'],
    });
  });

  test('a mistake in an entry is told before anything is read', async () => {
    const problem = await problemOf({
      file: 'tables:\n  a: {}\n  b:\n    chunk_size: 5XB\n',
      flags: { 'chunk-size': '1MB' },
    });
    expect(problem.message).toContain('chunk_size in sqlextract.yaml, line 4');
  });

  test('what is typed for one table is not held against the entries of others', async () => {
    const file =
      'tables: {prices: {incremental: {detect_changes: hash}}, users: {incremental: {by: updated_at}}, countries: {}}';
    const table = ['users'];
    const settings = await load({ file, flags: { table, 'detect-deletes': true, start: '5', end: '9' } });
    expect(tableSettings(settings, '', 'users').incremental).toMatchObject({ detectDeletes: true, end: '9' });
    expect((await load({ file, flags: { table: ['countries'], limit: '5' } })).limit).toBe(5);
  });
});
