import type { Connection } from 'mysql2';
import { nearestNames } from '../../model/nearest-names.ts';
import { SqlextractError } from '../../model/problem.ts';
import { displayName, type TableName, type TableRef } from '../../model/table.ts';
import { queryRows, type TextRow } from './query-rows.ts';
import { quoteText } from './quote.ts';

/** A table or view found in the catalog. */
export interface Relation extends TableRef {
  /** Null for a view. */
  readonly engine: string | null;
  /** As the server prints it (UTC); null for views, and where the server has none. */
  readonly createdAt: string | null;
  readonly systemVersioned: boolean;
}

const SYSTEM = "('mysql', 'information_schema', 'performance_schema', 'sys')";
/** `SYSTEM VERSIONED` and `SEQUENCE` are MariaDB's. */
const READABLE = "('BASE TABLE', 'SYSTEM VERSIONED', 'VIEW')";

/** Tables and views of the URL's database; of all databases but the server's own when the URL names none. */
export async function listTables(connection: Connection, database: string): Promise<readonly TableRef[]> {
  const relations = await readRelations(connection, inDatabase(database));
  return relations.map(({ schema, name, kind, estimatedRows, estimatedBytes }) => ({
    schema,
    name,
    kind,
    estimatedRows,
    estimatedBytes,
  }));
}

/**
 * The table a person means: the name as the catalog spells it, else one that differs by case only, when there is just one. (With
 * lower_case_table_names the catalog itself has lower case.) Without a database the URL's is meant. Throws TABLE_NOT_FOUND, TABLE_AMBIGUOUS.
 */
export async function resolveTable(connection: Connection, wanted: TableName, database: string): Promise<Relation> {
  const schema = wanted.schema === '' ? database : wanted.schema;
  const names = await readNames(connection, schema, wanted.name);
  const found = pick(names, { schema, name: wanted.name });
  if (found.length > 1) {
    throw new SqlextractError({
      code: 'TABLE_AMBIGUOUS',
      message: `${displayName(wanted)} can mean ${found.map(displayName).join(' or ')}`,
      hint: 'write database and table exactly as the catalog spells them',
      fault: 'usage',
    });
  }
  const [name] = found;
  // Only the one table is opened for its statistics.
  const one = name === undefined ? [] : await readRelations(connection, isTable(name));
  const relation = one.find((each) => each.name === name?.name && each.schema === name.schema);
  if (relation === undefined) throw await notFound(connection, wanted, schema);
  return relation;
}

/** Best rank first: the more exact a name is, the earlier it is asked for. */
function pick(all: readonly TableName[], wanted: TableName): readonly TableName[] {
  const ranks: ((one: TableName) => boolean)[] = [
    (one) => one.name === wanted.name && one.schema === wanted.schema,
    (one) => one.schema === wanted.schema,
    (one) => one.name === wanted.name,
    () => true,
  ];
  return ranks.map((rank) => all.filter(rank)).find((found) => found.length > 0) ?? [];
}

async function readNames(connection: Connection, schema: string, name: string): Promise<readonly TableName[]> {
  const place = schema === '' ? inDatabase('') : `LOWER(TABLE_SCHEMA) = LOWER(${quoteText(schema)})`;
  const rows = await queryRows(
    connection,
    `SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLES WHERE ${place} AND LOWER(TABLE_NAME) = LOWER(${quoteText(name)})`,
  );
  return rows.map(([found, table]) => ({ schema: found ?? '', name: table ?? '' }));
}

async function readRelations(connection: Connection, filter: string): Promise<readonly Relation[]> {
  const rows = await queryRows(
    connection,
    `SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE, ENGINE, TABLE_ROWS, DATA_LENGTH, CREATE_OPTIONS, CREATE_TIME
     FROM information_schema.TABLES WHERE ${filter} AND TABLE_TYPE IN ${READABLE} ORDER BY TABLE_SCHEMA, TABLE_NAME`,
  );
  return rows.map(relationOf);
}

function relationOf([schema, name, type, engine, rows, bytes, options, createdAt]: TextRow): Relation {
  const partitioned = /\bpartitioned\b/i.test(options ?? '');
  return {
    schema: schema ?? '',
    name: name ?? '',
    kind: type === 'VIEW' ? 'view' : partitioned ? 'partitioned table' : 'table',
    estimatedRows: type === 'VIEW' ? null : numberOf(rows),
    estimatedBytes: type === 'VIEW' ? null : numberOf(bytes),
    engine: type === 'VIEW' ? null : (engine ?? null),
    createdAt: createdAt ?? null,
    systemVersioned: type === 'SYSTEM VERSIONED',
  };
}

async function notFound(connection: Connection, wanted: TableName, schema: string): Promise<SqlextractError> {
  const [other] = await queryRows(
    connection,
    `SELECT TABLE_TYPE FROM information_schema.TABLES WHERE ${isTable({ ...wanted, schema })} AND TABLE_TYPE NOT IN ${READABLE}`,
  );
  if (other !== undefined) return noTable(wanted, schema, other[0] ?? '');
  const rows = await queryRows(
    connection,
    `SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA NOT IN ${SYSTEM} AND TABLE_TYPE IN ${READABLE}`,
  );
  const names = rows.map(([database, name]) => (database === schema ? `${name}` : `${database}.${name}`));
  // A table of another database is as near as its own name is.
  const elsewhere = rows.filter(([, name]) => name?.toLowerCase() === wanted.name.toLowerCase());
  const nearest = [...elsewhere.slice(0, 3).map((row) => row.join('.')), ...nearestNames(wanted.name, names)];
  const place = schema === '' ? 'on this server' : `in database ${schema}`;
  return new SqlextractError({
    code: 'TABLE_NOT_FOUND',
    message: `there is no table ${displayName(wanted)} ${place}, or this user may not see it`,
    hint: nearest.length > 0 ? `did you mean ${nearest.join(', ')}?` : 'see all tables with sqlextract inspect',
    fault: 'usage',
  });
}

/** Of the name, but a sequence of MariaDB, or a view of the server itself. */
function noTable(wanted: TableName, schema: string, type: string): SqlextractError {
  return new SqlextractError({
    code: 'TABLE_NOT_FOUND',
    message: `${displayName(wanted)} in database ${schema} is no table but a ${type.toLowerCase()}, which is not copied`,
    hint: 'see all tables with sqlextract inspect',
    fault: 'usage',
  });
}

function inDatabase(database: string): string {
  return database === '' ? `TABLE_SCHEMA NOT IN ${SYSTEM}` : `TABLE_SCHEMA = ${quoteText(database)}`;
}

function isTable(table: TableName): string {
  return `TABLE_SCHEMA = ${quoteText(table.schema)} AND TABLE_NAME = ${quoteText(table.name)}`;
}

function numberOf(text: string | null | undefined): number | null {
  return text === null || text === undefined ? null : Number(text);
}
