import { once } from 'node:events';
import net from 'node:net';

/** fin: an orderly end; rst: a reset; freeze: nothing is taken from the server any more; swallow: it is taken and goes nowhere. */
export type CutWay = 'fin' | 'rst' | 'freeze' | 'swallow';

export const CUT_WAYS: readonly CutWay[] = ['fin', 'rst', 'freeze', 'swallow'];

/** One connection, and the place in what the server sends on it. */
export interface Cut {
  /** What the connection calls itself when it logs in; '' for any, also one that has not yet said a word. */
  readonly application: string;
  /** Among those of this name, or among all of them for '', from 1. */
  readonly number: number;
  /** So many bytes still reach the client. */
  readonly afterBytes: number;
  readonly way: CutWay;
}

export interface SeenConnection {
  readonly application: string;
  readonly number: number;
  /** Sent by the server. */
  readonly bytes: number;
}

/** Whose first words say what a connection calls itself. */
export type Protocol = 'postgres' | 'mysql' | 'tds';

interface Pair {
  readonly client: net.Socket;
  readonly server: net.Socket;
  application: string | null;
  number: number;
  bytes: number;
}

/**
 * A TCP proxy in front of a server without TLS, which ends one connection in the middle of what the server sends. All others,
 * and those that come later, go through.
 */
export class CuttingProxy implements AsyncDisposable {
  readonly #protocol: Protocol;
  readonly #cut: Cut | null;
  readonly #pairs: Pair[] = [];
  readonly #listener: net.Server;
  #done = false;

  private constructor(protocol: Protocol, target: URL, cut: Cut | null) {
    this.#protocol = protocol;
    this.#cut = cut;
    this.#listener = net.createServer({ allowHalfOpen: true }, (client) => this.#accept(client, target));
  }

  static async start(protocol: Protocol, serverUrl: string, cut: Cut | null): Promise<CuttingProxy> {
    const proxy = new CuttingProxy(protocol, new URL(serverUrl), cut);
    proxy.#listener.listen(0, '127.0.0.1');
    await once(proxy.#listener, 'listening');
    return proxy;
  }

  /** The server's URL by way of the proxy, with options of the source. */
  url(serverUrl: string, options = ''): string {
    const url = new URL(serverUrl);
    url.hostname = '127.0.0.1';
    url.port = String((this.#listener.address() as net.AddressInfo).port);
    url.search = options;
    return url.href;
  }

  /** Whether the connection came, and so many bytes on it. */
  get wasCut(): boolean {
    return this.#done;
  }

  seen(): readonly SeenConnection[] {
    return this.#pairs.map(({ application, number, bytes }) => ({ application: application ?? '', number, bytes }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { client, server } of this.#pairs) {
      client.destroy();
      server.destroy();
    }
    this.#listener.close();
    await once(this.#listener, 'close');
  }

  #accept(client: net.Socket, target: URL): void {
    const server = net.connect({
      port: Number(target.port || DEFAULT_PORTS[this.#protocol]),
      host: target.hostname,
      allowHalfOpen: true,
    });
    const pair: Pair = { client, server, application: null, number: 0, bytes: 0 };
    this.#pairs.push(pair);
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      socket.on('error', () => other.destroy());
      socket.on('close', () => other.destroy());
      socket.on('end', () => other.end());
    }
    client.on('data', (bytes: Buffer) => this.#fromClient(pair, bytes));
    server.on('data', (bytes: Buffer) => this.#fromServer(pair, bytes));
  }

  #fromClient(pair: Pair, bytes: Buffer): void {
    if (pair.application === null) {
      pair.application = APPLICATION_OF[this.#protocol](bytes);
      pair.number = this.#pairs.filter(({ application }) => application === pair.application).length;
    }
    pass(bytes, pair.client, pair.server);
  }

  #fromServer(pair: Pair, bytes: Buffer): void {
    const left = this.#isMarked(pair) ? (this.#cut as Cut).afterBytes - pair.bytes : Infinity;
    pair.bytes += bytes.length;
    if (bytes.length <= left) {
      pass(bytes, pair.server, pair.client);
      return;
    }
    this.#done = true;
    pair.client.write(bytes.subarray(0, left), () => sever(pair, (this.#cut as Cut).way));
  }

  #isMarked(pair: Pair): boolean {
    const cut = this.#cut;
    if (this.#done || cut === null) return false;
    if (cut.application === '') return this.#pairs.indexOf(pair) + 1 === cut.number;
    return pair.application === cut.application && pair.number === cut.number;
  }
}

/** With back-pressure, as between two machines. */
function pass(bytes: Buffer, from: net.Socket, to: net.Socket): void {
  if (!to.writable || to.write(bytes)) return;
  from.pause();
  to.once('drain', () => from.resume());
}

function sever({ client, server }: Pair, way: CutWay): void {
  for (const socket of [client, server]) socket.removeAllListeners('data').removeAllListeners('end');
  switch (way) {
    case 'fin':
      client.end();
      server.destroy();
      return;
    case 'rst':
      client.resetAndDestroy();
      return;
    case 'freeze':
      client.resume();
      server.pause();
      return;
    case 'swallow':
      client.resume();
      server.resume();
      return;
    default:
      way satisfies never;
  }
}

const DEFAULT_PORTS: Readonly<Record<Protocol, number>> = { postgres: 5432, mysql: 3306, tds: 1433 };

const APPLICATION_OF: Readonly<Record<Protocol, (first: Buffer) => string>> = {
  postgres: startupName,
  mysql: attributeName,
  // The name comes later, in LOGIN7: connections are told apart by their order only.
  tds: () => '',
};

/** StartupMessage: length, version, then names and values, each ended by a zero byte. A CancelRequest has no name. */
function startupName(startup: Buffer): string {
  const words = startup.subarray(8).toString('utf8').split('\0');
  return words[words.indexOf('application_name') + 1] ?? '';
}

/** HandshakeResponse41: among its connection attributes, each word with its length (below 251) before it. */
function attributeName(response: Buffer): string {
  const at = response.indexOf('program_name');
  if (at < 0) return '';
  const start = at + 'program_name'.length;
  return response.subarray(start + 1, start + 1 + (response[start] ?? 0)).toString('utf8');
}
