import { quoteName } from './quote.ts';
import type { NativeType } from './types.ts';

/**
 * A boundary value travels as the SQL constant that the server compares the column with: it needs no catalog to be used again, has exactly
 * the column's type (so that the index gives the range), and holds the column's own bytes where it is text (so that the column's collation
 * decides). This is the grammar of what `keyExpression` makes the server write; nothing else goes into a statement.
 */
const LITERALS: readonly RegExp[] = [
  /^-?\d{1,65}(?:\.\d{1,38})?$/,
  /^-?\d+(?:\.\d+)?e[+-]?\d+$/,
  /^(?:DATE|TIMESTAMP|TIME)'-?[\d:. -]{1,30}'$/,
  /^_[a-z0-9]{1,32} X'(?:[0-9A-F]{2})*'$/,
  /^'[0-9a-f:.-]{1,50}'$/,
];

/** Throws RangeError for a text that no server of ours has written. */
export function keyLiteral(text: string): string {
  if (LITERALS.some((literal) => literal.test(text))) return text;
  throw new RangeError('a boundary of the key is not one of the constants that this source writes');
}

const NUMBERS = new Set(['tinyint', 'smallint', 'mediumint', 'int', 'bigint', 'decimal', 'year']);
const TEXTS = new Set(['char', 'varchar', 'tinytext', 'text', 'mediumtext', 'longtext']);
const BYTES = new Set(['binary', 'varbinary', 'tinyblob', 'blob', 'mediumblob', 'longblob']);
const PLAIN = new Set(['uuid', 'inet4', 'inet6']);
const TIMES: Readonly<Record<string, string>> = {
  date: 'DATE',
  datetime: 'TIMESTAMP',
  timestamp: 'TIMESTAMP',
  time: 'TIME',
};

/** SQL that writes the column's value as a constant of the grammar above, but for `toLiteral`; null when its type cannot be a key. */
export function keyExpression(column: string, type: NativeType): string | null {
  const name = quoteName(column);
  if (NUMBERS.has(type.name)) return `CAST(${name} AS CHAR)`;
  if (type.name === 'bit') return `CAST(CAST(${name} AS UNSIGNED) AS CHAR)`;
  // A FLOAT is written with six digits; as DOUBLE with all of them. Any function of text would round it: MySQL gives it 22 characters.
  if (isFloat(type)) return `${name} * 1e0`;
  const time = TIMES[type.name];
  if (time !== undefined) return `CONCAT('${time}''', CAST(${name} AS CHAR), '''')`;
  if (TEXTS.has(type.name)) return `CONCAT('_', CHARSET(${name}), ' X''', HEX(${name}), '''')`;
  if (BYTES.has(type.name)) return `CONCAT('_binary X''', HEX(${name}), '''')`;
  if (PLAIN.has(type.name)) return `CONCAT('''', LOWER(CAST(${name} AS CHAR)), '''')`;
  return null;
}

/** The constant of the grammar that `keyExpression` has come back as. Without an exponent a number would be a DECIMAL. */
export function toLiteral(cell: string, type: NativeType): string {
  return isFloat(type) && !cell.includes('e') ? `${cell}e0` : cell;
}

function isFloat({ name }: NativeType): boolean {
  return name === 'float' || name === 'double';
}

/** Why a column of this type cannot be a key; null when it can. */
export function refusedAsKey(column: string, type: NativeType): string | null {
  if (type.name === 'enum' || type.name === 'set') {
    return `column ${column} is an ${type.name.toUpperCase()}, which is ordered by number and compared by text`;
  }
  return keyExpression(column, type) === null
    ? `column ${column} has the type ${type.display}, which has no order to cut ranges from`
    : null;
}

const INTEGERS = new Set(['tinyint', 'smallint', 'mediumint', 'int', 'bigint']);

/** A decimal boundary may be computed: not for YEAR, in whose comparisons small numbers are years of this century. */
export function isInteger(type: NativeType): boolean {
  return INTEGERS.has(type.name);
}
