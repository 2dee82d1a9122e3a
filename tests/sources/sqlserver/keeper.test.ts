import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TableSchema } from '../../../src/model/table.ts';
import { DEFAULT_POLICIES } from '../../../src/model/value-policies.ts';
import type { SnapshotRequest, SourceSession } from '../../../src/sources/source.ts';
import { sqlServerDriver } from '../../../src/sources/sqlserver/index.ts';
import { TdsStandIn } from '../../support/tds-stand-in/server.ts';
import { SnapshotServer } from './snapshot-server.ts';

describe('the session that keeps a snapshot', () => {
  let server: SnapshotServer;
  let standIn: TdsStandIn;
  let coordinator: SourceSession;
  let request: SnapshotRequest;

  beforeEach(async () => {
    server = new SnapshotServer();
    standIn = await TdsStandIn.start(server.handler);
    coordinator = await open('coordinator');
    request = {
      tables: [await describeTable('plain')],
      mode: 'shared',
      holdMs: 900_000,
      previous: null,
      required: true,
      allowLocks: false,
      lastTry: false,
      runtimeFolder: '',
    };
  });

  afterEach(async () => {
    await coordinator[Symbol.asyncDispose]();
    await standIn[Symbol.asyncDispose]();
  });

  const open = (role: 'coordinator' | 'reader'): Promise<SourceSession> =>
    sqlServerDriver.open(sqlServerDriver.parse({ url: standIn.url, environment: {} }), role);

  const describeTable = (name: string): Promise<TableSchema> =>
    coordinator.describe(
      { schema: 'dbo', name },
      { include: null, exclude: [], asText: [], policies: DEFAULT_POLICIES },
    );

  /** The server hears of a closed connection a little later. */
  async function openConnections(expected: number): Promise<number> {
    for (let look = 0; look < 100 && standIn.open !== expected; look += 1) await sleep(20);
    return standIn.open;
  }

  it('is closed with the session it belongs to, though nobody released the snapshot', async () => {
    const snapshot = await coordinator.takeSnapshot(request);
    expect(snapshot.facts.shared).toBe(true);
    expect(await openConnections(2)).toBe(2);
    await coordinator[Symbol.asyncDispose]();
    expect(await openConnections(0)).toBe(0);
  });

  it('is closed before the next snapshot is taken', async () => {
    for (let epoch = 0; epoch < 3; epoch += 1) await coordinator.takeSnapshot(request);
    expect(await openConnections(2)).toBe(2);
    const last = await coordinator.takeSnapshot({ ...request, mode: 'none' });
    expect(await openConnections(1)).toBe(1);
    await last.release();
  });

  it('is closed when the snapshot is released, which is then known to be over', async () => {
    const snapshot = await coordinator.takeSnapshot(request);
    await snapshot.check();
    await snapshot.release();
    expect(await openConnections(1)).toBe(1);
    await expect(snapshot.check()).rejects.toMatchObject({ problem: { verdict: 'epoch-lost' } });
  });

  it('is closed also when the session is disposed of while the snapshot is taken', async () => {
    const taking = coordinator.takeSnapshot(request).catch(() => null);
    await coordinator[Symbol.asyncDispose]();
    await taking;
    expect(await openConnections(0)).toBe(0);
  });

  it('leaves memory-optimized tables alone, and they are read beside the snapshot (Msg 41332)', async () => {
    const table = await describeTable('in_memory');
    expect(table.outsideSnapshot).toContain('memory-optimized');
    const tables = [...request.tables, table];
    await using reader = await open('reader');
    const snapshot = await coordinator.takeSnapshot({ ...request, tables, required: false, allowLocks: true });
    await reader.joinSnapshot(snapshot.token);
    expect(await snapshot.confirm()).toBe(true);
    const isTouch = (sql: string) => /^\/\* sqlextract:(touch|lock) \*\/ SELECT/.test(sql);
    expect(standIn.statements.filter(isTouch).filter((sql) => sql.includes('[in_memory]'))).toEqual([]);
    expect(standIn.statements.filter(isTouch).filter((sql) => sql.includes('[plain]'))).toHaveLength(3);
    expect(await rowsOf(reader, table)).toBe(2);
    expect(await rowsOf(reader, request.tables[0] as TableSchema)).toBe(2);
    expect(server.refusals).toEqual([]);
    await snapshot.release();
  });
});

async function rowsOf(session: SourceSession, table: TableSchema): Promise<number> {
  let rows = 0;
  const reading = session.readRange({
    table,
    range: { kind: 'all' },
    key: [],
    where: null,
    limit: null,
    policies: DEFAULT_POLICIES,
    batchBounds: () => ({ rows: 100, bytes: 1 << 20 }),
    signal: new AbortController().signal,
  });
  for await (const batch of reading) rows += batch.rowCount;
  return rows;
}
