import { TYPES } from 'tedious';
import type { Quoted } from '../../ingest/quoted.ts';
import { SqlextractError } from '../../model/problem.ts';
import { parseSqlServer } from '../../sources/sqlserver/config.ts';
import type { Row, SqlServerConnection } from '../../sources/sqlserver/connection.ts';
import { openConnection } from '../../sources/sqlserver/open-connection.ts';
import { guardError } from '../guard-error.ts';
import type { TargetPlace } from '../loader.ts';
import { targetLocked } from '../target-locked.ts';

type SourceConfig = ReturnType<typeof parseSqlServer>;

/** Of max length, in the words of tedious. */
const MAX = Infinity;

export type BulkCell = string | Buffer | null;

/** Connections of a load, each used by one at a time; one that failed is closed and made anew. */
export class SqlServerSessions {
  readonly #config: SourceConfig;
  readonly #idle: SqlServerConnection[] = [];

  constructor(config: SourceConfig) {
    this.#config = config;
  }

  async use<T>(work: (connection: SqlServerConnection) => Promise<T>): Promise<T> {
    const connection = this.#idle.pop() ?? (await this.#connect());
    try {
      const result = await work(connection);
      this.#idle.push(connection);
      return result;
    } catch (error) {
      const lost = connection.tedious.closed;
      // its transaction ends with it
      await connection.close();
      if (error instanceof SqlextractError) throw error;
      throw lost || isOfSocket(error) ? lostError(this.#config, error) : refusedError(error);
    }
  }

  async rows(statement: Quoted | string): Promise<readonly Row[]> {
    return this.use(async (connection) => connection.rows(String(statement)));
  }

  async close(): Promise<void> {
    for (const connection of this.#idle.splice(0)) await connection.close();
  }

  async #connect(): Promise<SqlServerConnection> {
    try {
      return await openConnection(this.#config, 'sqlextract load');
    } catch (error) {
      throw lostError(this.#config, error);
    }
  }
}

/** Throws TARGET_URL. */
export function configOf({ url, environment }: TargetPlace): SourceConfig {
  try {
    return parseSqlServer({ url, environment });
  } catch (error) {
    if (!(error instanceof SqlextractError)) throw error;
    const message = error.problem.message.replaceAll('source URL', 'target URL');
    throw new SqlextractError({ ...error.problem, code: 'TARGET_URL', message, fault: 'usage' }, error);
  }
}

/**
 * INSERT BULK of the TDS protocol (MS-TDS 2.2.6.1) inside the session's transaction: rows are asked for as the socket takes them. Resolves with
 * the number of rows that the server counted.
 */
export async function bulkLoad(
  { tedious }: SqlServerConnection,
  table: Quoted,
  columns: readonly { readonly name: string; readonly binary: boolean }[],
  rows: AsyncIterable<readonly BulkCell[]>,
): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const options = { keepNulls: true, lockTable: true };
  const load = tedious.newBulkLoad(String(table), options, (error, count) => {
    if (error) reject(error);
    else resolve(count ?? 0);
  });
  for (const { name, binary } of columns) {
    load.addColumn(name, binary ? TYPES.VarBinary : TYPES.NVarChar, { nullable: true, length: MAX });
  }
  // what the rows' own source throws is the reason, not what the driver makes of it
  let thrown: { readonly error: unknown } | null = null;
  const heard = async function* () {
    try {
      for await (const row of rows) yield [...row];
    } catch (error) {
      thrown = { error };
      throw error;
    }
  };
  tedious.execBulkLoad(load, heard());
  try {
    return await promise;
  } catch (error) {
    throw thrown === null ? error : (thrown as { readonly error: unknown }).error;
  }
}

/** LCK_TIMEOUT: `SET LOCK_TIMEOUT` of templates/sqlserver/settings.sql.hbs, or of the server. */
const LOCK_TIMEOUT = 1222;

function refusedError(error: unknown): SqlextractError {
  if (error instanceof Error && 'number' in error && error.number === LOCK_TIMEOUT) return targetLocked(error);
  return guardError(error, 'SQL Server');
}

function isOfSocket(error: unknown): boolean {
  const { code } = error as { readonly code?: unknown };
  return ['ESOCKET', 'ECONNRESET', 'ECONNCLOSED', 'ECLOSE', 'EINVALIDSTATE', 'ETIMEOUT', 'EPIPE'].includes(
    String(code),
  );
}

function lostError({ displayUrl }: SourceConfig, error: unknown): SqlextractError {
  const known = error instanceof SqlextractError ? error.problem : null;
  return new SqlextractError(
    {
      code: 'TARGET_CONNECT',
      message: known?.message ?? `${displayUrl} cut the connection`,
      hint: known?.hint ?? 'the same command goes on with what is not loaded',
      fault: known?.fault ?? 'source',
      causes: known?.causes ?? [error instanceof Error ? error.message : String(error)],
    },
    error,
  );
}
