import type { ColumnType } from '../../model/column-type.ts';
import type { LoadColumn, TableLoad } from '../ingest-plan.ts';
import type { Quoted } from '../quoted.ts';
import { sql, word } from '../quoted.ts';
import type { ColumnSql } from '../script-view.ts';
import type { TargetType, TypedColumn } from '../target.ts';

/**
 * What ClickHouse does silently, and what is done against it: whole numbers wrap, decimals lose digits, dates and timestamps are moved to
 * the edge of their range (which differs by version), `unhex` takes anything. So each value is converted, and `misfit` tells the texts
 * whose value is not exactly theirs; the publish step stops when there is one. Type conversion functions,
 * clickhouse.com/docs/sql-reference/functions/type-conversion-functions.
 */
export interface ClickHouseColumn extends ColumnSql {
  /** In the table that Parquet is read into, by the names of the file. */
  readonly rawType: Quoted;
  /** From that table's cell to the staging table's. */
  staged(cell: Quoted): Quoted;
  /** True for a cell that this type cannot hold as it is; never NULL. Null: holds every cell. */
  misfit(cell: Quoted): Quoted | null;
  /** From a text of ours, whatever the files are. */
  fromText(text: Quoted): Quoted;
  /** `Nullable(…)` of the plain type, to read the table's own column as. */
  readonly nullableType: Quoted;
  readonly title: string;
}

export function clickHouseType({ source }: TypedColumn): TargetType {
  const plain = plainType(source.type);
  return { kind: 'type', sql: source.nullable ? `Nullable(${plain})` : plain, note: noteOf(source.type) };
}

export function clickHouseColumn(column: LoadColumn, format: TableLoad['format']['name']): ClickHouseColumn {
  const { type } = column.source;
  const plain = plainType(type);
  const nullableType = word(`Nullable(${plain})`);
  const isText = format === 'csv';
  // those that throw do so for a NULL as well; what they would throw for is told by `misfit` before
  const convert = (cell: Quoted): Quoted => fromText(type, cell, plain, 'OrNull');
  return {
    type: word(clickHouseType(column).sql),
    stageType: isText ? word('Nullable(String)') : nullableType,
    rawType: type.kind === 'time' ? word("Nullable(DateTime64(6, 'UTC'))") : nullableType,
    nullableType,
    title: plain,
    value: (cell) => (isText ? convert(cell) : cell),
    staged: (cell) => (type.kind === 'time' ? timeText(cell) : cell),
    misfit: (cell) => (isText ? textMisfit(type, cell) : valueMisfit(type, cell)),
    fromText: (text) => fromText(type, text, plain, ''),
  };
}

function plainType(type: ColumnType): string {
  switch (type.kind) {
    case 'boolean':
      return 'Bool';
    case 'int32':
      return 'Int32';
    case 'int64':
      return 'Int64';
    case 'float32':
      return 'Float32';
    case 'float64':
      return 'Float64';
    case 'decimal':
      return `Decimal(${type.precision}, ${type.scale})`;
    case 'date':
      return 'Date32';
    case 'timestamp':
      return "DateTime64(6, 'UTC')";
    case 'uuid':
      return 'UUID';
    case 'time':
    case 'string':
    case 'json':
    case 'binary':
      return 'String';
    default:
      return type satisfies never;
  }
}

function noteOf(type: ColumnType): string | null {
  switch (type.kind) {
    case 'time':
      return 'kept as text (HH:MM:SS[.ffffff]): a type for times of day is new in ClickHouse';
    case 'binary':
      return 'kept as a String of the same bytes';
    case 'json':
      return 'kept as text';
    case 'uuid':
      return 'a UUID, which is written in lower case';
    case 'timestamp':
      return type.zoned ? null : 'DateTime64 in UTC: the digits stay as they are';
    default:
      return null;
  }
}

function fromText(type: ColumnType, cell: Quoted, plain: string, suffix: 'OrNull' | ''): Quoted {
  switch (type.kind) {
    case 'time':
    case 'string':
    case 'json':
      return cell;
    case 'binary':
      return sql`unhex(${cell})`;
    case 'date':
      return sql`toDate32${word(suffix)}(${cell})`;
    case 'timestamp':
      return sql`parseDateTime64BestEffort${word(suffix)}(${cell}, 6, 'UTC')`;
    default:
      return sql`accurateCast(${cell}, '${word(`Nullable(${plain})`)}')`;
  }
}

/** `YYYY-MM-DDTHH:MM:SS[.ffffff][+00:00]` as ClickHouse writes a DateTime64(6): a blank, and always six digits. */
function timestampText(cell: Quoted): Quoted {
  const fraction = sql`if(substring(${cell}, 20, 1) = '.', substring(${cell}, 20, 7), '.000000')`;
  return sql`concat(substring(${cell}, 1, 10), ' ', substring(${cell}, 12, 8), ${fraction})`;
}

function textMisfit(type: ColumnType, cell: Quoted): Quoted | null {
  const unlike = (same: Quoted): Quoted => sql`(${cell} IS NOT NULL AND NOT ifNull(${same}, false))`;
  switch (type.kind) {
    case 'boolean':
      return unlike(sql`${cell} IN ('true', 'false')`);
    case 'int32':
    case 'int64':
      return unlike(sql`toString(accurateCastOrNull(${cell}, '${word(plainType(type))}')) = ${cell}`);
    case 'decimal': {
      const whole = type.precision - type.scale;
      const point = type.scale === 0 ? '' : `[.][0-9]{${type.scale}}`;
      return unlike(sql`match(${cell}, '${word(`^-?(0|[0-9]{1,${Math.max(whole, 1)}})${point}$`)}')`);
    }
    case 'date':
      return unlike(sql`toString(toDate32OrNull(${cell})) = ${cell}`);
    case 'timestamp':
      return unlike(sql`toString(parseDateTime64BestEffortOrNull(${cell}, 6, 'UTC')) = ${timestampText(cell)}`);
    case 'uuid':
      return unlike(sql`toString(accurateCastOrNull(${cell}, 'UUID')) = lower(${cell})`);
    case 'binary':
      return unlike(sql`match(${cell}, '^([0-9a-f][0-9a-f])*$')`);
    case 'float32':
    case 'float64':
      return unlike(sql`accurateCastOrNull(${cell}, '${word(plainType(type))}') IS NOT NULL`);
    case 'time':
    case 'string':
    case 'json':
      return null;
    default:
      return type satisfies never;
  }
}

/** Values of Parquet: those whose text is not their own, since it was moved to the edge of what the version can show. */
function valueMisfit(type: ColumnType, cell: Quoted): Quoted | null {
  switch (type.kind) {
    case 'date':
      return sql`(${cell} IS NOT NULL AND NOT ifNull(toDate32OrNull(toString(${cell})) = ${cell}, false))`;
    case 'timestamp':
      return sql`(${cell} IS NOT NULL AND NOT ifNull(parseDateTime64BestEffortOrNull(toString(${cell}), 6, 'UTC') = ${cell}, false))`;
    default:
      return null;
  }
}

/** Parquet's TIME is read as an instant of 1970-01-01; 24:00:00 is the next day's first. */
function timeText(cell: Quoted): Quoted {
  const micros = sql`toUnixTimestamp64Micro(${cell})`;
  const two = (number: Quoted): Quoted => sql`leftPad(toString(${number}), 2, '0')`;
  const whole = (unit: string): Quoted => sql`intDiv(${micros}, ${word(unit)})`;
  const fraction = sql`if(${micros} % 1000000 = 0, '', concat('.', leftPad(toString(${micros} % 1000000), 6, '0')))`;
  return sql`concat(${two(whole('3600000000'))}, ':', ${two(sql`${whole('60000000')} % 60`)}, ':', ${two(sql`${whole('1000000')} % 60`)}, ${fraction})`;
}
