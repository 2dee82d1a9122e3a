import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { connectTarget } from '../../src/load/loaders/postgres-connect.ts';
import type { TargetPlace } from '../../src/load/loader.ts';
import { CuttingProxy } from '../support/cutting-proxy.ts';
import { freshMariadb } from '../support/mariadb-server.ts';
import { freshDatabase } from '../support/postgres-server.ts';
import { runCli } from '../support/run-cli.ts';

/* A network that loses what is sent, and says nothing, must not keep a load waiting for ever. */

interface SilentProxy extends AsyncDisposable {
  readonly url: string;
}

/** Passes all on, until a client says the word: from then on that connection is silent, both ways. */
async function silentAfter(word: string, serverUrl: string): Promise<SilentProxy> {
  const server = new URL(serverUrl);
  const sockets = new Set<net.Socket>();
  const listener = net.createServer((client) => {
    const upstream = net.connect(Number(server.port), server.hostname);
    let silent = false;
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => other.destroy());
      socket.on('data', (bytes) => {
        if (silent) return;
        other.write(bytes);
        silent = socket === client && bytes.includes(word);
      });
    }
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const url = new URL(serverUrl);
  url.host = `127.0.0.1:${String((listener.address() as net.AddressInfo).port)}`;
  url.search = '?watchdog=1';
  return {
    url: url.href,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      listener.close();
      await once(listener, 'close');
    },
  };
}

async function loadThrough(word: string, serverUrl: string): Promise<void> {
  const cwd = mkdtempSync(join(tmpdir(), 'silence-'));
  try {
    const source = new DatabaseSync(join(cwd, 's.sqlite'));
    source.exec("CREATE TABLE items (id INTEGER PRIMARY KEY, label TEXT); INSERT INTO items VALUES (1, 'a'), (2, 'b')");
    source.close();
    const extract = ['extract', '--source', 's.sqlite', '--table', 'items', '--format', 'csv'];
    expect((await runCli(extract, { cwd })).code).toBe(0);
    const load = async (target: string) => runCli(['load'], { cwd, env: { SQLEXTRACT_TARGET: target } });
    {
      await using proxy = await silentAfter(word, serverUrl);
      const { code, stdout } = await load(proxy.url);
      expect(stdout).toMatch(/nothing came for 1 s, and the session does not work/);
      expect(code).toBe(5);
    }
    expect((await load(serverUrl)).stdout).toContain('2 records');
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
}

test('files on their way into PostgreSQL and MariaDB', async () => {
  await using postgres = await freshDatabase('silence');
  await using mariadb = await freshMariadb('silence');
  await Promise.all([loadThrough('COPY ', postgres.url), loadThrough('LOAD DATA', mariadb.url)]);
}, 60_000);

test('a connection to PostgreSQL that is cut while it is set up could not be made', async () => {
  await using database = await freshDatabase('silence_setup');
  const place = (url: string) => ({ url, displayUrl: 'warehouse', environment: {} }) as TargetPlace;
  await using whole = await CuttingProxy.start('postgres', database.url, null);
  const client = await connectTarget(place(whole.url(database.url)));
  const bytes = whole.seen()[0]?.bytes ?? 0;
  await client.end();
  const cut = { application: 'sqlextract load', number: 1, afterBytes: bytes - 5, way: 'rst' } as const;
  await using proxy = await CuttingProxy.start('postgres', database.url, cut);
  const problem = connectTarget(place(proxy.url(database.url)));
  await expect(problem).rejects.toMatchObject({ problem: { code: 'TARGET_LOST', fault: 'source' } });
});
