import { TextDecoder } from 'node:util';
import type { ColumnSchema } from '../../model/table.ts';
import { firstRow, prepare } from './query.ts';
import type { Connection, Row } from './query.ts';
import { quoteIdentifier } from './quote.ts';

/** The rows of a range in the order in which they are read. */
export interface RangeQuery {
  /** Quoted. */
  readonly table: string;
  readonly condition: string;
  readonly columns: readonly ColumnSchema[];
}

/** Terms of one flag: SQLite bounds the depth of an expression. */
const FLAG_TERMS = 100;

/**
 * A result list that uses every column of the range's own query, so that SQLite reads the rows by the same way and in the same order,
 * but gives out `wanted` and otherwise only flags. `used` are the columns (by index) that `wanted` uses itself.
 */
export function sameOrderQuery(
  query: RangeQuery,
  wanted: readonly string[],
  used: readonly number[],
  offset: number,
): string {
  const others = query.columns.filter((_, index) => !used.includes(index));
  const flags: string[] = [];
  for (let from = 0; from < others.length; from += FLAG_TERMS) {
    const terms = others.slice(from, from + FLAG_TERMS).map((column) => `(${quoteIdentifier(column.name)} IS NULL)`);
    flags.push(terms.join(' + '));
  }
  return `SELECT ${[...wanted, ...flags].join(', ')} FROM ${query.table} WHERE ${query.condition} LIMIT -1 OFFSET ${offset}`;
}

/**
 * node:sqlite puts U+FFFD in place of bytes that are no UTF-8, in silence. Where one shows up, the cell's bytes are read once more and
 * compared: a U+FFFD that was stored passes, another does not. Runs beside the range's own query, inside its read state.
 */
export class TextCheck {
  private readonly connection: Connection;
  private readonly query: RangeQuery;
  private readonly texts: readonly number[];
  private rows: Iterator<Row> | null = null;
  private position = 0;
  private current: Row = [];
  private decoder: TextDecoder | null = null;

  constructor(connection: Connection, query: RangeQuery) {
    this.connection = connection;
    this.query = query;
    this.texts = query.columns.flatMap((column, index) => (isText(column) ? [index] : []));
  }

  /** Whether `text`, read as the given cell, is what is stored there. Rows must be asked for in ascending order. */
  isExact(rowNumber: number, column: number, text: string): boolean {
    const bytes = this.rowAt(rowNumber)[this.texts.indexOf(column)];
    return bytes instanceof Uint8Array && this.decode(bytes) === text;
  }

  close(): void {
    this.rows?.return?.();
    this.rows = null;
  }

  private rowAt(rowNumber: number): Row {
    if (this.rows === null) {
      const bytes = this.texts.map(
        (index) => `CAST(${quoteIdentifier(this.query.columns[index]?.name ?? '')} AS BLOB)`,
      );
      const statement = prepare(this.connection, sameOrderQuery(this.query, bytes, this.texts, rowNumber));
      this.rows = statement.iterate() as unknown as Iterator<Row>;
      this.position = rowNumber;
    }
    while (this.position <= rowNumber) {
      const next = this.rows.next();
      if (next.done === true) throw new Error('the rows of a range ended early when its texts were checked');
      this.current = next.value;
      this.position++;
    }
    return this.current;
  }

  /** Null when the bytes are not well-formed in the database's encoding. */
  private decode(bytes: Uint8Array): string | null {
    this.decoder ??= decoderOf(this.connection);
    try {
      return this.decoder.decode(bytes);
    } catch {
      return null;
    }
  }
}

function isText(column: ColumnSchema): boolean {
  return column.type.kind === 'string' || column.type.kind === 'json' || column.type.kind === 'uuid';
}

/** `PRAGMA encoding` is UTF-8, UTF-16le or UTF-16be. */
function decoderOf(connection: Connection): TextDecoder {
  const encoding = String(firstRow(connection, 'PRAGMA encoding')?.[0]).toLowerCase();
  return new TextDecoder(encoding, { fatal: true, ignoreBOM: true });
}
