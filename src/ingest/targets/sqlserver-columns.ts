import type { ColumnType } from '../../model/column-type.ts';
import type { LoadColumn, TableLoad } from '../ingest-plan.ts';
import type { Quoted } from '../quoted.ts';
import { sql, word } from '../quoted.ts';
import type { ColumnSql } from '../script-view.ts';
import type { TargetType, TypedColumn } from '../target.ts';
import { quoteLiteral } from './sqlserver-quote.ts';

/** By code point, so that `a` and `A` are two keys as they were in the source. */
const BINARY_COLLATION = 'Latin1_General_100_BIN2';
/** UTF-8 bytes as they lie in the file, on Windows and on Linux. */
const STAGE_COLLATION = 'Latin1_General_100_BIN2_UTF8';
/** A key of an index has 900 bytes, two for a character. */
const KEY_CHARACTERS = 450;

/** A column with what it is here and the name of its staging column. */
export interface StagedColumn {
  readonly column: LoadColumn;
  readonly at: SqlServerColumn;
  readonly stage: Quoted;
}

export interface SqlServerColumn extends ColumnSql {
  /** Types that a table may have the column as without a silent change of a value, between bars: `|int|bigint|`. */
  readonly keptBy: string;
  /** Digits after the point that they must have; -1: they have none. */
  readonly scale: number;
  /** A text, whose `=` in SQL Server overlooks blanks at the end. */
  readonly isText: boolean;
  fromText(text: Quoted): Quoted;
  /** True for a cell that `value` would stop at or round, or that is NULL in a column without NULL. Null: there is none. */
  misfit(cell: Quoted): Quoted | null;
}

export function sqlServerType({ source, measuredBytes, isKey }: TypedColumn): TargetType {
  return { kind: 'type', sql: typeOf(source.type, measuredBytes, isKey), note: noteOf(source.type, isKey) };
}

/** `driver`: cells come through the driver, NULL as NULL and binary as bytes; else as texts of the file, by BULK INSERT. */
export function sqlServerColumn(column: LoadColumn, format: TableLoad['format'], driver: boolean): SqlServerColumn {
  const { type } = column.source;
  const isText = type.kind === 'string' || type.kind === 'json';
  const stageType = type.kind === 'binary' ? 'varbinary(max)' : 'nvarchar(max)';
  return {
    type: word(sqlServerType(column).sql),
    stageType: word(driver ? stageType : `varchar(max) COLLATE ${STAGE_COLLATION}`),
    value: (cell) => (driver ? driverValue(type, cell) : fileValue(type, cell, format.nullMarker ?? '')),
    fromText: (text) => converted(type, text),
    misfit: (cell) => misfit(column, driver ? cell : cellText(type, cell, format.nullMarker ?? ''), driver),
    keptBy: keptBy(type),
    scale: scaleOf(type),
    isText,
  };
}

function typeOf(type: ColumnType, bytes: number | null, isKey: boolean): string {
  switch (type.kind) {
    case 'string':
    case 'json': {
      const measured = bytes === null || bytes > 4000 ? 'max' : String(Math.max(bytes, 1));
      if (!isKey) return `nvarchar(${measured})`;
      const characters = bytes === null ? KEY_CHARACTERS : Math.min(Math.max(bytes, 1), KEY_CHARACTERS);
      return `nvarchar(${characters}) COLLATE ${BINARY_COLLATION}`;
    }
    case 'binary':
      if (isKey) return 'varbinary(900)';
      return `varbinary(${bytes === null || bytes > 8000 ? 'max' : Math.max(bytes, 1)})`;
    default:
      return fixedType(type);
  }
}

/** Types whose width says nothing about the values. */
function fixedType(type: ColumnType): string {
  switch (type.kind) {
    case 'boolean':
      return 'bit';
    case 'int32':
      return 'int';
    case 'int64':
      return 'bigint';
    case 'float32':
      return 'real';
    case 'float64':
      return 'float(53)';
    case 'decimal':
      return `decimal(${type.precision}, ${type.scale})`;
    case 'date':
      return 'date';
    case 'time':
      return 'time(6)';
    case 'timestamp':
      return type.zoned ? 'datetimeoffset(6)' : 'datetime2(6)';
    case 'uuid':
      return 'uniqueidentifier';
    case 'string':
    case 'json':
      return 'nvarchar(max)';
    case 'binary':
      return 'varbinary(max)';
    default:
      return type satisfies never;
  }
}

function noteOf(type: ColumnType, isKey: boolean): string | null {
  switch (type.kind) {
    case 'string':
      return isKey
        ? `a key: at most ${KEY_CHARACTERS} characters, compared by code point; texts that differ only in blanks at the end are one to SQL Server, and stop the load`
        : null;
    case 'json':
      return 'kept as text';
    case 'uuid':
      return 'a uniqueidentifier, which is written in upper case and sorted by other bytes';
    case 'float32':
    case 'float64':
      return 'NaN and the infinities have no place in SQL Server, and stop the load';
    case 'time':
      return '24:00:00 has no place in SQL Server, and stops the load';
    case 'date':
    case 'timestamp':
      return 'years 0001 to 9999; others stop the load';
    default:
      return null;
  }
}

function driverValue(type: ColumnType, cell: Quoted): Quoted {
  return type.kind === 'binary' ? cell : converted(type, cell);
}

/**
 * BULK INSERT does not say whether `""` becomes an empty text or NULL, so both are the empty text here, and NULL is the marker alone; in other
 * columns an empty cell can be none of ours, and `?` in its place ends the statement, where SQL Server would read 0 or 1900-01-01.
 */
function fileValue(type: ColumnType, cell: Quoted, marker: string): Quoted {
  return converted(type, cellText(type, cell, marker));
}

function cellText(type: ColumnType, cell: Quoted, marker: string): Quoted {
  const isText = type.kind === 'string' || type.kind === 'json' || type.kind === 'binary';
  if (marker === '') return isText ? cell : sql`NULLIF(${cell}, '')`;
  // `=` overlooks blanks at the end, DATALENGTH counts them
  const isNull = sql`${cell} = ${quoteLiteral(marker)} AND DATALENGTH(${cell}) = ${Buffer.byteLength(marker)}`;
  const given = isText ? sql`ISNULL(${cell}, '')` : sql`ISNULL(NULLIF(${cell}, ''), '?')`;
  return sql`CASE WHEN ${isNull} THEN NULL ELSE ${given} END`;
}

function misfit({ source }: LoadColumn, text: Quoted, driver: boolean): Quoted | null {
  const { type, nullable } = source;
  const isFree = type.kind === 'string' || type.kind === 'json' || (driver && type.kind === 'binary');
  const tests = [
    ...(nullable ? [] : [sql`${text} IS NULL`]),
    ...(isFree ? [] : [sql`(${text} IS NOT NULL AND ${converted(type, text, 'TRY_')} IS NULL)`]),
    ...tooManyDigits(type, text),
  ];
  return tests.length === 0 ? null : word(`(${tests.join(' OR ')})`);
}

/** CONVERT rounds what has more digits after the point. */
function tooManyDigits(type: ColumnType, text: Quoted): readonly Quoted[] {
  if (type.kind === 'decimal') {
    return [sql`(CHARINDEX('.', ${text}) > 0 AND LEN(${text}) - CHARINDEX('.', ${text}) > ${type.scale})`];
  }
  if (type.kind !== 'time' && type.kind !== 'timestamp') return [];
  return [sql`PATINDEX(${word(`'%.${'[0-9]'.repeat(7)}%'`)}, ${text}) > 0`];
}

/** Each conversion fails for a text that is no value of the type, or is guarded where SQL Server would take one. */
function converted(type: ColumnType, text: Quoted, attempt: 'TRY_' | '' = ''): Quoted {
  const convert = word(`${attempt}CONVERT`);
  const target = word(fixedType(type));
  switch (type.kind) {
    case 'binary':
      return sql`${convert}(varbinary(max), ${text}, 2)`;
    case 'uuid':
      // what follows the 36 characters would be overlooked
      return sql`${convert}(${target}, CASE WHEN LEN(${text}) > 36 THEN '?' ELSE ${text} END)`;
    case 'time':
      return sql`${convert}(${target}, CASE WHEN ${text} LIKE '24:%' THEN '?' ELSE ${text} END)`;
    default:
      return sql`${convert}(${target}, ${text})`;
  }
}

function keptBy(type: ColumnType): string {
  const whole = '|int|bigint|decimal|numeric|';
  switch (type.kind) {
    case 'boolean':
      return '|bit|tinyint|smallint|int|bigint|';
    case 'int32':
    case 'int64':
      return `|tinyint|smallint${whole}`;
    case 'float32':
      return '|real|float|';
    case 'float64':
      return '|float|';
    case 'decimal':
      return type.scale === 0 ? `|tinyint|smallint${whole}` : '|decimal|numeric|';
    case 'date':
      return '|date|datetime2|datetimeoffset|';
    case 'time':
      return '|time|';
    case 'timestamp':
      return type.zoned ? '|datetimeoffset|datetime2|' : '|datetime2|datetimeoffset|';
    case 'string':
    case 'json':
      return '|nvarchar|ntext|json|';
    case 'uuid':
      return '|uniqueidentifier|nvarchar|varchar|';
    case 'binary':
      return '|varbinary|image|';
    default:
      return type satisfies never;
  }
}

function scaleOf(type: ColumnType): number {
  if (type.kind === 'decimal') return type.scale;
  return type.kind === 'time' || type.kind === 'timestamp' ? 6 : -1;
}
