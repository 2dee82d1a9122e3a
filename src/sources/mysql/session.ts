import type { Connection } from 'mysql2';
import type { EpochFacts, SnapshotToken } from '../../model/epoch.ts';
import type { KeyTuple } from '../../model/key-range.ts';
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
import { type NativeColumn, readColumns, readQueryColumns } from './columns.ts';
import { mysqlOptions } from './config.ts';
import { endConnection } from './open-connection.ts';
import { countRows } from './count-rows.ts';
import { mysqlCursors } from './cursors.ts';
import { describeTable } from './describe.ts';
import { describeQuery } from './describe-query.ts';
import { asProblem } from './errors.ts';
import { joinSnapshot } from './join-snapshot.ts';
import { andWhere } from './ranges.ts';
import { readRange } from './read.ts';
import { identify, type ServerFacts } from './server-facts.ts';
import { SnapshotTaker } from './snapshot.ts';
import { nextBoundary } from './split.ts';
import { unchangedSince } from './unchanged.ts';

const LEAVING_MS = 3_000;

/** One connection. Everything it throws is a SqlextractError with code, hint and verdict. */
export class MysqlSession implements SourceSession {
  readonly cursors: SourceCursors;
  private readonly connection: Connection;
  private readonly config: SourceConfig;
  private readonly server: ServerFacts;
  private readonly snapshots: SnapshotTaker;
  /** Of the tables whose keys are walked. */
  private readonly columns = new Map<string, readonly NativeColumn[]>();
  private lastRead: Promise<void> = Promise.resolve();

  constructor(connection: Connection, config: SourceConfig, server: ServerFacts) {
    this.connection = connection;
    this.config = config;
    this.server = server;
    this.snapshots = new SnapshotTaker(connection, config, server);
    this.cursors = mysqlCursors(connection, server, classified);
  }

  identity(): Promise<Readonly<Record<string, string>>> {
    return Promise.resolve(identify(this.server, this.config));
  }

  listTables(): Promise<readonly TableRef[]> {
    return classified(listTables(this.connection, this.database));
  }

  describe(table: TableName, selection: ColumnSelection): Promise<TableSchema> {
    return classified(describeTable(this.connection, table, selection, this.database));
  }

  describeQuery(query: QueryRequest): Promise<TableSchema> {
    return classified(describeQuery(this.connection, query, this.database));
  }

  nextBoundary(request: BoundaryRequest): Promise<KeyTuple | null> {
    const walk = async () => nextBoundary(this.connection, await this.columnsOf(request.table), request);
    return classified(walk());
  }

  takeSnapshot(request: SnapshotRequest): Promise<Snapshot> {
    return classified(this.snapshots.take(request));
  }

  joinSnapshot(token: SnapshotToken): Promise<void> {
    return classified(joinSnapshot(this.connection, token, this.server));
  }

  /** Reads of one session run one after the other: the second begins when the first has ended or was left. */
  async *readRange(request: ReadRequest): AsyncGenerator<RowBatch, void, undefined> {
    const { connection, config } = this;
    const before = this.lastRead;
    const mine = Promise.withResolvers<void>();
    this.lastRead = mine.promise;
    try {
      await before;
      yield* readRange({ connection, config }, request);
    } catch (error) {
      // An abort is not an error of the source: its reason goes through as it is.
      if (request.signal.aborted) throw error;
      throw asProblem(error);
    } finally {
      mine.resolve();
    }
  }

  checksum(request: ChecksumRequest): Promise<Checksum> {
    return classified(checksum(this.connection, request));
  }

  countRows(request: ChecksumRequest): Promise<bigint> {
    return classified(countRows(this.connection, request));
  }

  unchangedSince(
    facts: EpochFacts,
    table: TableSchema,
    _ranges: readonly CountedRange[],
    where: string | null,
  ): Promise<'unchanged' | 'changed' | 'unknown'> {
    const look = async () => {
      andWhere(table, where);
      return unchangedSince(this.connection, facts, table, this.server, where);
    };
    return classified(look());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Closing the connections ends all that is held; a server that has fallen silent is not waited for.
    const patience = new Promise<void>((resolve) => setTimeout(resolve, LEAVING_MS).unref());
    await Promise.race([this.snapshots.release().catch(() => undefined), patience]);
    await endConnection(this.connection);
  }

  private get database(): string {
    return mysqlOptions(this.config).database;
  }

  private async columnsOf(table: TableSchema): Promise<readonly NativeColumn[]> {
    const name = JSON.stringify([table.schema, table.name, table.query ?? null]);
    const known = this.columns.get(name);
    if (known !== undefined) return known;
    const read =
      table.query === undefined
        ? await readColumns(this.connection, table)
        : await readQueryColumns(this.connection, table.query, null);
    this.columns.set(name, read);
    return read;
  }
}

async function classified<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw asProblem(error);
  }
}
