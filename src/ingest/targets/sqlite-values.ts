import type { LoadColumn, TableLoad } from '../ingest-plan.ts';
import type { Quoted } from '../quoted.ts';
import { commaList, sql, word } from '../quoted.ts';
import type { ColumnSql } from '../script-view.ts';

/** The declared type, one of those that a STRICT table knows: sqlite.org/stricttables.html. */
export function storageType({ source: { type } }: Pick<LoadColumn, 'source'>): 'INTEGER' | 'REAL' | 'TEXT' | 'BLOB' {
  switch (type.kind) {
    case 'boolean':
    case 'int32':
    case 'int64':
      return 'INTEGER';
    case 'float32':
    case 'float64':
      return 'REAL';
    case 'binary':
      return 'BLOB';
    case 'decimal':
    case 'date':
    case 'time':
    case 'timestamp':
    case 'string':
    case 'json':
    case 'uuid':
      return 'TEXT';
    default:
      return type satisfies never;
  }
}

/** The value of a cell that `.import` put into the staging table as text. What it cannot be is found by `misfit` before. */
export function columnSql(
  column: LoadColumn,
  { format }: Pick<TableLoad, 'format'>,
  literal: (text: string) => Quoted,
): ColumnSql {
  const { kind } = column.source.type;
  // Texts of floats become numbers in the staging table (floatViews): a column without affinity keeps both as they are.
  const stageType = word(isFloat(column) ? 'BLOB' : 'TEXT');
  const value = (cell: Quoted): Quoted => {
    const text = sql`NULLIF(${cell}, ${literal(format.nullMarker ?? '\\N')})`;
    return sql`CASE WHEN ${text} IS NULL THEN NULL ELSE ${typed(kind, cell)} END`;
  };
  return { type: word(storageType(column)), stageType, value };
}

function typed(kind: LoadColumn['source']['type']['kind'], cell: Quoted): Quoted {
  if (kind === 'boolean') return sql`(${cell} = 'true')`;
  if (kind === 'int32' || kind === 'int64') return sql`CAST(${cell} AS INTEGER)`;
  if (kind === 'binary') return sql`unhex(${cell})`;
  return cell;
}

export function isFloat({ source: { type } }: Pick<LoadColumn, 'source'>): boolean {
  return type.kind === 'float32' || type.kind === 'float64';
}

/**
 * True for a cell, not NULL, that the column cannot have; null where it can have every text. SQLite itself makes 0 of a word in a column of
 * integers, NULL of NaN and of bad hex, and says nothing.
 */
export function misfit({ source: { type } }: LoadColumn, cell: Quoted): Quoted | null {
  switch (type.kind) {
    case 'boolean':
      return sql`${cell} NOT IN ('true', 'false')`;
    case 'int32':
    case 'int64':
      return sql`CAST(CAST(${cell} AS INTEGER) AS TEXT) <> ${cell}`;
    case 'float32':
    case 'float64':
      return sql`typeof(${cell}) <> 'real'`;
    case 'binary':
      return sql`unhex(${cell}) IS NULL`;
    default:
      return null;
  }
}

/** What a cell of the column has to be, for the message of a guard. */
export function expected({ source: { type } }: LoadColumn): string {
  if (type.kind === 'boolean') return 'true or false';
  if (type.kind === 'binary') return 'hexadecimal digits';
  if (type.kind === 'float32' || type.kind === 'float64') {
    return 'a number that SQLite can keep exactly';
  }
  return 'an integer of 64 bits';
}

/**
 * Terms of ORDER BY that put the largest value first. Decimals and dates are kept as texts, whose own order is that of their letters.
 */
export function largestFirst({ source: { type } }: LoadColumn, value: Quoted): Quoted {
  const negative = sql`(${value} LIKE '-%')`;
  if (type.kind === 'decimal') {
    const width = type.precision + 2;
    const padded = sql`substr(${word(`'${'0'.repeat(width)}'`)} || replace(${value}, '-', ''), ${-width})`;
    return commaList([
      sql`${negative} IS NULL ASC`,
      sql`${negative} ASC`,
      sql`CASE WHEN ${negative} THEN NULL ELSE ${padded} END DESC`,
      sql`${padded} ASC`,
    ]);
  }
  if (type.kind === 'date' || type.kind === 'timestamp') {
    const year = sql`CAST(${value} AS INTEGER)`;
    const rest = sql`substr(${value}, instr(substr(${value}, 2), '-') + 1)`;
    return sql`${year} DESC, ${rest} DESC`;
  }
  return sql`${value} DESC`;
}
