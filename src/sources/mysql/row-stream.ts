import type { Duplex } from 'node:stream';
import type { Connection } from 'mysql2';
import type { LastPacket } from './last-packet.ts';
import { RecyclingSocket } from '../recycling-socket.ts';

/** What mysql2 keeps in a connection; only this much of it is used, and `RowStream` refuses a driver where it is otherwise. */
interface DriverConnection {
  packetParser: { execute(bytes: Buffer): unknown };
  readonly stream: Duplex;
  readonly config: { readonly clientFlags: number; readonly compress?: unknown };
  readonly serverCapabilityFlags: number;
  readonly _command: unknown;
  sequenceId: number;
}

/** mysql2's query command; `next` is the step that takes the next packet, `row` the one that takes a row or EOF. */
interface DriverQuery {
  next: unknown;
  readonly row: unknown;
}

/** Above this many waiting bytes the socket is paused: the server then fills the kernel's buffers and waits. */
const MOST_WAITING = 1024 * 1024;
const CLIENT_DEPRECATE_EOF = 1 << 24;

/**
 * One statement as mysql2 runs it, giving out the socket's own chunks. mysql2 sends it and hears of a lost connection; for the answer this
 * class stands in the place of its packet parser, below TLS as above it. At the end mysql2 is given the last packet alone, as if the answer
 * had no rows (docs/decisions/mysql-reader.md).
 *
 *   constructor ──▶ streaming ──finish(last packet)──▶ finished   the driver goes on with its next command
 *                      └── error of the connection ──▶ failed     `next` rejects, after the chunks that had come
 */
export class RowStream {
  /** Settles when the driver is done with the statement. Rejects with the server's or the connection's error. */
  readonly finished: Promise<void>;
  readonly deprecateEof: boolean;
  private readonly connection: DriverConnection;
  private readonly driver: DriverConnection['packetParser'];
  private readonly query: DriverQuery;
  private readonly chunks: Buffer<ArrayBuffer>[] = [];
  private waitingBytes = 0;
  /** What `next` gave out last. */
  private given: Buffer<ArrayBuffer> | null = null;
  private paused = false;
  private wanted: PromiseWithResolvers<Buffer<ArrayBuffer>> | null = null;
  private failure: Error | null = null;

  /** Sends the statement. The connection must have nothing else to do. */
  constructor(connection: Connection, sql: string) {
    this.connection = connection as unknown as DriverConnection;
    const settle = Promise.withResolvers<void>();
    this.finished = settle.promise;
    // Whoever awaits it later gets the error then.
    this.finished.catch(() => undefined);
    this.driver = this.connection.packetParser;
    this.deprecateEof = checkDriver(this.connection);
    this.query = connection.query({ sql, values: undefined }, (error: Error | null) => {
      if (error === null) settle.resolve();
      else {
        this.fail(error);
        settle.reject(error);
      }
    }) as unknown as DriverQuery;
    const { _command: running } = this.connection;
    if (running !== this.query) return;
    const { stream } = this.connection;
    if (stream instanceof RecyclingSocket) stream.reader = this.receive;
    else this.connection.packetParser = { execute: this.receive };
  }

  /** Nothing will come any more, and mysql2 tells nobody when it was we who closed the connection. */
  get isClosed(): boolean {
    return this.connection.stream.destroyed;
  }

  /** The next bytes as they came. Those of the call before are no longer to be looked at: their memory is used again. */
  next(): Promise<Buffer<ArrayBuffer>> {
    this.giveBack();
    const chunk = this.chunks.shift();
    if (chunk !== undefined) {
      this.given = chunk;
      this.waitingBytes -= chunk.length;
      if (this.paused && this.waitingBytes < MOST_WAITING / 2) this.setPaused(false);
      return Promise.resolve(chunk);
    }
    if (this.failure !== null) return Promise.reject(this.failure);
    this.wanted = Promise.withResolvers();
    return this.wanted.promise;
  }

  /** Gives the connection back to the driver with the packet that ended the answer. */
  finish(last: LastPacket): void {
    const { connection, query } = this;
    if (connection.stream instanceof RecyclingSocket) connection.stream.reader = null;
    connection.packetParser = this.driver;
    this.giveBack();
    this.setPaused(false);
    if (this.failure !== null) return;
    if (last.kind === 'end') query.next = query.row;
    const payload = last.kind === 'error' ? last.payload : EOF;
    this.driver.execute(
      Buffer.concat([Buffer.from([payload.length, payload.length >> 8, 0, connection.sequenceId]), payload]),
    );
  }

  private giveBack(): void {
    const { stream } = this.connection;
    if (this.given !== null && stream instanceof RecyclingSocket) stream.giveBack(this.given);
    this.given = null;
  }

  private fail(error: Error): void {
    this.failure ??= error;
    this.wanted?.reject(this.failure);
    this.wanted = null;
  }

  private setPaused(paused: boolean): void {
    if (this.paused === paused) return;
    this.paused = paused;
    if (paused) this.connection.stream.pause();
    else this.connection.stream.resume();
  }

  private readonly receive = (bytes: Buffer): void => {
    const chunk = bytes as Buffer<ArrayBuffer>;
    if (this.wanted !== null) {
      const { resolve } = this.wanted;
      this.wanted = null;
      this.given = chunk;
      resolve(chunk);
      return;
    }
    this.chunks.push(chunk);
    this.waitingBytes += chunk.length;
    if (this.waitingBytes > MOST_WAITING) this.setPaused(true);
  };
}

/** Whether OK comes in the place of EOF. Throws when the driver is not as this class knows it, or has another command at work. */
function checkDriver(connection: DriverConnection): boolean {
  const { packetParser, stream, config, _command: command } = connection;
  const known = typeof packetParser?.execute === 'function' && typeof stream?.pause === 'function';
  if (!known || typeof config?.clientFlags !== 'number' || typeof connection.sequenceId !== 'number') {
    throw new Error('the MySQL driver works in an unknown way');
  }
  if (command !== undefined && command !== null) throw new Error('the connection is busy with another statement');
  if (config.compress) throw new Error('compressed connections cannot be read');
  return (config.clientFlags & connection.serverCapabilityFlags & CLIENT_DEPRECATE_EOF) !== 0;
}

/** No warnings, no status. */
const EOF = Buffer.from([0xfe, 0, 0, 0, 0]);
