import type { ColumnType } from '../../model/column-type.ts';
import type { LoadColumn, TableLoad } from '../ingest-plan.ts';
import type { Quoted } from '../quoted.ts';
import { sql, word } from '../quoted.ts';
import { exactText } from '../rejected-rows.ts';
import type { TargetType, TypedColumn, TypeRefusal } from '../target.ts';
import type { WarehouseColumn } from '../warehouse-view.ts';
import { quoteLiteral } from './databricks-names.ts';

export function databricksType({ source }: TypedColumn): TargetType | TypeRefusal {
  return { kind: 'type', sql: typeSql(source.type), note: noteOf(source.type) };
}

function typeSql(type: ColumnType): string {
  switch (type.kind) {
    case 'boolean':
      return 'BOOLEAN';
    case 'int32':
      return 'INT';
    case 'int64':
      return 'BIGINT';
    case 'float32':
      return 'FLOAT';
    case 'float64':
      return 'DOUBLE';
    case 'decimal':
      return `DECIMAL(${type.precision},${type.scale})`;
    case 'date':
      return 'DATE';
    case 'timestamp':
      return type.zoned ? 'TIMESTAMP' : 'TIMESTAMP_NTZ';
    case 'time':
    case 'string':
    case 'json':
    case 'uuid':
      return 'STRING';
    case 'binary':
      return 'BINARY';
    default:
      return type satisfies never;
  }
}

function noteOf(type: ColumnType): string | null {
  switch (type.kind) {
    case 'json':
      return 'JSON is kept as its text, to the letter; parse_json makes a VARIANT of it';
    case 'uuid':
      return 'a uuid is kept as its text';
    case 'time':
      return 'a time of day is kept as its text: HH:MM:SS.ffffff';
    default:
      return null;
  }
}

/**
 * Values are converted where the files are read; the staging table has the table's types. Cells are columns of the file. `skip`: rows with a cell
 * that does not fit go elsewhere, by `fits`.
 */
export function databricksColumn(
  column: LoadColumn,
  format: TableLoad['format']['name'],
  skip = false,
): WarehouseColumn {
  const { type: source, name } = column.source;
  const type = word(typeSql(source));
  const convert = (cell: Quoted): Quoted => (skip ? (attempt(source, cell) ?? cell) : converted(source, cell, name));
  return {
    type,
    // as the reader sees it
    stageType: format === 'csv' ? word('STRING') : type,
    value: (cell) => (format === 'csv' ? convert(cell) : cell),
    fits: (cell) => {
      const tried = format === 'csv' ? attempt(source, cell) : null;
      if (tried === null) return null;
      const form = exactText(source);
      return sql`${tried} IS NOT NULL${form === null ? word('') : sql` AND ${cell} RLIKE ${quoteLiteral(`^(${form})$`)}`}`;
    },
    bound: (text) => converted(source, text, name),
  };
}

/** A cast that gives NULL is an error of ours, since whether CAST itself stops depends on the warehouse's ANSI_MODE. */
function converted(type: ColumnType, cell: Quoted, name: string): Quoted {
  const checked = (value: Quoted): Quoted => {
    const message = quoteLiteral(`sqlextract: a value of ${name} is no ${typeSql(type)}; nothing was changed`);
    return sql`coalesce(${value}, if(${cell} IS NULL, NULL, raise_error(${message})))`;
  };
  const tried = attempt(type, cell);
  return tried === null ? cell : checked(tried);
}

/** NULL for a text that is no value of the type. Null: every text is one. */
function attempt(type: ColumnType, cell: Quoted): Quoted | null {
  switch (type.kind) {
    case 'string':
    case 'json':
    case 'uuid':
    case 'time':
      return null;
    case 'binary':
      return sql`unhex(${cell})`;
    default:
      return sql`try_cast(${cell} AS ${word(typeSql(type))})`;
  }
}

/** True when a column, given by its cell, holds every value of ours as it is. */
export function databricksHolds({ source: { type } }: LoadColumn, cell: Quoted): Quoted {
  if (type.kind !== 'decimal') return sql`typeof(${cell}) = ${word(`'${typeSql(type).toLowerCase()}'`)}`;
  const { precision, scale } = type;
  const digits = (place: number): Quoted =>
    sql`CAST(regexp_extract(typeof(${cell}), '^decimal.([0-9]+),([0-9]+)', ${place}) AS INT)`;
  // a text without digits is no number: such a column is another type
  return sql`typeof(${cell}) LIKE 'decimal%' AND ${digits(2)} >= ${scale} AND ${digits(1)} - ${digits(2)} >= ${precision - scale}`;
}
