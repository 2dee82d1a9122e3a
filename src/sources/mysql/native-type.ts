import type { NativeType } from './types.ts';

/** What the wire says of a column of a result. https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_com_query_response_text_resultset_column_definition.html */
export interface WireColumn {
  readonly name: string;
  readonly columnType: number;
  readonly flags: number;
  readonly columnLength: number;
  readonly characterSet: number;
  readonly decimals: number;
  /** MariaDB: `uuid`, `inet6`, `point`. */
  readonly extendedTypeName?: string;
  /** MariaDB: `json`. */
  readonly extendedFormat?: string;
}

export const NOT_NULL = 1;
const UNSIGNED = 32;
const ZEROFILL = 64;
const ENUM = 256;
const SET = 2048;
/** The number of the `binary` collation. */
const BINARY = 63;
/** Bytes of a character as results are sent (utf8mb4). */
const MOST_BYTES = 4;

const INTEGERS: Readonly<Record<number, string>> = {
  1: 'tinyint',
  2: 'smallint',
  3: 'int',
  8: 'bigint',
  9: 'mediumint',
};
const DIGITS: Readonly<Record<string, number>> = { tinyint: 3, smallint: 5, mediumint: 7, int: 10, bigint: 19 };
const TIMES: Readonly<Record<number, string>> = {
  7: 'timestamp',
  10: 'date',
  11: 'time',
  12: 'datetime',
  13: 'year',
  14: 'date',
};

const NOTHING = {
  unsigned: false,
  precision: null,
  scale: null,
  length: null,
  datetimePrecision: null,
  characterSet: null,
  jsonCheck: false,
} as const;

/**
 * The type of a column of a query, in the words of `information_schema.COLUMNS`.
 *
 * @param ownSet the character set of a text before it is converted for the result; the wire does not tell it
 */
export function wireType(column: WireColumn, ownSet: string): NativeType {
  const type = plainType(column, ownSet);
  return (column.flags & ZEROFILL) === 0 ? type : { ...type, display: `${type.display} zerofill` };
}

/** Of a text that has a character set. */
export function isText(column: WireColumn): boolean {
  return plainType(column, 'utf8mb4').characterSet !== null;
}

function plainType(column: WireColumn, ownSet: string): NativeType {
  const { columnType, flags, decimals, columnLength } = column;
  const unsigned = (flags & UNSIGNED) !== 0;
  const integer = INTEGERS[columnType];
  if (integer !== undefined) return { ...NOTHING, ...integerType(integer, unsigned, columnLength) };
  const time = TIMES[columnType];
  if (time !== undefined) return timeType(time, decimals);
  if (columnType === 4 || columnType === 5) {
    const name = columnType === 4 ? 'float' : 'double';
    return { ...NOTHING, name, display: name, unsigned, precision: columnType === 4 ? 12 : 22 };
  }
  if (columnType === 0 || columnType === 246) return decimalType(column, unsigned);
  if (columnType === 16) return { ...NOTHING, name: 'bit', display: `bit(${columnLength})`, precision: columnLength };
  return textType(column, ownSet);
}

function integerType(name: string, unsigned: boolean, width: number) {
  const shown = name === 'tinyint' && width === 1 ? 'tinyint(1)' : name;
  return { name, display: unsigned ? `${shown} unsigned` : shown, unsigned, precision: DIGITS[name] ?? null, scale: 0 };
}

function timeType(name: string, decimals: number): NativeType {
  const datetimePrecision = name === 'date' || name === 'year' ? null : Math.min(decimals, 6);
  const display = (datetimePrecision ?? 0) > 0 ? `${name}(${datetimePrecision})` : name;
  return { ...NOTHING, name, display, datetimePrecision };
}

/** The length counts the sign and the point. */
function decimalType(column: WireColumn, unsigned: boolean): NativeType {
  const scale = column.decimals;
  const precision = Math.max(1, column.columnLength - (scale > 0 ? 1 : 0) - (unsigned ? 0 : 1));
  const display = `decimal(${precision},${scale})${unsigned ? ' unsigned' : ''}`;
  return { ...NOTHING, name: 'decimal', display, unsigned, precision, scale };
}

function textType(column: WireColumn, ownSet: string): NativeType {
  const { columnType, flags, characterSet, columnLength, extendedTypeName, extendedFormat } = column;
  const named = (name: string): NativeType => ({ ...NOTHING, name, display: name });
  if (columnType === 245) return named('json');
  if (columnType === 242) return named('vector');
  if (columnType === 6) return named('null');
  if (columnType === 255) return named(extendedTypeName ?? 'geometry');
  if (extendedTypeName !== undefined && extendedTypeName !== '') return named(extendedTypeName);
  if (columnType === 247 || (flags & ENUM) !== 0) return { ...named('enum'), characterSet: ownSet };
  if (columnType === 248 || (flags & SET) !== 0) return { ...named('set'), characterSet: ownSet };
  const binary = characterSet === BINARY;
  const length = binary ? columnLength : Math.floor(columnLength / MOST_BYTES);
  if (columnType >= 249 && columnType <= 252) {
    const name = binary ? 'longblob' : 'longtext';
    return { ...named(name), length, characterSet: binary ? null : ownSet, jsonCheck: extendedFormat === 'json' };
  }
  const fixed = columnType === 254 ? '' : 'var';
  const name = `${fixed}${binary ? 'binary' : 'char'}`;
  return { ...named(name), display: `${name}(${length})`, length, characterSet: binary ? null : ownSet };
}
