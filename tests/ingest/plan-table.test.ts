import { describe, expect, test } from 'vitest';
import { typedWindow } from '../../src/ingest/load-window.ts';
import { exampleManifest } from '../checkpoint/manifest-example.ts';
import { codeOf, manifestWith, planned, targetWith, targetWithNames } from './load-example.ts';

describe('a load of a manifest', () => {
  test('has its facts, its files with their places, and the columns in their order', () => {
    const load = planned();
    expect(load).toMatchObject({
      number: 1,
      source: { run: '20261121T041502Z-1f3a9c', extractedAt: '2026-11-21T04:15:02.000Z', consistency: 'snapshot' },
      target: { schema: 'main', name: 'users' },
      mode: 'replace',
      key: ['id'],
      rows: 30,
    });
    expect(load.columns.map(({ name, isKey, measuredBytes }) => [name, isKey, measuredBytes])).toEqual([
      ['id', true, null],
      ['price', false, null],
      ['seen', false, null],
    ]);
    expect(load.files.map(({ number, path }) => [number, path])).toEqual([
      [1, '/data/export/users/part-000001.csv.gz'],
      [2, '/data/export/users/part-000002.csv.gz'],
    ]);
  });

  test('--measure takes the largest values of the files', () => {
    expect(planned(exampleManifest(), { measure: true }).columns.map(({ measuredBytes }) => measuredBytes)).toEqual([
      0, 40, 0,
    ]);
  });

  test('the tag is of the run and the place alone: a killed load finds what it staged', () => {
    const { tag } = planned();
    expect(tag).toMatch(/^[0-9a-f]{12}$/);
    expect(planned(exampleManifest(), { mode: 'merge' }).tag).toBe(tag);
    expect(planned({ ...exampleManifest(), run: 'another' }).tag).not.toBe(tag);
    expect(planned(exampleManifest(), { schema: 'other' }).tag).not.toBe(tag);
  });
});

function inSchema(schema: string) {
  return { ...exampleManifest(), table: { ...exampleManifest().table, schema } };
}

describe('the schema', () => {
  test.each([
    ['public', 'main'],
    ['dbo', 'main'],
    ['', 'main'],
    ['sales', 'sales'],
  ])('%j of the source is %j in a target with a schema of its own', (schema, expected) => {
    expect(planned(inSchema(schema)).target.schema).toBe(expected);
  });

  test('is left out where a target has none, and is the one that was asked for', () => {
    const without = targetWith({ defaultSchema: null });
    expect(planned(inSchema('public'), {}, without).target.schema).toBeNull();
    expect(planned(inSchema('sales'), { schema: 'raw' }).target.schema).toBe('raw');
  });
});

describe('a rename', () => {
  test.each([
    [['Users=o', 'price=amount'], 'o', 'amount'],
    [['shop.users=o'], 'o', 'price'],
    [['price=amount'], 'users', 'amount'],
  ])('%j is of a column, else of the table', (texts, table, column) => {
    const renames = new Map(
      texts.map((text): [string, string] => [text.split('=')[0] ?? '', text.split('=')[1] ?? '']),
    );
    const load = planned(inSchema('shop'), { renames });
    expect(load.target.name).toBe(table);
    expect(load.ledger.table.endsWith(table)).toBe(true);
    expect(load.columns.map(({ name }) => name)).toContain(column);
  });

  test('of what is both is of the column; the table has it with its schema', () => {
    const manifest = inSchema('shop');
    const both = { ...manifest, table: { ...manifest.table, name: 'price' } };
    const load = planned(both, { renames: new Map([['price', 'amount']]) });
    expect([load.target.name, load.columns.some(({ name }) => name === 'amount')]).toEqual(['price', true]);
    expect(planned(both, { renames: new Map([['shop.price', 'p']]) }).target.name).toBe('p');
  });
});

describe('the key', () => {
  test('is that of --key, by the name of the source or of the target, in any case', () => {
    const renames = new Map([['price', 'amount']]);
    expect(planned(exampleManifest(), { key: ['PRICE', 'id'], renames }).key).toEqual(['amount', 'id']);
    expect(planned(exampleManifest(), { key: ['amount'], renames }).key).toEqual(['amount']);
  });

  test('of no column is refused, and so is a merge without any', () => {
    expect(codeOf(() => planned(exampleManifest(), { key: ['nope'] }))).toBe('INGEST_COLUMN');
    expect(codeOf(() => planned(manifestWith(['a', 'b', 'c']), { mode: 'merge' }))).toBe('INGEST_KEY');
    expect(planned(manifestWith(['a', 'b', 'c']), { mode: 'append' }).key).toEqual([]);
  });

  test('is not the primary key when a column of it is not in the files', () => {
    const { schema } = exampleManifest();
    const partial = { ...exampleManifest(), schema: { ...schema, primaryKey: ['id', 'region'] } };
    expect(planned(partial).key).toEqual([]);
    expect(codeOf(() => planned(partial, { mode: 'delete-insert' }))).toBe('INGEST_KEY');
  });

  test('is not needed for a window', () => {
    const window = { column: 'A', from: '1', to: '2' };
    const load = planned(manifestWith(['a', 'b', 'c']), { mode: 'delete-insert', window });
    expect(load.window).toEqual(typedWindow('a', '1', '2'));
  });
});

test('names that became others are remarked', () => {
  const target = targetWithNames({ longest: 20, unit: 'characters' });
  const load = planned(manifestWith(['id', 'x'.repeat(30), 'c']), { identifierCase: 'upper' }, target);
  expect(load.remarks).toEqual([
    'table users is USERS in the target',
    'column id is ID in the target',
    expect.stringMatching(/^column x{30} is X{11}_[0-9a-f]{8} in the target$/),
    'column c is C in the target',
  ]);
});
