import { describe, expect, it } from 'vitest';
import type { CursorColumn, CursorWindow } from '../../../src/model/cursor.ts';
import { SqlextractError } from '../../../src/model/problem.ts';
import type { TableSchema } from '../../../src/model/table.ts';
import { checkWhereClause } from '../../../src/model/where-clause.ts';
import type { BoundRequest } from '../../../src/sources/cursors.ts';
import type { Row, SqlServerConnection } from '../../../src/sources/sqlserver/connection.ts';
import { cursorBound } from '../../../src/sources/sqlserver/cursor-bound.ts';
import { cursorCondition } from '../../../src/sources/sqlserver/cursor-condition.ts';
import { deliveredRows } from '../../../src/sources/sqlserver/cursor-rows.ts';
import { cursorLiteral, earlierValue } from '../../../src/sources/sqlserver/cursor-values.ts';
import { SQLSERVER_RULES } from '../../../src/sources/sqlserver/lexis.ts';
import type { ServerFacts } from '../../../src/sources/sqlserver/server-facts.ts';
import { codeOf } from '../../conformance/cursors.suite.ts';

/* What is sent and what is made of the answers. What SQL Server itself makes of it: cursors-contract.test.ts, where there is one. */

const FACTS: ServerFacts = {
  babelfish: false,
  edition: 3,
  database: 'shop',
  updateable: true,
  policiesVisible: true,
  isolation: { snapshot: true, readCommittedSnapshot: false, databaseSnapshot: false, frozen: false, secondary: false },
};

const SECONDARY: ServerFacts = { ...FACTS, isolation: { ...FACTS.isolation, secondary: true } };

const TABLE: TableSchema = {
  schema: 'dbo',
  name: 'orders',
  kind: 'table',
  estimatedRows: null,
  estimatedBytes: null,
  objectId: '17',
  columns: [],
  primaryKey: ['id'],
  candidateKeys: [],
  physicalParts: [],
  remarks: [],
};

type Answers = Readonly<Record<string, readonly Row[] | (() => readonly Row[])>>;

/** A server that answers by the tag of the statement, and what it was sent. */
function answering(answers: Answers) {
  const sent: string[] = [];
  const rows = async (sql: string): Promise<readonly Row[]> => {
    sent.push(sql);
    const answer = answers[/sqlextract:([\w-]+)/.exec(sql)?.[1] ?? ''] ?? [];
    return typeof answer === 'function' ? answer() : answer;
  };
  return { sent, connection: { rows, tedious: { closed: false } } as unknown as SqlServerConnection };
}

function columnOf(kind: CursorColumn['kind'], nativeType: string, nullable = true): CursorColumn {
  return { name: 'stamp', kind, nativeType, nullable };
}

function requestOf(column: CursorColumn, changes: Partial<BoundRequest> = {}): BoundRequest {
  const signal = new AbortController().signal;
  return { table: TABLE, column, where: null, zone: '+00:00', lagMs: null, waitMs: 0, signal, ...changes };
}

const NATIVE: Row = {
  column_id: '1',
  is_nullable: '1',
  is_computed: '0',
  is_column_set: '0',
  max_length: '8',
  precision: '19',
  scale: '0',
  collation_name: null,
  is_user_defined: '0',
  is_assembly_type: '0',
  base_name: null,
  type_schema: 'sys',
  is_encrypted: '0',
  is_masked: '0',
  readable: '1',
};

const catalog = (...columns: readonly (readonly [string, string])[]): readonly Row[] =>
  columns.map(([name, type]) => ({ ...NATIVE, name, type_name: type }));

/** The server's clock, and the same moment on the clock of the zone that is asked for. */
const NOW: Answers = {
  moment: [{ now: '2024-01-31 08:00:00.1234567' }],
  zone: [
    Object.fromEntries(
      Array.from({ length: 10 }, (_, at) => [`m${at}`, `2024-01-31 0${Math.min(9, 8 + at)}:00:00.1234567`]),
    ),
  ],
};

const OPEN: Row = { id: '900', session: '57', written: '1', began: '2024-01-31 07:30:00.5' };

describe('bounds of SQL Server', () => {
  it('44. of a rowversion it is the smallest that a transaction in flight can hold', async () => {
    const { connection, sent } = answering({ rowversion: [{ version: '0x00000000000007D1' }] });
    const bound = await cursorBound(connection, FACTS, requestOf(columnOf('rowversion', 'rowversion', false)));
    expect(bound.to).toEqual({ value: '0x00000000000007d1', inclusive: false });
    expect(sent).toHaveLength(1);
    expect(sent[0]).toContain('MIN_ACTIVE_ROWVERSION()');
  });

  it('49: what has written, or writes, holds a window back; what has only been begun does not', async () => {
    const bound = async (transaction: Row, requests: readonly Row[] = []) => {
      const { connection, sent } = answering({ ...NOW, transactions: [transaction], requests });
      const { remarks } = await cursorBound(connection, FACTS, requestOf(columnOf('time', 'datetime2(3)')));
      return { remarks, from: /'(2024[^']+)'/.exec(sent.at(-1) ?? '')?.[1] };
    };
    expect((await bound(OPEN)).from).toBe('2024-01-31 07:30:00.5000000');
    expect((await bound(OPEN)).remarks[0]).toContain('session 57 (a transaction since 2024-01-31 07:30:00 UTC)');
    expect((await bound({ ...OPEN, written: '0' })).from).toBe('2024-01-31 08:00:00.1234567');
    expect((await bound({ ...OPEN, written: '0' }, [{ id: '900' }])).from).toBe('2024-01-31 07:30:00.5000000');
  });

  it('is cut to what the column keeps', async () => {
    const value = async (kind: 'time' | 'date', type: string) =>
      (await cursorBound(answering(NOW).connection, FACTS, requestOf(columnOf(kind, type)))).to;
    expect(await value('time', 'datetime2(7)')).toEqual({ value: '2024-01-31 08:00:00.1234567', inclusive: false });
    expect((await value('time', 'datetime2(0)'))?.value).toBe('2024-01-31 08:00:00');
    expect((await value('time', 'datetime'))?.value).toBe('2024-01-31 08:00:00.123');
    expect((await value('time', 'smalldatetime'))?.value).toBe('2024-01-31 08:00:00');
    expect((await value('time', 'datetimeoffset(3)'))?.value).toBe('2024-01-31 08:00:00.123 +00:00');
    expect((await value('date', 'date'))?.value).toBe('2024-01-31');
  });

  it('ends where an hour begins that is about to come twice', async () => {
    const back = { zone: [{ ...(NOW['zone']?.[0 as never] as unknown as Row), m3: '2024-01-31 07:15:00' }] };
    const { connection } = answering({ ...NOW, ...back });
    const bound = await cursorBound(connection, FACTS, requestOf(columnOf('time', 'datetime2(0)')));
    expect(bound.to?.value).toBe('2024-01-31 07:15:00');
    expect(bound.remarks[0]).toContain('about to be set back');
  });

  it('stays behind the clock where transactions cannot be seen, and says why', async () => {
    const denied = () => {
      throw Object.assign(new Error('VIEW SERVER STATE permission was denied'), { code: 'EREQUEST', number: 300 });
    };
    const promise = async (facts: ServerFacts, answers: Answers = {}) => {
      const { connection, sent } = answering({ ...NOW, ...answers });
      const { promise: said } = await cursorBound(connection, facts, requestOf(columnOf('time', 'datetime2(7)')));
      expect(sent.some((sql) => sql.includes('DATEADD(second, -600, SYSUTCDATETIME())'))).toBe(true);
      return said;
    };
    expect(await promise(FACTS, { transactions: denied })).toMatch(/GRANT VIEW SERVER STATE.* ends 600 s before/);
    expect(await promise({ ...FACTS, babelfish: true })).toContain('Babelfish');
    expect(await promise(SECONDARY)).toContain('secondary');
  });

  it('49: whole numbers wait for whoever was open, and for nobody who came later', async () => {
    const open: Row[] = [OPEN];
    const answers = {
      columns: catalog(['stamp', 'bigint']),
      'cursor-largest': [{ largest: '41' }],
      transactions: () => open.map((row) => ({ ...row })),
    };
    const request = requestOf(columnOf('integer', 'bigint'));
    const refusal = await cursorBound(answering(answers).connection, FACTS, request).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(SqlextractError);
    expect(refusal).toMatchObject({ problem: { code: 'CURSOR_BUSY', hint: expect.stringContaining('KILL 57') } });
    const waiting = cursorBound(answering(answers).connection, FACTS, { ...request, waitMs: 10_000 });
    setTimeout(() => open.splice(0, 1, { ...OPEN, id: '901' }), 250);
    expect((await waiting).to).toEqual({ value: '41', inclusive: true });
    const reason = new Error('stopped');
    const signal = AbortSignal.abort(reason);
    await expect(cursorBound(answering(answers).connection, FACTS, { ...request, signal })).rejects.toBe(reason);
  });

  it('of a table without rows selects nothing', async () => {
    const of = async (kind: CursorColumn['kind'], type: string, name: string) => {
      const { connection } = answering({ columns: catalog(['stamp', name]) });
      return (await cursorBound(connection, SECONDARY, requestOf(columnOf(kind, type)))).to;
    };
    expect(await of('integer', 'tinyint', 'tinyint')).toEqual({ value: '0', inclusive: false });
    expect(await of('integer', 'bigint', 'bigint')).toEqual({ value: '-9223372036854775808', inclusive: false });
    expect(await of('rowversion', 'rowversion', 'timestamp')).toEqual({
      value: '0x0000000000000000',
      inclusive: false,
    });
  });
});

describe('windows of SQL Server', () => {
  const windowOf = (column: CursorColumn, more: Partial<CursorWindow>): string => {
    const condition = cursorCondition({ column, from: null, to: null, nulls: false, ...more });
    expect(checkWhereClause(condition, SQLSERVER_RULES)).toBe(null);
    return condition;
  };

  it('are bounds of the column itself, as its own type', () => {
    const stamp = columnOf('time', 'datetime2(7)');
    const from = { value: '2024-01-31 08:00:00.0000001', ties: { kind: 'none' } } as const;
    expect(windowOf(stamp, { from })).toBe("[stamp] > CONVERT(datetime2(7), '2024-01-31 08:00:00.0000001', 121)");
    const version = { ...columnOf('rowversion', 'rowversion', false), name: 'a]b' };
    expect(windowOf(version, { to: { value: '0x00000000000007d1', inclusive: false } })).toBe(
      '"a]b" < CONVERT(binary(8), 0x00000000000007d1)',
    );
    const text = columnOf('text', 'varchar(20) collate Czech_CI_AS');
    expect(windowOf(text, { to: { value: "it's", inclusive: true } })).toBe(
      "[stamp] <= CONVERT(varchar(20), N'it''s' COLLATE Czech_CI_AS)",
    );
    expect(windowOf(stamp, {})).toBe('[stamp] IS NOT NULL');
    expect(windowOf(stamp, { nulls: true })).toBe('1 = 1');
    expect(windowOf(columnOf('integer', 'int'), { to: { value: '7', inclusive: true }, nulls: true })).toBe(
      '(([stamp] <= 7) OR [stamp] IS NULL)',
    );
  });

  it('50: leave out the very keys that were delivered: of texts by their bytes', () => {
    const column = columnOf('integer', 'int');
    const except = (key: readonly string[], tuples: readonly (readonly string[])[]) =>
      windowOf(column, { from: { value: '7', ties: { kind: 'except', key, tuples } } });
    expect(except(['id'], [['1'], ['2']])).toBe(
      '[stamp] >= 7 AND CASE WHEN [stamp] = 7 AND [id] IN (1, 2) THEN 1 ELSE 0 END = 0',
    );
    const text = "varchar(9) collate Latin1_General_CI_AS:a'";
    expect(except(['k', 'id'], [[text, '1']])).toContain(
      "((CONVERT(varbinary(8000), [k]) = CONVERT(varbinary(8000), CONVERT(varchar(9), N'a''' COLLATE Latin1_General_CI_AS)) AND [id] = 1))",
    );
    expect(() => except(['id'], [])).toThrow(RangeError);
    expect(() => windowOf(column, { to: { value: '7; DROP TABLE t', inclusive: true } })).toThrow(SqlextractError);
  });

  it('end where their rows do: the largest value and the keys at it', async () => {
    const columns = catalog(['stamp', 'bigint'], ['id', 'bigint']);
    const answers = { columns, 'cursor-largest': [{ largest: '41' }], 'cursor-ties': [{ c0: '1' }, { c0: '2' }] };
    const window: CursorWindow = {
      column: columnOf('integer', 'bigint'),
      from: null,
      to: { value: '50', inclusive: true },
      nulls: false,
    };
    const request = { table: TABLE, window, where: "a = 'x' OR b = 1 -- as typed", key: ['id'], most: 2 };
    const { connection, sent } = answering(answers);
    expect(await deliveredRows(connection, request)).toEqual({ largest: '41', ties: [['1'], ['2']] });
    expect(sent.at(-1)).toContain(
      "SELECT TOP (3) CONVERT(varchar(20), [id]) AS c0 FROM [dbo].[orders] WHERE [stamp] = 41 AND (\na = 'x' OR",
    );
    expect(sent.find((sql) => sql.includes('cursor-largest'))).toContain('[stamp] <= 50');
    expect((await deliveredRows(answering(answers).connection, { ...request, most: 1 })).ties).toBe(null);
    const nameless = { ...answers, 'cursor-ties': [{ c0: null }] };
    expect((await deliveredRows(answering(nameless).connection, request)).ties).toBe(null);
    const empty = { ...answers, 'cursor-largest': [] };
    expect(await deliveredRows(answering(empty).connection, request)).toEqual({ largest: null, ties: null });
  });

  it('begin at what was typed, or earlier', async () => {
    const literal = (column: CursorColumn, typed: string) =>
      cursorLiteral(answering({}).connection, TABLE, column, typed);
    expect(await literal(columnOf('rowversion', 'rowversion'), '0x00000000000007D1')).toBe('0x00000000000007d1');
    expect(await codeOf(literal(columnOf('rowversion', 'rowversion'), '0x7D1'))).toBe('CURSOR_VALUE');
    expect(await codeOf(literal(columnOf('integer', 'tinyint'), '256'))).toBe('CURSOR_VALUE');
    expect(await codeOf(literal(columnOf('time', 'datetime'), '1752-12-31'))).toBe('CURSOR_VALUE');
    expect(await codeOf(literal(columnOf('time', 'datetime2(7)'), '2024-01-31T08:00:00Z'))).toBe('CURSOR_VALUE');
    const back = (column: CursorColumn, value: string, amount: string, unit: 'hour' | null) =>
      earlierValue(answering({}).connection, TABLE, column, value, { amount, unit });
    expect(await back(columnOf('integer', 'tinyint'), '5', '7', null)).toBe('0');
    expect(await codeOf(back(columnOf('rowversion', 'rowversion'), '0x00000000000007d1', '1', 'hour'))).toBe(
      'CURSOR_LOOKBACK',
    );
    expect(await codeOf(back(columnOf('time', 'smalldatetime'), '1900-01-01 05:00:00', '24', 'hour'))).toBe(
      'CURSOR_LOOKBACK',
    );
  });
});
