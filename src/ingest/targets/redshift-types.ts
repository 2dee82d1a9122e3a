import type { ColumnType } from '../../model/column-type.ts';
import type { LoadColumn, TableLoad } from '../ingest-plan.ts';
import type { Quoted } from '../quoted.ts';
import { sql, word } from '../quoted.ts';
import type { TargetType, TypedColumn, TypeRefusal } from '../target.ts';
import type { WarehouseColumn } from '../warehouse-view.ts';

/** Bytes of a VARCHAR and of a VARBYTE: Database Developer Guide, "Character types" and "VARBYTE type". */
const LONGEST_TEXT = 65_535;
const LONGEST_BINARY = 1_024_000;

export function redshiftType({ source, measuredBytes }: TypedColumn): TargetType | TypeRefusal {
  const { type } = source;
  const longest = type.kind === 'binary' ? LONGEST_BINARY : LONGEST_TEXT;
  if (measuredBytes !== null && measuredBytes > longest) {
    return {
      kind: 'refusal',
      reason: `its largest value has ${measuredBytes} bytes, and Redshift holds at most ${longest} in one`,
      hint: 'leave the column out of the extract with --exclude-columns',
    };
  }
  if (type.kind === 'decimal' && type.scale > 37) {
    return {
      kind: 'refusal',
      reason: `Redshift has at most 37 digits after the point, and it has ${type.scale}`,
      hint: 'leave the column out of the extract with --exclude-columns, or extract a query that casts it to text',
    };
  }
  return { kind: 'type', sql: typeSql(type, measuredBytes), note: noteOf(type, measuredBytes) };
}

function typeSql(type: ColumnType, measuredBytes: number | null): string {
  switch (type.kind) {
    case 'boolean':
      return 'BOOLEAN';
    case 'int32':
      return 'INTEGER';
    case 'int64':
      return 'BIGINT';
    case 'float32':
      return 'REAL';
    case 'float64':
      return 'DOUBLE PRECISION';
    case 'decimal':
      return `DECIMAL(${type.precision},${type.scale})`;
    case 'date':
      return 'DATE';
    case 'time':
      return 'TIME';
    case 'timestamp':
      return type.zoned ? 'TIMESTAMPTZ' : 'TIMESTAMP';
    case 'string':
    case 'json':
      return `VARCHAR(${Math.max(1, measuredBytes ?? LONGEST_TEXT)})`;
    case 'uuid':
      return 'VARCHAR(36)';
    case 'binary':
      return `VARBYTE(${Math.max(1, measuredBytes ?? LONGEST_BINARY)})`;
    default:
      return type satisfies never;
  }
}

function noteOf(type: ColumnType, measuredBytes: number | null): string | null {
  const widest = `a value beyond ${type.kind === 'binary' ? LONGEST_BINARY : LONGEST_TEXT} bytes stops the load`;
  switch (type.kind) {
    case 'json':
      return `JSON is kept as its text, to the letter; JSON_PARSE makes a SUPER of it; ${widest}`;
    case 'string':
    case 'binary':
      return measuredBytes === null ? `${widest}; --measure tells before` : null;
    case 'uuid':
      return 'a uuid is kept as its text';
    default:
      return null;
  }
}

/** `skip`: cells that do not fit are left out by `fits`; `value` is then NULL for them, in whatever order the server looks at them. */
export function redshiftColumn(
  column: LoadColumn,
  format: TableLoad['format']['name'],
  skip: boolean,
): WarehouseColumn {
  const { type: source } = column.source;
  const type = word(typeSql(source, column.measuredBytes));
  const bound = (text: Quoted): Quoted => converted(source, text, false) ?? text;
  if (format === 'parquet') {
    const zoned = source.kind === 'timestamp' && source.zoned;
    return {
      type,
      // COPY knows no zones in Parquet: the instants arrive as they are in UTC
      stageType: zoned ? word('TIMESTAMP') : type,
      value: (cell) => (zoned ? sql`(${cell} AT TIME ZONE 'UTC')` : cell),
      fits: () => null,
      bound,
    };
  }
  return {
    type,
    // COPY reads hex into VARBYTE and stops at what is none; as text it would have twice the bytes
    stageType: source.kind === 'binary' ? word(`VARBYTE(${LONGEST_BINARY})`) : word(`VARCHAR(${LONGEST_TEXT})`),
    value: (cell) => converted(source, cell, skip) ?? cell,
    fits: (cell) => {
      if (source.kind === 'boolean') return sql`${cell} IN ('true', 'false')`;
      const tried = converted(source, cell, true);
      return tried === null ? null : sql`${tried} IS NOT NULL`;
    },
    bound,
  };
}

/** A text as a value: CAST stops at what it does not know, TRY_CAST gives NULL. Null: the text is the value. */
function converted(type: ColumnType, cell: Quoted, isSafe: boolean): Quoted | null {
  switch (type.kind) {
    case 'string':
    case 'json':
    case 'uuid':
    case 'binary':
      return null;
    case 'boolean':
      // a VARCHAR is not cast to BOOLEAN; what is neither stops as no number
      return isSafe
        ? sql`CASE ${cell} WHEN 'true' THEN TRUE WHEN 'false' THEN FALSE END`
        : sql`CASE ${cell} WHEN 'true' THEN TRUE WHEN 'false' THEN FALSE ELSE CAST(CAST(${cell} AS INTEGER) AS BOOLEAN) END`;
    default: {
      const text = type.kind === 'timestamp' ? sql`REPLACE(${cell}, 'T', ' ')` : cell;
      const target = word(typeSql(type, null));
      return isSafe ? sql`TRY_CAST(NULLIF(TRIM(${text}), '') AS ${target})` : sql`CAST(${text} AS ${target})`;
    }
  }
}

/** What information_schema.columns says of a column that holds every value of ours as it is; texts that are too wide stop by themselves. */
export function redshiftHolds({ source: { type } }: LoadColumn): Quoted {
  const isOne = (...names: readonly string[]): Quoted =>
    word(`data_type IN (${names.map((name) => `'${name}'`).join(', ')})`);
  switch (type.kind) {
    case 'boolean':
      return isOne('boolean');
    case 'int32':
    case 'int64':
      return isOne('integer', 'bigint', 'numeric');
    case 'decimal':
      return word(`(data_type = 'numeric' AND numeric_scale >= ${type.scale})`);
    case 'float32':
      return isOne('real', 'double precision');
    case 'float64':
      return isOne('double precision');
    case 'date':
      return isOne('date');
    case 'time':
      return isOne('time without time zone');
    case 'timestamp':
      return isOne(type.zoned ? 'timestamp with time zone' : 'timestamp without time zone');
    case 'string':
    case 'json':
    case 'uuid':
      return isOne('character varying');
    case 'binary':
      return word("data_type NOT LIKE 'character%'");
    default:
      return type satisfies never;
  }
}
