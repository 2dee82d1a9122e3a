import { storageOf } from '../model/column-type.ts';
import type { ColumnVector } from '../model/row-batch.ts';
import type { GrowingBytes } from './growing-bytes.ts';
import type { PageCompressor } from './page-compressor.ts';
import { dictionaryOf, worthDictionary, type Dictionary } from './parquet-dictionary.ts';
import { DefinitionLevels, packNumbers } from './parquet-levels.ts';
import { dictionaryPage, dataPage, ENCODING, type Page } from './parquet-page.ts';
import { plainAppender, type PlainAppender } from './parquet-plain.ts';
import type { ParquetColumn } from './parquet-schema.ts';
import type { Bounds, BoundsCollector } from './bounds-collector.ts';
import { boundsCollector } from './parquet-statistics.ts';

/** Rows of a page, whatever their width: what a reader has to unpack to find one row. */
const MAX_PAGE_ROWS = 65_536;

/** One column of one row group, ready to be laid into the file: the dictionary page first, if there is one. */
export interface ColumnChunk {
  readonly pages: readonly Page[];
  readonly rows: number;
  readonly nulls: number;
  readonly bounds: Bounds | null;
}

/**
 * Collects the values of one column into compressed pages. Mode within a row group:
 *
 *   undecided ──sample──▶ dictionary ──full──▶ plain ; undecided ──sample──▶ plain ; any ──finishChunk──▶ undecided
 *
 * Values are copied out of the vectors at once; nothing of a batch is referenced after `append`.
 */
export class ParquetColumnWriter {
  readonly #column: ParquetColumn;
  readonly #compressor: PageCompressor;
  readonly #pageBytes: number;
  readonly #appendPlain: PlainAppender;
  readonly #bounds: BoundsCollector;
  readonly #levels = new DefinitionLevels(MAX_PAGE_ROWS);
  #mode: 'undecided' | 'dictionary' | 'plain' = 'undecided';
  #dictionary: Dictionary | null = null;
  #numbers = new Uint16Array(0);
  #values: GrowingBytes | null = null;
  #pages: Promise<Page>[] = [];
  #rows = 0;
  #nulls = 0;

  constructor(column: ParquetColumn, table: string, compressor: PageCompressor, pageBytes: number) {
    this.#column = column;
    this.#compressor = compressor;
    this.#pageBytes = pageBytes;
    this.#appendPlain = plainAppender(column);
    this.#bounds = boundsCollector(column, table);
  }

  append(vector: ColumnVector, from: number, to: number): void {
    this.#bounds.observe(vector, from, to);
    if (this.#mode === 'undecided') this.#decide(vector, from, to);
    for (let row = from; row < to; ) {
      row = this.#mode === 'dictionary' ? this.#appendNumbers(vector, row, to) : this.#appendValues(vector, row, to);
    }
  }

  #decide(vector: ColumnVector, from: number, to: number): void {
    const words = this.#rowWords();
    const useful = this.#column.physical !== 'boolean' && worthDictionary(vector, words, from, to);
    this.#mode = useful ? 'dictionary' : 'plain';
    this.#dictionary = useful ? dictionaryOf(vector, words) : null;
  }

  #rowWords(): number {
    const storage = storageOf(this.#column.type);
    if (storage === 'words4') return 4;
    return storage === 'words2' || storage === 'float64' ? 2 : 1;
  }

  /** Takes rows up to the page's end and returns the next one. */
  #appendNumbers(vector: ColumnVector, from: number, to: number): number {
    const stop = Math.min(to, from + MAX_PAGE_ROWS - this.#levels.rows);
    this.#growNumbers(this.#levels.values + stop - from);
    const dictionary = this.#dictionary as Dictionary;
    const reached = dictionary.number(vector, from, stop, this.#numbers, this.#levels.values);
    this.#levels.append(vector.nullCount === 0 ? null : vector.validity, from, reached);
    if (reached < stop) {
      if (this.#levels.rows > 0) this.#flushPage();
      this.#mode = 'plain';
    } else if (this.#levels.rows >= MAX_PAGE_ROWS) this.#flushPage();
    return reached;
  }

  #growNumbers(needed: number): void {
    if (needed <= this.#numbers.length) return;
    const grown = new Uint16Array(Math.max(needed, this.#numbers.length * 2));
    grown.set(this.#numbers);
    this.#numbers = grown;
  }

  #appendValues(vector: ColumnVector, from: number, to: number): number {
    this.#values ??= this.#compressor.buffer();
    const values = this.#values;
    const stop = this.#pageEnd(vector, from, Math.min(to, from + MAX_PAGE_ROWS - this.#levels.rows));
    this.#appendPlain(values, vector, from, stop, this.#levels.values);
    this.#levels.append(vector.nullCount === 0 ? null : vector.validity, from, stop);
    if (this.#levels.rows >= MAX_PAGE_ROWS || values.length >= this.#pageBytes) this.#flushPage();
    return stop;
  }

  /** The first row that no more fits into the page; at least one row goes in, or a long value would never. */
  #pageEnd(vector: ColumnVector, from: number, to: number): number {
    const room = this.#pageBytes - (this.#values?.length ?? 0);
    const { offsets } = vector;
    if (offsets === null) {
      const width = this.#column.physical === 'fixed' ? this.#column.fixedLength : this.#rowWords() * 4;
      return Math.min(to, from + Math.max(1, Math.ceil(room / width)));
    }
    const start = offsets[from] as number;
    let row = from + 1;
    while (row < to && (offsets[row] as number) - start + (row - from) * 4 < room) row++;
    return row;
  }

  #flushPage(): void {
    const { rows, nulls, values: count } = this.#levels;
    const levels = this.#levels.take();
    // A page of nothing but NULLs has no number, and perhaps never a dictionary to look one up in.
    const numbered = this.#mode === 'dictionary' && (count > 0 || (this.#dictionary?.size ?? 0) > 0);
    const body = numbered ? this.#numberedBody(count) : (this.#values ?? this.#compressor.buffer());
    const encoding = numbered ? ENCODING.plainDictionary : ENCODING.plain;
    this.#values = null;
    this.#rows += rows;
    this.#nulls += nulls;
    this.#keep(dataPage(this.#compressor, levels, body, rows, encoding));
  }

  #numberedBody(count: number): GrowingBytes {
    const body = this.#compressor.buffer();
    const width = Math.max(1, 32 - Math.clz32(Math.max(0, (this.#dictionary as Dictionary).size - 1)));
    body.append(Uint8Array.of(width));
    packNumbers(body, this.#numbers, count, width);
    return body;
  }

  /** The rejection is handled where the pages are awaited; until then it must not count as unhandled. */
  #keep(page: Promise<Page>): void {
    page.catch(() => undefined);
    this.#pages.push(page);
  }

  async finishChunk(): Promise<ColumnChunk> {
    if (this.#levels.rows > 0) this.#flushPage();
    const bounds = this.#bounds.take();
    const chunk = { rows: this.#rows, nulls: this.#nulls, bounds };
    const dictionary = this.#dictionary === null || this.#dictionary.size === 0 ? [] : [this.#dictionaryPage()];
    const pages = [...dictionary, ...this.#pages];
    this.#pages = [];
    this.#rows = 0;
    this.#nulls = 0;
    this.#mode = 'undecided';
    this.#dictionary = null;
    return { ...chunk, pages: await Promise.all(pages) };
  }

  #dictionaryPage(): Promise<Page> {
    const { size } = this.#dictionary as Dictionary;
    const body = this.#compressor.buffer();
    this.#appendPlain(body, (this.#dictionary as Dictionary).entries(), 0, size, 0);
    return dictionaryPage(this.#compressor, body, size);
  }
}
