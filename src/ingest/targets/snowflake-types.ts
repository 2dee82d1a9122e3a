import type { ColumnType } from '../../model/column-type.ts';
import type { LoadColumn, TableLoad } from '../ingest-plan.ts';
import type { Quoted } from '../quoted.ts';
import { sql, word } from '../quoted.ts';
import type { TargetType, TypedColumn, TypeRefusal } from '../target.ts';
import type { WarehouseColumn } from '../warehouse-view.ts';

/** Bytes of a VARCHAR and of a BINARY: docs.snowflake.com, "String & binary data types", before bundle 2025_03 raised them. */
const LONGEST_TEXT = 16_777_216;
const LONGEST_BINARY = 8_388_608;

export function snowflakeType({ source, measuredBytes }: TypedColumn): TargetType | TypeRefusal {
  const longest = source.type.kind === 'binary' ? LONGEST_BINARY : LONGEST_TEXT;
  if (measuredBytes !== null && measuredBytes > longest) {
    return {
      kind: 'refusal',
      reason: `its largest value has ${measuredBytes} bytes, and Snowflake holds at most ${longest} in one`,
      hint: 'leave the column out of the extract with --exclude-columns',
    };
  }
  return { kind: 'type', sql: typeSql(source.type, measuredBytes), note: noteOf(source.type) };
}

function typeSql(type: ColumnType, measuredBytes: number | null): string {
  const width = measuredBytes === null ? '' : `(${Math.max(1, measuredBytes)})`;
  switch (type.kind) {
    case 'boolean':
      return 'BOOLEAN';
    case 'int32':
      return 'NUMBER(10,0)';
    case 'int64':
      return 'NUMBER(19,0)';
    case 'float32':
    case 'float64':
      return 'FLOAT';
    case 'decimal':
      return `NUMBER(${type.precision},${type.scale})`;
    case 'date':
      return 'DATE';
    case 'time':
      return 'TIME(6)';
    case 'timestamp':
      return type.zoned ? 'TIMESTAMP_TZ(6)' : 'TIMESTAMP_NTZ(6)';
    case 'string':
    case 'json':
      return `VARCHAR${width}`;
    case 'uuid':
      return 'VARCHAR(36)';
    case 'binary':
      return `BINARY${width}`;
    default:
      return type satisfies never;
  }
}

function noteOf(type: ColumnType): string | null {
  switch (type.kind) {
    case 'json':
      return 'JSON is kept as its text, to the letter; PARSE_JSON makes a VARIANT of it (which rounds numbers beyond 38 digits)';
    case 'uuid':
      return 'a uuid is kept as its text';
    case 'float32':
      return 'a float of 32 bits is kept in 64';
    case 'time':
      return 'the time 24:00:00 is refused by Snowflake when the rows are converted';
    default:
      return null;
  }
}

/** `skip`: cells that do not fit are left out by `fits`; `value` is then NULL for them, in whatever order the server looks at them. */
export function snowflakeColumn(
  column: LoadColumn,
  format: TableLoad['format']['name'],
  skip: boolean,
): WarehouseColumn {
  const { type: source } = column.source;
  const type = word(typeSql(source, column.measuredBytes));
  const bound = (text: Quoted): Quoted => converted(source, text, '') ?? text;
  if (format === 'parquet') return { type, stageType: type, value: (cell) => cell, fits: () => null, bound };
  return {
    type,
    stageType: word('VARCHAR'),
    value: (cell) => converted(source, cell, skip ? 'TRY_' : '') ?? cell,
    fits: (cell) => {
      const tried = converted(source, cell, 'TRY_');
      return tried === null ? null : sql`${tried} IS NOT NULL`;
    },
    bound,
  };
}

/** A text as a value: TO_… stops at what it does not know, TRY_TO_… gives NULL. Null: the text is the value. */
function converted(type: ColumnType, cell: Quoted, attempt: '' | 'TRY_'): Quoted | null {
  const call = (name: string, more: string): Quoted => sql`${word(`${attempt}${name}`)}(${cell}${word(more)})`;
  switch (type.kind) {
    case 'boolean':
      return call('TO_BOOLEAN', '');
    case 'int32':
      return call('TO_NUMBER', ', 10, 0');
    case 'int64':
      return call('TO_NUMBER', ', 19, 0');
    case 'decimal':
      return call('TO_NUMBER', `, ${type.precision}, ${type.scale}`);
    case 'float32':
    case 'float64':
      return sql`${word(`${attempt}TO_DOUBLE`)}(CASE ${cell} WHEN 'Infinity' THEN 'inf' WHEN '-Infinity' THEN '-inf' ELSE ${cell} END)`;
    case 'date':
      return call('TO_DATE', ", 'AUTO'");
    case 'time':
      return call('TO_TIME', ", 'AUTO'");
    case 'timestamp':
      return call(type.zoned ? 'TO_TIMESTAMP_TZ' : 'TO_TIMESTAMP_NTZ', ", 'AUTO'");
    case 'binary':
      return call('TO_BINARY', ", 'HEX'");
    case 'string':
    case 'json':
    case 'uuid':
      return null;
    default:
      return type satisfies never;
  }
}

/** What information_schema.columns says of a column that holds every value of ours as it is. */
export function snowflakeHolds({ source: { type } }: LoadColumn): Quoted {
  switch (type.kind) {
    case 'boolean':
      return word("data_type = 'BOOLEAN'");
    case 'int32':
    case 'int64':
      return word("data_type = 'NUMBER'");
    case 'decimal':
      return word(`(data_type = 'NUMBER' AND numeric_scale >= ${type.scale})`);
    case 'float32':
    case 'float64':
      return word("data_type = 'FLOAT'");
    case 'date':
      return word("data_type = 'DATE'");
    case 'time':
      return word("(data_type = 'TIME' AND datetime_precision >= 6)");
    case 'timestamp':
      return type.zoned
        ? word("(data_type IN ('TIMESTAMP_TZ', 'TIMESTAMP_LTZ') AND datetime_precision >= 6)")
        : word("(data_type = 'TIMESTAMP_NTZ' AND datetime_precision >= 6)");
    case 'string':
    case 'json':
    case 'uuid':
      return word("data_type = 'TEXT'");
    case 'binary':
      return word("data_type = 'BINARY'");
    default:
      return type satisfies never;
  }
}
