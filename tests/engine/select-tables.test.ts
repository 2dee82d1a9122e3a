import { describe, expect, it } from 'vitest';
import { matchesTable, selectTables, splitName } from '../../src/engine/select-tables.ts';
import type { TableRef } from '../../src/model/table.ts';

const listed = ['public.users', 'public.orders', 'audit.users', 'audit.log'].map((text): TableRef => {
  const [schema = '', name = ''] = text.split('.');
  return { schema, name, kind: 'table', estimatedRows: null, estimatedBytes: null };
});
const select = async (include: string[], exclude: string[] = []) =>
  (await selectTables({ include, exclude }, async () => listed)).map((table) => `${table.schema}.${table.name}`);

describe('table patterns', () => {
  it('take a plain name as it is, for the source to resolve', async () => {
    expect(await select(['users', 'audit.log'])).toEqual(['.users', 'audit.log']);
  });

  it('match globs over schema and name, each table once', async () => {
    expect(await select(['*'])).toHaveLength(4);
    expect(await select(['audit.*', 'audit.log'])).toEqual(['audit.users', 'audit.log']);
    expect(await select(['u*ers'])).toEqual(['public.users', 'audit.users']);
  });

  it('leave out what is excluded', async () => {
    expect(await select(['*'], ['audit.*'])).toEqual(['public.users', 'public.orders']);
  });

  it('refuse a glob that matches nothing and a selection without tables', async () => {
    await expect(select(['x*'])).rejects.toMatchObject({ problem: { code: 'TABLE_NOT_MATCHED' } });
    await expect(select(['log'], ['log'])).rejects.toMatchObject({ problem: { code: 'NO_TABLE_LEFT' } });
    await expect(select([])).rejects.toMatchObject({ problem: { code: 'NO_TABLE_LEFT' } });
  });

  it('take main. for what has no schema, as SQLite does', () => {
    const table = { schema: '', name: 'users' };
    const typed = ['main.users', 'main.u*', 'MAIN.users', 'm*', 'audit.users'];
    expect(typed.map((pattern) => matchesTable(pattern, table))).toEqual([true, true, true, false, false]);
  });

  it('keep dots inside quotes', () => {
    expect(splitName('"my.schema"."a ""b"""')).toEqual({ schema: 'my.schema', name: 'a "b"' });
    expect(splitName('shop..')).toEqual({ schema: 'shop', name: '.' });
    expect(splitName('shop...')).toEqual({ schema: 'shop', name: '..' });
    expect(splitName('"my.shop"...')).toEqual({ schema: 'my.shop', name: '..' });
    expect(splitName('..')).toEqual({ schema: '', name: '..' });
    expect(splitName('users')).toEqual({ schema: '', name: 'users' });
    expect(splitName('"a.b"')).toEqual({ schema: '', name: 'a.b' });
  });
});
