import type { Connection } from 'mysql2/promise';
import { afterAll, beforeAll, expect } from 'vitest';
import { SqlextractError, type Problem } from '../../../src/model/problem.ts';
import type { TableSchema } from '../../../src/model/table.ts';
import { mysqlDriver } from '../../../src/sources/mysql/index.ts';
import type { Snapshot, SnapshotRequest, SourceSession } from '../../../src/sources/source.ts';
import { describeAll, readRows } from '../../conformance/source-reading.ts';
import { type FreshMariadb, freshMariadb, type MariadbServer, startOwnMariadb } from '../../support/mariadb-server.ts';
import { type ServerKind, serverKind } from '../../support/mysql-kind.ts';
import { configOf } from './mysql-fixture.ts';

/* A server of its own: whether readers come to one position must not depend on the commits of other test files. */
export let server: MariadbServer;
export let database: FreshMariadb;
export let sql: Connection;
export let kind: ServerKind;

beforeAll(async () => {
  server = await startOwnMariadb();
  database = await freshMariadb('snapshot', server.url);
  sql = database.client;
  kind = await serverKind(server.url);
  await sql.query('CREATE TABLE t (id int NOT NULL PRIMARY KEY, v int)');
  await sql.query('INSERT INTO t VALUES (1, 1), (2, 2)');
  await sql.query("CREATE USER few IDENTIFIED BY 'few-pass'");
  await sql.query(`GRANT SELECT ON ${database.name}.* TO few`);
}, 90_000);

afterAll(async () => {
  await database?.[Symbol.asyncDispose]();
  await server?.stop();
});

/** MySQL has no position in the binary log that is the snapshot's own. */
export const POSITION = {
  mariadb: /^snapshot at binary log \S+:\d+$/,
  mysql: /^snapshot at InnoDB transaction \d+$/,
};

export const ISOLATION = { mariadb: 'tx_isolation', mysql: 'transaction_isolation' };

/** Between two commits: on MySQL none may come from before the first session begins until the last has read the position. */
export const PAUSE_MS = { mariadb: 5, mysql: 25 };

export const FEW = { name: 'few', password: 'few-pass' };

export function open(user?: typeof FEW): Promise<SourceSession> {
  return mysqlDriver.open(configOf(database, '', user), 'reader');
}

export async function take(session: SourceSession, more: Partial<SnapshotRequest> = {}): Promise<Snapshot> {
  return session.takeSnapshot({
    tables: more.tables ?? [await tableT(session)],
    mode: 'shared',
    holdMs: 0,
    previous: null,
    required: false,
    allowLocks: false,
    lastTry: false,
    runtimeFolder: '/nowhere',
    ...more,
  });
}

export function tableT(session: SourceSession): Promise<TableSchema> {
  return describeAll(session, { schema: database.name, name: 't' });
}

export async function count(session: SourceSession): Promise<number> {
  return (await readRows(session, { table: await tableT(session) })).length;
}

export async function problemOf(work: Promise<unknown>): Promise<Problem> {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(SqlextractError);
  return (error as SqlextractError).problem;
}

let next = 100;
export const commit = async (): Promise<void> => void (await sql.query(`INSERT INTO t VALUES (${next++}, 0)`));

export function disposable(started: MariadbServer): AsyncDisposable & { readonly server: MariadbServer } {
  return { server: started, [Symbol.asyncDispose]: () => started.stop() };
}
