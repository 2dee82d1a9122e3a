import type { ByteSink } from '../model/byte-sink.ts';
import { storageOf, type Storage } from '../model/column-type.ts';
import type { RowBatch } from '../model/row-batch.ts';
import { displayName, type TableSchema } from '../model/table.ts';
import { checkBatch } from './batch-check.ts';
import { addToStats, digitsOf, emptyStats, type ColumnStats } from './column-stats.ts';
import type { ChunkEncoder, EncodedSummary, FormatOptions } from './format.ts';
import { PageCompressor } from './page-compressor.ts';
import { ParquetColumnWriter } from './parquet-column.ts';
import { checkFooter } from './parquet-footer-check.ts';
import { footer, MAGIC, rowGroup, type RowGroup } from './parquet-footer.ts';
import { parquetColumn, type ParquetColumn } from './parquet-schema.ts';
import { PieceWriter } from './piece-writer.ts';
import { rawBytes, rowsWithin } from './row-bytes.ts';

/** A row group has at most this many rows, however narrow they are: readers hand row groups, not rows, to their threads. */
const MAX_GROUP_ROWS = 1_048_576;

const PAGE_BYTES = { most: 1024 * 1024, least: 64 * 1024 } as const;

/**
 * Writes one Parquet file, row group by row group.
 *
 *   open ──write*──▶ open ──finish──▶ finished ; open ──a write fails──▶ failed ; open, failed ──abort──▶ aborted
 *
 * In memory at a time: the compressed pages of one row group, one page in the making per column, and the pages that wait for a
 * compressor. Only `finish` in state open writes a footer, so a file that failed can never look like a whole one.
 */
export class ParquetEncoder implements ChunkEncoder {
  readonly #table: TableSchema;
  readonly #options: FormatOptions;
  readonly #columns: readonly ParquetColumn[];
  readonly #storages: readonly Storage[];
  readonly #compressor: PageCompressor;
  #writers: readonly ParquetColumnWriter[];
  readonly #out: PieceWriter;
  readonly #stats: ColumnStats;
  readonly #groups: RowGroup[] = [];
  #state: 'open' | 'finished' | 'failed' | 'aborted' = 'open';
  #groupRows = 0;
  #groupBytes = 0;

  constructor(table: TableSchema, out: ByteSink, options: FormatOptions) {
    this.#table = table;
    this.#options = options;
    this.#columns = table.columns.map(parquetColumn);
    this.#storages = table.columns.map((column) => storageOf(column.type));
    const share = Math.floor(options.rowGroupBytes / 2 / Math.max(1, table.columns.length));
    const pageBytes = Math.max(PAGE_BYTES.least, Math.min(PAGE_BYTES.most, share));
    this.#compressor = new PageCompressor(options.compression, 16 * 1024);
    const name = displayName(table);
    this.#writers = this.#columns.map((each) => new ParquetColumnWriter(each, name, this.#compressor, pageBytes));
    this.#out = new PieceWriter(out);
    this.#stats = emptyStats(table);
  }

  async write(batch: RowBatch): Promise<void> {
    await this.#guarded(async () => {
      checkBatch(this.#table, batch);
      await this.#begin();
      for (let row = 0; row < batch.rowCount; ) row = await this.#append(batch, row);
      addToStats(this.#stats, this.#table, batch);
    });
  }

  /** Encodes what fits into the row group and returns the next row. */
  async #append(batch: RowBatch, from: number): Promise<number> {
    const storages = this.#storages;
    const room = this.#options.rowGroupBytes - this.#groupBytes;
    const rows = rowsWithin(batch, storages, from, room, MAX_GROUP_ROWS - this.#groupRows);
    if (rows === 0 && this.#groupRows > 0) {
      await this.#flushGroup();
      return from;
    }
    const to = from + Math.max(1, rows);
    for (const [index, writer] of this.#writers.entries()) {
      const vector = batch.columns[index];
      if (vector !== undefined) writer.append(vector, from, to);
      await this.#compressor.settle();
    }
    this.#groupRows += to - from;
    this.#groupBytes += rawBytes(batch, storages, from, to);
    return to;
  }

  async #begin(): Promise<void> {
    if (this.#out.bytesTaken() === 0) await this.#out.write(MAGIC);
  }

  async #flushGroup(): Promise<void> {
    const offset = this.#out.bytesTaken();
    const chunks = await Promise.all(this.#writers.map((writer) => writer.finishChunk()));
    const { compression } = this.#options;
    this.#groups.push(rowGroup(this.#columns, chunks, compression, offset, this.#groups.length));
    this.#groupRows = 0;
    this.#groupBytes = 0;
    for (const chunk of chunks) {
      for (const page of chunk.pages) {
        await this.#out.write(page.header);
        await this.#out.write(page.body);
      }
    }
    await this.#out.flush();
  }

  bytesOut(): number {
    return this.#out.bytesGiven();
  }

  async finish(): Promise<EncodedSummary> {
    await this.#guarded(async () => {
      await this.#begin();
      if (this.#groupRows > 0) await this.#flushGroup();
      await this.#out.flush();
      const end = footer(this.#columns, this.#groups, this.#options.metadata);
      await this.#out.write(end);
      const tail = await this.#out.flush();
      checkFooter(tail, this.#out.bytesGiven(), this.#stats.rows, this.#columns.length, displayName(this.#table));
    });
    if (this.#state !== 'open') throw new Error(`the encoder is ${this.#state}`);
    this.#state = 'finished';
    this.#writers = [];
    this.#compressor.close();
    const { rows, nullCounts, maxBytes, nulTexts } = this.#stats;
    return { rows, nullCounts, maxBytes, nulTexts, digits: digitsOf(this.#stats), nullMarkerCells: 0 };
  }

  async #guarded(work: () => Promise<void>): Promise<void> {
    if (this.#state !== 'open') throw new Error(`the Parquet encoder is ${this.#state}`);
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
    this.#writers = [];
    this.#compressor.close();
    this.#groups.length = 0;
  }
}
