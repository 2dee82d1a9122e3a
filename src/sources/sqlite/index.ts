import { realpath } from 'node:fs/promises';
import type { SnapshotToken, EpochFacts } from '../../model/epoch.ts';
import type { KeyTuple } from '../../model/key-range.ts';
import type { RowBatch } from '../../model/row-batch.ts';
import type { TableName, TableRef, TableSchema } from '../../model/table.ts';
import { isTimeless } from '../../model/timeless.ts';
import type {
  BoundaryRequest,
  Checksum,
  ChecksumRequest,
  ColumnSelection,
  CountedRange,
  QueryRequest,
  ReadRequest,
  Snapshot,
  SnapshotRequest,
  SourceDriver,
  SourceSession,
} from '../source.ts';
import { listRelations, tableRef } from './catalog.ts';
import type { SourceCursors } from '../cursors.ts';
import { checksum } from './checksum.ts';
import { connect } from './connect.ts';
import { sqliteCursors } from './cursors.ts';
import { describeTable } from './describe.ts';
import { describeQuery } from './describe-query.ts';
import { classifySqliteError } from './errors.ts';
import { parseSqliteUrl, sqliteOptions } from './parse.ts';
import type { SqliteOptions } from './parse.ts';
import { compareProof } from './proof.ts';
import { firstRow, numberCell } from './query.ts';
import type { Connection } from './query.ts';
import { readRange } from './read.ts';
import { fromClause } from './from-clause.ts';
import { rangeCondition } from './range-predicate.ts';
import { joinSnapshot, SnapshotTaker } from './snapshot.ts';
import { nextBoundary } from './split.ts';
import { typeLines } from './type-lines.ts';
import { checkWhere } from './where.ts';

/** SQLite files through node:sqlite. Nothing is ever written into them, nor created beside them but by SQLite itself (`-wal`, `-shm`). */
export const sqliteDriver: SourceDriver = {
  name: 'sqlite',
  urlSchemes: ['sqlite', 'file'],
  capabilities: { sharedSnapshot: true, lateJoin: false, snapshotOutlivesRun: false },
  typeLines,
  peekHolder: async () => null,
  endHolder: async () => undefined,
  parse: parseSqliteUrl,
  open: async (config) => {
    const options = sqliteOptions(config);
    return new SqliteSession(await connect(options), options);
  },
  classify: (error) => classifySqliteError(error),
};

class SqliteSession implements SourceSession {
  private readonly connection: Connection;
  private readonly options: SqliteOptions;
  private readonly snapshots: SnapshotTaker;
  readonly cursors: SourceCursors;

  constructor(connection: Connection, options: SqliteOptions) {
    this.connection = connection;
    this.options = options;
    this.snapshots = new SnapshotTaker(connection, options);
    this.cursors = sqliteCursors(connection);
  }

  /** The file itself, under whatever name: a copy or a restored backup is another database. */
  async identity(): Promise<Readonly<Record<string, string>>> {
    const inode = this.connection.file.split(':')[1] ?? '';
    return { driver: 'sqlite', path: await realpath(this.options.path), inode };
  }

  async listTables(): Promise<readonly TableRef[]> {
    return listRelations(this.connection).map((relation) => tableRef(this.connection, relation));
  }

  async describe(table: TableName, selection: ColumnSelection): Promise<TableSchema> {
    return describeTable(this.connection, table, selection);
  }

  async describeQuery(query: QueryRequest): Promise<TableSchema> {
    return describeQuery(this.connection, query);
  }

  async nextBoundary(request: BoundaryRequest): Promise<KeyTuple | null> {
    checkWhere(request.where);
    return nextBoundary(this.connection, request);
  }

  async takeSnapshot(request: SnapshotRequest): Promise<Snapshot> {
    return this.snapshots.take(request);
  }

  async joinSnapshot(token: SnapshotToken): Promise<void> {
    joinSnapshot(this.connection, token);
  }

  readRange(request: ReadRequest): AsyncIterable<RowBatch> {
    checkWhere(request.where);
    return readRange(this.connection, request);
  }

  async checksum(request: ChecksumRequest): Promise<Checksum> {
    checkWhere(request.where);
    return checksum(this.connection, request);
  }

  async countRows({ table, where }: ChecksumRequest): Promise<bigint> {
    checkWhere(where);
    const condition = rangeCondition(table, [], { kind: 'all' }, where);
    const row = firstRow(this.connection, `SELECT count(*) FROM ${fromClause(table)} WHERE ${condition}`);
    return row === null ? 0n : BigInt(numberCell(row, 0));
  }

  /** By the file as a whole: SQLite keeps no trace of which rows changed. */
  async unchangedSince(
    facts: EpochFacts,
    table: TableSchema,
    _ranges: readonly CountedRange[],
    where: string | null,
  ): Promise<'unchanged' | 'changed' | 'unknown'> {
    // A clock or a random number gives other rows of the same file.
    if (table.kind !== 'table' || !isTimeless(where)) return 'unknown';
    return compareProof(this.options.path, facts.proof);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.snapshots.release();
    if (this.connection.database.isOpen) this.connection.database.close();
  }
}
