import { once } from 'node:events';
import net from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { connect } from '../../../src/sources/postgres/connect.ts';
import { parsePostgres } from '../../../src/sources/postgres/config.ts';
import { isPooled, poolsWholeSessions } from '../../../src/sources/postgres/pooler.ts';
import { takeSnapshot } from '../../../src/sources/postgres/snapshot.ts';
import { type SnapshotFixture, snapshotFixture } from './snapshot-fixture.ts';

/** Type and length of BackendKeyData: https://www.postgresql.org/docs/current/protocol-message-formats.html */
const BACKEND_KEY_DATA = Buffer.from([0x4b, 0, 0, 0, 12]);

let fixture: SnapshotFixture;
let proxy: net.Server;
let sockets: net.Socket[];
beforeEach(async () => {
  fixture = await snapshotFixture('pooler');
  sockets = [];
  const target = new URL(fixture.database.url);
  proxy = net.createServer((client) => pipe(client, net.connect(Number(target.port), target.hostname)));
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
});
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  proxy.close();
  await fixture[Symbol.asyncDispose]();
});

/** As a pooler that pools whole sessions: the key it gives to the client is its own. */
function pipe(client: net.Socket, server: net.Socket): void {
  sockets.push(client, server);
  for (const [one, other] of [
    [client, server],
    [server, client],
  ] as const) {
    one.on('error', () => other.destroy());
    one.on('close', () => other.destroy());
  }
  client.on('data', (bytes) => server.write(bytes));
  server.on('data', (bytes) => {
    const at = bytes.indexOf(BACKEND_KEY_DATA);
    if (at >= 0) bytes.writeInt32BE(1, at + BACKEND_KEY_DATA.length);
    client.write(bytes);
  });
}

it('is noticed, and tolerated with a remark while it pools whole sessions', async () => {
  const url = new URL(fixture.database.url);
  url.port = String((proxy.address() as net.AddressInfo).port);
  const config = parsePostgres({ url: url.href, environment: {} });
  const client = await connect(config, 'sqlextract test');
  expect(await isPooled(client)).toBe(true);
  expect(await isPooled(fixture.client)).toBe(false);
  expect(await poolsWholeSessions(client, config)).toBe(true);
  const snapshot = await takeSnapshot(client, config, fixture.request([await fixture.table('t')]));
  expect(snapshot.remarks).toEqual([expect.stringContaining('pooler')]);
  await snapshot.release();
  await client.end();
});

it('that gives a client another session between two statements is found out', async () => {
  // The second connection stands for the session that the pooler hands out once the first is taken.
  const other = await fixture.another();
  let used = 0;
  const swapped = new Proxy(fixture.client, {
    get(target, name) {
      if (name !== 'query') return Reflect.get(target, name) as unknown;
      return (...args: [string]) => (++used <= 2 ? target : other).query(...args);
    },
  });
  expect(await poolsWholeSessions(swapped, fixture.config)).toBe(false);
});
