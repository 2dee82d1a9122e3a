import type { TableSchema } from '../../model/table.ts';
import type { SqlServerConnection } from './connection.ts';
import { declaredType } from './declared-type.ts';
import { quoteName, quoteTable, quoteText } from './quote.ts';
import { rangeRelation } from './ranges.ts';
import type { ColumnPlan, NativeType } from './types.ts';
import { type ColumnMetadata, MAX_LENGTH } from './wire-column.ts';

/**
 * Whether a range that was read is surely of the table that was planned, and its columns of their planned types; false when only the catalog can
 * tell. The server describes every result (COLMETADATA) under the locks of its statement: that proves the columns that are selected as they are. Those
 * that are cast look the same whatever they were, so the server is asked to describe them by themselves, without a row, after the range: a
 * cast to nvarchar(4000) would cut the text of a column that was made longer meanwhile.
 */
export async function provesSame(
  connection: SqlServerConnection,
  table: TableSchema,
  plans: readonly ColumnPlan[],
  described: readonly ColumnMetadata[],
): Promise<boolean> {
  const cast = (at: number): boolean => (plans[at] as ColumnPlan).cast;
  if (described.length !== plans.length || table.columns.some(({ nativeType }) => !isTold(nativeType))) return false;
  if (!table.columns.every(({ nativeType }, at) => cast(at) || isOf(described[at], nativeType))) return false;
  const casts = table.columns.filter((_, at) => cast(at));
  if (table.query === undefined && !(await isSameObject(connection, table))) return false;
  if (casts.length === 0) return true;
  const now = await connection.describe(
    `/* sqlextract:shape */ SELECT TOP (0) ${casts.map(({ name }) => quoteName(name)).join(', ')} ` +
      `FROM ${rangeRelation(table, { kind: 'all' })}`,
  );
  return now.length === casts.length && casts.every(({ nativeType }, at) => isOf(now[at], nativeType));
}

/** A table of the same name that was put in its place has another number. */
async function isSameObject(connection: SqlServerConnection, table: TableSchema): Promise<boolean> {
  const [row] = await connection.rows(
    `/* sqlextract:object */ SELECT OBJECT_ID(${quoteText(quoteTable(table))}) AS object_id`,
  );
  return row?.['object_id'] === table.objectId;
}

/** False for an alias, and for what is sent to a client under the token of another type. */
function isTold(nativeType: string): boolean {
  const native = declaredType(nativeType);
  return native !== null && tokensOf(native).length > 0;
}

function isOf(described: ColumnMetadata | undefined, nativeType: string): boolean {
  const native = declaredType(nativeType);
  return described !== undefined && native !== null && tokensOf(native).includes(tokenOf(described));
}

/** `IntN 4`, `DecimalN 12,2`, `DateTime2 6`, `NVarChar 120`: what COLMETADATA says, without what does not matter here. */
function tokenOf({ type, userType, dataLength, precision, scale }: ColumnMetadata): string {
  switch (type.name) {
    case 'DecimalN':
    case 'NumericN':
      return `Exact ${precision},${scale}`;
    case 'Time':
    case 'DateTime2':
    case 'DateTimeOffset':
      return `${type.name} ${scale}`;
    case 'IntN':
    case 'FloatN':
    case 'MoneyN':
    case 'DateTimeN':
    case 'Char':
    case 'VarChar':
    case 'NChar':
    case 'NVarChar':
    case 'VarBinary':
      return `${type.name} ${dataLength}`;
    case 'Binary':
      return userType === ROWVERSION ? 'RowVersion' : `Binary ${dataLength}`;
    default:
      return type.name;
  }
}

/** The number of the type timestamp in systypes.usertype; it is sent as binary(8). */
const ROWVERSION = 80;

const TOKENS: Readonly<Record<string, readonly string[]>> = {
  bit: ['Bit', 'BitN'],
  tinyint: ['TinyInt', 'IntN 1'],
  smallint: ['SmallInt', 'IntN 2'],
  int: ['Int', 'IntN 4'],
  bigint: ['BigInt', 'IntN 8'],
  real: ['Real', 'FloatN 4'],
  float: ['Float', 'FloatN 8'],
  money: ['Money', 'MoneyN 8'],
  smallmoney: ['SmallMoney', 'MoneyN 4'],
  date: ['Date'],
  smalldatetime: ['SmallDateTime', 'DateTimeN 4'],
  datetime: ['DateTime', 'DateTimeN 8'],
  uniqueidentifier: ['UniqueIdentifier'],
  text: ['Text'],
  ntext: ['NText'],
  image: ['Image'],
  xml: ['Xml'],
  timestamp: ['RowVersion'],
  sql_variant: ['Variant'],
};

/** Empty where the description does not tell the type from every other. */
function tokensOf({ name, precision, scale, maxLength }: NativeType): readonly string[] {
  const length = maxLength === -1 ? MAX_LENGTH : maxLength;
  switch (name) {
    case 'decimal':
    case 'numeric':
      return [`Exact ${precision},${scale}`];
    case 'time':
      return [`Time ${scale}`];
    case 'datetime2':
      return [`DateTime2 ${scale}`];
    case 'datetimeoffset':
      return [`DateTimeOffset ${scale}`];
    case 'char':
      return [`Char ${length}`];
    case 'varchar':
      return [`VarChar ${length}`];
    case 'nchar':
      return [`NChar ${length}`];
    case 'nvarchar':
      return [`NVarChar ${length}`];
    case 'binary':
      return [`Binary ${length}`];
    case 'varbinary':
      return [`VarBinary ${length}`];
    default:
      return Object.hasOwn(TOKENS, name) ? (TOKENS[name] as readonly string[]) : [];
  }
}
