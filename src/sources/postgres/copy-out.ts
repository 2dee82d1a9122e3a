import type { Socket } from 'node:net';
import type pg from 'pg';
import { RecyclingSocket } from '../recycling-socket.ts';

/** What `pg` gives to a query it submits; only this much of it is used. */
interface PgConnection {
  readonly stream: Socket;
  query(text: string): void;
}

/** Above this many waiting bytes the socket is paused: the server then fills the kernel's buffers and waits. */
const MOST_WAITING = 1024 * 1024;

/**
 * A `COPY … TO STDOUT` as node-postgres runs it, giving out the socket's own chunks. While it runs it stands in the driver's place at
 * the socket; `release` gives the place back. pg-copy-streams does the same, but copies every message twice on the way
 * (docs/decisions/postgres-binary-copy.md).
 *
 *   submit → streaming ──release──▶ finishing ──ReadyForQuery──▶ finished
 *               └──────────── error of the server or the connection ────▶ failed (`next` and `finished` reject)
 */
export class CopyOut implements pg.Submittable {
  /** Rows by the server's command tag. Rejects with the server's or the connection's error. */
  readonly finished: Promise<number>;
  private readonly text: string;
  private readonly settle: PromiseWithResolvers<number>;
  private stream: Socket | null = null;
  private driver: ((bytes: Buffer) => void) | null = null;
  private readonly chunks: Buffer<ArrayBuffer>[] = [];
  private waitingBytes = 0;
  /** What `next` gave out last. */
  private given: Buffer<ArrayBuffer> | null = null;
  private wanted: PromiseWithResolvers<Buffer<ArrayBuffer>> | null = null;
  private failure: Error | null = null;
  private tagRows: number | null = null;

  constructor(text: string) {
    this.text = text;
    this.settle = Promise.withResolvers<number>();
    this.finished = this.settle.promise;
    // Whoever awaits it later gets the error then.
    this.finished.catch(() => undefined);
  }

  /** The next bytes as they came. Those of the call before are no longer to be looked at: their memory is used again. */
  next(): Promise<Buffer<ArrayBuffer>> {
    this.giveBack(this.given);
    this.given = null;
    const chunk = this.chunks.shift();
    if (chunk !== undefined) {
      this.given = chunk;
      this.waitingBytes -= chunk.length;
      if (this.waitingBytes < MOST_WAITING / 2 && this.stream?.isPaused()) this.stream.resume();
      return Promise.resolve(chunk);
    }
    if (this.failure !== null) return Promise.reject(this.failure);
    this.wanted = Promise.withResolvers();
    return this.wanted.promise;
  }

  /** Gives the socket back to the driver, with the bytes that were taken too many. */
  release(rest: Uint8Array<ArrayBuffer>): void {
    const { stream, driver } = this;
    if (stream === null || driver === null) return;
    if (stream instanceof RecyclingSocket) stream.reader = null;
    else {
      stream.on('data', driver);
      stream.removeListener('data', this.receive);
    }
    this.driver = null;
    for (const bytes of [rest, ...this.chunks.splice(0)]) if (bytes.length > 0) driver(Buffer.from(bytes));
    stream.resume();
  }

  /** Node-postgres calls the methods below. */
  submit(connection: PgConnection | pg.Connection): void {
    const { stream } = connection as PgConnection;
    const [driver, ...others] = stream.listeners('data') as ((bytes: Buffer) => void)[];
    if (driver === undefined || others.length > 0) throw new Error('the PostgreSQL driver listens in an unknown way');
    this.stream = stream;
    this.driver = driver;
    if (stream instanceof RecyclingSocket) stream.reader = this.receive;
    else {
      stream.on('data', this.receive);
      stream.removeListener('data', driver);
    }
    (connection as PgConnection).query(this.text);
  }

  handleCommandComplete(message: { readonly text?: string }): void {
    const rows = /^COPY (\d+)$/.exec(message.text ?? '')?.[1];
    this.tagRows = rows === undefined ? null : Number(rows);
  }

  handleReadyForQuery(): void {
    if (this.tagRows === null) this.settle.reject(new Error('the server ended COPY without a row count'));
    else this.settle.resolve(this.tagRows);
  }

  /** After an early `release` the driver reads what is left of a cancelled COPY. */
  handleCopyData(): void {}

  handleError(error: Error): void {
    this.failure ??= error;
    this.release(new Uint8Array(0));
    this.settle.reject(this.failure);
    this.wanted?.reject(this.failure);
    this.wanted = null;
  }

  private giveBack(chunk: Buffer<ArrayBuffer> | null): void {
    if (chunk !== null && this.stream instanceof RecyclingSocket) this.stream.giveBack(chunk);
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
    if (this.waitingBytes > MOST_WAITING) this.stream?.pause();
  };
}
