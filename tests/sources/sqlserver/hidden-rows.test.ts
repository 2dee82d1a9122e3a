import { describe, expect, it } from 'vitest';
import type { Row, SqlServerConnection } from '../../../src/sources/sqlserver/connection.ts';
import { remarksBelow } from '../../../src/sources/sqlserver/hidden-rows.ts';
import type { ServerFacts } from '../../../src/sources/sqlserver/server-facts.ts';

const FACTS: ServerFacts = {
  babelfish: false,
  edition: 3,
  database: 'shop',
  updateable: true,
  policiesVisible: true,
  isolation: {
    snapshot: true,
    readCommittedSnapshot: false,
    databaseSnapshot: false,
    frozen: false,
    secondary: false,
  },
};

/** A server that answers by the tag of the statement. */
function answering(answers: Readonly<Record<string, readonly Row[]>>): SqlServerConnection {
  const tagOf = (sql: string): string => /sqlextract:([\w-]+)/.exec(sql)?.[1] ?? '';
  const rows = async (sql: string): Promise<readonly Row[]> => answers[tagOf(sql)] ?? [];
  return { rows } as unknown as SqlServerConnection;
}

const masks = (unmask: string, definitions: string, count: string): readonly Row[] => [
  { unmask, definitions, masks: count },
];
const DATABASES: readonly Row[] = [{ name: 'master' }, { name: 'shop' }, { name: "o]'d" }, { name: 'Archive' }];

async function remarks(
  sql: string | null,
  rows: readonly Row[],
  more: Readonly<Record<string, readonly Row[]>> = {},
): Promise<string> {
  const connection = answering({ masks: rows, databases: DATABASES, ...more });
  return (await remarksBelow(connection, FACTS, 'the query q', sql)).join('\n');
}

describe('what a view or a query reads', () => {
  it('is refused when columns are masked for the login', async () => {
    await expect(remarks('SELECT 1 AS a', masks('0', '0', '3'))).rejects.toMatchObject({
      problem: { code: 'SOURCE_MASKED' },
    });
    expect(await remarks('SELECT 1 AS a', masks('1', '0', '3'))).toBe('');
  });

  it('could be masked when the login may not see that it is', async () => {
    expect(await remarks('SELECT 1 AS a', masks('0', '0', '0'))).toContain('could be masked');
    expect(await remarks('SELECT 1 AS a', masks('0', '1', '0'))).toBe('');
  });

  it('may lie in other databases, which are named', async () => {
    const sees = masks('1', '1', '0');
    expect(await remarks('SELECT a FROM archive.dbo.t', sees)).toContain('reads database Archive');
    expect(await remarks("SELECT a FROM [o]]'d]..t", sees)).toContain("reads database o]'d");
    expect(await remarks("SELECT a, 'archive.dbo.t' AS b FROM shop.dbo.t -- archive.dbo.t", sees)).toBe('');
    expect(await remarks(null, sees)).toContain('could be of another database');
  });

  it('can be hidden by policies, which are named', async () => {
    const policies = [{ name: 'tenants' }];
    expect(await remarks('SELECT 1 AS a', masks('1', '1', '0'), { policies })).toContain('security policy tenants');
  });
});
