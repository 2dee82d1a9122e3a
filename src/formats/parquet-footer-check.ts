import { SqlextractError } from '../model/problem.ts';
import { MAGIC } from './parquet-footer.ts';
import { decodeThriftStruct, type ThriftRead } from './thrift-reader.ts';

/**
 * Reads the footer back from the bytes that went out and throws unless it describes exactly this file: as many rows as were
 * written, in the file, in every row group and in every column, and column chunks that lie end to end from the file's magic to the
 * footer.
 *
 * @param tail the last bytes of the file, the whole footer among them
 * @param fileBytes the file's size
 */
export function checkFooter(tail: Uint8Array, fileBytes: number, rows: number, columns: number, table: string): void {
  const wrong = wrongIn(tail, fileBytes, rows, columns);
  if (wrong === null) return;
  throw new SqlextractError({
    code: 'PARQUET_FOOTER_WRONG',
    message: `${table}: the finished Parquet file is not what was written: ${wrong}`,
    hint: 'the file is thrown away and nothing is lost; please report this as a bug',
    fault: 'bug',
  });
}

function wrongIn(tail: Uint8Array, fileBytes: number, rows: number, columns: number): string | null {
  const footer = footerOf(tail);
  if (footer === null) return 'it does not end in a footer';
  const file = decodeThriftStruct(footer);
  if (numeric(file.get(3)) !== rows) return `its footer says ${numeric(file.get(3))} rows instead of ${rows}`;
  const schema = structs(file.get(2));
  if (schema.length !== columns + 1) return `its schema has ${schema.length - 1} columns instead of ${columns}`;
  let at = MAGIC.length;
  let sum = 0;
  for (const group of structs(file.get(4))) {
    const groupRows = numeric(group.get(3));
    sum += groupRows;
    const chunks = structs(group.get(1)).map((chunk) => chunk.get(3) as ReadonlyMap<number, ThriftRead>);
    if (chunks.length !== columns) return `a row group has ${chunks.length} columns instead of ${columns}`;
    for (const chunk of chunks) {
      if (numeric(chunk.get(5)) !== groupRows) return `a column has ${numeric(chunk.get(5))} of ${groupRows} rows`;
      if (numeric(chunk.get(11) ?? chunk.get(9)) !== at) return `a column does not begin at byte ${at}`;
      at += numeric(chunk.get(7));
    }
  }
  if (sum !== rows) return `its row groups have ${sum} rows instead of ${rows}`;
  const footerStart = fileBytes - footer.length - 8;
  return at === footerStart ? null : `its columns end at byte ${at} instead of ${footerStart}`;
}

function footerOf(tail: Uint8Array): Uint8Array | null {
  const bytes = Buffer.from(tail.buffer, tail.byteOffset, tail.byteLength);
  if (bytes.length < 12 || !bytes.subarray(-4).equals(MAGIC)) return null;
  const length = bytes.readUInt32LE(bytes.length - 8);
  return length + 8 > bytes.length ? null : bytes.subarray(bytes.length - 8 - length, bytes.length - 8);
}

function structs(value: ThriftRead | undefined): readonly ReadonlyMap<number, ThriftRead>[] {
  return Array.isArray(value) ? (value as readonly ReadonlyMap<number, ThriftRead>[]) : [];
}

function numeric(value: ThriftRead | undefined): number {
  return typeof value === 'number' ? value : Number.NaN;
}
