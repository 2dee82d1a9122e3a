import { setImmediate } from 'node:timers/promises';
import type { RowBatch } from '../../model/row-batch.ts';
import type { ReadRequest } from '../source.ts';
import type { ColumnFiller } from './column-filler.ts';
import { columnFiller } from './decode.ts';
import { sqliteError } from './errors.ts';
import { misfitError } from './misfit.ts';
import { prepare } from './query.ts';
import type { Connection, Row } from './query.ts';
import { fromClause } from './from-clause.ts';
import { quoteIdentifier } from './quote.ts';
import { rangeCondition } from './range-predicate.ts';
import { RowBlocks } from './row-blocks.ts';
import { TextCheck } from './text-check.ts';
import type { RangeQuery } from './text-check.ts';

/**
 * See SourceSession.readRange. Rows are taken in blocks of a few hundred, and each block column by column. One statement reads the whole
 * range: it ends with SQLITE_DONE or throws, and sees one state also without a transaction around it.
 */
export async function* readRange(
  connection: Connection,
  request: ReadRequest,
): AsyncGenerator<RowBatch, void, undefined> {
  const query = rangeQuery(request);
  const statement = prepare(connection, selectSql(query, request.limit));
  const rows = statement.iterate() as unknown as Iterator<Row>;
  const reader = new RangeReader(connection, request, query);
  try {
    const blocks = new RowBlocks(rows, request.table.columns);
    for (;;) {
      request.signal.throwIfAborted();
      const batch = reader.nextBatch(blocks);
      if (batch === null) return;
      yield batch;
      // So that messages, timers and signals get their turn: SQLite itself never waits for anything.
      await setImmediate();
    }
  } catch (error) {
    throw sqliteError(error, connection.path);
  } finally {
    reader.close();
    rows.return?.();
  }
}

function rangeQuery(request: ReadRequest): RangeQuery {
  const { table, key, range, where } = request;
  return {
    table: fromClause(table),
    condition: rangeCondition(table, key, range, where),
    columns: table.columns,
  };
}

function selectSql(query: RangeQuery, limit: number | null): string {
  const columns = query.columns.map((column) => quoteIdentifier(column.name)).join(', ');
  return `SELECT ${columns} FROM ${query.table} WHERE ${query.condition}${limit === null ? '' : ` LIMIT ${limit}`}`;
}

class RangeReader {
  private readonly connection: Connection;
  private readonly request: ReadRequest;
  private readonly query: RangeQuery;
  private readonly fillers: readonly ColumnFiller[];
  private readonly check: TextCheck;
  private readonly notNull: readonly boolean[];
  /** Rows of the range that are in builders or given out. */
  private rowsRead = 0;

  constructor(connection: Connection, request: ReadRequest, query: RangeQuery) {
    this.connection = connection;
    this.request = request;
    this.query = query;
    this.fillers = query.columns.map(columnFiller);
    this.check = new TextCheck(connection, query);
    this.notNull = query.columns.map((column) => !column.nullable);
  }

  /** Null after the last row. */
  nextBatch(blocks: RowBlocks): RowBatch | null {
    const bounds = this.request.batchBounds();
    for (const filler of this.fillers) filler.reset();
    let rowCount = 0;
    let bytes = 0;
    while (rowCount < bounds.rows) {
      const count = blocks.take(bounds.rows - rowCount, bounds.bytes - bytes, rowCount === 0);
      if (count === 0) break;
      this.fill(blocks.rows, count);
      rowCount += count;
      bytes = this.fillers.reduce((sum, filler) => sum + filler.byteLength, 0);
    }
    if (rowCount === 0) return null;
    this.request.onProgress?.(rowCount, bytes);
    return { rowCount, columns: this.fillers.map((filler) => filler.finish()) };
  }

  close(): void {
    this.check.close();
  }

  private fill(rows: readonly Row[], count: number): void {
    const suspects: number[] = [];
    this.fillers.forEach((filler, index) => {
      const misfit = filler.fill(rows, count, index);
      if (misfit >= 0) this.fail(rows, misfit, index, 'class');
      if (this.notNull[index] === true) this.checkNotNull(rows, count, index, filler);
      if (filler.sawReplacement) suspects.push(index);
    });
    if (suspects.length > 0) this.checkTexts(rows, count, suspects);
    this.rowsRead += count;
  }

  /** A file can hold NULL in a NOT NULL column after an edit of its schema; `finish` is cheap and counts. */
  private checkNotNull(rows: readonly Row[], count: number, index: number, filler: ColumnFiller): void {
    if (filler.finish().nullCount === 0) return;
    for (let i = 0; i < count; i++) if (rows[i]?.[index] === null) this.fail(rows, i, index, 'class');
  }

  /** Row by row, because the check follows the rows and never goes back. */
  private checkTexts(rows: readonly Row[], count: number, suspects: readonly number[]): void {
    for (let i = 0; i < count; i++) {
      for (const index of suspects) {
        const cell = rows[i]?.[index];
        if (typeof cell !== 'string' || !cell.includes('�')) continue;
        if (!this.check.isExact(this.rowsRead + i, index, cell)) this.fail(rows, i, index, 'encoding');
      }
    }
  }

  private fail(rows: readonly Row[], row: number, index: number, reason: 'class' | 'encoding'): never {
    const column = this.query.columns[index];
    if (column === undefined) throw new Error(`there is no column ${index}`);
    const cell = rows[row]?.[index] ?? null;
    throw misfitError(this.connection, this.request.table, this.query, {
      rowNumber: this.rowsRead + row,
      column,
      cell,
      reason,
    });
  }
}
