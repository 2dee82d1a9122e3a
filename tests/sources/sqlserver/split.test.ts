import { describe, expect, it } from 'vitest';
import type { TableSchema } from '../../../src/model/table.ts';
import type { NativeColumn } from '../../../src/sources/sqlserver/columns.ts';
import type { Row, SqlServerConnection } from '../../../src/sources/sqlserver/connection.ts';
import { nextBoundary } from '../../../src/sources/sqlserver/split.ts';

const TABLE: TableSchema = {
  schema: 'dbo',
  name: 't',
  kind: 'table',
  objectId: '1',
  estimatedRows: null,
  estimatedBytes: null,
  columns: [],
  primaryKey: ['k'],
  candidateKeys: [],
  physicalParts: [],
  remarks: [],
};

const COLUMN: NativeColumn = {
  id: 1,
  name: 'k',
  notNull: true,
  readable: true,
  computed: false,
  columnSet: false,
  hidden: null,
  native: {
    display: 'varchar(20)',
    name: 'varchar',
    precision: 0,
    scale: 0,
    maxLength: 20,
    collation: 'Some_CI_AS',
    userType: null,
  },
};

const KEY = 'varchar(20) collate Some_CI_AS:b';

/** A server that gives the answers one after the other. */
function answering(answers: readonly Row[], statements: string[] = []): SqlServerConnection {
  const rows = async (sql: string): Promise<readonly Row[]> => {
    statements.push(sql);
    return answers.slice(statements.length - 1, statements.length);
  };
  return { rows } as unknown as SqlServerConnection;
}

const request = (key: readonly string[]) => ({ table: TABLE, key, where: null, after: [KEY], before: null, step: 10 });

describe('a bound of a range', () => {
  it('is the next distinct key where the key stands still', async () => {
    const server = answering([
      { c0: 'b', greater: '0' },
      { c0: 'c', greater: '1' },
    ]);
    expect(await nextBoundary(server, request(['k']), [COLUMN])).toEqual(['varchar(20) collate Some_CI_AS:c']);
  });

  it('is refused when it comes back of its text as no greater one', async () => {
    const server = answering([
      { c0: 'b', greater: '0' },
      { c0: 'a', greater: '0' },
    ]);
    await expect(nextBoundary(server, request(['k']), [COLUMN])).rejects.toMatchObject({
      problem: { code: 'KEY_NOT_ORDERED', message: expect.stringContaining('dbo.t') },
    });
  });

  it('is compared by the server as it comes back, under an alias that no key has', async () => {
    const statements: string[] = [];
    const server = answering([{ c0_: 'c', greater: '1' }], statements);
    const named = { ...COLUMN, name: 'C0' };
    expect(await nextBoundary(server, request(['C0']), [named])).toEqual(['varchar(20) collate Some_CI_AS:c']);
    expect(statements[0]).toContain('[C0] AS c0_');
    expect(statements[0]).toContain(
      "CASE WHEN CONVERT(varchar(20), CONVERT(nvarchar(20), k.c0_) COLLATE Some_CI_AS) > CONVERT(varchar(20), N'b' COLLATE Some_CI_AS) THEN 1",
    );
  });
});
