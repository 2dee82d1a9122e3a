import { SqlextractError } from '../../model/problem.ts';
import { quoteText } from './quote.ts';
import type { NativeType } from './types.ts';

/**
 * One key value as a text that says by itself how the server has to read it, so that a stored boundary means the same in every later
 * session, also when the column is not selected:
 *
 *   42                                       bigint, int, smallint, tinyint, bit: digits alone (boundaries of such keys may be computed)
 *   decimal(12,2):1.50                       the type, a colon, and what the server printed
 *   varchar(20) collate Czech_CI_AS:abc      a text and the collation it is compared under
 *   nvarchar(20) collate Czech_CI_AS utf16:00d8  the same in hex: texts with a NUL or a lone surrogate, which a state file would not keep
 *   varbinary(16):0x00ff                     bytes
 */
export type KeyText = string;

/** How the values of a key column travel. Null when its order or its text cannot be relied on: such a column is no key. */
export interface KeyCodec {
  /** What goes in front of every value; '' for integers. */
  readonly prefix: string;
  /** The SQL expression that renders a column: nvarchar, varchar or varbinary. */
  render(column: string): string;
  /** The SQL expression of the value that comes back of a rendered column, as `literalOf` makes it; by the server's own comparison it can be another. */
  again(column: string): string;
}

const INTEGERS = ['bigint', 'int', 'smallint', 'tinyint', 'bit'];
const TIMES = ['date', 'time', 'datetime', 'datetime2', 'smalldatetime', 'datetimeoffset'];
const TEXTS = ['char', 'varchar', 'nchar', 'nvarchar'];
const COLLATION = /^\w{1,128}$/;
/**
 * Bytes of the code pages 932, 936, 949 and 950 in binary order: some characters have two codes there, and come back of Unicode as the other
 * one, which lies elsewhere in that order. https://learn.microsoft.com/sql/t-sql/statements/windows-collation-name-transact-sql
 */
const DOUBLE_BYTES = /^(?:Japanese|Chinese|Korean)_\w*BIN2?$/i;

export function keyCodec(native: NativeType): KeyCodec | null {
  const { name } = native;
  if (INTEGERS.includes(name)) {
    return { prefix: '', render: (column) => `CONVERT(varchar(20), ${column})`, again: (column) => column };
  }
  if (TEXTS.includes(name)) return textCodec(native);
  const type = declaredType(native);
  const as = (render: KeyCodec['render']): KeyCodec => ({
    prefix: `${type}:`,
    render,
    again: (column) => readBack(type, render(column)),
  });
  if (TIMES.includes(name)) return as((column) => `CONVERT(varchar(40), ${column}, 121)`);
  switch (name) {
    case 'decimal':
    case 'numeric':
      return as((column) => `CONVERT(varchar(41), ${column})`);
    case 'money':
    case 'smallmoney':
      // A decimal keeps all four digits on every server; CONVERT of money itself rounds to two without the right style.
      return as((column) => `CONVERT(varchar(41), CONVERT(decimal(19,4), ${column}))`);
    case 'float':
    case 'real':
      return as((column) => `LTRIM(RTRIM(CONVERT(varchar(40), ${column}, 3)))`);
    case 'uniqueidentifier':
      return as((column) => `CONVERT(varchar(36), ${column})`);
    case 'binary':
    case 'varbinary':
    case 'timestamp':
    case 'rowversion':
      return as((column) => `CONVERT(varbinary(${byteWidth(native)}), ${column})`);
    default:
      return null;
  }
}

function textCodec(native: NativeType): KeyCodec | null {
  const { collation } = native;
  if (native.maxLength < 1 || collation === null || !COLLATION.test(collation)) return null;
  if (!native.name.startsWith('n') && DOUBLE_BYTES.test(collation)) return null;
  const width = characters(native);
  const render: KeyCodec['render'] = (column) => `CONVERT(nvarchar(${Math.min(width, 4000)}), ${column})`;
  const type = `${native.name}(${width})`;
  return {
    prefix: `${type} collate ${collation}:`,
    render,
    again: (column) => `CONVERT(${type}, ${render(column)} COLLATE ${collation})`,
  };
}

/** As a literal is converted to it: names only of the list in `literalOf`. */
function declaredType(native: NativeType): string {
  const { name, precision, scale } = native;
  if (name === 'decimal' || name === 'numeric') return `decimal(${precision},${scale})`;
  if (name === 'time' || name === 'datetime2' || name === 'datetimeoffset') return `${name}(${Math.min(scale, 7)})`;
  if (name === 'timestamp' || name === 'rowversion') return 'binary(8)';
  if (name === 'binary' || name === 'varbinary') return `${name}(${byteWidth(native)})`;
  return name;
}

function byteWidth(native: NativeType): number {
  return native.name === 'timestamp' || native.name === 'rowversion' ? 8 : Math.max(1, native.maxLength);
}

function characters(native: NativeType): number {
  return native.name.startsWith('n') ? Math.floor(native.maxLength / 2) : native.maxLength;
}

/** What the server answered for a rendered column, as the text that is stored. */
export function keyTextOf(codec: KeyCodec, value: unknown): KeyText {
  if (value instanceof Uint8Array) return `${codec.prefix}0x${Buffer.from(value).toString('hex')}`;
  if (typeof value !== 'string') throw new RangeError('the server rendered a key value as no text');
  const awkward = value.includes('\0') || !value.isWellFormed();
  if (!awkward) return codec.prefix + value;
  return `${codec.prefix.slice(0, -1)} utf16:${Buffer.from(value, 'utf16le').toString('hex')}`;
}

const TYPED =
  /^(?:(?<text>n?(?:var)?char\(\d{1,4}\)) collate (?<collation>\w{1,128})(?<wide> utf16)?|(?<type>[a-z0-9]{3,20}(?:\(\d{1,4}(?:,\d{1,2})?\))?)):(?<value>[^]*)$/;

/** A stored key value as an SQL expression of the column's own type and collation, so that the comparison is the column's and the index is used. */
export function literalOf(key: KeyText): string {
  if (/^-?\d{1,19}$/.test(key)) return integerLiteral(key);
  const found = TYPED.exec(key)?.groups;
  if (found === undefined) throw badKey();
  const { text, collation, wide, type = '', value = '' } = found;
  if (text !== undefined) return textLiteral(text, collation as string, value, wide !== undefined);
  const base = type.replace(/\(.*$/, '');
  if (base === 'binary' || base === 'varbinary') {
    if (!/^0x([0-9a-f]{2})*$/.test(value)) throw badKey();
    return `CONVERT(${type}, ${value})`;
  }
  const known = ['decimal', 'money', 'smallmoney', 'float', 'real', 'uniqueidentifier'];
  if (!TIMES.includes(base) && !known.includes(base)) throw badKey();
  return readBack(type, `'${plain(value)}'`);
}

/** An expression of text as a value of the type. */
function readBack(type: string, text: string): string {
  const base = type.replace(/\(.*$/, '');
  if (TIMES.includes(base)) return `CONVERT(${type}, ${text}, 121)`;
  return base.endsWith('money') ? `CONVERT(${type}, CONVERT(decimal(19,4), ${text}))` : `CONVERT(${type}, ${text})`;
}

/** Bare digits are an int where they can be: a bigint constant beside a smaller column could cost the seek. */
function integerLiteral(digits: string): string {
  const value = BigInt(digits);
  return value === BigInt.asIntN(32, value) && value > -(2n ** 31n) ? `${value}` : `CONVERT(bigint, '${value}')`;
}

function textLiteral(type: string, collation: string, value: string, hex: boolean): string {
  if (hex ? !/^([0-9a-f]{4})*$/.test(value) : value.includes('\0')) throw badKey();
  const wide = `nvarchar(${Math.min(4000, Number(/\d+/.exec(type)?.[0]))})`;
  const constant = hex ? `CONVERT(${wide}, 0x${value})` : quoteText(value);
  return `CONVERT(${type}, ${constant} COLLATE ${collation})`;
}

/** Digits, signs, exponents, dates, uuids. */
function plain(value: string): string {
  if (!/^[0-9A-Za-z.:+ -]{1,64}$/.test(value)) throw badKey();
  return value;
}

function badKey(): SqlextractError {
  return new SqlextractError({
    code: 'STATE_UNREADABLE',
    message: 'a stored boundary of the plan is not a key value of this source',
    hint: 'start again with --fresh',
    fault: 'state',
  });
}
