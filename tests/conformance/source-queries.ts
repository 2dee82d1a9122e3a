import { expect } from 'vitest';
import { SqlextractError } from '../../src/model/problem.ts';
import type { TableSchema } from '../../src/model/table.ts';
import type { NeutralCell, NeutralTable } from './source-fixture.ts';
import {
  ALL_COLUMNS,
  type CellText,
  describeAll,
  hashSum,
  keyOver,
  planRanges,
  readPlan,
  readRows,
} from './source-reading.ts';
import type { SourceCase, SourceContext } from './source.suite.ts';

const COLUMNS: NeutralTable['columns'] = [
  { name: 'id', type: 'bigint', notNull: true },
  { name: 'part', type: 'bigint' },
  { name: 'note', type: 'text' },
];

/** 40 rows: `part` is NULL in every seventh, and one value stands in more rows than any step below. */
const ROWS: readonly (readonly NeutralCell[])[] = Array.from({ length: 40 }, (_, index) => [
  String(index),
  index % 7 === 3 ? null : String(index < 20 ? 5 : index),
  index % 5 === 0 ? null : `note ${index}; it's "quoted" ) -- /* $$`,
]);

interface Prepared {
  /** Quoted. */
  readonly from: string;
  readonly column: (name: string) => string;
  readonly table: NeutralTable;
}

async function prepare({ fixture }: SourceContext, name: string): Promise<Prepared> {
  const table: NeutralTable = { name, columns: COLUMNS, primaryKey: ['id'] };
  await fixture.createTable(table);
  await fixture.insert(table, ROWS);
  return { from: fixture.quote(name), column: (each) => fixture.quote(each), table };
}

function query(context: SourceContext, sql: string, splitBy: string | null = null): Promise<TableSchema> {
  return context.session.describeQuery({ sql, name: 'asked', splitBy, selection: ALL_COLUMNS });
}

async function refusal(work: Promise<unknown>): Promise<SqlextractError> {
  const error: unknown = await work.then(
    () => new Error('it was taken'),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof SqlextractError)) throw error;
  return error;
}

function cellsOf(rows: readonly (readonly CellText[])[], index: number): readonly string[] {
  return rows.map((row) => String(row[index])).toSorted(byText);
}

function byText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function sorted(rows: readonly (readonly CellText[])[]): readonly (readonly CellText[])[] {
  return rows.toSorted((a, b) => Number(a[0]) - Number(b[0]));
}

export function readsQueries(add: SourceCase): void {
  add('a query is described and read like a table', async (context) => {
    const { from } = await prepare(context, 'query_plain');
    const described = await query(context, `SELECT id, note, part FROM ${from} WHERE id < 30`);
    expect(described).toMatchObject({ kind: 'query', schema: '', name: 'asked', primaryKey: [], physicalParts: [] });
    expect(described.candidateKeys).toEqual([]);
    expect(described.columns.map(({ name, type, nullable }) => [name, type.kind, nullable])).toEqual([
      ['id', 'int64', true],
      ['note', 'string', true],
      ['part', 'int64', true],
    ]);
    const rows = sorted(await readRows(context.session, { table: described }));
    expect(rows).toEqual(ROWS.slice(0, 30).map(([id, part, note]) => [id, note, part]));
    const sum = await context.session.checksum({ table: described, where: null });
    expect(sum).toEqual({ rows: 30n, sum: hashSum(rows) });
  });

  add('a query of selected columns, with a condition on its result', async (context) => {
    const { from } = await prepare(context, 'query_selected');
    const selection = { ...ALL_COLUMNS, include: ['TWICE', 'id'], asText: ['twice'] };
    const sql = `SELECT id, part, id + id AS twice FROM ${from} -- all of them`;
    const described = await context.session.describeQuery({ sql, name: 'asked', splitBy: null, selection });
    expect(described.columns.map(({ name }) => name).toSorted(byText)).toEqual(['id', 'twice']);
    expect(described.columns.find(({ name }) => name === 'twice')?.type.kind).toBe('string');
    const twice = described.columns.findIndex(({ name }) => name === 'twice');
    const rows = await readRows(context.session, { table: described, where: 'twice > 75 OR id = 2 -- and no more' });
    expect(cellsOf(rows, twice)).toEqual(['4', '76', '78']);
    expect(await context.session.checksum({ table: described, where: 'twice > 75' })).toMatchObject({ rows: 2n });
    expect(await context.session.countRows({ table: described, where: 'twice > 75' })).toBe(2n);
  });

  add('ranges of a query, NULL and repeated keys among them, hold every row once', async (context) => {
    const { from } = await prepare(context, 'query_ranges');
    const described = await query(context, `SELECT note, part AS k, id FROM ${from} WHERE id <> 11`, 'K');
    const key = keyOver(described, ['k']);
    expect(key).toMatchObject({ kind: 'index', unique: false, nullable: true });
    expect(described.remarks.join()).toContain('same rows');
    const all = ROWS.filter(([id]) => id !== '11').map(([id]) => id);
    for (const step of [1, 3, 100]) {
      for (const where of [null, 'id > 17']) {
        const ranges = await planRanges(context.session, described, key, step, where);
        expect(ranges.length).toBeGreaterThan(step === 1 ? 10 : 1);
        const rows = await readPlan(context.session, described, key, ranges, where);
        const expected = where === null ? all : all.filter((id) => Number(id) > 17);
        expect(cellsOf(rows, 2)).toEqual(expected.map(String).toSorted(byText));
      }
    }
  });

  add('a walk ends at the key it is told to end before', async (context) => {
    const { from } = await prepare(context, 'query_before');
    const described = await query(context, `SELECT id FROM ${from}`, 'id');
    const walk = async (after: readonly string[] | null, before: readonly string[] | null, step: number) =>
      context.session.nextBoundary({ table: described, key: ['id'], where: null, after, before, step });
    const ten = await walk(null, null, 10);
    const twenty = await walk(ten, null, 10);
    expect([ten, twenty]).not.toContain(null);
    expect(await walk(ten, twenty, 10)).toBeNull();
    expect(await walk(ten, twenty, 9)).not.toBeNull();
    expect(await walk(null, ten, 9)).not.toBeNull();
    expect(await walk(null, ten, 10)).toBeNull();
  });

  add('a query is read inside the snapshot', async (context) => {
    const { fixture } = context;
    if (!fixture.driver.capabilities.sharedSnapshot) return;
    const { from, table } = await prepare(context, 'query_snapshot');
    await using coordinator = await fixture.driver.open(fixture.config, 'coordinator');
    await using reader = await fixture.driver.open(fixture.config, 'reader');
    const described = await query(context, `SELECT id FROM ${from}`, 'id');
    const snapshot = await coordinator.takeSnapshot({
      tables: [described],
      mode: 'shared',
      holdMs: 0,
      previous: null,
      required: false,
      allowLocks: false,
      lastTry: true,
      runtimeFolder: fixture.runtimeFolder,
    });
    await reader.joinSnapshot(snapshot.token);
    expect(await snapshot.confirm()).toBe(true);
    await fixture.insert(table, [['1000', null, null]]);
    await fixture.execute(`DELETE FROM ${from} WHERE id < 5`);
    for (const session of [coordinator, reader]) {
      expect(await readRows(session, { table: described })).toHaveLength(40);
      expect(await session.checksum({ table: described, where: null })).toMatchObject({ rows: 40n });
    }
    await snapshot.release();
  });

  add('hostile column names of a query are exact', async (context) => {
    const { from } = await prepare(context, 'query_names');
    const names = [
      '__proto__',
      'constructor',
      'a"b',
      'a`b',
      'a]b',
      "a'b",
      'a b',
      'a;b) --',
      'é',
      '😀'.repeat(10),
      'SELECT',
    ];
    const list = names.map((name, index) => `id + ${index} AS ${context.fixture.quote(name)}`);
    const described = await query(context, `SELECT ${list.join(', ')} FROM ${from} WHERE id = 3`, 'a]b');
    expect(described.columns.map(({ name }) => name)).toEqual(names);
    const key = keyOver(described, ['a]b']);
    const ranges = await planRanges(context.session, described, key, 1);
    const rows = await readPlan(context.session, described, key, ranges);
    expect(rows).toEqual([names.map((_, index) => String(3 + index))]);
  });

  add('columns of a query without a name of their own are refused by name', async (context) => {
    const { from, column } = await prepare(context, 'query_duplicates');
    const twice = await refusal(
      query(context, `SELECT a.*, b.${column('note')} FROM ${from} a JOIN ${from} b ON a.id = b.id`),
    );
    expect(twice.problem).toMatchObject({ code: 'QUERY_DUPLICATE_COLUMN', fault: 'usage' });
    expect(twice.message).toMatch(/note.*3, 4/);
    expect(twice.problem.hint).toContain('AS');
    const unnamed = await refusal(query(context, `SELECT id, id + 1 FROM ${from}`));
    expect(unnamed.problem).toMatchObject({ code: 'QUERY_UNNAMED_COLUMN', fault: 'usage' });
    expect(unnamed.message).toContain('column 2');
  });

  add('a text that is not one SELECT is refused before the server sees it', async (context) => {
    const { from } = await prepare(context, 'query_one');
    const texts = [
      '',
      ' ; ',
      'SELECT 1 AS a; SELECT 2 AS a',
      `DELETE FROM ${from}`,
      `SELECT id FROM ${from}; DELETE FROM ${from}`,
      'SELECT 1 AS a) AS x, (SELECT 2 AS b',
      'SELECT 1 AS a) --',
      'SELECT (1 AS a',
      'SELECT 1 AS a /* and so on',
      "SELECT 'a AS a",
      `SELECT 1 AS a INTO ${context.fixture.quote('query_new')}`,
      `WITH gone AS (DELETE FROM ${from} RETURNING id) SELECT id FROM gone`,
      `SELECT id FROM ${from} FOR UPDATE`,
      'SELECT 1 AS a\0',
    ];
    for (const sql of texts) {
      const error = await refusal(query(context, sql));
      expect([sql, error.problem.code, error.problem.fault]).toEqual([sql, 'QUERY_REFUSED', 'usage']);
      expect(error.message).toContain('asked');
    }
    expect(await readRows(context.session, { table: await query(context, `SELECT id FROM ${from}`) })).toHaveLength(40);
  });

  add('a query may end in a semicolon, a comment, or both', async (context) => {
    const { from } = await prepare(context, 'query_end');
    const endings = [';', ' -- done', ';\n-- done', ' /* a ; b */ ;  ', '\n;\n'];
    const all: TableSchema[] = [];
    for (const end of endings) all.push(await query(context, `SELECT id FROM ${from}${end}`));
    expect(new Set(all.map(({ query: text, objectId }) => `${text} ${objectId}`)).size).toBe(1);
    const wrapped = `WITH few AS (SELECT id FROM ${from} WHERE id < 3) SELECT id FROM few -- ) ; (`;
    // T-SQL has no WITH inside parentheses; what a source cannot take must be refused as such.
    const described = await query(context, wrapped).catch((error: unknown) => error);
    if (described instanceof Error) expect(described).toMatchObject({ problem: { code: 'QUERY_REFUSED' } });
    else expect(await readRows(context.session, { table: described as TableSchema })).toHaveLength(3);
  });

  add('a query that the server does not take, and a split column that is not there, are told', async (context) => {
    const { from } = await prepare(context, 'query_wrong');
    for (const sql of [
      'SELECT id FROM query_no_such_table',
      `SELECT no_such_column FROM ${from}`,
      `SELECT FROM WHERE ${from}`,
    ]) {
      const error = await refusal(query(context, sql));
      expect([sql, error.problem.code, error.problem.verdict]).toEqual([sql, 'QUERY_REFUSED', 'fatal']);
    }
    const missing = await refusal(query(context, `SELECT id, note FROM ${from}`, 'notes'));
    expect(missing.problem.code).toBe('COLUMN_NOT_FOUND');
    expect(missing.problem.hint).toContain('note');
  });

  add('a query has the types of the table columns it selects', async (context) => {
    const table: NeutralTable = {
      name: 'query_types',
      columns: [
        { name: 'a', type: 'bigint' },
        { name: 'b', type: 'text' },
        { name: 'c', type: 'decimal(12,2)' },
        { name: 'd', type: 'double' },
        { name: 'e', type: 'boolean' },
        { name: 'f', type: 'timestamp' },
      ],
    };
    const made = await context.fixture.createTable(table);
    await context.fixture.insert(table, [
      ['1', 'x', '1234567890.12', 0.1, true, '2024-02-29 12:34:56.123456'],
      [null, null, null, null, null, null],
    ]);
    const asTable = await describeAll(context.session, made);
    const asQuery = await query(context, `SELECT * FROM ${context.fixture.quote('query_types')}`);
    expect(asQuery.columns.map(({ name, type }) => [name, type])).toEqual(
      asTable.columns.map(({ name, type }) => [name, type]),
    );
    const rows = await readRows(context.session, { table: asQuery });
    expect(rows.map((row) => row.join()).toSorted(byText)).toEqual(
      (await readRows(context.session, { table: asTable })).map((row) => row.join()).toSorted(byText),
    );
  });
}
