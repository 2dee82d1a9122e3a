import { EventEmitter } from 'node:events';
import type { Readable } from 'node:stream';
import { type Connection, Request } from 'tedious';
import { NotEnoughDataError } from 'tedious/lib/token/helpers.js';
import StreamParser from 'tedious/lib/token/stream-parser.js';
import { type AnswerBytes, messageBytes } from './answer-bytes.ts';
import { type PacketReader, packetsOf } from './packet-reader.ts';
import { RowScanner } from './row-scanner.ts';
import { ProtocolBreach, type ScannedRows } from '../scanned-rows.ts';
import { type ColumnMetadata, type WireColumn, wireColumn } from './wire-column.ts';

/** A server that does not acknowledge a cancel for so long is left: the connection is closed. The driver itself gives up a little earlier. */
const PATIENCE_MS = 5_000;

/**
 * The answer to one batch with one SELECT, read by us instead of by the parser of `tedious`: its parser makes two objects per value, and turns
 * decimals and money into doubles. Everything but rows is still parsed and handled by the driver's own code, so that the connection stays
 * in order.
 *
 *              message arrives         scan          DONE, end of message
 *   asked ────────────────────▶ open ◀──────▶ rows ──────────────────────▶ ended   finished resolves
 *     │                           │
 *     └──────────┬────────────────┘ server error: finished rejects at the end of the message; connection lost: at once
 *                ▼ stop
 *            stopping: cancelled, the rest is thrown away ──────────────▶ ended   or the connection is closed
 */
export class RowStream {
  /** Resolves when the driver is ready for the next statement; rejects with what ended this one. */
  readonly finished: Promise<void>;
  /** Rows that the server says it sent; null as long as it did not. */
  promised: number | null = null;
  /** Null until the server described its result. */
  columns: readonly WireColumn[] | null = null;
  /** The server's description of its result, word for word. */
  described: readonly ColumnMetadata[] = [];
  private readonly connection: Connection;
  private readonly request: Request;
  private readonly scanner = new RowScanner();
  private readonly tokens: DriverParser;
  private readonly driver = new DriverEvents();
  private readonly packets: PacketReader | null;
  /** Null until the driver hears that its answer has begun. */
  private answer: AnswerBytes | null = null;
  private handler: TokenHandler = {};
  private settled = false;
  private failure: unknown = null;
  private wake: () => void = () => undefined;
  private messageEnded = false;
  private interruption: unknown = null;

  constructor(connection: Connection, sql: string) {
    this.connection = connection;
    const inside = connection as unknown as Inside;
    this.tokens = new (StreamParser as unknown as new (options: unknown) => DriverParser)(inside.config.options);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.finished = promise;
    this.finished.catch(() => undefined);
    this.request = new Request(sql, (error: unknown) => {
      this.settled = true;
      this.failure = error ?? null;
      Reflect.deleteProperty(inside, 'createTokenStreamParser');
      this.packets?.leave();
      if (error) reject(error);
      else resolve();
      this.wake();
    });
    // The driver asks for a parser once per message: the next message is the answer to this request.
    inside.createTokenStreamParser = (message, handler) => {
      Reflect.deleteProperty(inside, 'createTokenStreamParser');
      this.open(message, handler);
      return this.driver;
    };
    this.packets = packetsOf(connection, () => this.wake());
    connection.execSqlBatch(this.request);
  }

  get rows(): ScannedRows {
    return this.scanner.rows;
  }

  /** 'rows': some lie in `rows`. 'hungry': call `fill`. 'ended': the message is over. Throws ProtocolBreach. */
  scan(most: number, mostBytes?: number): 'rows' | 'hungry' | 'ended' {
    for (;;) {
      const found = this.scanner.scan(most, mostBytes);
      if (found === 'rows') return found;
      if (found === 'token' && this.takeToken()) continue;
      if (!this.messageEnded) return 'hungry';
      if (this.scanner.rest > 0) throw new ProtocolBreach('the answer of the server ends within a value');
      return 'ended';
    }
  }

  /** Waits for bytes and takes them; their number, 0 at the end of the message. Rejects when the connection is lost. */
  async fill(): Promise<number> {
    const bytes = await this.nextBytes((chunk) => this.scanner.feed(chunk));
    if (bytes > 0) return bytes;
    this.messageEnded = true;
    this.scanner.finish();
    return 0;
  }

  /** The `fill` that waits, or the next one, rejects with the reason. */
  interrupt(reason: unknown): void {
    this.interruption = reason;
    this.wake();
  }

  /** After 'ended': lets the driver go on. Rejects with the error that the server sent. */
  async end(): Promise<void> {
    this.driver.emitLater('end');
    await this.finished;
  }

  /** Ends the statement, wherever it is; afterwards the connection is ready for the next, or closed. Never rejects. */
  async stop(): Promise<void> {
    if (this.settled) return;
    const patience = setTimeout(() => this.connection.close(), PATIENCE_MS);
    this.interruption = null;
    this.connection.cancel();
    const whole = await this.discard();
    this.driver.emitLater('end');
    await this.finished.catch(() => undefined);
    clearTimeout(patience);
    // Not earlier: the driver would take the acknowledgement of the cancel for that of a statement it no longer knows, and end the process.
    if (!whole) this.connection.close();
  }

  /** Takes the rest of the message, so that the driver gets the next. False when its tokens could not be followed to the end. */
  private async discard(): Promise<boolean> {
    try {
      for (
        let found = this.scan(Number.POSITIVE_INFINITY);
        found !== 'ended';
        found = this.scan(Number.POSITIVE_INFINITY)
      ) {
        if (found === 'hungry') await this.fill();
      }
      return true;
    } catch {
      while (!this.settled && (await this.nextBytes(() => undefined).catch(() => 0)) > 0);
      return false;
    }
  }

  /** 0 at the end of the message. */
  private async nextBytes(take: (bytes: Uint8Array) => void): Promise<number> {
    for (;;) {
      if (this.interruption !== null) throw this.interruption;
      const bytes = this.answer?.drain(take) ?? 0;
      if (bytes > 0) return bytes;
      if (this.settled) throw this.failure ?? new ProtocolBreach('the driver ended the statement before its answer');
      if (this.answer?.ended === true) return 0;
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }

  private open(message: Readable, handler: TokenHandler): void {
    this.handler = handler;
    this.answer = this.packets ?? messageBytes(this.connection, message, () => this.wake());
    // Nothing is in it, but the driver waits for its end.
    if (this.packets !== null) message.resume();
    this.wake();
  }

  /** Hands a token to the driver. False when it is not complete. */
  private takeToken(): boolean {
    const { tokens, scanner } = this;
    // A copy: the driver may keep parts of it, and the scanner uses its memory again.
    tokens.buffer = Buffer.from(scanner.bytes.subarray(scanner.at, scanner.end));
    tokens.position = 0;
    tokens.tokenReader = undefined;
    let token: Token | undefined;
    try {
      token = tokens.readToken();
    } catch (error) {
      if (!(error instanceof NotEnoughDataError)) throw new ProtocolBreach(`a token cannot be read: ${String(error)}`);
      scanner.starve(error.byteCount);
      return false;
    }
    scanner.skip(scanner.at + tokens.position);
    if (token !== undefined) this.handle(token);
    return true;
  }

  private handle(token: Token): void {
    if (token.handlerName === 'onColMetadata') this.expect(token.columns ?? []);
    if (token.handlerName === 'onDone' && token.rowCount !== undefined) {
      this.promised = (this.promised ?? 0) + token.rowCount;
    }
    this.handler[token.handlerName]?.(token);
  }

  private expect(columns: readonly ColumnMetadata[]): void {
    if (this.columns !== null) throw new ProtocolBreach('the server sent a second result');
    this.described = columns;
    this.columns = columns.map(wireColumn);
    this.scanner.expect(this.columns);
  }
}

/** What the driver has in place of its parser. It pauses and resumes a parser; we only read when we can take more. */
class DriverEvents extends EventEmitter {
  /** Not within the call that the driver makes: its own parser answers later, too. */
  emitLater(event: 'end'): void {
    process.nextTick(() => this.emit(event));
  }

  pause(): void {
    return undefined;
  }

  resume(): void {
    return undefined;
  }
}

/** The parts of tedious that its types leave out (lib/connection.js, lib/token/stream-parser.js). */
interface Inside {
  readonly config: { readonly options: unknown };
  createTokenStreamParser(message: Readable, handler: TokenHandler): DriverEvents;
}

type TokenHandler = Record<string, (token: Token) => void>;

interface Token {
  readonly handlerName: string;
  readonly columns?: readonly ColumnMetadata[];
  readonly rowCount?: number;
}

interface DriverParser {
  buffer: Buffer;
  position: number;
  tokenReader: unknown;
  /** Reads one token at `position`, and moves on; throws NotEnoughDataError. */
  readToken(): Token | undefined;
}
