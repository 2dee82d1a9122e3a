import type { CursorColumn, CursorFrom, CursorWindow } from '../../src/model/cursor.ts';
import type { TableName, TableSchema } from '../../src/model/table.ts';
import type { BoundRequest, CursorBound, SourceCursors } from '../../src/sources/cursors.ts';
import type { SourceSession } from '../../src/sources/source.ts';
import { describeAll, readRows } from './source-reading.ts';

export function cursorsOf(session: SourceSession): SourceCursors {
  if (session.cursors === undefined) throw new Error('the session knows no cursors');
  return session.cursors;
}

export interface Delivery {
  /** Of the rows of the window, in order. */
  readonly ids: readonly number[];
  readonly bound: CursorBound;
  readonly window: CursorWindow;
}

/** Runs of an incremental job, as the engine makes them: bound, read, delivered, watermark. */
export class CursorJob {
  readonly session: SourceSession;
  readonly table: TableSchema;
  readonly column: CursorColumn;
  from: CursorFrom | null = null;
  key: readonly string[] = ['id'];
  where: string | null = null;
  nulls = false;
  most = 10_000;
  zone: string | null = null;

  private constructor(session: SourceSession, table: TableSchema, column: CursorColumn) {
    this.session = session;
    this.table = table;
    this.column = column;
  }

  static async over(session: SourceSession, name: TableName, column: string): Promise<CursorJob> {
    const table = await describeAll(session, name);
    return new CursorJob(session, table, await cursorsOf(session).describe(table, column));
  }

  bound(changes: Partial<BoundRequest> = {}): Promise<CursorBound> {
    const { table, column, where, zone } = this;
    const signal = new AbortController().signal;
    return cursorsOf(this.session).bound({ table, column, where, zone, lagMs: null, waitMs: 5000, signal, ...changes });
  }

  async next(changes: Partial<BoundRequest> = {}): Promise<Delivery> {
    const bound = await this.bound(changes);
    const window = this.windowTo(bound.to);
    const ids = await this.read(window);
    await this.move(window, bound);
    return { ids, bound, window };
  }

  windowTo(to: CursorWindow['to']): CursorWindow {
    return { column: this.column, from: this.from, to, nulls: this.nulls };
  }

  async read(window: CursorWindow): Promise<readonly number[]> {
    const condition = cursorsOf(this.session).condition(this.table, window);
    const where = this.where === null ? condition : `(${condition}\n) AND (${this.where}\n)`;
    const rows = await readRows(this.session, { table: this.table, where });
    const place = this.table.columns.findIndex(({ name }) => name === 'id');
    return rows.map((row) => Number(row[place])).toSorted((one, other) => one - other);
  }

  private async move(window: CursorWindow, bound: CursorBound): Promise<void> {
    const { table, where, key, most } = this;
    const { largest, ties } = await cursorsOf(this.session).delivered({ table, window, where, key, most });
    if (bound.next !== null) this.from = { value: bound.next, ties: { kind: 'all' } };
    if (largest === null) return;
    this.from = { value: largest, ties: ties === null ? { kind: 'all' } : { kind: 'except', key, tuples: ties } };
  }
}
