import type { GrowingBytes } from './growing-bytes.ts';
import type { PageCompressor } from './page-compressor.ts';
import { encodeThrift, i32, struct, type ThriftField } from './thrift-compact.ts';

/**
 * parquet.thrift `Encoding`. PLAIN_DICTIONARY is the older name of RLE_DICTIONARY, with the same bytes: what Spark writes into V1
 * files, and what the oldest readers know.
 */
export const ENCODING = { plain: 0, plainDictionary: 2, rle: 3 } as const;

/** parquet.thrift `PageType`. */
export const PAGE_TYPE = { data: 0, dictionary: 2 } as const;

/** A page with its header, as it goes into the file. */
export interface Page {
  readonly kind: keyof typeof PAGE_TYPE;
  readonly encoding: number;
  readonly header: Uint8Array;
  readonly body: Uint8Array;
  /** Header included. */
  readonly uncompressedBytes: number;
}

/** A V1 data page: definition levels, then values, compressed together. Takes `values` over. */
export async function dataPage(
  compressor: PageCompressor,
  levels: Uint8Array,
  values: GrowingBytes,
  rows: number,
  encoding: number,
): Promise<Page> {
  const header = struct([1, i32(rows)], [2, i32(encoding)], [3, i32(ENCODING.rle)], [4, i32(ENCODING.rle)]);
  return page(compressor, 'data', encoding, levels, values, [5, header]);
}

/** The distinct values of a column chunk, PLAIN. Takes `values` over. */
export async function dictionaryPage(compressor: PageCompressor, values: GrowingBytes, size: number): Promise<Page> {
  const header = struct([1, i32(size)], [2, i32(ENCODING.plainDictionary)]);
  return page(compressor, 'dictionary', ENCODING.plainDictionary, new Uint8Array(0), values, [7, header]);
}

async function page(
  compressor: PageCompressor,
  kind: Page['kind'],
  encoding: number,
  levels: Uint8Array,
  values: GrowingBytes,
  specific: ThriftField,
): Promise<Page> {
  const uncompressed = levels.length + values.length;
  const body = await compressor.compress(levels, values);
  const header = encodeThrift(
    struct([1, i32(PAGE_TYPE[kind])], [2, i32(uncompressed)], [3, i32(body.length)], specific),
  );
  return { kind, encoding, header, body, uncompressedBytes: header.length + uncompressed };
}
