import type { ColumnType } from '../model/column-type.ts';
import type { ColumnSchema } from '../model/table.ts';
import { bool, i32, list, struct, text, type ThriftValue } from './thrift-compact.ts';
import type { DescribedType } from './format.ts';

/** parquet.thrift `Type`. INT96 is never written. */
export const PHYSICAL = {
  boolean: 0,
  int32: 1,
  int64: 2,
  float: 4,
  double: 5,
  byteArray: 6,
  fixed: 7,
} as const;

/** parquet.thrift `ConvertedType`, written beside the logical type because older readers know nothing else. */
const CONVERTED = { utf8: 0, decimal: 5, date: 6, timeMicros: 8, timestampMicros: 10 } as const;

/** One leaf column of the file. All are optional: a file's schema may not depend on whether a chunk has NULLs. */
export interface ParquetColumn {
  readonly name: string;
  readonly type: ColumnType;
  readonly physical: keyof typeof PHYSICAL;
  /** Bytes of a value; only for `fixed`. */
  readonly fixedLength: number;
}

export function parquetColumn(column: ColumnSchema): ParquetColumn {
  const physical = physicalOf(column.type);
  const fixedLength = physical === 'fixed' && column.type.kind === 'decimal' ? decimalBytes(column.type.precision) : 0;
  return { name: column.name, type: column.type, physical, fixedLength };
}

function physicalOf(type: ColumnType): keyof typeof PHYSICAL {
  switch (type.kind) {
    case 'boolean':
      return 'boolean';
    case 'int32':
    case 'date':
      return 'int32';
    case 'int64':
    case 'time':
    case 'timestamp':
      return 'int64';
    case 'float32':
      return 'float';
    case 'float64':
      return 'double';
    case 'decimal':
      if (type.precision <= 9) return 'int32';
      return type.precision <= 18 ? 'int64' : 'fixed';
    case 'string':
    case 'json':
    case 'uuid':
    case 'binary':
      return 'byteArray';
    default:
      return type satisfies never;
  }
}

/** Bytes that hold every decimal of this precision as a signed number: 38 → 16. */
export function decimalBytes(precision: number): number {
  const bits = (10n ** BigInt(precision)).toString(2).length + 1;
  return Math.ceil(bits / 8);
}

/** What people read in the plan and the manual. */
export function describeParquetType(type: DescribedType): string {
  switch (type.kind) {
    case 'boolean':
    case 'date':
      return type.kind.toUpperCase();
    case 'int32':
      return 'INT32';
    case 'int64':
      return 'INT64';
    case 'float32':
      return 'FLOAT';
    case 'float64':
      return 'DOUBLE';
    case 'decimal':
      return `DECIMAL(${type.precision},${type.scale})`;
    case 'time':
      return 'TIME(MICROS)';
    case 'timestamp':
      return type.zoned ? 'TIMESTAMP(MICROS, UTC)' : 'TIMESTAMP(MICROS)';
    case 'string':
    case 'json':
    case 'uuid':
      return 'STRING';
    case 'binary':
      return 'BYTE_ARRAY';
    default:
      return type satisfies never;
  }
}

/** parquet.thrift `SchemaElement`s: the root, then the columns in order. A function of the columns only. */
export function schemaElements(columns: readonly ParquetColumn[]): ThriftValue {
  const root = struct([4, text('schema')], [5, i32(columns.length)]);
  return list('struct', [root, ...columns.map(schemaElement)]);
}

const OPTIONAL = 1;

function schemaElement(column: ParquetColumn): ThriftValue {
  const { type } = column;
  const annotation = annotate(type);
  return struct(
    [1, i32(PHYSICAL[column.physical])],
    [2, column.physical === 'fixed' ? i32(column.fixedLength) : undefined],
    [3, i32(OPTIONAL)],
    [4, text(column.name)],
    [6, annotation === null ? undefined : i32(annotation.converted)],
    [7, type.kind === 'decimal' ? i32(type.scale) : undefined],
    [8, type.kind === 'decimal' ? i32(type.precision) : undefined],
    [10, annotation?.logical],
  );
}

/**
 * Converted and logical type. Times and timestamps without zone carry the legacy annotation too, as the format's specification
 * asks (LogicalTypes.md, "Deprecated time/timestamp ConvertedType"). uuid and json are STRING: BigQuery and Snowflake read the
 * other annotations as bytes.
 */
function annotate(type: ColumnType): { readonly converted: number; readonly logical: ThriftValue } | null {
  const micros = struct([2, struct()]);
  switch (type.kind) {
    case 'decimal': {
      const decimal = struct([1, i32(type.scale)], [2, i32(type.precision)]);
      return { converted: CONVERTED.decimal, logical: struct([5, decimal]) };
    }
    case 'date':
      return { converted: CONVERTED.date, logical: struct([6, struct()]) };
    case 'time':
      return { converted: CONVERTED.timeMicros, logical: struct([7, struct([1, bool(false)], [2, micros])]) };
    case 'timestamp':
      return { converted: CONVERTED.timestampMicros, logical: struct([8, struct([1, bool(type.zoned)], [2, micros])]) };
    case 'string':
    case 'json':
    case 'uuid':
      return { converted: CONVERTED.utf8, logical: struct([1, struct()]) };
    default:
      return null;
  }
}
