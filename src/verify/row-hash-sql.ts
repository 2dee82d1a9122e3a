import type { ColumnType } from '../model/column-type.ts';

export interface HashedColumn {
  readonly expression: string;
  readonly type: ColumnType;
}

/**
 * SQL for model/row-hash.ts in DuckDB's dialect, over typed columns: the sum over all rows, as a text of digits (`0` for no rows). A
 * sum of 64-bit numbers is a HUGEINT there, wide enough for 2^63 rows.
 */
export function rowHashSum(columns: readonly HashedColumn[]): string {
  return `coalesce(sum(CAST('0x' || left(${rowHash(columns)}, 16) AS UBIGINT)), 0)::VARCHAR`;
}

/** All 128 bits of one row's hash, as 32 hex digits: two rows that differ are not taken for one. */
export function rowHash(columns: readonly HashedColumn[]): string {
  const cells = columns.map(({ expression, type }) => hashedCell(cellText(type, expression)));
  return `md5(concat(${cells.join(', ')}))`;
}

/** `strlen` counts bytes, `length` would count characters. */
function hashedCell(text: string): string {
  return `coalesce(strlen(${text})::VARCHAR || ':' || ${text}, '-')`;
}

function cellText(type: ColumnType, value: string): string {
  switch (type.kind) {
    case 'boolean':
      return `CASE ${value} WHEN true THEN 't' WHEN false THEN 'f' END`;
    case 'int32':
    case 'int64':
      return `${value}::VARCHAR`;
    case 'decimal':
      return decimalText(value, type.precision === type.scale);
    case 'float32':
    case 'float64':
      // A cast to BIT gives the bits of the IEEE value, highest first.
      return `CASE WHEN isnan(${value}) THEN 'nan' ELSE ${value}::BIT::VARCHAR END`;
    case 'date':
      return `(${value} - DATE '1970-01-01')::VARCHAR`;
    case 'time':
    case 'timestamp':
      return `epoch_us(${value})::VARCHAR`;
    case 'string':
    case 'json':
      return value;
    case 'uuid':
      return `lower(${value})`;
    case 'binary':
      return `lower(hex(${value}))`;
    default:
      return type satisfies never;
  }
}

/** DuckDB leaves the zero before the point out when the type has no digit there. */
function decimalText(value: string, withoutWhole: boolean): string {
  const text = `${value}::VARCHAR`;
  return withoutWhole ? `CASE WHEN ${value} < 0 THEN replace(${text}, '-', '-0') ELSE '0' || ${text} END` : text;
}
