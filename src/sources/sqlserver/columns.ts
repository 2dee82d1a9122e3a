import type { TableName } from '../../model/table.ts';
import type { SqlServerConnection, Row } from './connection.ts';
import { quoteTable, quoteText } from './quote.ts';
import type { NativeType } from './types.ts';

/** A column as the catalog has it, in the table's own order. */
export interface NativeColumn {
  /** column_id; 0 for the columns of a query. */
  readonly id: number;
  readonly name: string;
  readonly notNull: boolean;
  /** This login may read it. */
  readonly readable: boolean;
  readonly computed: boolean;
  /** An xml column that holds all sparse columns of the row together. */
  readonly columnSet: boolean;
  /** Its values are not what this login is shown. */
  readonly hidden: 'masked' | 'encrypted' | null;
  readonly native: NativeType;
}

export interface CatalogTable extends TableName {
  /** object_id. */
  readonly objectId: string;
}

/**
 * sys.columns spells names in lower case on Babelfish and INFORMATION_SCHEMA as they were given, so that one has the word where it has
 * the column; the comparison is by the server's own collation. graph_type 1, 3, 4, 6 and 7 are internal columns that cannot be read.
 */
function columnsOf(table: CatalogTable): string {
  const object = quoteText(quoteTable(table));
  return `/* sqlextract:columns */
    SELECT c.column_id, COALESCE(i.COLUMN_NAME, c.name) AS name, c.is_nullable, c.is_computed, c.is_column_set,
      c.max_length, c.precision, c.scale, c.collation_name, u.name AS type_name, u.is_user_defined, u.is_assembly_type,
      b.name AS base_name, us.name AS type_schema,
      CASE WHEN c.encryption_type IS NULL THEN 0 ELSE 1 END AS is_encrypted,
      CASE WHEN c.is_masked = 1 AND COALESCE(HAS_PERMS_BY_NAME(DB_NAME(), 'DATABASE', 'UNMASK'), 0) = 0
        AND COALESCE(HAS_PERMS_BY_NAME(${object}, 'OBJECT', 'UNMASK', c.name, 'COLUMN'), 0) = 0 THEN 1 ELSE 0 END AS is_masked,
      CASE WHEN CONVERT(int, SERVERPROPERTY('Babelfish')) = 1 THEN NULL
        ELSE HAS_PERMS_BY_NAME(${object}, 'OBJECT', 'SELECT', c.name, 'COLUMN') END AS readable
    FROM sys.columns c
    JOIN sys.objects o ON o.object_id = c.object_id
    JOIN sys.schemas s ON s.schema_id = o.schema_id
    JOIN sys.types u ON u.user_type_id = c.user_type_id
    LEFT JOIN sys.types b ON b.user_type_id = u.system_type_id AND b.is_user_defined = 0
    LEFT JOIN sys.schemas us ON us.schema_id = u.schema_id
    LEFT JOIN INFORMATION_SCHEMA.COLUMNS i
      ON i.TABLE_SCHEMA = s.name AND i.TABLE_NAME = o.name AND i.COLUMN_NAME = c.name
    WHERE c.object_id = ${objectNumber(table)} AND COALESCE(c.graph_type, 0) NOT IN (1, 3, 4, 6, 7)
    ORDER BY c.column_id`;
}

export function objectNumber(table: CatalogTable): string {
  if (!/^-?\d{1,20}$/.test(table.objectId)) throw new RangeError('an object id is a number');
  return table.objectId;
}

export async function readColumns(
  connection: SqlServerConnection,
  table: CatalogTable,
): Promise<readonly NativeColumn[]> {
  return (await connection.rows(columnsOf(table))).map((row) => ({
    id: Number(row['column_id']),
    name: textOf(row, 'name'),
    notNull: row['is_nullable'] === '0',
    // NULL from Babelfish, which says no for every name with a quote in it: the read itself will say.
    readable: row['readable'] !== '0',
    computed: row['is_computed'] === '1',
    columnSet: row['is_column_set'] === '1',
    hidden: row['is_encrypted'] === '1' ? 'encrypted' : row['is_masked'] === '1' ? 'masked' : null,
    native: nativeOf(row),
  }));
}

/** The columns of a query, without running it. */
export async function readQueryColumns(connection: SqlServerConnection, sql: string): Promise<readonly NativeColumn[]> {
  const rows = await connection.rows(
    // An argument of a procedure is a constant or a variable, and the text can take two constants.
    `/* sqlextract:query-columns */ DECLARE @query nvarchar(max) = ${quoteText(sql)}; ` +
      'EXEC sys.sp_describe_first_result_set @tsql = @query',
  );
  return rows
    .filter((row) => row['is_hidden'] !== '1')
    .map((row) => ({
      id: 0,
      name: row['name'] === null ? '' : textOf(row, 'name'),
      notNull: row['is_nullable'] === '0',
      readable: true,
      computed: false,
      columnSet: false,
      hidden: null,
      native: queryNative(row),
    }));
}

export function textOf(row: Row, column: string): string {
  const value = row[column];
  if (typeof value !== 'string') throw new RangeError(`the catalog answered no text for ${column}`);
  return value;
}

export function textOr(row: Row, column: string, otherwise: string): string {
  const value = row[column];
  return typeof value === 'string' ? value : otherwise;
}

/** Base types under the name that types.ts knows. */
function baseName(name: string): string {
  if (name === 'sysname') return 'nvarchar';
  return name === 'rowversion' ? 'timestamp' : name;
}

function nativeOf(row: Row): NativeType {
  const typeName = textOf(row, 'type_name').toLowerCase();
  const own = row['is_user_defined'] === '1';
  const clr = own && row['is_assembly_type'] === '1';
  const name = clr ? 'udt' : baseName(own ? String(row['base_name'] ?? typeName).toLowerCase() : typeName);
  const userType = own ? `${textOr(row, 'type_schema', 'dbo')}.${textOf(row, 'type_name')}` : null;
  return native(name, userType, row);
}

/** The type as the procedure writes it: `decimal(12,2)`, `nvarchar(40)`; a CLR type by its own name only. */
function queryNative(row: Row): NativeType {
  const typeName = String(row['system_type_name'] ?? '')
    .replace(/\(.*$/, '')
    .toLowerCase();
  const user = row['user_type_name'];
  const server = ['hierarchyid', 'geometry', 'geography'].find((name) => name === String(user).toLowerCase());
  const name = row['assembly_qualified_type_name'] ? (server ?? 'udt') : (server ?? baseName(typeName));
  return native(
    name,
    typeof user === 'string' && server === undefined ? `${textOr(row, 'user_type_schema', 'dbo')}.${user}` : null,
    row,
  );
}

function native(name: string, userType: string | null, row: Row): NativeType {
  const facts = {
    name,
    precision: Number(row['precision'] ?? 0),
    scale: Number(row['scale'] ?? 0),
    maxLength: Number(row['max_length'] ?? -1),
    collation: typeof row['collation_name'] === 'string' ? row['collation_name'] : null,
    userType,
  };
  return { ...facts, display: userType ?? declared(facts) };
}

function declared({ name, precision, scale, maxLength }: Omit<NativeType, 'display'>): string {
  if (name === 'decimal' || name === 'numeric') return `${name}(${precision},${scale})`;
  if (['time', 'datetime2', 'datetimeoffset'].includes(name)) return `${name}(${scale})`;
  if (/^(var)?(char|binary)$/.test(name)) return `${name}(${maxLength === -1 ? 'max' : maxLength})`;
  if (/^n(var)?char$/.test(name)) return `${name}(${maxLength === -1 ? 'max' : Math.floor(maxLength / 2)})`;
  return name === 'timestamp' ? 'rowversion' : name;
}
