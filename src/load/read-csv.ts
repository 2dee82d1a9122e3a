import { TextDecoder } from 'node:util';
import { SqlextractError } from '../model/problem.ts';

/** NULL is null; a text that is equal to the NULL marker stands quoted in the file and is that text. */
export type CsvRow = readonly (string | null)[];

export interface CsvShape {
  /** For messages. */
  readonly name: string;
  /** Of the header, in the file's order. */
  readonly columns: readonly string[];
  readonly nullMarker: string;
}

const QUOTE = 34;
const COMMA = 44;
const LINE_FEED = 10;

/**
 * The rows of one CSV file in the dialect of formats/csv-dialect.ts, and in no other: what departs from it is an error, not a guess. A list
 * of rows for each piece of bytes that comes in, so memory holds a piece and the longest row. Throws LOAD_FILE for a header with other names,
 * a row with another number of cells, a quote where none can be, bytes that are no UTF-8, and a file that ends inside a row.
 */
export async function* readCsv(bytes: AsyncIterable<Uint8Array>, shape: CsvShape): AsyncGenerator<readonly CsvRow[]> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const parser = new CsvParser(shape);
  for await (const piece of bytes) {
    const rows = parser.push(decoded(decoder, piece, shape));
    if (rows.length > 0) yield rows;
  }
  decoded(decoder, null, shape);
  parser.end();
}

/**
 *   start ──"──▶ quoted ──"──▶ closing ──"──▶ quoted        start: a cell begins
 *     │                           └──, or line end──▶ start  closing: after a quote, which may be the first of a doubled one
 *     └──other──▶ plain ──, or line end──▶ start             the state outlives a piece: a cell may begin in one and end in another
 */
class CsvParser {
  readonly #shape: CsvShape;
  #state: 'start' | 'plain' | 'quoted' | 'closing' = 'start';
  #text = '';
  #row: (string | null)[] = [];
  #headerSeen = false;
  #line = 0;

  constructor(shape: CsvShape) {
    this.#shape = shape;
  }

  push(text: string): readonly CsvRow[] {
    const rows: CsvRow[] = [];
    let at = 0;
    while (at < text.length) {
      if (this.#state === 'quoted') at = this.#readQuoted(text, at);
      else if (this.#state === 'closing') at = this.#afterQuote(text, at, rows);
      else at = this.#readPlain(text, at, rows);
    }
    return rows;
  }

  /** After the last piece. */
  end(): void {
    if (this.#state !== 'start' || this.#row.length > 0 || !this.#headerSeen)
      throw this.#breach('it ends inside a row');
  }

  #readQuoted(text: string, from: number): number {
    const end = text.indexOf('"', from);
    this.#text += text.slice(from, end === -1 ? text.length : end);
    if (end === -1) return text.length;
    this.#state = 'closing';
    return end + 1;
  }

  #afterQuote(text: string, at: number, rows: CsvRow[]): number {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      this.#text += '"';
      this.#state = 'quoted';
      return at + 1;
    }
    if (code !== COMMA && code !== LINE_FEED) throw this.#breach('text goes on after a closing quote');
    this.#cell(this.#text, code, rows);
    return at + 1;
  }

  #readPlain(text: string, from: number, rows: CsvRow[]): number {
    if (this.#state === 'start' && text.charCodeAt(from) === QUOTE) {
      this.#state = 'quoted';
      return from + 1;
    }
    this.#state = 'plain';
    let at = from;
    for (; at < text.length; at += 1) {
      const code = text.charCodeAt(at);
      if (code === QUOTE) throw this.#breach('a quote stands inside an unquoted cell');
      if (code !== COMMA && code !== LINE_FEED) continue;
      const whole = this.#text + text.slice(from, at);
      this.#cell(whole === this.#shape.nullMarker ? null : whole, code, rows);
      return at + 1;
    }
    this.#text += text.slice(from, at);
    return at;
  }

  #cell(value: string | null, separator: number, rows: CsvRow[]): void {
    this.#row.push(value);
    this.#text = '';
    this.#state = 'start';
    if (separator === LINE_FEED) this.#endRow(rows);
  }

  #endRow(rows: CsvRow[]): void {
    const row = this.#row;
    const { columns } = this.#shape;
    this.#row = [];
    this.#line += 1;
    if (row.length !== columns.length) throw this.#breach(`it has ${row.length} cells instead of ${columns.length}`);
    if (this.#headerSeen) rows.push(row);
    else if (row.some((cell, index) => cell !== columns[index])) throw this.#breach('its header has other names');
    this.#headerSeen = true;
  }

  #breach(what: string): SqlextractError {
    return fileError(this.#shape.name, `row ${this.#line} (the header is row 0): ${what}`);
  }
}

function decoded(decoder: TextDecoder, piece: Uint8Array | null, { name }: CsvShape): string {
  try {
    return piece === null ? decoder.decode() : decoder.decode(piece, { stream: true });
  } catch (error) {
    throw fileError(name, 'it has bytes that are no UTF-8', error);
  }
}

/** LOAD_FILE: a file is not what its manifest says. */
export function fileError(name: string, what: string, cause?: unknown): SqlextractError {
  return new SqlextractError(
    {
      code: 'LOAD_FILE',
      message: `file ${name} is not as it was written: ${what}`,
      hint: 'sqlextract verify tells which files are changed; extract again with --fresh',
      fault: 'data',
    },
    cause,
  );
}
