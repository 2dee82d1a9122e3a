/** Tokens of an answer, MS-TDS 2.2.7. */

export function bVarchar(text: string): Buffer {
  return Buffer.concat([Buffer.from([text.length]), Buffer.from(text, 'utf16le')]);
}

export function usVarchar(text: string): Buffer {
  return Buffer.concat([uint16(text.length), Buffer.from(text, 'utf16le')]);
}

export function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

export function uint64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
}

function sized(code: number, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from([code]), uint16(body.length), body]);
}

/** The body of PRELOGIN: version 16.0, and a server that cannot encrypt. */
export function preloginBody(): Buffer {
  const version = Buffer.from([16, 0, 0, 0, 0, 0]);
  const options = Buffer.from([0x00, 0, 11, 0, version.length, 0x01, 0, 11 + version.length, 0, 1, 0xff]);
  return Buffer.concat([options, version, Buffer.from([0x02])]);
}

/** TDS 7.4. */
export function loginAck(): Buffer {
  const body = [Buffer.from([1, 0x74, 0, 0, 4]), bVarchar('Microsoft SQL Server'), Buffer.from([16, 0, 0, 0])];
  return sized(0xad, Buffer.concat(body));
}

const SERVER_COLLATION = Buffer.from([0x09, 0x04, 0xd0, 0x00, 0x34]);

export function collationChange(): Buffer {
  return sized(0xe3, Buffer.concat([Buffer.from([7, 5]), SERVER_COLLATION, Buffer.from([0])]));
}

export function databaseChange(name: string): Buffer {
  return sized(0xe3, Buffer.concat([Buffer.from([1]), bVarchar(name), bVarchar('master')]));
}

/** A transaction began (8), was committed (9) or rolled back (10). */
export function transactionChange(kind: 8 | 9 | 10): Buffer {
  const descriptor = Buffer.from([8, 1, 0, 0, 0, 0, 0, 0, 0]);
  const empty = Buffer.from([0]);
  return sized(
    0xe3,
    Buffer.concat([Buffer.from([kind]), kind === 8 ? descriptor : empty, kind === 8 ? empty : descriptor]),
  );
}

export interface ServerError {
  readonly number: number;
  readonly message: string;
  readonly severity?: number;
}

export function errorToken(error: ServerError): Buffer {
  return messageToken(0xaa, { severity: 16, ...error });
}

export function infoToken(message: string): Buffer {
  return messageToken(0xab, { number: 0, message, severity: 0 });
}

function messageToken(code: number, { number, message, severity }: Required<ServerError>): Buffer {
  const state = Buffer.from([1, severity]);
  return sized(
    code,
    Buffer.concat([uint32(number), state, usVarchar(message), bVarchar('stand-in'), bVarchar(''), uint32(1)]),
  );
}

export interface DoneFlags {
  /** Null: the server does not say (NOCOUNT). */
  readonly count: number | null;
  readonly more?: boolean;
  readonly error?: boolean;
  readonly attention?: boolean;
}

/** 0xfd DONE, 0xfe DONEPROC, 0xff DONEINPROC. */
export function doneToken({ count, more, error, attention }: DoneFlags, code: 0xfd | 0xfe | 0xff = 0xfd): Buffer {
  const status = (more ? 1 : 0) | (error ? 2 : 0) | (count === null ? 0 : 0x10) | (attention ? 0x20 : 0);
  return Buffer.concat([Buffer.from([code]), uint16(status), uint16(0xc1), uint64(BigInt(count ?? 0))]);
}

export function returnStatus(): Buffer {
  return Buffer.concat([Buffer.from([0x79]), uint32(0)]);
}
