import { resolveColumn } from '../resolve-column.ts';
import type { Connection } from 'mysql2';
import { SqlextractError } from '../../model/problem.ts';
import { type ColumnSchema, displayName, type TableName } from '../../model/table.ts';
import type { ColumnSelection } from '../source.ts';
import { isText, NOT_NULL, type WireColumn, wireType } from './native-type.ts';
import { queryCharacterSets } from './query-charsets.ts';
import { queryRows, type TextRow, watched } from './query-rows.ts';
import { quoteText } from './quote.ts';
import { type NativeType, planColumn } from './types.ts';

/** A column as the catalog has it, in the table's own order. */
export interface NativeColumn {
  readonly name: string;
  readonly notNull: boolean;
  /** This user may read it. */
  readonly readable: boolean;
  /** `SELECT *` leaves it out. */
  readonly invisible: boolean;
  /** Computed from other columns. */
  readonly generated: boolean;
  readonly native: NativeType;
}

/** The columns of a table or view; those that this user has no privilege on at all are not shown by the server. */
export async function readColumns(connection: Connection, table: TableName): Promise<readonly NativeColumn[]> {
  const place = `TABLE_SCHEMA = ${quoteText(table.schema)} AND TABLE_NAME = ${quoteText(table.name)}`;
  const rows = await queryRows(
    connection,
    `SELECT COLUMN_NAME, COLUMN_TYPE, DATA_TYPE, IS_NULLABLE, NUMERIC_PRECISION, NUMERIC_SCALE, CHARACTER_MAXIMUM_LENGTH,
       DATETIME_PRECISION, CHARACTER_SET_NAME, EXTRA, PRIVILEGES
     FROM information_schema.COLUMNS WHERE ${place} ORDER BY ORDINAL_POSITION`,
  );
  const json = rows.some((row) => row[2] === 'longtext') ? await jsonColumns(connection, table) : new Set<string>();
  return rows.map((row) => columnOf(row, json));
}

function columnOf(row: TextRow, json: ReadonlySet<string>): NativeColumn {
  const [name = '', display = '', type, nullable, precision, scale, length, fraction, characterSet, extra, privileges] =
    row;
  return {
    name: name as string,
    notNull: nullable === 'NO',
    readable: /\bselect\b/i.test(privileges ?? ''),
    invisible: /\bINVISIBLE\b/i.test(extra ?? ''),
    generated: /\b(?:VIRTUAL|STORED|PERSISTENT)\b/i.test(extra ?? ''),
    native: {
      display: display as string,
      name: (type ?? '').toLowerCase(),
      unsigned: /\bunsigned\b/i.test(display ?? ''),
      precision: numberOf(precision),
      scale: numberOf(scale),
      length: numberOf(length),
      datetimePrecision: numberOf(fraction),
      characterSet: characterSet ?? null,
      jsonCheck: json.has(name as string),
    },
  };
}

/** MariaDB has no JSON of its own: the name stands for LONGTEXT with the check `json_valid(column)`. */
async function jsonColumns(connection: Connection, table: TableName): Promise<ReadonlySet<string>> {
  const known = await queryRows(
    connection,
    `SELECT 1 FROM information_schema.COLUMNS
     WHERE TABLE_SCHEMA = 'information_schema' AND TABLE_NAME = 'CHECK_CONSTRAINTS' AND COLUMN_NAME = 'TABLE_NAME'`,
  );
  if (known.length === 0) return new Set();
  const checks = await queryRows(
    connection,
    `SELECT CHECK_CLAUSE FROM information_schema.CHECK_CONSTRAINTS
     WHERE CONSTRAINT_SCHEMA = ${quoteText(table.schema)} AND TABLE_NAME = ${quoteText(table.name)}`,
  );
  const names = checks.map(([clause]) => /^json_valid\(`((?:[^`]|``)+)`\)$/i.exec(clause ?? '')?.[1]);
  return new Set(names.flatMap((name) => (name === undefined ? [] : [name.replaceAll('``', '`')])));
}

/**
 * The columns of a SELECT as the server announces them when it prepares the statement, which does not run it. Throws what the server says of
 * the text.
 *
 * @param from the SELECT as a derived table, for the character sets of its texts; null: all are taken for utf8mb4
 */
export async function readQueryColumns(
  connection: Connection,
  sql: string,
  from: string | null,
): Promise<readonly NativeColumn[]> {
  const columns = await announcedColumns(connection, sql);
  const texts = from === null ? [] : columns.filter(isText).map(({ name }) => name);
  const sets = from === null ? null : await queryCharacterSets(connection, from, texts);
  return columns.map((column) => ({
    name: column.name,
    notNull: (column.flags & NOT_NULL) !== 0,
    readable: true,
    invisible: false,
    generated: false,
    native: wireType(column, sets?.get(column.name) ?? 'utf8mb4'),
  }));
}

function announcedColumns(connection: Connection, sql: string): Promise<readonly WireColumn[]> {
  const answer = new Promise<readonly WireColumn[]>((resolve, reject) => {
    connection.prepare(sql, (error, statement) => {
      if (error !== null) return reject(error);
      const { columns } = statement as unknown as { readonly columns: readonly WireColumn[] };
      statement.close();
      connection.unprepare(sql);
      resolve(columns);
    });
  });
  return watched(connection, answer);
}

/** The selected columns with their planned types. Throws COLUMN_NOT_FOUND, AMBIGUOUS_COLUMN, NO_COLUMNS, TYPE_REFUSED. */
export function selectColumns(
  table: TableName,
  columns: readonly NativeColumn[],
  selection: ColumnSelection,
): readonly ColumnSchema[] {
  const resolve = (names: readonly string[]) => new Set(names.map((name) => resolveColumn(table, columns, name)));
  const included = selection.include === null ? new Set(columns) : resolve(selection.include);
  const excluded = resolve(selection.exclude);
  const asText = resolve(selection.asText);
  const chosen = columns.filter((column) => included.has(column) && !excluded.has(column));
  if (chosen.length > 0) return chosen.map((column) => columnSchema(table, column, asText.has(column), selection));
  throw new SqlextractError({
    code: 'NO_COLUMNS',
    message: `no column of ${displayName(table)} is left to read`,
    hint: 'check --columns and --exclude-columns',
    fault: 'usage',
  });
}

function columnSchema(
  table: TableName,
  column: NativeColumn,
  asText: boolean,
  selection: ColumnSelection,
): ColumnSchema {
  const plan = planOf(table, column, asText, selection);
  const schema = {
    name: column.name,
    nativeType: column.native.display,
    type: plan.type,
    // A policy that writes NULL for zero dates makes NULLs that the catalog forbids.
    nullable:
      !column.notNull || (selection.policies.zeroDates === 'null' && ['date', 'timestamp'].includes(plan.type.kind)),
  };
  const noted = plan.note === undefined ? schema : { ...schema, note: plan.note };
  return plan.exact === undefined ? noted : { ...noted, exact: plan.exact };
}

/** A refusal of the type alone is given the names of table and column. */
function planOf(table: TableName, column: NativeColumn, asText: boolean, selection: ColumnSelection) {
  try {
    return planColumn(column.native, asText, selection.policies);
  } catch (error) {
    if (!(error instanceof SqlextractError)) throw error;
    const message = `column ${column.name} of ${displayName(table)}: ${error.problem.message}`;
    throw new SqlextractError({ ...error.problem, message }, error);
  }
}

function numberOf(text: string | null | undefined): number | null {
  return text === null || text === undefined ? null : Number(text);
}
