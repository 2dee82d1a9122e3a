import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { Answer } from './answer.ts';
import { type ClientMessage, MessageReader, PACKET, answerPacket } from './packets.ts';
import {
  collationChange,
  databaseChange,
  doneToken,
  errorToken,
  loginAck,
  preloginBody,
  transactionChange,
} from './tokens.ts';

/** What a statement is answered with. Rejecting closes the connection. */
export type Handler = (sql: string, answer: Answer) => Promise<void> | void;

/** Where every connection is cut, counted in bytes of answers after the login. */
export interface Cut {
  readonly afterBytes: number;
  readonly how: 'fin' | 'rst' | 'silence';
}

/** With it the server is one of TDS 8.0, which encrypts from the first byte on. */
export interface Certificate {
  readonly key: Buffer;
  readonly cert: Buffer;
  /** Where the certificate lies, for the URL. */
  readonly path: string;
}

/**
 * A TDS 7.4 server that knows no SQL: it logs anybody in, unencrypted unless it has a certificate, and lets `handler` answer batches and sp_executesql. It proves what the
 * driver and our reader make of the protocol, and nothing about SQL Server itself.
 *
 *   prelogin ▶ login ▶ ready ⇄ answering        an attention ends the answer, and is acknowledged in a message of its own
 */
export class TdsStandIn implements AsyncDisposable {
  readonly statements: string[] = [];
  cut: Cut | null = null;
  /** Connections that were accepted so far. */
  connections = 0;
  /** Logins that were sent so far, with their passwords. */
  logins = 0;
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();

  private readonly certificate: Certificate | null;

  private constructor(handler: Handler, certificate: Certificate | null) {
    this.certificate = certificate;
    const serve = (socket: Socket): void => this.serve(socket, handler);
    this.server =
      certificate === null
        ? createServer(serve)
        : createTlsServer({ ...certificate, ALPNProtocols: ['tds/8.0'] }, serve);
  }

  static async start(handler: Handler, certificate: Certificate | null = null): Promise<TdsStandIn> {
    const standIn = new TdsStandIn(handler, certificate);
    const { promise, resolve } = Promise.withResolvers<void>();
    standIn.server.listen(0, '127.0.0.1', resolve);
    await promise;
    return standIn;
  }

  /** Connections that are open now. */
  get open(): number {
    return this.sockets.size;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get url(): string {
    const encrypt = this.certificate === null ? 'false' : `strict&ca=${encodeURIComponent(this.certificate.path)}`;
    return `sqlserver://sa:secret@127.0.0.1:${this.port}/stand?encrypt=${encrypt}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.server.close(() => resolve());
    await promise;
  }

  private serve(socket: Socket, handler: Handler): void {
    this.connections++;
    this.sockets.add(socket);
    const reader = new MessageReader();
    const session = new Session(this, socket, handler, this.connections + 50);
    socket.on('close', () => this.sockets.delete(socket));
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      for (const message of reader.take(bytes)) session.take(message).catch(() => socket.destroy());
    });
  }
}

class Session {
  private readonly standIn: TdsStandIn;
  private readonly socket: Socket;
  private readonly handler: Handler;
  private readonly spid: number;
  private current: Answer | null = null;
  private spent = { bytes: 0 };

  constructor(standIn: TdsStandIn, socket: Socket, handler: Handler, spid: number) {
    this.standIn = standIn;
    this.socket = socket;
    this.handler = handler;
    this.spid = spid;
  }

  async take({ type, body }: ClientMessage): Promise<void> {
    switch (type) {
      case PACKET.prelogin:
        this.socket.write(answerPacket(preloginBody(), true));
        return;
      case PACKET.login: {
        this.standIn.logins++;
        const tokens = [databaseChange('stand'), collationChange(), loginAck(), doneToken({ count: null })];
        this.socket.write(answerPacket(Buffer.concat(tokens), true));
        return;
      }
      case PACKET.attention:
        await this.current?.cancel();
        await this.answer().end(doneToken({ count: null, attention: true }));
        return;
      case PACKET.transaction:
        await this.changeTransaction(body.readUInt16LE(body.readUInt32LE(0)));
        return;
      case PACKET.batch:
        await this.run(body.subarray(body.readUInt32LE(0)).toString('utf16le'));
        return;
      case PACKET.rpc:
        await this.run(executedSql(body.subarray(body.readUInt32LE(0))));
        return;
      default:
        throw new Error(`the stand-in does not know packets of type ${type}`);
    }
  }

  private answer(): Answer {
    return new Answer(this.socket, this.standIn, this.spent, this.spid);
  }

  /** 5 begin, 7 commit, 8 rollback (MS-TDS 2.2.6.9). */
  private async changeTransaction(kind: number): Promise<void> {
    const change = kind === 5 ? 8 : kind === 7 ? 9 : 10;
    await this.answer().end(Buffer.concat([transactionChange(change), doneToken({ count: null })]));
  }

  private async run(sql: string): Promise<void> {
    this.standIn.statements.push(sql);
    const answer = this.answer();
    this.current = answer;
    try {
      await this.handler(sql, answer);
    } catch (error) {
      if (answer.ended) return;
      const message = error instanceof Error ? error.message : String(error);
      await answer.end(
        Buffer.concat([errorToken({ number: 50_000, message }), doneToken({ count: null, error: true })]),
      );
    }
  }
}

/** The statement of sp_executesql (procedure 10), which is its first parameter: nvarchar, or nvarchar(max) in chunks. */
function executedSql(body: Buffer): string {
  if (body.readUInt16LE(0) !== 0xffff || body.readUInt16LE(2) !== 10) throw new Error('only sp_executesql is known');
  let at = 6;
  at += 1 + 2 * (body[at] as number) + 1;
  if (body[at] !== 0xe7) throw new Error('the statement is no nvarchar');
  const max = body.readUInt16LE(at + 1) === 0xffff;
  at += 8;
  if (!max) return body.toString('utf16le', at + 2, at + 2 + body.readUInt16LE(at));
  const parts: Buffer[] = [];
  at += 8;
  for (let length = body.readUInt32LE(at); length > 0; length = body.readUInt32LE(at)) {
    parts.push(body.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return Buffer.concat(parts).toString('utf16le');
}
