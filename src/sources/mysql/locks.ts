import type { Connection } from 'mysql2';
import { displayName, type TableSchema } from '../../model/table.ts';
import type { SourceConfig } from '../source.ts';
import { connect } from './connect.ts';
import { endConnection } from './open-connection.ts';
import { serverErrorNumber } from './errors.ts';
import { execute } from './query-rows.ts';
import { quoteTable } from './quote.ts';

/** A lock that keeps others from committing; released once, and by the end of its connection in any case. */
export interface CommitLock {
  /** For people: `FLUSH TABLES WITH READ LOCK`. */
  readonly name: string;
  release(): Promise<void>;
}

/** Nobody is kept waiting for longer than it takes to find out that the lock cannot be had. */
const WAIT_SECONDS = 5;

interface Means {
  readonly name: string;
  readonly take: readonly string[];
  readonly release: string;
}

/**
 * Keeps commits to the tables (or all) from happening, until released. The gentlest first:
 *
 *   BACKUP STAGE BLOCK_COMMIT (MariaDB: waits for no query, RELOAD) ─▶ FLUSH TABLES WITH READ LOCK (RELOAD) ─▶ LOCK TABLES … READ
 *
 * (LOCK INSTANCE FOR BACKUP keeps DDL away, not commits, and so is none.) The text is why none could be had.
 */
export async function lockCommits(
  config: SourceConfig,
  tables: readonly TableSchema[],
  mariadb: boolean,
): Promise<CommitLock | string> {
  const connection = await connect(config, 'sqlextract lock');
  const reasons: string[] = [];
  try {
    await execute(connection, `SET SESSION lock_wait_timeout = ${WAIT_SECONDS}`);
    for (const means of meansFor(tables, mariadb)) {
      const reason = await take(connection, means);
      if (reason === null) return lockOf(connection, means);
      reasons.push(`${means.name}: ${reason}`);
    }
  } catch (error) {
    await endConnection(connection);
    throw error;
  }
  await endConnection(connection);
  return reasons.join('; ');
}

function meansFor(tables: readonly TableSchema[], mariadb: boolean): readonly Means[] {
  const named = tables.filter((table) => table.query === undefined);
  const list = named.map((table) => `${quoteTable(table)} READ`).join(', ');
  return [
    ...(mariadb
      ? [
          {
            name: 'BACKUP STAGE BLOCK_COMMIT',
            take: ['BACKUP STAGE START', 'BACKUP STAGE BLOCK_COMMIT'],
            release: 'BACKUP STAGE END',
          },
        ]
      : []),
    { name: 'FLUSH TABLES WITH READ LOCK', take: ['FLUSH TABLES WITH READ LOCK'], release: 'UNLOCK TABLES' },
    // The tables of a query are not known.
    ...(named.length === tables.length && named.length > 0
      ? [
          {
            name: `LOCK TABLES ${named.map(displayName).join(', ')} READ`,
            take: [`LOCK TABLES ${list}`],
            release: 'UNLOCK TABLES',
          },
        ]
      : []),
  ];
}

/** Null when the lock is held; else the server's reason. Errors of the connection are thrown. */
async function take(connection: Connection, means: Means): Promise<string | null> {
  try {
    for (const statement of means.take) await execute(connection, statement);
    return null;
  } catch (error) {
    if (serverErrorNumber(error) === null) throw error;
    // Half of it may be held.
    await execute(connection, means.release).catch(() => undefined);
    return (error as Error).message;
  }
}

function lockOf(connection: Connection, means: Means): CommitLock {
  let held = true;
  return {
    name: means.name,
    async release() {
      if (!held) return;
      held = false;
      await execute(connection, means.release).catch(() => undefined);
      await endConnection(connection);
    },
  };
}
