import { SqlextractError } from '../../model/problem.ts';
import { significant, type SqlToken, tokenizeSql } from '../../model/sql-lexis.ts';
import { textOf } from './columns.ts';
import type { SqlServerConnection } from './connection.ts';
import { SQLSERVER_RULES } from './lexis.ts';
import type { ServerFacts } from './server-facts.ts';

/**
 * Names of security policies in force that filter rows: of one table, or of any. A login without rights on policies sees none of them in
 * the catalog, and then nothing can be said. Babelfish has no such view.
 */
export async function securityPolicies(
  connection: SqlServerConnection,
  facts: ServerFacts,
  objectId?: string,
): Promise<readonly string[]> {
  if (facts.babelfish) return [];
  const table = objectId === undefined ? '' : ` AND q.target_object_id = ${objectId}`;
  const rows = await connection.rows(
    `/* sqlextract:policies */ SELECT DISTINCT p.name FROM sys.security_policies p
      JOIN sys.security_predicates q ON q.object_id = p.object_id
      WHERE p.is_enabled = 1 AND q.predicate_type = 0${table}`,
  );
  return rows.map((row) => `the security policy ${textOf(row, 'name')} of this database can hide rows from this login`);
}

/**
 * Whether columns of any table are masked for this login: what a view or a query makes of them would be masked too. 'unknown' when the
 * login may not see all columns of the catalog: those below a view are shown only with rights on their tables.
 */
async function maskedElsewhere(
  connection: SqlServerConnection,
  facts: ServerFacts,
): Promise<'masked' | 'none' | 'unknown'> {
  if (facts.babelfish) return 'none';
  const [row] = await connection.rows(
    `/* sqlextract:masks */ SELECT COALESCE(HAS_PERMS_BY_NAME(DB_NAME(), 'DATABASE', 'UNMASK'), 0) AS unmask,
      COALESCE(HAS_PERMS_BY_NAME(DB_NAME(), 'DATABASE', 'VIEW DEFINITION'), 0) AS definitions,
      (SELECT COUNT(*) FROM sys.masked_columns m WHERE m.is_masked = 1) AS masks`,
  );
  if (row?.['unmask'] === '1') return 'none';
  if (row?.['masks'] !== '0') return 'masked';
  return row['definitions'] === '1' ? 'none' : 'unknown';
}

/** Databases besides this one that a text names in front of a dot: their masks and policies are not looked at. */
async function otherDatabases(
  connection: SqlServerConnection,
  facts: ServerFacts,
  sql: string,
): Promise<readonly string[]> {
  const rows = await connection.rows('/* sqlextract:databases */ SELECT d.name FROM sys.databases d');
  const before = namesBeforeDot(sql);
  return rows
    .map((row) => textOf(row, 'name'))
    .filter((name) => name !== facts.database && before.has(name.toLowerCase()));
}

function namesBeforeDot(sql: string): ReadonlySet<string> {
  const found = tokenizeSql(sql, SQLSERVER_RULES);
  const tokens = found.refused === null ? significant(found.tokens) : [];
  const text = ({ start, end }: SqlToken): string => sql.slice(start, end);
  const names = tokens.filter((token, at) => {
    const next = tokens[at + 1];
    return (token.kind === 'word' || token.kind === 'name') && next !== undefined && text(next) === '.';
  });
  return new Set(names.map((token) => (token.kind === 'name' ? unquoted(text(token)) : text(token)).toLowerCase()));
}

function unquoted(name: string): string {
  const close = name.at(-1) as string;
  return name.slice(1, -1).replaceAll(close + close, close);
}

/** Remarks on what a view or a query reads below itself. Throws SOURCE_MASKED. */
export async function remarksBelow(
  connection: SqlServerConnection,
  facts: ServerFacts,
  what: string,
  sql: string | null,
): Promise<readonly string[]> {
  if (facts.babelfish) return [];
  const masks = await maskedElsewhere(connection, facts);
  if (masks === 'masked') throw maskedBelow(what);
  const others = sql === null ? [] : await otherDatabases(connection, facts, sql);
  return [
    ...(await securityPolicies(connection, facts)),
    ...(masks === 'unknown'
      ? [
          `columns below ${what} could be masked for this login, which sees that only with VIEW DEFINITION on the database`,
        ]
      : []),
    ...(sql === null ? [`what ${what} reads is not shown to this login: it could be of another database`] : []),
    ...others.map((name) => `${what} reads database ${name}, whose masks and security policies are not looked at`),
  ];
}

function maskedBelow(what: string): SqlextractError {
  return new SqlextractError({
    code: 'SOURCE_MASKED',
    message: `${what} may show masked values: tables of this database have masked columns, and this login may not see through them`,
    hint: 'GRANT UNMASK to the login, or read the tables by themselves',
    fault: 'configuration',
  });
}
