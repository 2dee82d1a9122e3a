import type { ColumnType } from '../../model/column-type.ts';

/** In CREATE TABLE: duckdb.org/docs/sql/data_types/overview. */
export function typeOf(type: ColumnType): string {
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
      return type.zoned ? 'TIMESTAMPTZ' : 'TIMESTAMP';
    case 'string':
      return 'VARCHAR';
    case 'json':
      return 'JSON';
    case 'uuid':
      return 'UUID';
    case 'binary':
      return 'BLOB';
    default:
      return type satisfies never;
  }
}

const INTEGERS = '(U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|BIGNUM|VARINT)';
const TIMES = '(DATE|TIMESTAMP|TIMESTAMP_NS|TIMESTAMP WITH TIME ZONE)';

/**
 * A regular expression of the types, as duckdb_columns() writes them, that a column of a table that is there may have: those that hold each
 * value of ours, or say that they do not. DECIMAL(5,1), TIMESTAMP_S, FLOAT and INTEGER would round without a word.
 */
export function keepingTypes(type: ColumnType): string {
  switch (type.kind) {
    case 'boolean':
      return `BOOLEAN|VARCHAR|${INTEGERS}`;
    case 'int32':
      return `${INTEGERS}|DOUBLE|VARCHAR|DECIMAL\\(.*\\)`;
    case 'int64':
      return `${INTEGERS}|VARCHAR|DECIMAL\\(.*\\)`;
    case 'float32':
      return 'FLOAT|DOUBLE|VARCHAR';
    case 'float64':
      return 'DOUBLE|VARCHAR';
    case 'decimal': {
      const scales = Array.from({ length: 39 - type.scale }, (_, index) => index + type.scale).join('|');
      return `VARCHAR|DECIMAL\\([0-9]+,(${scales})\\)${type.scale === 0 ? `|${INTEGERS}` : ''}`;
    }
    case 'date':
      return `${TIMES}|VARCHAR`;
    case 'time':
      return 'TIME|TIME_NS|VARCHAR';
    case 'timestamp':
      return 'TIMESTAMP|TIMESTAMP_NS|TIMESTAMP WITH TIME ZONE|VARCHAR';
    case 'string':
      return 'VARCHAR|JSON|ENUM\\(.*\\)';
    case 'json':
      return 'JSON|VARCHAR';
    case 'uuid':
      return 'UUID|VARCHAR';
    case 'binary':
      return 'BLOB';
    default:
      return type satisfies never;
  }
}
