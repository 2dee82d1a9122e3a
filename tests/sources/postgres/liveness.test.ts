import { connect as connectTcp, createServer, type Server, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { SqlextractError } from '../../../src/model/problem.ts';
import { postgresDriver } from '../../../src/sources/postgres/index.ts';
import type { SourceSession } from '../../../src/sources/source.ts';
import { ALL_COLUMNS, readRequest, readRows } from '../../conformance/source-reading.ts';
import { type FreshDatabase, freshDatabase } from '../../support/postgres-server.ts';
import { configOf, openSession } from './postgres-fixture.ts';

/** A way to the server that a test can cut or freeze. */
class Wire implements AsyncDisposable {
  readonly pairs: { client: Socket; server: Socket }[] = [];
  private readonly listener: Server;
  port = 0;

  constructor(target: URL) {
    this.listener = createServer((client) => {
      const server = connectTcp(Number(target.port), target.hostname);
      this.pairs.push({ client, server });
      for (const socket of [client, server]) socket.on('error', () => undefined);
      client.pipe(server).pipe(client);
    });
  }

  static async to(url: string): Promise<Wire> {
    const wire = new Wire(new URL(url));
    await new Promise<void>((resolve) => wire.listener.listen(0, '127.0.0.1', resolve));
    wire.port = (wire.listener.address() as { port: number }).port;
    return wire;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.pairs.flatMap(({ client, server }) => [client, server])) socket.destroy();
    await new Promise((resolve) => this.listener.close(resolve));
  }
}

let database: FreshDatabase;

beforeAll(async () => {
  database = await freshDatabase('liveness');
  await database.client.query(`CREATE TABLE wide AS SELECT i AS id, repeat('x', 2000) AS v FROM generate_series(1, 40000) i;
    CREATE VIEW slow AS SELECT id, pg_sleep(30)::text AS s FROM wide WHERE id = 1`);
});

afterAll(() => database?.[Symbol.asyncDispose]());

const wires: Wire[] = [];
afterEach(async () => {
  for (const wire of wires.splice(0)) await wire[Symbol.asyncDispose]();
});

async function throughWire(options: string): Promise<{ session: SourceSession; wire: Wire }> {
  const wire = await Wire.to(database.url);
  wires.push(wire);
  const url = new URL(database.url);
  Object.assign(url, { hostname: '127.0.0.1', port: String(wire.port) });
  const session = await postgresDriver.open(configOf({ ...database, url: url.href }, options), 'reader');
  return { session, wire };
}

/** Reads the table and does `after` at the first batch; the error of the read, and the rows before it. */
async function readUntil(session: SourceSession, name: string, after: () => unknown, signal?: AbortSignal) {
  const table = await session.describe({ schema: '', name }, ALL_COLUMNS);
  let rows = 0;
  try {
    const request = readRequest({
      table,
      batchBounds: () => ({ rows: 100, bytes: 1 << 20 }),
      ...(signal === undefined ? {} : { signal }),
    });
    for await (const batch of session.readRange(request)) {
      if (rows === 0) await after();
      rows += batch.rowCount;
    }
    return { rows, error: null };
  } catch (error) {
    return { rows, error };
  }
}

/** Other test files have tables of that name in databases of their own. */
const activeOnSlow = async () =>
  (
    await database.client.query(
      `SELECT query FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%slow%' AND state = 'active'
       AND application_name LIKE 'sqlextract%'`,
    )
  ).rows;

const pidOf = async (name: string) =>
  (
    await database.client.query<{ pid: string }>(
      `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = '${name}'`,
    )
  ).rows;

describe.each(['', 'copy=off'])('a read that is disturbed (%s)', (options) => {
  const lost = { code: 'SOURCE_CONNECTION_LOST', verdict: 'reconnect' };

  it.each([
    [
      'the session is terminated',
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1 AND datname = current_database()',
      lost,
    ],
    [
      'the query is cancelled',
      'SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name = $1 AND datname = current_database()',
      null,
    ],
  ])('throws when %s', async (_, sql, problem) => {
    if (problem === null && options !== '') return; // Between two fetches of a cursor there is no query to cancel.
    await using session = await openSession(database, options);
    const result = await readUntil(session, 'wide', () => database.client.query(sql, ['sqlextract coordinator']));
    expect(result.rows).toBeLessThan(40_000);
    expect(result.error).toBeInstanceOf(SqlextractError);
    expect((result.error as SqlextractError).problem).toMatchObject(
      problem ?? { code: 'SOURCE_CANCELLED', verdict: 'retry' },
    );
  });

  it.each([
    ['cut by FIN', (wire: Wire) => wire.pairs.forEach(({ client }) => client.unpipe().end())],
    ['cut by RST', (wire: Wire) => wire.pairs.forEach(({ client }) => client.resetAndDestroy())],
  ])('throws when the connection is %s', async (_, cut) => {
    const { session, wire } = await throughWire(options);
    const result = await readUntil(session, 'wide', () => cut(wire));
    expect(result.rows).toBeLessThan(40_000);
    expect((result.error as SqlextractError).problem).toMatchObject(lost);
    await session[Symbol.asyncDispose]();
  });

  it('throws when nothing comes any more', async () => {
    const { session, wire } = await throughWire(`${options}&watchdog=1`.replace(/^&/, ''));
    const freeze = () => wire.pairs.forEach(({ server }) => server.unpipe().pause());
    const result = await readUntil(session, 'wide', freeze);
    expect((result.error as SqlextractError).problem).toMatchObject({ code: 'SOURCE_STALLED', verdict: 'reconnect' });
    await session[Symbol.asyncDispose]();
  });

  it('waits for a server that computes, and an abort ends it there at once', async () => {
    await using session = await postgresDriver.open(
      configOf(database, `${options}&watchdog=1`.replace(/^&/, '')),
      'reader',
    );
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error('enough')), 2500);
    const started = performance.now();
    const result = await readUntil(session, 'slow', () => undefined, controller.signal);
    expect((result.error as Error).message).toBe('enough');
    expect(performance.now() - started).toBeGreaterThan(2400);
    // The statement alone would go on for 30 s. The server says that it ended a moment after the client was told so.
    await expect.poll(activeOnSlow, { timeout: 5000, interval: 50 }).toEqual([]);
    expect(performance.now() - started).toBeLessThan(20_000);
  });

  it('leaves the session usable after an abort', async () => {
    await using session = await postgresDriver.open(configOf(database, options), 'reader');
    const controller = new AbortController();
    const result = await readUntil(session, 'wide', () => controller.abort(new Error('stop')), controller.signal);
    expect((result.error as Error).message).toBe('stop');
    const table = await session.describe({ schema: '', name: 'wide' }, ALL_COLUMNS);
    expect((await readRows(session, { table, limit: 10 })).length).toBe(10);
    // Sessions of the tests before it may still be ending.
    await expect.poll(() => pidOf('sqlextract reader'), { timeout: 10_000, interval: 50 }).toHaveLength(1);
  });
});
