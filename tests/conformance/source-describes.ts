import { expect } from 'vitest';
import { SqlextractError } from '../../src/model/problem.ts';
import type { Problem } from '../../src/model/problem.ts';
import type { NeutralTable } from './source-fixture.ts';
import { ALL_COLUMNS, describeAll, keyOver, planRanges, readPlan, readRows } from './source-reading.ts';
import type { SourceCase } from './source.suite.ts';

const PEOPLE: NeutralTable = {
  name: 'people_described',
  columns: [
    { name: 'id', type: 'bigint', notNull: true },
    { name: 'Full Name', type: 'text' },
    { name: 'salary', type: 'decimal(12,2)' },
    { name: 'active', type: 'boolean', notNull: true },
    { name: 'score', type: 'double' },
  ],
  primaryKey: ['id'],
};

export async function problemOf(promise: Promise<unknown>): Promise<Problem> {
  const error = await promise.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(SqlextractError);
  return (error as SqlextractError).problem;
}

export function describesTables(add: SourceCase): void {
  add('describes columns, types, keys and identity', async ({ fixture, session }) => {
    const table = await describeAll(session, await fixture.createTable(PEOPLE));
    expect(table.name).toBe('people_described');
    expect(table.kind).toBe('table');
    expect(table.columns.map((column) => [column.name, column.type.kind, column.nullable])).toEqual([
      ['id', 'int64', false],
      ['Full Name', 'string', true],
      ['salary', 'decimal', true],
      ['active', 'boolean', false],
      ['score', 'float64', true],
    ]);
    expect(table.columns[2]?.type).toEqual({ kind: 'decimal', precision: 12, scale: 2 });
    expect(table.columns.every((column) => column.nativeType !== '')).toBe(true);
    expect(table.primaryKey).toEqual(['id']);
    expect(keyOver(table, ['id'])).toMatchObject({ kind: 'primary', unique: true, nullable: false });
    expect(table.objectId).not.toBe('');
    expect((await describeAll(session, table)).objectId).toBe(table.objectId);
    expect((await session.listTables()).map((each) => each.name)).toContain('people_described');
  });

  add('knows the server again by its identity', async ({ fixture, session }) => {
    const again = await fixture.driver.open(fixture.config, 'reader');
    const [first, second] = [await session.identity(), await again.identity()];
    await again[Symbol.asyncDispose]();
    expect(second).toEqual(first);
    expect(Object.keys(first).length).toBeGreaterThan(0);
  });

  add('resolves names without regard to case', async ({ fixture, session }) => {
    const made = await fixture.createTable({ ...PEOPLE, name: 'people_case' });
    const table = await session.describe(
      { ...made, name: 'PEOPLE_Case' },
      { ...ALL_COLUMNS, include: ['ID', 'full name'] },
    );
    expect(table.name).toBe('people_case');
    expect(table.columns.map((column) => column.name).toSorted()).toEqual(['Full Name', 'id']);
  });

  add('leaves out excluded columns', async ({ fixture, session }) => {
    const made = await fixture.createTable({ ...PEOPLE, name: 'people_less' });
    const table = await session.describe(made, { ...ALL_COLUMNS, exclude: ['SALARY', 'score'] });
    expect(table.columns.map((column) => column.name)).toEqual(['id', 'Full Name', 'active']);
  });

  add('names the nearest table for an unknown one', async ({ fixture, session }) => {
    const made = await fixture.createTable({ ...PEOPLE, name: 'people_near' });
    const problem = await problemOf(session.describe({ ...made, name: 'people_neer' }, ALL_COLUMNS));
    expect(problem.code).toBe('TABLE_NOT_FOUND');
    expect(problem.message).toContain('people_neer');
    expect(problem.hint).toContain('people_near');
  });

  add('names the nearest column for an unknown one', async ({ fixture, session }) => {
    const made = await fixture.createTable({ ...PEOPLE, name: 'people_columns' });
    for (const selection of [
      { ...ALL_COLUMNS, include: ['salery'] },
      { ...ALL_COLUMNS, exclude: ['salery'] },
      { ...ALL_COLUMNS, asText: ['salery'] },
    ]) {
      const problem = await problemOf(session.describe(made, selection));
      expect(problem.code).toBe('COLUMN_NOT_FOUND');
      expect(problem.hint).toContain('salary');
    }
  });

  add('plans a column as text when asked', async ({ fixture, session }) => {
    const table: NeutralTable = { ...PEOPLE, name: 'people_text' };
    const made = await fixture.createTable(table);
    await fixture.insert(table, [['9007199254740993', 'a', '12.50', true, 0.5]]);
    const planned = await session.describe(made, { ...ALL_COLUMNS, include: ['id'], asText: ['Id'] });
    expect(planned.columns[0]?.type).toEqual({ kind: 'string' });
    expect(await readRows(session, { table: planned })).toEqual([['9007199254740993']]);
  });

  const HARD_NAMES = ['select', 'a b', 'Quote"d', "it's", 'back`tick]', '%s', 'é', '__proto__'];
  const NAMES = { 'blanks, quotes, capitals and reserved words': HARD_NAMES, emoji: ['select', 'Quote"d', '😀'] };
  for (const [what, names] of Object.entries(NAMES)) {
    add(`takes names with ${what}`, async ({ fixture, session }) => {
      const table: NeutralTable = {
        name: `Order "of" 'é' \`; --${what === 'emoji' ? ' 😀' : ''}`,
        columns: names.map((name, index) => ({ name, type: index === 0 ? 'bigint' : 'text', notNull: index === 0 })),
        primaryKey: ['select'],
        unique: [['Quote"d']],
      };
      const made = await fixture.createTable(table);
      const rows = [1, 2, 3].map((id) => names.map((_, index) => (index === 0 ? String(id) : `${index} of ${id}`)));
      await fixture.insert(table, rows);
      const described = await describeAll(session, made);
      expect(described.columns.map((column) => column.name)).toEqual(names);
      for (const columns of [['select'], ['Quote"d']]) {
        const key = keyOver(described, columns);
        const read = await readPlan(session, described, key, await planRanges(session, described, key, 1));
        expect(read.toSorted((a, b) => Number(a[0]) - Number(b[0]))).toEqual(rows);
      }
    });
  }

  add('calls an error that it does not know fatal', async ({ fixture }) => {
    expect(fixture.driver.classify(new Error('something else'))).toMatchObject({ verdict: 'fatal' });
  });
}
