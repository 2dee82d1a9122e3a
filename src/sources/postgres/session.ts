import type pg from 'pg';
import type { EpochFacts, SnapshotToken } from '../../model/epoch.ts';
import type { KeyTuple } from '../../model/key-range.ts';
import type { RowBatch } from '../../model/row-batch.ts';
import { SqlextractError } from '../../model/problem.ts';
import type { TableName, TableRef, TableSchema } from '../../model/table.ts';
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
import type { SourceCursors } from '../cursors.ts';
import { listTables } from './catalog.ts';
import { endConnection } from './open-connection.ts';
import { checksum } from './checksum.ts';
import { countRows } from './count-rows.ts';
import { postgresCursors } from './cursors.ts';
import { describeTable } from './describe.ts';
import { describeQuery } from './describe-query.ts';
import { classifyPostgres } from './errors.ts';
import { andWhere, rangePredicate } from './ranges.ts';
import { readRange } from './read.ts';
import { withSearchPath } from './search-path.ts';
import { identify, type ServerFacts } from './server-facts.ts';
import { SpareHolder } from './holder-process.ts';
import { joinSnapshot, takeSnapshot } from './snapshot.ts';
import { nextBoundary } from './split.ts';
import { unchangedSince } from './unchanged.ts';

/** One connection. Everything it throws is a SqlextractError with code, hint and verdict. */
export class PostgresSession implements SourceSession {
  private readonly client: pg.Client;
  private readonly config: SourceConfig;
  private readonly server: ServerFacts;
  readonly cursors: SourceCursors;
  private readonly spareHolder = new SpareHolder();
  private lastRead: Promise<void> = Promise.resolve();

  constructor(client: pg.Client, config: SourceConfig, server: ServerFacts) {
    this.client = client;
    this.config = config;
    this.server = server;
    this.cursors = postgresCursors(client, server.version, classified);
  }

  identity(): Promise<Readonly<Record<string, string>>> {
    return classified(this.identify());
  }

  private async identify(): Promise<Readonly<Record<string, string>>> {
    return { driver: 'postgres', ...(await identify(this.client, this.config)) };
  }

  listTables(): Promise<readonly TableRef[]> {
    return classified(listTables(this.client));
  }

  describe(table: TableName, selection: ColumnSelection): Promise<TableSchema> {
    return classified(describeTable(this.client, table, selection, this.server.version));
  }

  describeQuery(query: QueryRequest): Promise<TableSchema> {
    return classified(describeQuery(this.client, query, this.server.version));
  }

  nextBoundary(request: BoundaryRequest): Promise<KeyTuple | null> {
    return classified(nextBoundary(this.client, request));
  }

  expectSnapshot(): void {
    this.spareHolder.start();
  }

  async takeSnapshot(request: SnapshotRequest): Promise<Snapshot> {
    using spare = this.spareHolder;
    return await classified(takeSnapshot(this.client, this.config, request, spare));
  }

  joinSnapshot(token: SnapshotToken): Promise<void> {
    return classified(joinSnapshot(this.client, token));
  }

  /** Reads of one session run one after the other: the second begins when the first has ended or was left. */
  async *readRange(request: ReadRequest): AsyncGenerator<RowBatch, void, undefined> {
    const { client, config, server } = this;
    const before = this.lastRead;
    const mine = Promise.withResolvers<void>();
    this.lastRead = mine.promise;
    try {
      await before;
      yield* readRange({ client, config }, request, server.copy);
    } catch (error) {
      // An abort is not an error of the source: its reason goes through as it is.
      if (request.signal.aborted) throw error;
      throw asProblem(error);
    } finally {
      mine.resolve();
    }
  }

  checksum(request: ChecksumRequest): Promise<Checksum> {
    return classified(checksum(this.client, request, this.server.encoding === 'UTF8'));
  }

  countRows(request: ChecksumRequest): Promise<bigint> {
    return classified(countRows(this.client, request));
  }

  async unchangedSince(
    facts: EpochFacts,
    table: TableSchema,
    ranges: readonly CountedRange[],
    where: string | null,
  ): Promise<'unchanged' | 'changed' | 'unknown'> {
    const work = async () => {
      andWhere(table, where);
      return unchangedSince(this.client, facts, table, ranges, where, (range, key) =>
        rangePredicate(table, range, key),
      );
    };
    return classified(withSearchPath(this.client, table, where, work));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.spareHolder[Symbol.dispose]();
    await endConnection(this.client);
  }
}

async function classified<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw asProblem(error);
  }
}

/** Bugs keep their own class and stack. */
function asProblem(error: unknown): unknown {
  const problem = classifyPostgres(error);
  return error instanceof SqlextractError || problem.code === 'INTERNAL' ? error : new SqlextractError(problem, error);
}
