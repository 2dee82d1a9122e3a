import { describe, expect, test } from 'vitest';
import type { ColumnType } from '../../src/model/column-type.ts';
import type { CandidateKey, ColumnSchema, TableSchema } from '../../src/model/table.ts';
import { type MomentRole, momentRole } from '../../src/planner/moment-names.ts';
import { SMALL_ROWS, suggestIncremental } from '../../src/planner/suggest-incremental.ts';
import type { Caution, IncrementalSuggestion } from '../../src/planner/suggestion.ts';

const MOMENT: ColumnType = { kind: 'timestamp', zoned: false };
const INSTANT: ColumnType = { kind: 'timestamp', zoned: true };
const NUMBER: ColumnType = { kind: 'int64' };
const TEXT: ColumnType = { kind: 'string' };

function column(name: string, type: ColumnType, more: Partial<ColumnSchema> = {}): ColumnSchema {
  return { name, type, nativeType: 'its own', nullable: false, ...more };
}

function index(columns: readonly string[], more: Partial<CandidateKey> = {}): CandidateKey {
  const name = `${columns.join('_')}_idx`;
  const common = { unique: false, nullable: false, integer: false, scattered: false, refused: null };
  return { name, columns, kind: 'index', ...common, ...more };
}

const PRIMARY = index(['id'], { name: 'pk', kind: 'primary', unique: true, integer: true });
const ID = column('id', NUMBER);

/** Of ten million rows, with the primary key `id`. */
function table(columns: readonly ColumnSchema[], more: Partial<TableSchema> = {}): TableSchema {
  return {
    schema: 'shop',
    name: 'orders',
    kind: 'table',
    estimatedRows: 1e7,
    estimatedBytes: 1e9,
    objectId: '1',
    columns: [ID, ...columns],
    primaryKey: ['id'],
    candidateKeys: [PRIMARY],
    physicalParts: [],
    remarks: [],
    ...more,
  };
}

const NOWHERE = { rowCursor: null, fewRows: false, refused: [] };

function incremental(of: TableSchema, rowCursor: string | null = null): IncrementalSuggestion {
  const suggestion = suggestIncremental(of, { ...NOWHERE, rowCursor });
  if (suggestion.kind !== 'incremental') throw new Error(`in full: ${suggestion.reason}`);
  return suggestion;
}

const abouts = (cautions: readonly Caution[]): readonly string[] => cautions.map(({ about }) => about);
const WITHOUT_KEY = { primaryKey: [], candidateKeys: [] } as const;

const NAMES: Readonly<Record<MomentRole | 'nothing', string>> = {
  update:
    'updated_at UpdatedAt _updated last_update lastupdate LastModifiedDate modified date_modified changed_on mtime orders_updated_at OrderUpdated write_date timemodified gmt_modified LastEditedWhen SystemModstamp dt_upd',
  insert: 'created_at CreationDate inserted date_added sys_created_on load_ts',
  event: 'timestamp ts event_time occurred_at order_date OrderDate received_at',
  nothing:
    'birth_date HireDate password_changed_at status_updated_at next_update due_at valid_from last_login_at shipped_at updated_by deleted_at amount größe created_or_not',
};
const SAID = Object.entries(NAMES).flatMap(([role, names]) => names.split(' ').map((name) => [name, role] as const));

test.each(SAID)('the name %s says: %s', (name, role) => {
  expect(momentRole(name, { schema: '', name: 'orders' }, ['id', name]) ?? 'nothing').toBe(role);
});

test('what all names begin with is no part of them', () => {
  const names = ['usr_id', 'usr_name', 'usr_updated', 'usr_pwd_changed'];
  const roles = names.map((name) => momentRole(name, { schema: '', name: 'people' }, names));
  expect(roles).toEqual([null, null, 'update', null]);
  const created = ['created_at', 'created_by', 'created_from'];
  expect(momentRole('created_at', { schema: '', name: 't' }, created)).toBe('insert');
});

describe('what a table is extracted by', () => {
  test('a moment of updates: merged over the primary key, with nothing to fear but deletes', () => {
    const of = table([column('created_at', INSTANT), column('updated_at', INSTANT)], {
      candidateKeys: [PRIMARY, index(['created_at']), index(['updated_at', 'id'], { name: 'by_update' })],
    });
    expect(incremental(of)).toEqual({
      kind: 'incremental',
      by: 'updated_at',
      strategy: 'merge',
      uniqueKey: ['id'],
      reason: 'updated_at says by its name when a row was last changed (index by_update); key: the primary key',
      cautions: [{ about: 'deletes', text: expect.stringContaining('--detect-deletes') }],
    });
  });

  test('of several the one with an index, then the one that is never NULL, then the one in UTC', () => {
    const modified = column('modified_at', MOMENT);
    const late = { candidateKeys: [PRIMARY, index(['changed'])] };
    const nullable = column('changed', MOMENT, { nullable: true });
    expect(incremental(table([modified, nullable], late)).by).toBe('changed');
    expect(incremental(table([nullable, modified])).by).toBe('modified_at');
    expect(incremental(table([modified, column('modified_gmt', MOMENT)])).by).toBe('modified_gmt');
    // second in an index, or in one that is refused, is no index
    const useless = [index(['x', 'changed']), index(['changed'], { refused: 'it is a partial index' })];
    expect(incremental(table([nullable, modified], { candidateKeys: [PRIMARY, ...useless] })).by).toBe('modified_at');
  });

  test('what is doubtful is said', () => {
    const { cautions } = incremental(table([column('updated_at', MOMENT, { nullable: true })]));
    expect(abouts(cautions)).toEqual(['null', 'zone', 'index', 'deletes']);
    expect(cautions.map(({ text }) => text).join('\n')).toMatch(
      /--null-cursors[^]*--cursor-zone[^]*no index begins with updated_at/,
    );
    expect(abouts(incremental(table([column('updated_on', { kind: 'date' })])).cautions)).toContain('resolution');
    expect(abouts(incremental(table([column('updated_at', TEXT)])).cautions)).toContain('text');
    expect(abouts(incremental(table([column('mtime', NUMBER)])).cautions)).toContain('text');
  });

  test('what the source does not take for a cursor is passed over', () => {
    const of = table([column('updated_at', TEXT), column('modified_on', INSTANT)]);
    expect(suggestIncremental(of, { ...NOWHERE, refused: ['modified_on'] })).toMatchObject({ by: 'updated_at' });
    expect(suggestIncremental(of, { ...NOWHERE, refused: ['modified_on', 'updated_at', 'id'] }).kind).toBe('full');
  });

  test('a row version goes before everything, when there is a key to merge over', () => {
    const version = column('rv', { kind: 'binary' }, { nativeType: 'rowversion' });
    const of = table([column('updated_at', INSTANT), version]);
    expect(incremental(of)).toMatchObject({ by: 'rv', strategy: 'merge', uniqueKey: ['id'] });
    expect(incremental({ ...of, ...WITHOUT_KEY }).by).toBe('updated_at');
  });

  test('without a primary key a unique one that is never NULL', () => {
    const columns = [column('code', TEXT), column('slug', TEXT, { nullable: true }), column('updated_at', INSTANT)];
    const slug = index(['slug'], { kind: 'unique', unique: true, nullable: true });
    const part = index(['id'], { kind: 'unique', unique: true, refused: 'it is a partial index' });
    const code = index(['code'], { kind: 'unique', unique: true });
    const of = table(columns, { primaryKey: [], candidateKeys: [part, slug, code] });
    expect(incremental(of)).toMatchObject({ strategy: 'merge', uniqueKey: ['code'] });
    const none = incremental({ ...of, candidateKeys: [part, slug] });
    expect(none).toMatchObject({ by: 'updated_at', strategy: 'delete_insert', uniqueKey: [] });
    expect(none.cautions[0]).toMatchObject({ about: 'updates', text: expect.stringContaining('old version') });
  });

  test('a primary key that the schema lets be NULL is said', () => {
    const of = {
      ...table([column('updated_at', INSTANT)]),
      columns: [{ ...ID, nullable: true }, column('updated_at', INSTANT)],
    };
    expect(incremental(of)).toMatchObject({ uniqueKey: ['id'], cautions: [{ about: 'key' }, { about: 'index' }, {}] });
  });

  test('only what sees new rows: append, and it says that updates are not seen', () => {
    const created = column('created_at', INSTANT);
    const indexed = table([created], { candidateKeys: [PRIMARY, index(['created_at'])] });
    expect(incremental(indexed)).toMatchObject({ by: 'created_at', strategy: 'append', uniqueKey: ['id'] });
    expect(abouts(incremental(indexed).cautions)).toEqual(['updates', 'deletes']);
    // each run would scan the table for it; the number is indexed
    expect(incremental(table([created]))).toMatchObject({ by: 'id', strategy: 'append' });
    expect(abouts(incremental(table([created])).cautions)).toEqual(['updates', 'order', 'deletes']);
    const dated = table([column('order_date', INSTANT)], { candidateKeys: [PRIMARY, index(['order_date'])] });
    expect(incremental(dated).by).toBe('id');
  });

  test('a number that is none of the rows themselves is nothing to go by', () => {
    const profile = table([], { columns: [column('user_id', NUMBER)], primaryKey: ['user_id'] });
    expect(suggestIncremental(profile, NOWHERE)).toMatchObject({ kind: 'full', later: null });
    const pair = table([column('product_id', NUMBER)], { primaryKey: ['id', 'product_id'] });
    expect(suggestIncremental(pair, NOWHERE).kind).toBe('full');
    const named = table([], { columns: [column('OrderId', NUMBER)], primaryKey: ['OrderId'] });
    expect(incremental(named).by).toBe('OrderId');
  });

  test('a log without a key: the window is replaced', () => {
    const of = table([column('ts', INSTANT)], { ...WITHOUT_KEY, columns: [column('ts', INSTANT)] });
    expect(incremental(of)).toMatchObject({ by: 'ts', strategy: 'delete_insert', uniqueKey: [] });
    expect(abouts(incremental(of).cautions)).toEqual(['updates', 'order', 'index', 'deletes']);
  });

  test.each([
    ['a flag', column('modified', NUMBER)],
    ['a weekday', column('day', NUMBER)],
    ['a text', column('time', TEXT)],
    ['a time of day', column('updated_at', { kind: 'time' })],
    ['a truth', column('updated', { kind: 'boolean' })],
  ])('%s is no moment', (_, one) => {
    const of = table([], { ...WITHOUT_KEY, columns: [one] });
    expect(suggestIncremental(of, NOWHERE)).toMatchObject({ kind: 'full', later: null });
  });
});

describe('all of it each time', () => {
  const updated = table([column('updated_at', INSTANT)]);

  test('a small table, with what to go by when it grows', () => {
    const small = suggestIncremental({ ...updated, estimatedRows: SMALL_ROWS - 1 }, NOWHERE);
    expect(small).toMatchObject({ kind: 'full', later: { by: 'updated_at', strategy: 'merge' } });
    expect(small.reason).toBe('about 99,999 rows: a full run is quick, and sees deletes as well');
    expect(suggestIncremental({ ...updated, estimatedRows: SMALL_ROWS }, NOWHERE).kind).toBe('incremental');
  });

  test('where nobody knows how large it is, only when it was counted', () => {
    const unknown = { ...updated, estimatedRows: null };
    expect(suggestIncremental(unknown, NOWHERE).kind).toBe('incremental');
    const counted = suggestIncremental(unknown, { ...NOWHERE, fewRows: true });
    expect(counted).toMatchObject({ kind: 'full', reason: expect.stringContaining('fewer than 100,000 rows') });
  });

  test('without a column; the cursor of the source over its rows is named only where there is one', () => {
    const of = table([], { columns: [column('code', TEXT)], primaryKey: ['code'] });
    const facts = { ...NOWHERE, rowCursor: 'xmin' };
    expect(suggestIncremental(of, NOWHERE).reason).toContain('--detect-changes hash needs no column');
    const keyless = suggestIncremental({ ...of, primaryKey: [], candidateKeys: [] }, NOWHERE);
    expect(keyless.reason).toBe('no column says when a row was written');
    expect(suggestIncremental({ ...of, estimatedRows: 10 }, NOWHERE).reason).not.toContain('--detect');
    expect(suggestIncremental(of, facts).reason).toContain('--incremental-by xmin needs no column');
    expect(suggestIncremental({ ...of, kind: 'view' }, facts).reason).not.toContain('xmin');
    expect(suggestIncremental({ ...of, ...WITHOUT_KEY }, facts).reason).not.toContain('xmin');
    expect(incremental(table([]), 'xmin').cautions[0]?.text).toContain(
      '--incremental-by xmin --strategy merge sees them',
    );
    expect(JSON.stringify(incremental(updated, 'xmin'))).not.toContain('xmin');
  });
});
