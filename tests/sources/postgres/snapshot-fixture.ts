import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import type { TableSchema } from '../../../src/model/table.ts';
import { connect } from '../../../src/sources/postgres/connect.ts';
import { parsePostgres } from '../../../src/sources/postgres/config.ts';
import type { SnapshotRequest, SourceConfig } from '../../../src/sources/source.ts';
import { type FreshDatabase, freshDatabase } from '../../support/postgres-server.ts';

/** A database with `public.t` (1000 rows), a pinned client, and a folder for a holder. */
export interface SnapshotFixture extends AsyncDisposable {
  readonly database: FreshDatabase;
  readonly config: SourceConfig;
  /** As the coordinator has it. */
  readonly client: pg.Client;
  readonly runtimeFolder: string;
  table(name: string, kind?: TableSchema['kind']): Promise<TableSchema>;
  request(tables: readonly TableSchema[], changes?: Partial<SnapshotRequest>): SnapshotRequest;
  another(): Promise<pg.Client>;
}

export async function snapshotFixture(label: string): Promise<SnapshotFixture> {
  const database = await freshDatabase(label);
  await database.client.query(
    `CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t SELECT i, 'v' || i FROM generate_series(1, 1000) i`,
  );
  const config = parsePostgres({ url: database.url, environment: {} });
  const runtimeFolder = mkdtempSync(path.join(os.tmpdir(), 'sqlextract-test-'));
  const clients = [await connect(config, 'sqlextract test')];
  return {
    database,
    config,
    client: clients[0] as pg.Client,
    runtimeFolder,
    table: (name, kind = 'table') => tableOf(database.client, name, kind),
    request: (tables, changes) => ({
      tables,
      mode: 'shared',
      holdMs: 60_000,
      previous: null,
      required: false,
      allowLocks: false,
      lastTry: false,
      runtimeFolder,
      ...changes,
    }),
    async another() {
      const client = await connect(config, 'sqlextract test');
      clients.push(client);
      return client;
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients) await client.end().catch(() => undefined);
      await database[Symbol.asyncDispose]();
      rmSync(runtimeFolder, { recursive: true, force: true });
    },
  };
}

async function tableOf(client: pg.Client, name: string, kind: TableSchema['kind']): Promise<TableSchema> {
  const { rows } = await client.query<{ oid: number }>('SELECT $1::regclass::oid AS oid', [`public.${name}`]);
  return {
    schema: 'public',
    name,
    kind,
    estimatedRows: null,
    estimatedBytes: null,
    objectId: String(rows[0]?.oid),
    columns: [],
    primaryKey: ['id'],
    candidateKeys: [],
    physicalParts: [],
    remarks: [],
  };
}

/** How many backends of holders the database has. */
export async function holderBackends(database: FreshDatabase): Promise<number> {
  const { rows } = await database.client.query<{ n: number }>(
    `SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name = 'sqlextract holder' AND datname = current_database()`,
  );
  return rows[0]?.n ?? -1;
}

/** Resolves as soon as the condition is true; rejects after thirty seconds. */
export async function eventually(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`not within 30 s: ${what}`);
    await delay(25);
  }
}

/** A process that has ended but was not yet waited for by the init process does not count. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return process.platform !== 'linux' || !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
