import type { ColumnType } from '../../model/column-type.ts';
import type { Quoted } from '../quoted.ts';
import { sql, word } from '../quoted.ts';
import type { TargetType, TypedColumn, TypeRefusal } from '../target.ts';

/** The most that an index takes of one row, in bytes: InnoDB, row format DYNAMIC. */
const KEY_BYTES = 3072;
/** Texts of keys, unmeasured: three of them fit an index. */
const KEY_CHARACTERS = 255;
/** Measured texts up to this are varchar; a row's varchars have 65 535 bytes together. */
const VARCHAR_CHARACTERS = 500;
/** DECIMAL(65,30), dev.mysql.com/doc/refman/8.4/en/precision-math-decimal-characteristics.html. */
const DECIMAL_SCALE = 30;

/**
 * Collations that tell all texts apart, blanks at the end among them (utf8mb4_bin does not: 'a' = 'a '). In MariaDB since 10.2, in MySQL
 * since 8.0.17.
 */
export function collationOf(flavor: string | null): Quoted {
  return word(flavor === 'mariadb' ? 'utf8mb4_nopad_bin' : 'utf8mb4_0900_bin');
}

export function typeOf(column: TypedColumn, flavor: string | null): TargetType | TypeRefusal {
  const { type } = column.source;
  switch (type.kind) {
    case 'boolean':
      return plain('tinyint(1)');
    case 'int32':
      return plain('int');
    case 'int64':
      return plain('bigint');
    case 'float32':
      return plain('float', 'the server prints a FLOAT with six digits; it holds all of them');
    case 'float64':
      return plain('double');
    case 'decimal':
      return decimal(type.precision, type.scale);
    case 'date':
      return plain('date');
    case 'time':
      return plain('time(6)');
    case 'timestamp':
      return plain('datetime(6)', type.zoned ? 'an instant in UTC; the column has no zone' : null);
    case 'uuid':
      return plain('char(36)');
    case 'json':
      return json(column, flavor);
    case 'string':
      return text(column);
    case 'binary':
      return binary(column);
    default:
      return type satisfies never;
  }
}

function plain(name: string, note: string | null = null): TargetType {
  return { kind: 'type', sql: name, note };
}

function decimal(precision: number, scale: number): TargetType {
  if (scale <= DECIMAL_SCALE) return plain(`decimal(${precision},${scale})`);
  return plain(
    `varchar(${precision + 3})`,
    `a decimal here has at most ${DECIMAL_SCALE} digits after the point: kept as text`,
  );
}

/** MySQL's json writes a text anew (keys sorted, one of two equal keys, numbers as doubles); MariaDB's keeps it and checks it. */
function json(column: TypedColumn, flavor: string | null): TargetType | TypeRefusal {
  if (column.isKey) return text(column);
  if (flavor === 'mariadb') return plain('json');
  return plain('longtext', 'json as longtext: the type json of MySQL would sort its keys and round its numbers');
}

function text({ measuredBytes, isKey }: TypedColumn): TargetType | TypeRefusal {
  if (isKey) {
    if (measuredBytes !== null && measuredBytes > KEY_BYTES) return tooWide(measuredBytes);
    const characters = measuredBytes === null ? KEY_CHARACTERS : Math.min(measuredBytes, KEY_BYTES / 4);
    return plain(`varchar(${Math.max(1, characters)})`);
  }
  if (measuredBytes === null || measuredBytes > VARCHAR_CHARACTERS) return plain('longtext');
  return plain(`varchar(${Math.max(1, measuredBytes)})`);
}

function binary({ measuredBytes, isKey }: TypedColumn): TargetType | TypeRefusal {
  if (!isKey) return plain('longblob');
  if (measuredBytes !== null && measuredBytes > KEY_BYTES) return tooWide(measuredBytes);
  return plain(`varbinary(${Math.max(1, measuredBytes ?? KEY_CHARACTERS)})`);
}

function tooWide(bytes: number): TypeRefusal {
  return {
    kind: 'refusal',
    reason: `it is part of the key and has a value of ${bytes} bytes; an index takes ${KEY_BYTES}`,
    hint: 'name a shorter key with --key, or use --mode replace with a key that fits',
  };
}

/** The fewest digits of the largest float are beyond it when they are read as a double, as the server does: "out of range". */
const LARGEST_FLOAT = "'3.4028235e+38'";
const LARGEST_FLOAT_AS_DOUBLE = "'3.4028234663852886e+38'";

export interface CellReading {
  /** What NULL is in the cell; null: the cell is NULL already. */
  readonly marker: Quoted | null;
  /** How many digits of a second the table's column has; null: all six. */
  readonly digits: Quoted | null;
}

/**
 * The cell's text as the column takes it. A text that is none of the kind becomes one that no column of the kind takes, so that the server
 * refuses it (or warns of it, where LOAD DATA LOCAL makes warnings of errors; both stop the load).
 */
export function valueOf(type: ColumnType, cell: Quoted, { marker, digits }: CellReading): Quoted {
  const whenNull = marker === null ? sql`WHEN ${cell} IS NULL THEN NULL` : sql`WHEN ${cell} = ${marker} THEN NULL`;
  const checked = (condition: Quoted, value: Quoted): Quoted =>
    sql`CASE ${whenNull} WHEN ${condition} THEN ${value} ELSE CONCAT('does not fit: ', ${cell}) END`;
  switch (type.kind) {
    case 'boolean':
      return sql`CASE ${whenNull} WHEN ${cell} = 'true' THEN '1' WHEN ${cell} = 'false' THEN '0' ELSE ${cell} END`;
    case 'date':
      return checked(sql`${cell} LIKE '____-__-__'`, cell);
    case 'time':
      return digits === null ? orNull(cell, marker) : checked(wholeUntil(cell, 10, digits), cell);
    case 'timestamp': {
      const wall = type.zoned ? sql`LEFT(${cell}, CHAR_LENGTH(${cell}) - 6)` : cell;
      const form = type.zoned ? sql`${cell} LIKE '____-__-__T%+00:00'` : sql`${cell} LIKE '____-__-__T%'`;
      return checked(digits === null ? form : sql`${form} AND ${wholeUntil(wall, 21, digits)}`, wall);
    }
    case 'binary':
      return sql`CASE ${whenNull} ELSE COALESCE(UNHEX(${cell}), CAST(CONCAT('not hexadecimal: ', LEFT(${cell}, 40)) AS DATE)) END`;
    case 'float32':
      return orNull(sql`REPLACE(${cell}, ${word(LARGEST_FLOAT)}, ${word(LARGEST_FLOAT_AS_DOUBLE)})`, marker);
    case 'int32':
    case 'int64':
    case 'float64':
    case 'decimal':
    case 'string':
    case 'json':
    case 'uuid':
      return orNull(cell, marker);
    default:
      return type satisfies never;
  }
}

function orNull(cell: Quoted, marker: Quoted | null): Quoted {
  return marker === null ? cell : sql`NULLIF(${cell}, ${marker})`;
}

/** No digit but 0 after those that the column holds: the server would round without a word. `first`: where the first digit stands. */
function wholeUntil(cell: Quoted, first: number, digits: Quoted): Quoted {
  return sql`REPLACE(SUBSTRING(${cell}, ${first} + ${digits}, 6 - ${digits}), '0', '') = ''`;
}
