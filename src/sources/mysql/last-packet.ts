import { ProtocolBreach } from '../scanned-rows.ts';

/**
 * The packet that ends an answer: EOF (five bytes), OK in its place with CLIENT_DEPRECATE_EOF, or ERR.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_response_packets.html
 */
export type LastPacket =
  | { readonly kind: 'end'; readonly warnings: number }
  | { readonly kind: 'error'; readonly payload: Uint8Array<ArrayBuffer> };

const MORE_RESULTS = 0x0008;

/** Throws ProtocolBreach when another result would follow, which one SELECT cannot have. */
export function parseLast(payload: Uint8Array<ArrayBuffer>, deprecateEof: boolean): LastPacket {
  if (payload[0] === 0xff) return { kind: 'error', payload: payload.slice() };
  const { warnings, status } = deprecateEof ? parseOk(payload) : parseEof(payload);
  if (warnings === undefined || status === undefined) throw new ProtocolBreach('the last packet is too short');
  if ((status & MORE_RESULTS) !== 0) throw new ProtocolBreach('the server announces a second result');
  return { kind: 'end', warnings };
}

interface Facts {
  readonly warnings: number | undefined;
  readonly status: number | undefined;
}

function parseEof(payload: Uint8Array): Facts {
  return { warnings: word(payload, 1), status: word(payload, 3) };
}

/** Affected rows and insert id (length-encoded numbers), then status and warnings. */
function parseOk(payload: Uint8Array): Facts {
  const at = skipNumber(payload, skipNumber(payload, 1));
  return { status: word(payload, at), warnings: word(payload, at + 2) };
}

function skipNumber(payload: Uint8Array, at: number): number {
  const first = payload[at] ?? 0;
  return at + (first < 0xfb ? 1 : first === 0xfc ? 3 : first === 0xfd ? 4 : 9);
}

function word(payload: Uint8Array, at: number): number | undefined {
  return at + 2 <= payload.length ? (payload[at] as number) | ((payload[at + 1] as number) << 8) : undefined;
}
