import type { ColumnSchema } from '../model/table.ts';
import type { FileFormat } from './format.ts';
import { ParquetEncoder } from './parquet-encoder.ts';
import { describeParquetType } from './parquet-schema.ts';
import { refusesColumns } from './table-refusals.ts';

/**
 * Apache Parquet (https://parquet.apache.org/docs/file-format/) as every warehouse reads it: V1 data pages, PLAIN and dictionary
 * encoding, flat and optional columns, row groups bounded by bytes, statistics per row group. Why it is written here and not by a
 * library: docs/decisions/parquet-writer.md.
 */
export const parquetFormat: FileFormat = {
  name: 'parquet',
  compressions: ['zstd', 'snappy', 'gzip', 'none'],
  defaultCompression: 'zstd',
  dialect: null,
  extension: () => 'parquet',
  describe: (column) => describeParquetType(column.type),
  describes: describeParquetType,
  refuses: refusesDecimal,
  refusesTable: refusesColumns,
  refusesMarker: () => null,
  open: async (schema, out, options) => new ParquetEncoder(schema, out, options),
};

function refusesDecimal({ name, type }: ColumnSchema): string | null {
  if (type.kind !== 'decimal') return null;
  const { precision, scale } = type;
  const fits = precision >= 1 && precision <= 38 && scale >= 0 && scale <= precision;
  return fits ? null : `column "${name}" is decimal(${precision},${scale}): Parquet holds 1 to 38 digits`;
}
