import type { ColumnType } from '../../model/column-type.ts';
import type { LoadColumn } from '../ingest-plan.ts';
import { sql, word } from '../quoted.ts';
import type { ColumnSql } from '../script-view.ts';
import type { TargetType, TypedColumn } from '../target.ts';

export function columnType({ source, isKey }: TypedColumn): TargetType {
  const note = isKey && source.type.kind === 'json' ? 'kept as text, because json has no order to make a key of' : null;
  return { kind: 'type', sql: typeOf(source.type, isKey), note };
}

export function typeOf(type: ColumnType, isKey: boolean): string {
  switch (type.kind) {
    case 'boolean':
      return 'boolean';
    case 'int32':
      return 'integer';
    case 'int64':
      return 'bigint';
    case 'float32':
      return 'real';
    case 'float64':
      return 'double precision';
    case 'decimal':
      return `numeric(${type.precision},${type.scale})`;
    case 'date':
      return 'date';
    case 'time':
      return 'time';
    case 'timestamp':
      return type.zoned ? 'timestamp with time zone' : 'timestamp without time zone';
    case 'string':
      return 'text';
    case 'json':
      // jsonb would drop blanks, the order of names and names that stand twice.
      return isKey ? 'text' : 'json';
    case 'uuid':
      return 'uuid';
    case 'binary':
      return 'bytea';
    default:
      return type satisfies never;
  }
}

/**
 * COPY reads all forms of our CSV itself, and fails where one is no value of its type (years lie between 0001 and 9999 in our files); only
 * hex without `\x` it would take for text. `asText`: rows that do not fit are found later, so that all cells wait as texts.
 */
export function columnSql({ source, isKey }: LoadColumn, asText: boolean): ColumnSql {
  const type = word(typeOf(source.type, isKey));
  if (source.type.kind === 'binary') {
    return { type, stageType: word('text'), value: (cell) => sql`decode(${cell}, 'hex')` };
  }
  if (!asText || String(type) === 'text') return { type, stageType: type, value: (cell) => cell };
  return { type, stageType: word('text'), value: (cell) => sql`CAST(${cell} AS ${type})` };
}
