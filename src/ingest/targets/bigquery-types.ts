import type { ColumnType } from '../../model/column-type.ts';
import type { LoadColumn, TableLoad } from '../ingest-plan.ts';
import type { Quoted } from '../quoted.ts';
import { sql, word } from '../quoted.ts';
import type { TargetType, TypedColumn, TypeRefusal } from '../target.ts';
import type { WarehouseColumn } from '../warehouse-view.ts';

export function bigqueryType({ source }: TypedColumn): TargetType | TypeRefusal {
  return { kind: 'type', sql: typeSql(source.type), note: noteOf(source.type) };
}

/** NUMERIC(p,s) holds 29 digits before the point and 9 after it, BIGNUMERIC(p,s) 38 and 38: "Data types", Parameterized decimal type. */
function typeSql(type: ColumnType): string {
  switch (type.kind) {
    case 'boolean':
      return 'BOOL';
    case 'int32':
    case 'int64':
      return 'INT64';
    case 'float32':
    case 'float64':
      return 'FLOAT64';
    case 'decimal': {
      const { precision, scale } = type;
      return `${scale <= 9 && precision - scale <= 29 ? 'NUMERIC' : 'BIGNUMERIC'}(${precision}, ${scale})`;
    }
    case 'date':
      return 'DATE';
    case 'time':
      return 'TIME';
    case 'timestamp':
      return type.zoned ? 'TIMESTAMP' : 'DATETIME';
    case 'string':
    case 'json':
    case 'uuid':
      return 'STRING';
    case 'binary':
      return 'BYTES';
    default:
      return type satisfies never;
  }
}

function noteOf(type: ColumnType): string | null {
  switch (type.kind) {
    case 'json':
      return 'JSON is kept as its text, to the letter; PARSE_JSON makes a JSON value of it (which drops repeated names and blanks)';
    case 'uuid':
      return 'a uuid is kept as its text';
    case 'int32':
      return 'an integer of 32 bits is kept in 64';
    case 'float32':
      return 'a float of 32 bits is kept in 64';
    case 'time':
      return 'the time 24:00:00 is refused by BigQuery when the rows are converted';
    default:
      return null;
  }
}

/** `skip`: cells that do not fit are left out by `fits`; `value` is then NULL for them, in whatever order the server looks at them. */
export function bigqueryColumn(
  { source: { type: source } }: LoadColumn,
  format: TableLoad['format']['name'],
  skip: boolean,
): WarehouseColumn {
  const type = word(typeSql(source));
  const bound = (text: Quoted): Quoted => converted(source, text, false) ?? text;
  if (format === 'parquet') {
    const local = source.kind === 'timestamp' && !source.zoned;
    return {
      type,
      // a timestamp without zone arrives as if it were one of UTC: "Loading Parquet data", type conversions
      stageType: local ? word('TIMESTAMP') : type,
      value: (cell) => (local ? sql`DATETIME(${cell}, 'UTC')` : cell),
      fits: () => null,
      bound,
    };
  }
  return {
    type,
    stageType: word('STRING'),
    value: (cell) => converted(source, cell, skip) ?? cell,
    fits: (cell) => {
      const tried = converted(source, cell, true);
      return tried === null ? null : sql`${tried} IS NOT NULL`;
    },
    bound,
  };
}

/** A text as a value: CAST stops at what it does not know, SAFE_CAST gives NULL. Null: the text is the value. */
function converted(type: ColumnType, cell: Quoted, isSafe: boolean): Quoted | null {
  switch (type.kind) {
    case 'string':
    case 'json':
    case 'uuid':
      return null;
    case 'binary':
      return isSafe ? sql`SAFE.FROM_HEX(${cell})` : sql`FROM_HEX(${cell})`;
    default:
      return sql`${word(isSafe ? 'SAFE_CAST' : 'CAST')}(${cell} AS ${word(typeSql(type))})`;
  }
}

/**
 * What INFORMATION_SCHEMA.COLUMNS says of a column that holds every value of ours as it is. BigQuery itself refuses most other types; it
 * makes floats of whole numbers, and rounds decimals to the digits of the column.
 */
export function bigqueryHolds({ source: { type } }: LoadColumn): Quoted {
  if (type.kind !== 'decimal' && type.kind !== 'int32' && type.kind !== 'int64') return word('TRUE');
  if (type.kind !== 'decimal') return word("data_type <> 'FLOAT64'");
  const written = "COALESCE(SAFE_CAST(REGEXP_EXTRACT(data_type, ', *([0-9]+)') AS INT64), 0)";
  const usual = "IF(STARTS_WITH(data_type, 'BIG'), 38, 9)";
  return word(`(data_type <> 'FLOAT64' AND IF(STRPOS(data_type, '(') > 0, ${written}, ${usual}) >= ${type.scale})`);
}
