import type { ColumnType } from '../model/column-type.ts';

/** The type that DuckDB must see in a Parquet file for a column. */
export function duckdbType(type: ColumnType): string {
  switch (type.kind) {
    case 'boolean':
      return 'BOOLEAN';
    case 'int32':
      return 'INTEGER';
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
    case 'time':
      return 'TIME';
    case 'timestamp':
      return type.zoned ? 'TIMESTAMP WITH TIME ZONE' : 'TIMESTAMP';
    case 'string':
    case 'json':
    case 'uuid':
      return 'VARCHAR';
    case 'binary':
      return 'BLOB';
    default:
      return type satisfies never;
  }
}

const CLOCK = '[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{6})?';
const DAY = '-?[0-9]{4,}-[0-9]{2}-[0-9]{2}';

/**
 * SQL that reads a CSV cell (text, unquoted by the reader) as its planned type: NULL where the text is not exactly what the dialect
 * of the manifest has for that type. The pattern comes first, because a cast alone takes more: blanks, `1e3`, too many digits.
 */
export function csvCell(type: ColumnType, text: string): string {
  const pattern = csvPattern(type);
  if (pattern === null) return text;
  const value = type.kind === 'binary' ? `unhex(${text})` : `TRY_CAST(${text} AS ${duckdbType(type)})`;
  return `CASE WHEN regexp_full_match(${text}, '${pattern}') THEN ${value} END`;
}

/** Null: every text is a value. */
function csvPattern(type: ColumnType): string | null {
  switch (type.kind) {
    case 'boolean':
      return 'true|false';
    case 'int32':
    case 'int64':
      return '0|-?[1-9][0-9]*';
    case 'float32':
    case 'float64':
      return 'NaN|-?Infinity|-?[0-9]+([.][0-9]+)?(e[+-]?[0-9]+)?';
    case 'decimal':
      return `-?[0-9]{1,${Math.max(1, type.precision - type.scale)}}${type.scale === 0 ? '' : `[.][0-9]{${type.scale}}`}`;
    case 'date':
      return DAY;
    case 'time':
      return CLOCK;
    case 'timestamp':
      return `${DAY}T${CLOCK}${type.zoned ? '[+]00:00' : ''}`;
    case 'binary':
      return '([0-9a-f]{2})*';
    case 'string':
    case 'json':
    case 'uuid':
      return null;
    default:
      return type satisfies never;
  }
}
