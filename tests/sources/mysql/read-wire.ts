import { connect as connectTcp, createServer, type Server, type Socket } from 'node:net';

export type Way = 'fin' | 'rst' | 'silence';

/** A way to the server that swallows, ends or resets what the server sends after so many bytes. */
export class Wire implements AsyncDisposable {
  private readonly sockets: Socket[] = [];
  private readonly listener: Server;
  /** Bytes that still pass to the client of the first connection; the others are left alone. */
  budget = Number.POSITIVE_INFINITY;
  way: Way = 'fin';
  port = 0;

  constructor(target: URL) {
    let first = true;
    this.listener = createServer((client) => {
      const server = connectTcp(Number(target.port), target.hostname);
      this.sockets.push(client, server);
      for (const socket of [client, server]) socket.on('error', () => undefined);
      const watched = first;
      first = false;
      client.pipe(server);
      server.on('data', (bytes) => (watched ? this.pass(client, bytes) : client.write(bytes)));
      server.on('end', () => client.end());
    });
  }

  static async to(url: string): Promise<Wire> {
    const wire = new Wire(new URL(url));
    await new Promise<void>((resolve) => wire.listener.listen(0, '127.0.0.1', resolve));
    wire.port = (wire.listener.address() as { port: number }).port;
    return wire;
  }

  private pass(client: Socket, bytes: Buffer): void {
    if (this.budget <= 0) return;
    client.write(bytes.subarray(0, Math.min(this.budget, bytes.length)));
    this.budget -= bytes.length;
    if (this.budget > 0) return;
    if (this.way === 'fin') client.end();
    if (this.way === 'rst') client.resetAndDestroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.listener.close(resolve));
  }
}
