import type { Compression } from './format.ts';
import { CODEC } from './page-compressor.ts';
import type { ColumnChunk } from './parquet-column.ts';
import { ENCODING, PAGE_TYPE, type Page } from './parquet-page.ts';
import { PHYSICAL, schemaElements, type ParquetColumn } from './parquet-schema.ts';
import type { Bounds } from './bounds-collector.ts';
import { binary, bool, encodeThrift, i16, i32, i64, list, struct, text, type ThriftValue } from './thrift-compact.ts';

export const MAGIC = Buffer.from('PAR1', 'latin1');

/** Readers look at the form of this ("name version x.y.z (build b)") to work around known writers' faults. The version is the writer's own. */
const CREATED_BY = 'sqlextract version 1.0.0 (build parquet)';

/** What the footer holds of one row group. */
export interface RowGroup {
  readonly rows: number;
  readonly metadata: ThriftValue;
}

/** `offset` is where the first page of the first column begins; the columns' pages follow each other in order. */
export function rowGroup(
  columns: readonly ParquetColumn[],
  chunks: readonly ColumnChunk[],
  compression: Compression,
  offset: number,
  ordinal: number,
): RowGroup {
  const rows = chunks[0]?.rows ?? 0;
  let at = offset;
  let uncompressed = 0;
  const entries = columns.map((column, index) => {
    const chunk = chunks[index] as ColumnChunk;
    const start = at;
    at += sizeOf(chunk.pages);
    uncompressed += uncompressedSizeOf(chunk.pages);
    return struct([2, i64(0)], [3, columnMetadata(column, chunk, compression, start)]);
  });
  const metadata = struct(
    [1, list('struct', entries)],
    [2, i64(uncompressed)],
    [3, i64(rows)],
    [5, i64(offset)],
    [6, i64(at - offset)],
    // A 16-bit field; files beyond it do without.
    [7, ordinal < 32_768 ? i16(ordinal) : undefined],
  );
  return { rows, metadata };
}

export function sizeOf(pages: readonly Page[]): number {
  return pages.reduce((sum, page) => sum + page.header.length + page.body.length, 0);
}

function uncompressedSizeOf(pages: readonly Page[]): number {
  return pages.reduce((sum, page) => sum + page.uncompressedBytes, 0);
}

function columnMetadata(
  column: ParquetColumn,
  chunk: ColumnChunk,
  compression: Compression,
  start: number,
): ThriftValue {
  const [first] = chunk.pages;
  const dictionary = first?.kind === 'dictionary' ? first : null;
  const firstData = dictionary === null ? start : start + sizeOf([dictionary]);
  const encodings = new Set([ENCODING.rle, ...chunk.pages.map((page) => page.encoding)]);
  return struct(
    [1, i32(PHYSICAL[column.physical])],
    [2, list('i32', [...encodings].sort((a, b) => a - b).map(i32))],
    [3, list('binary', [text(column.name)])],
    [4, i32(CODEC[compression])],
    [5, i64(chunk.rows)],
    [6, i64(uncompressedSizeOf(chunk.pages))],
    [7, i64(sizeOf(chunk.pages))],
    [9, i64(firstData)],
    [11, dictionary === null ? undefined : i64(start)],
    [12, statistics(chunk.nulls, chunk.bounds)],
    [13, encodingStats(chunk.pages)],
  );
}

function statistics(nulls: number, bounds: Bounds | null): ThriftValue {
  return struct(
    [3, i64(nulls)],
    [5, bounds === null ? undefined : binary(bounds.max)],
    [6, bounds === null ? undefined : binary(bounds.min)],
    [7, bounds === null ? undefined : bool(bounds.maxExact)],
    [8, bounds === null ? undefined : bool(bounds.minExact)],
  );
}

/** How many pages of which kind: tells a reader whether the dictionary holds every value of the chunk. */
function encodingStats(pages: readonly Page[]): ThriftValue {
  const counts = new Map<string, { readonly page: Page; count: number }>();
  for (const page of pages) {
    const key = `${page.kind} ${page.encoding}`;
    const entry = counts.get(key) ?? { page, count: 0 };
    entry.count++;
    counts.set(key, entry);
  }
  const entries = [...counts.values()].map(({ page, count }) =>
    struct([1, i32(PAGE_TYPE[page.kind])], [2, i32(page.encoding)], [3, i32(count)]),
  );
  return list('struct', entries);
}

/** The file's end: metadata, its length, magic. */
export function footer(
  columns: readonly ParquetColumn[],
  rowGroups: readonly RowGroup[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const pairs = Object.entries(metadata).map(([key, value]) => struct([1, text(key)], [2, text(value)]));
  const typeDefinedOrder = struct([1, struct()]);
  const body = encodeThrift(
    struct(
      [1, i32(1)],
      [2, schemaElements(columns)],
      [3, i64(rowGroups.reduce((sum, group) => sum + group.rows, 0))],
      [
        4,
        list(
          'struct',
          rowGroups.map((group) => group.metadata),
        ),
      ],
      [5, pairs.length === 0 ? undefined : list('struct', pairs)],
      [6, text(CREATED_BY)],
      [
        7,
        list(
          'struct',
          columns.map(() => typeDefinedOrder),
        ),
      ],
    ),
  );
  const length = Buffer.alloc(4);
  length.writeUInt32LE(body.length);
  return Buffer.concat([body, length, MAGIC]);
}
