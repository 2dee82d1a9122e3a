import { once } from 'node:events';
import type { Socket } from 'node:net';
import { answerPacket } from './packets.ts';
import type { Cut } from './server.ts';
import {
  bVarchar,
  type DoneFlags,
  doneToken,
  errorToken,
  infoToken,
  type ServerError,
  uint16,
  uint32,
} from './tokens.ts';
import type { WireType } from './wire-types.ts';

export interface Column {
  readonly name: string;
  readonly type: WireType<never>;
}

const PACKET_BODY = 4088;
const EMPTY = Buffer.alloc(0);

/** One answer under way: tokens are packed as they come, and the socket's back-pressure is waited for. */
export class Answer {
  ended = false;
  /** Bytes that were given to the socket. */
  sent = 0;
  readonly spid: number;
  private readonly socket: Socket;
  private readonly faults: { readonly cut: Cut | null };
  private readonly spent: { bytes: number };
  private columnTypes: readonly WireType[] = [];
  private waiting: Buffer = EMPTY;
  private cancelled = false;
  private finished: Promise<void> = Promise.resolve();

  constructor(socket: Socket, faults: { readonly cut: Cut | null }, spent: { bytes: number }, spid: number) {
    this.socket = socket;
    this.faults = faults;
    this.spent = spent;
    this.spid = spid;
  }

  columns(columns: readonly Column[]): Promise<void> {
    this.columnTypes = columns.map(({ type }) => type as WireType);
    const described = columns.map(({ name, type }) => Buffer.concat([uint32(0), uint16(9), type.info, bVarchar(name)]));
    return this.write(Buffer.concat([Buffer.from([0x81]), uint16(columns.length), ...described]));
  }

  row(values: readonly unknown[]): Promise<void> {
    const fields = this.columnTypes.map((type, column) => type.encode(values[column] ?? null));
    return this.write(Buffer.concat([Buffer.from([0xd1]), ...fields]));
  }

  /** With a bitmap of its NULLs. */
  sparseRow(values: readonly unknown[]): Promise<void> {
    const bitmap = Buffer.alloc((this.columnTypes.length + 7) >> 3);
    const fields = this.columnTypes.flatMap((type, column) => {
      const value = values[column] ?? null;
      if (value !== null) return [type.encode(value)];
      bitmap[column >> 3] = (bitmap[column >> 3] as number) | (1 << (column & 7));
      return [];
    });
    return this.write(Buffer.concat([Buffer.from([0xd2]), bitmap, ...fields]));
  }

  error(error: ServerError): Promise<void> {
    return this.write(errorToken(error));
  }

  info(message: string): Promise<void> {
    return this.write(infoToken(message));
  }

  /** The last token; ends the message. */
  done(flags: DoneFlags): Promise<void> {
    return this.end(doneToken(flags));
  }

  /** Columns, rows and the count of a small result. */
  async result(columns: readonly Column[], rows: readonly (readonly unknown[])[]): Promise<void> {
    await this.columns(columns);
    for (const row of rows) await this.row(row);
    await this.done({ count: rows.length });
  }

  async write(token: Buffer): Promise<void> {
    if (this.cancelled) throw new Error('cancelled');
    this.waiting = this.waiting.length === 0 ? token : Buffer.concat([this.waiting, token]);
    while (this.waiting.length > PACKET_BODY) await this.sendPacket(false);
  }

  async end(tokens: Buffer): Promise<void> {
    await this.write(tokens);
    this.ended = true;
    this.finished = this.sendPacket(true);
    await this.finished;
  }

  /** No token is taken any more, and the message ends, as a server does when an attention comes. */
  async cancel(): Promise<void> {
    if (this.ended) return this.finished;
    this.cancelled = true;
    this.ended = true;
    this.waiting = Buffer.concat([this.waiting, doneToken({ count: null, error: true })]);
    while (this.waiting.length > PACKET_BODY) await this.sendPacket(false);
    await this.sendPacket(true);
  }

  /** What waits is sent as a packet that is not the last. */
  async flush(): Promise<void> {
    if (this.waiting.length > 0) await this.sendPacket(false);
  }

  private async sendPacket(last: boolean): Promise<void> {
    const body = this.waiting.subarray(0, PACKET_BODY);
    this.waiting = this.waiting.subarray(body.length);
    await this.send(answerPacket(body, last));
  }

  private async send(packet: Buffer): Promise<void> {
    const { cut } = this.faults;
    const left = cut === null ? packet.length : Math.max(0, cut.afterBytes - this.spent.bytes);
    const part = packet.subarray(0, left);
    this.spent.bytes += part.length;
    this.sent += part.length;
    if (part.length > 0 && !this.socket.write(part)) await this.drained();
    if (part.length === packet.length || cut === null) return;
    this.ended = true;
    if (cut.how === 'fin') this.socket.end();
    else if (cut.how === 'rst') this.socket.resetAndDestroy();
    // Silence: nothing more is ever said; the handler waits for ever, too.
    await once(this.socket, 'close');
    throw new Error('cut');
  }

  private async drained(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.socket.once('drain', resolve).once('close', resolve);
    await promise;
    this.socket.off('drain', resolve).off('close', resolve);
  }
}
