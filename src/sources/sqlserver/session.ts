import type { EpochFacts, SnapshotToken } from '../../model/epoch.ts';
import type { KeyTuple } from '../../model/key-range.ts';
import { SqlextractError } from '../../model/problem.ts';
import type { RowBatch } from '../../model/row-batch.ts';
import type { TableName, TableRef, TableSchema } from '../../model/table.ts';
import type { SourceCursors } from '../cursors.ts';
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
  SourceConfig,
  SourceSession,
} from '../source.ts';
import { listTables } from './catalog.ts';
import { checksum } from './checksum.ts';
import type { NativeColumn } from './columns.ts';
import { connect } from './connect.ts';
import type { SqlServerConnection } from './connection.ts';
import { countRows } from './count-rows.ts';
import { currentColumns } from './current-columns.ts';
import { sqlServerCursors } from './cursors.ts';
import { describeTable } from './describe.ts';
import { describeQuery } from './describe-query.ts';
import { classifySqlServer } from './errors.ts';
import { Keeper } from './keeper.ts';
import { KnownPlans } from './known-plans.ts';
import { isMemoryOptimized } from './memory-optimized.ts';
import { readRange } from './read.ts';
import { identify, readServerFacts, type ServerFacts } from './server-facts.ts';
import { joinSnapshot, takeSnapshot } from './snapshot.ts';
import { nextBoundary } from './split.ts';
import { inTransaction, leaveTransaction, lost } from './transaction.ts';
import { unchangedSince } from './unchanged.ts';

/** One connection, one statement at a time: what is asked meanwhile waits. Everything it throws is a SqlextractError with code, hint and verdict. */
export class SqlServerSession implements SourceSession {
  readonly cursors: SourceCursors = sqlServerCursors({
    outside: () => this.outsideSnapshot(),
    inside: (table) => this.connectionFor(table),
    inTurn: (work) => this.inTurn(work),
  });
  private readonly connection: SqlServerConnection;
  private readonly config: SourceConfig;
  private known: ServerFacts | null;
  private last: Promise<unknown> = Promise.resolve();
  /** A transaction of the epoch is open, and everything is read in it. */
  private inSnapshot = false;
  private readonly keeper: Keeper;
  /** For what a snapshot transaction may not touch; opened when it is needed. */
  private beside: SqlServerConnection | null = null;
  private readonly keyColumns = new Map<string, readonly NativeColumn[]>();
  private readonly plans = new KnownPlans();

  /** `server`: null for a session that may not need it; it is asked for when it does. */
  constructor(connection: SqlServerConnection, config: SourceConfig, server: ServerFacts | null) {
    this.connection = connection;
    this.config = config;
    this.known = server;
    this.keeper = new Keeper(config);
  }

  identity(): Promise<Readonly<Record<string, string>>> {
    return this.inTurn(async () => ({
      driver: 'sqlserver',
      ...(await identify(this.connection, this.config, await this.server())),
    }));
  }

  listTables(): Promise<readonly TableRef[]> {
    return this.inTurn(async () => listTables(this.connection, await this.server()));
  }

  describe(table: TableName, selection: ColumnSelection): Promise<TableSchema> {
    return this.inTurn(async () => describeTable(this.connection, await this.server(), table, selection));
  }

  describeQuery(query: QueryRequest): Promise<TableSchema> {
    return this.inTurn(async () => describeQuery(this.connection, await this.server(), query));
  }

  nextBoundary(request: BoundaryRequest): Promise<KeyTuple | null> {
    return this.inTurn(async () => {
      const connection = await this.connectionFor(request.table);
      return nextBoundary(connection, request, await this.columnsOf(request.table));
    });
  }

  async takeSnapshot(request: SnapshotRequest): Promise<Snapshot> {
    const { connection, config, keeper } = this;
    const snapshot = await this.inTurn(async () => {
      const facts = await this.server();
      this.inSnapshot = false;
      await keeper.close();
      const taken = await takeSnapshot({ connection, config, facts, openKeeper: () => keeper.open() }, request);
      this.inSnapshot = await inTransaction(connection);
      return taken;
    });
    // Its promises use the same connection.
    return {
      ...snapshot,
      confirm: () => this.inTurn(() => snapshot.confirm()),
      check: () => this.inTurn(() => snapshot.check()),
      release: () =>
        this.inTurn(async () => {
          this.inSnapshot = false;
          await snapshot.release();
        }),
    };
  }

  joinSnapshot(token: SnapshotToken): Promise<void> {
    return this.inTurn(async () => {
      this.inSnapshot = false;
      await joinSnapshot(this.connection, token);
      this.inSnapshot = await inTransaction(this.connection);
    });
  }

  async *readRange(request: ReadRequest): AsyncGenerator<RowBatch, void, undefined> {
    const { config, plans } = this;
    const before = this.last;
    const mine = Promise.withResolvers<void>();
    this.last = mine.promise;
    try {
      await before;
      yield* readRange({ connection: await this.connectionFor(request.table), config, plans }, request);
    } catch (error) {
      // An abort is not an error of the source: its reason goes through as it is.
      if (request.signal.aborted) throw error;
      throw asProblem(error);
    } finally {
      mine.resolve();
    }
  }

  checksum(request: ChecksumRequest): Promise<Checksum> {
    return this.inTurn(async () => checksum(await this.connectionFor(request.table), request));
  }

  countRows(request: ChecksumRequest): Promise<bigint> {
    return this.inTurn(async () => countRows(await this.connectionFor(request.table), request));
  }

  unchangedSince(
    facts: EpochFacts,
    table: TableSchema,
    ranges: readonly CountedRange[],
    where: string | null,
  ): Promise<'unchanged' | 'changed' | 'unknown'> {
    return this.inTurn(async () =>
      unchangedSince(this.connection, await this.server(), { facts, table, ranges, where }),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.keeper.end(), this.beside?.close(), this.connection.close()]);
  }

  private async outsideSnapshot() {
    this.inSnapshot = false;
    await leaveTransaction(this.connection);
    return { connection: this.connection, facts: await this.server() };
  }

  private async server(): Promise<ServerFacts> {
    this.known ??= await readServerFacts(this.connection);
    return this.known;
  }

  /**
   * Where a table is read: memory-optimized ones beside the session's snapshot transaction, in which the server refuses them (41332). The
   * transaction itself must stay, because other tables are read in it.
   */
  private async connectionFor(table: TableSchema): Promise<SqlServerConnection> {
    await this.requireSnapshot();
    if (!this.inSnapshot || !isMemoryOptimized(table)) return this.connection;
    if (this.beside === null || this.beside.tedious.closed)
      this.beside = await connect(this.config, 'sqlextract reader');
    return this.beside;
  }

  /** An error of an earlier statement can have ended the transaction: the next one would then see another state, and say nothing. */
  private async requireSnapshot(): Promise<void> {
    if (this.inSnapshot && !(await inTransaction(this.connection))) throw lost('the server ended its transaction');
  }

  /** Asked once a table: a boundary says by itself how it is read, so that a column altered later is noticed by the reader. */
  private async columnsOf(table: TableSchema): Promise<readonly NativeColumn[]> {
    const known = this.keyColumns.get(table.objectId);
    if (known !== undefined) return known;
    const columns = await currentColumns(this.connection, table);
    this.keyColumns.set(table.objectId, columns);
    return columns;
  }

  private async inTurn<T>(work: () => Promise<T>): Promise<T> {
    const before = this.last;
    const mine = Promise.withResolvers<void>();
    this.last = mine.promise;
    try {
      await before;
      return await work();
    } catch (error) {
      throw asProblem(error);
    } finally {
      mine.resolve();
    }
  }
}

/** Bugs keep their own class and stack. */
function asProblem(error: unknown): unknown {
  const problem = classifySqlServer(error);
  return error instanceof SqlextractError || problem.code === 'INTERNAL' ? error : new SqlextractError(problem, error);
}
