import { writeFile } from 'node:fs/promises';
import type { EncodedSummary, FileFormat, FormatOptions } from '../../src/formats/format.ts';
import { buildBatch, scribbleOver, testTable, type Cell, type TestColumn } from './batch.ts';

export const DEFAULT_OPTIONS: FormatOptions = {
  compression: 'none',
  nullMarker: '\\N',
  rowGroupBytes: 64 * 1024 * 1024,
  metadata: { 'sqlextract.table': 'test.values', 'sqlextract.run': '20240131T000000-1' },
};

export interface Encoded {
  readonly bytes: Buffer;
  readonly summary: EncodedSummary;
  /** Sizes of the pieces that the sink was given. */
  readonly pieces: readonly number[];
}

/** Sends rows through an encoder, in batches of the given sizes in turn, and spoils each batch after its `write` resolved. */
export async function encodeRows(
  format: FileFormat,
  columns: readonly TestColumn[],
  rows: readonly (readonly Cell[])[],
  options: Partial<FormatOptions> = {},
  batchSizes: readonly number[] = [1024],
): Promise<Encoded> {
  const pieces: Buffer[] = [];
  const sink = { write: async (bytes: Uint8Array) => void pieces.push(Buffer.from(bytes)) };
  const encoder = await format.open(testTable(columns), sink, { ...DEFAULT_OPTIONS, ...options });
  const types = columns.map((column) => column.type);
  for (let from = 0, turn = 0; from < rows.length; turn++) {
    const size = batchSizes[turn % batchSizes.length] ?? 1;
    const batch = buildBatch(types, rows.slice(from, from + size));
    await encoder.write(batch);
    scribbleOver(batch);
    from += size;
  }
  const summary = await encoder.finish();
  const bytes = Buffer.concat(pieces);
  if (encoder.bytesOut() !== bytes.length) throw new Error(`bytesOut ${encoder.bytesOut()} of ${bytes.length}`);
  return { bytes, summary, pieces: pieces.map((piece) => piece.length) };
}

export async function encodeToFile(path: string, ...args: Parameters<typeof encodeRows>): Promise<Encoded> {
  const encoded = await encodeRows(...args);
  await writeFile(path, encoded.bytes);
  return encoded;
}
