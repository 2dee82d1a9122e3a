import type { ByteSink } from '../model/byte-sink.ts';
import { storageOf } from '../model/column-type.ts';
import type { ColumnVector, RowBatch } from '../model/row-batch.ts';
import type { TableSchema } from '../model/table.ts';
import { checkBatch } from './batch-check.ts';
import { addToStats, digitsOf, emptyStats, type ColumnStats } from './column-stats.ts';
import { cellWriter, FIXED_CELL_BYTES, quotedText, type CellWriter } from './csv-cells.ts';
import { fileStream, type FileStream } from './file-compressor.ts';
import type { ChunkEncoder, EncodedSummary, FormatOptions } from './format.ts';
import { GrowingBytes } from './growing-bytes.ts';

const PIECE_BYTES = 512 * 1024;
const COMMA = 44;
const LINE_FEED = 10;

/** One column of the batch at hand. */
interface Cells {
  readonly validity: Uint8Array | null;
  /** Of text-like columns, whose cells have no bound of their own. */
  readonly offsets: Int32Array | null;
  readonly write: CellWriter;
}

/**
 * Writes one CSV file in the dialect of csv-dialect.ts.
 *
 *   open ──write*──▶ open ──finish──▶ finished ; open ──a write fails──▶ failed ; open, failed ──abort──▶ aborted
 *
 * Two buffers take turns: one is being written by the sink (or compressed) while the other is filled.
 */
export class CsvEncoder implements ChunkEncoder {
  readonly #table: TableSchema;
  readonly #marker: Uint8Array;
  /** The bytes whose hex is the marker; null when it is no hex. */
  readonly #binaryMarker: Uint8Array | null;
  readonly #stream: FileStream;
  readonly #stats: ColumnStats;
  #filling = new GrowingBytes(PIECE_BYTES + 64 * 1024);
  #idle = new GrowingBytes(PIECE_BYTES + 64 * 1024);
  #writing: Promise<void> = Promise.resolve();
  #markerCells = 0;
  #state: 'open' | 'finished' | 'failed' | 'aborted' = 'open';

  constructor(table: TableSchema, out: ByteSink, options: FormatOptions) {
    this.#table = table;
    this.#marker = Buffer.from(options.nullMarker, 'utf8');
    this.#binaryMarker = /^(?:[0-9a-f]{2})*$/.test(options.nullMarker) ? Buffer.from(options.nullMarker, 'hex') : null;
    this.#stream = fileStream(options.compression, out);
    this.#stats = emptyStats(table);
    const names = table.columns.map((column) => quotedText(column.name)).join(',');
    this.#filling.append(Buffer.from(`${names}\n`, 'utf8'));
  }

  async write(batch: RowBatch): Promise<void> {
    await this.#guarded(async () => {
      checkBatch(this.#table, batch);
      const columns = batch.columns.map((vector, index) => this.#cells(vector, index, batch.rowCount));
      for (let row = 0; row < batch.rowCount; ) {
        row = encodeRows(this.#filling, columns, this.#marker, row, batch.rowCount);
        if (this.#filling.length >= PIECE_BYTES) await this.#swap();
      }
      addToStats(this.#stats, this.#table, batch);
      this.#markerCells += this.#countMarkerCells(batch);
    });
  }

  #cells(vector: ColumnVector, index: number, rows: number): Cells {
    const type = this.#table.columns[index]?.type;
    if (type === undefined) throw new Error(`no column ${index}`);
    return {
      validity: vector.nullCount === 0 ? null : vector.validity,
      offsets: vector.offsets,
      write: cellWriter(type, vector, rows),
    };
  }

  /** Cells that read like NULL but for their quotes. */
  #countMarkerCells(batch: RowBatch): number {
    let count = 0;
    for (const [index, vector] of batch.columns.entries()) {
      const type = this.#table.columns[index]?.type;
      if (type === undefined || storageOf(type) !== 'bytes') continue;
      const marker = type.kind === 'binary' ? this.#binaryMarker : this.#marker;
      if (marker !== null) count += cellsEqualTo(vector, batch.rowCount, marker);
    }
    return count;
  }

  async #swap(): Promise<void> {
    await this.#writing;
    this.#writing = this.#stream.write(this.#filling.written());
    // Awaited at the next swap; until then a rejection must not count as unhandled.
    this.#writing.catch(() => undefined);
    const filled = this.#filling;
    this.#filling = this.#idle;
    this.#filling.length = 0;
    this.#idle = filled;
  }

  bytesOut(): number {
    return this.#stream.bytesOut();
  }

  async finish(): Promise<EncodedSummary> {
    await this.#guarded(async () => {
      if (this.#filling.length > 0) await this.#swap();
      await this.#writing;
      await this.#stream.end();
    });
    if (this.#state !== 'open') throw new Error(`the encoder is ${this.#state}`);
    this.#state = 'finished';
    const { rows, nullCounts, maxBytes, nulTexts } = this.#stats;
    return { rows, nullCounts, maxBytes, nulTexts, digits: digitsOf(this.#stats), nullMarkerCells: this.#markerCells };
  }

  async #guarded(work: () => Promise<void>): Promise<void> {
    if (this.#state !== 'open') throw new Error(`the CSV encoder is ${this.#state}`);
    this.#state = 'failed';
    await work();
    this.#reopen();
  }

  /** After an abort in the middle of a write the encoder stays aborted. */
  #reopen(): void {
    if (this.#state === 'failed') this.#state = 'open';
  }

  abort(): void {
    if (this.#state === 'finished') return;
    this.#state = 'aborted';
    this.#stream.destroy();
    this.#filling = new GrowingBytes(0);
    this.#idle = new GrowingBytes(0);
  }
}

/** Encodes rows from `from` on until the buffer holds a piece; returns the next row. */
function encodeRows(
  out: GrowingBytes,
  columns: readonly Cells[],
  marker: Uint8Array,
  from: number,
  to: number,
): number {
  const last = columns.length - 1;
  const fixed = columns.length * (FIXED_CELL_BYTES + marker.length + 1) + 4;
  for (let row = from; row < to; row++) {
    if (out.length >= PIECE_BYTES) return row;
    out.reserve(fixed + variableBytes(columns, row));
    let at = out.length;
    for (let index = 0; index <= last; index++) {
      const { validity, write } = columns[index] as Cells;
      if (validity === null || (((validity[row >> 3] as number) >> (row & 7)) & 1) === 1) at = write(out, at, row);
      else {
        for (let byte = 0; byte < marker.length; byte++) out.bytes[at++] = marker[byte] as number;
      }
      out.bytes[at++] = index === last ? LINE_FEED : COMMA;
    }
    out.length = at;
  }
  return to;
}

/** Every byte may become two (a doubled quote, hex). */
function variableBytes(columns: readonly Cells[], row: number): number {
  let bytes = 0;
  for (let index = 0; index < columns.length; index++) {
    const { offsets } = columns[index] as Cells;
    if (offsets !== null) bytes += (offsets[row + 1] as number) - (offsets[row] as number);
  }
  return bytes * 2;
}

function cellsEqualTo(vector: ColumnVector, rows: number, marker: Uint8Array): number {
  const source = vector.values as Uint8Array;
  const offsets = vector.offsets as Int32Array;
  let count = 0;
  for (let row = 0; row < rows; row++) {
    const start = offsets[row] as number;
    if ((offsets[row + 1] as number) - start !== marker.length || source[start] !== marker[0]) continue;
    if (vector.validity !== null && (((vector.validity[row >> 3] as number) >> (row & 7)) & 1) === 0) continue;
    if (Buffer.compare(source.subarray(start, start + marker.length), marker) === 0) count++;
  }
  return count;
}
