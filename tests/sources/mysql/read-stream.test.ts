import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Connection } from 'mysql2';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { TableSchema } from '../../../src/model/table.ts';
import { connect } from '../../../src/sources/mysql/connect.ts';
import { endConnection } from '../../../src/sources/mysql/open-connection.ts';
import { queryCell } from '../../../src/sources/mysql/query-rows.ts';
import { readRange } from '../../../src/sources/mysql/read.ts';
import type { ReadRequest, SourceConfig } from '../../../src/sources/source.ts';
import { connectMariadb, startOwnMariadb } from '../../support/mariadb-server.ts';
import { sequence } from '../../support/mariadb-tables.ts';
import {
  configFor,
  type ReadFixture,
  readAll,
  readFixture,
  requestFor,
  rowsOf,
  schemaOf,
  schemaOn,
} from './read-fixture.ts';
import { Wire } from './read-wire.ts';

const ROWS = 20_000;
let fixture: ReadFixture;
let wide: TableSchema;

beforeAll(async () => {
  fixture = await readFixture('stream');
  await fixture.execute(`CREATE TABLE wide (id int PRIMARY KEY, v varchar(2000))`);
  await fixture.execute(
    `INSERT INTO wide SELECT seq, REPEAT(CHAR(97 + seq % 26), 1500) FROM ${sequence(1, ROWS, 'seq')}`,
  );
  wide = await schemaOf(fixture, 'wide', { primaryKey: ['id'] });
});
afterAll(() => fixture[Symbol.asyncDispose]());

interface Session {
  readonly connection: Connection;
  readonly config: SourceConfig;
}

async function sessionThrough(wire: Wire, options = ''): Promise<Session> {
  const url = new URL(fixture.database.url);
  Object.assign(url, { hostname: '127.0.0.1', port: String(wire.port) });
  const config = configFor(url.href, options);
  const connection = await connect(config, 'sqlextract test');
  onTestFinished(() => connection.destroy());
  return { connection, config };
}

/** Reads and does `after` at the first batch; the error of the read, and the rows before it. */
async function readUntil(session: Session, request: ReadRequest, after: () => unknown = () => undefined) {
  let rows = 0;
  try {
    for await (const batch of readRange(session, request)) {
      if (rows === 0) await after();
      rows += batch.rowCount;
    }
    return { rows, error: null };
  } catch (error) {
    return {
      rows,
      error: error as Error & { code?: string; errno?: number; problem?: { code: string; verdict: string } },
    };
  }
}

const usable = (): Promise<string | null> => queryCell(fixture.connection, 'SELECT 40 + 2');
const threadOf = (session: Session): number => session.connection.threadId ?? 0;

/** Only inside one (1568) its characteristics cannot be changed. */
async function isInTransaction(connection: Connection): Promise<boolean> {
  const error = await queryCell(connection, 'SET TRANSACTION READ ONLY').then(
    () => null,
    (thrown: { errno?: number }) => thrown,
  );
  return error?.errno === 1568;
}

describe('a read of MariaDB and MySQL', () => {
  it('gives all rows, tells of all of them, and keeps to the bounds of a batch', async () => {
    let [rows, bytes, most, mostBytes] = [0, 0, 0, 0];
    const request = requestFor(wide, {
      batchBounds: () => ({ rows: 700, bytes: 400_000 }),
      onProgress: (moreRows, moreBytes) => {
        rows += moreRows;
        bytes += moreBytes;
      },
    });
    let sum = 0;
    for await (const batch of readRange(fixture, request)) {
      most = Math.max(most, batch.rowCount);
      mostBytes = Math.max(mostBytes, batch.columns[1]?.offsets?.[batch.rowCount] ?? 0);
      sum += rowsOf(batch, wide).reduce((total, [id]) => total + Number(id), 0);
    }
    expect(sum).toBe((ROWS * (ROWS + 1)) / 2);
    expect(rows).toBe(ROWS);
    expect(bytes).toBeGreaterThan(ROWS * 1500);
    expect(most).toBeLessThanOrEqual(700);
    expect(mostBytes).toBeLessThan(402_000);
  });

  it('takes a where text with ? and :names, a limit, and a range', async () => {
    const where = "v <> '?' AND v <> ':id' AND id <> 7";
    const range = { kind: 'between', from: ['5'], to: ['10'] } as const;
    const rows = await readAll(fixture, requestFor(wide, { where, limit: 4, range, key: ['id'] }));
    expect(rows.map(([id]) => id)).toEqual(['5', '6', '8', '9']);
    expect(await readAll(fixture, requestFor(wide, { where: 'id = -1' }))).toEqual([]);
  });

  it('leaves the connection usable, and its transaction alive, when it is left early', async () => {
    await queryCell(fixture.connection, 'START TRANSACTION READ ONLY');
    for await (const batch of readRange(fixture, requestFor(wide))) {
      expect(batch.rowCount).toBe(1000);
      break;
    }
    expect(await usable()).toBe('42');
    expect(await isInTransaction(fixture.connection)).toBe(true);
    await queryCell(fixture.connection, 'ROLLBACK');
    expect(await readAll(fixture, requestFor(wide, { limit: 3 }))).toHaveLength(3);
    expect(await isInTransaction(fixture.connection)).toBe(false);
  });

  it('ends with the reason of an abort, also while the server computes', async () => {
    for (const where of [null, 'SLEEP(10) = 0']) {
      const controller = new AbortController();
      const request = requestFor(wide, { where, signal: controller.signal });
      const started = performance.now();
      if (where !== null) setTimeout(() => controller.abort(new Error('enough')), 300);
      const { error } = await readUntil(fixture, request, () => controller.abort(new Error('enough')));
      expect(error?.message).toBe('enough');
      // The first row alone would take 10 s.
      expect(performance.now() - started).toBeLessThan(9000);
      expect(await usable()).toBe('42');
    }
  });

  it('ends with the server’s error in the middle of the rows, and the connection goes on', async () => {
    const where = 'id < 15000 OR id = (SELECT 1 UNION ALL SELECT 2)';
    const { rows, error } = await readUntil(fixture, requestFor(wide, { where: `(${where})` }));
    expect(rows).toBeLessThan(ROWS);
    expect(error?.errno).toBe(1242);
    expect(await usable()).toBe('42');
  });

  it.each([
    ['KILL QUERY', 1317],
    ['KILL CONNECTION', undefined],
  ])('%s in the middle is an error', async (statement, errno) => {
    const session = { config: fixture.config, connection: await connect(fixture.config, 'sqlextract test') };
    onTestFinished(() => session.connection.destroy());
    const { rows, error } = await readUntil(session, requestFor(wide), async () => {
      await fixture.execute(`${statement} ${threadOf(session)}`);
    });
    expect(rows).toBeLessThan(ROWS);
    expect(error).not.toBeNull();
    if (errno !== undefined) expect(error?.errno).toBe(errno);
  });
});

describe('a cut connection', () => {
  it.each(['fin', 'rst', 'silence'] as const)(
    '%s: never hangs, never ends as if all was there',
    { timeout: 180_000 },
    async (way) => {
      const points = Array.from({ length: way === 'silence' ? 3 : 12 }, (_, index) => 1 + index * index * 190_000);
      for (const budget of points) {
        await using wire = await Wire.to(fixture.database.url);
        const session = await sessionThrough(wire, '?watchdog=1');
        Object.assign(wire, { budget, way });
        const started = performance.now();
        const { rows, error } = await readUntil(session, requestFor(wide));
        expect(error, `after ${budget} bytes`).not.toBeNull();
        expect(rows).toBeLessThan(ROWS);
        if (way === 'silence') expect(error?.problem).toMatchObject({ code: 'SOURCE_STALLED', verdict: 'reconnect' });
        expect(performance.now() - started).toBeLessThan(15_000);
      }
    },
  );

  it('a server that computes for long is waited for', async () => {
    const config = configFor(fixture.database.url, '?watchdog=1');
    const connection = await connect(config, 'sqlextract test');
    onTestFinished(() => connection.destroy());
    const { rows, error } = await readUntil(
      { connection, config },
      requestFor(wide, { where: 'id = 5 AND SLEEP(3.5) = 0' }),
    );
    expect(error).toBeNull();
    expect(rows).toBe(1);
  });
});

describe('memory', () => {
  it('a consumer that takes its time holds the server back', async () => {
    const { stream } = fixture.connection as unknown as { stream: Socket };
    const atStart = stream.bytesRead;
    let taken = 0;
    let mostWaiting = 0;
    const request = requestFor(wide, {
      batchBounds: () => ({ rows: 500, bytes: 1 << 20 }),
      onProgress: (_, bytes) => {
        taken += bytes;
      },
    });
    for await (const batch of readRange(fixture, request)) {
      expect(batch.rowCount).toBeGreaterThan(0);
      // The server fills what it may at its own pace: the first time it is given time for it.
      for (let look = 0; look < 500 && (look === 0 || mostWaiting <= 500_000); look += 1) {
        await delay(20);
        mostWaiting = Math.max(mostWaiting, stream.bytesRead - atStart - taken);
      }
    }
    expect(taken).toBeGreaterThan(ROWS * 1500);
    expect(mostWaiting).toBeGreaterThan(500_000);
    expect(mostWaiting).toBeLessThan(1_300_000);
  });

  it('rows of 1 MB and of 40 MB come whole, one batch each when they are large, and their memory is given back', async () => {
    await fixture.execute('CREATE TABLE large (id int PRIMARY KEY, v longblob, w longtext)');
    await fixture.execute(
      `INSERT INTO large SELECT seq, REPEAT(UNHEX(SHA2(seq, 256)), 32768), NULL FROM ${sequence(1, 30, 'seq')}`,
    );
    await fixture.execute("INSERT INTO large SELECT 31, REPEAT(UNHEX('00fffefb'), 5000000), REPEAT('é', 10000000)");
    await fixture.execute("INSERT INTO large VALUES (32, 'last', 'last')");
    const large = await schemaOf(fixture, 'large');
    const sums: (readonly [string, number])[] = [];
    let mostRows = 0;
    for await (const batch of readRange(
      fixture,
      requestFor(large, { batchBounds: () => ({ rows: 1000, bytes: 4 << 20 }) }),
    )) {
      mostRows = Math.max(mostRows, batch.rowCount);
      for (const [, v, w] of rowsOf(batch, large)) {
        sums.push([
          createHash('sha256')
            .update(Buffer.from(String(v), 'hex'))
            .digest('hex'),
          String(w ?? '').length,
        ]);
      }
    }
    const expected = await fixture.query('SELECT SHA2(v, 256), IFNULL(CHAR_LENGTH(w), 0) FROM large ORDER BY id');
    expect(sums).toEqual(expected.map(([hash, length]) => [hash, Number(length)]));
    expect(mostRows).toBeLessThanOrEqual(5);
  });
});

describe('TLS', () => {
  it('reads the same rows, and a cut is an error too', { timeout: 120_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sqlextract-tls-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
    execFileSync(
      'openssl',
      ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-keyout', key, '-out', certificate, ...subject],
      { stdio: 'pipe' },
    );
    chmodSync(folder, 0o755);
    chmodSync(key, 0o644);
    const server = await startOwnMariadb({ 'ssl-cert': certificate, 'ssl-key': key });
    onTestFinished(() => server.stop());
    const client = await connectMariadb(server.url);
    await client.query('CREATE DATABASE tls; USE tls; CREATE TABLE tls.wide (id int PRIMARY KEY, v varchar(2000))');
    await client.query(
      `INSERT INTO tls.wide SELECT seq, REPEAT(CHAR(97 + seq % 26), 1500) FROM ${sequence(1, ROWS, 'seq')}`,
    );
    const config = configFor(new URL('/tls', server.url).href, `?ssl-mode=VERIFY_IDENTITY&ssl-ca=${certificate}`);
    const connection = await connect(config, 'sqlextract test');
    expect(await queryCell(connection, "SHOW STATUS LIKE 'Ssl_cipher'")).toBe('Ssl_cipher');
    expect((connection as unknown as { stream: { encrypted?: boolean } }).stream.encrypted).toBe(true);
    const session = { connection, config };
    const request = requestFor({ ...(await schemaOn(connection, 'tls', 'wide')), primaryKey: ['id'] });
    expect(await readUntil(session, request, () => delay(200))).toEqual({ rows: ROWS, error: null });
    for await (const batch of readRange(session, request)) {
      expect(batch.rowCount).toBe(1000);
      break;
    }
    expect(await queryCell(connection, 'SELECT 40 + 2')).toBe('42');
    const { error } = await readUntil(session, request, () => client.query(`KILL CONNECTION ${threadOf(session)}`));
    expect(error).not.toBeNull();
    await endConnection(connection);
    await client.end();
  });
});
