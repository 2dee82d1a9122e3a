import { describe, expect, it } from 'vitest';
import { RowScanner } from '../../../src/sources/mysql/row-scanner.ts';
import { ProtocolBreach } from '../../../src/sources/scanned-rows.ts';

/** Answers made by hand, as the protocol has them, and cut where no server would cut them. */

type Texts = readonly (string | null)[];

const MOST_PAYLOAD = 0xffffff;

/** Packets of the payloads, numbered from `first`; long ones go on in the next packet. */
function packets(payloads: readonly Uint8Array[], first = 1): Buffer<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  let sequence = first;
  const part = (bytes: Uint8Array): void => {
    const { length } = bytes;
    parts.push(Buffer.from([length & 0xff, (length >> 8) & 0xff, length >> 16, sequence++ & 0xff]), bytes);
  };
  for (const payload of payloads) {
    let at = 0;
    for (; payload.length - at >= MOST_PAYLOAD; at += MOST_PAYLOAD) part(payload.subarray(at, at + MOST_PAYLOAD));
    part(payload.subarray(at));
  }
  return Buffer.concat(parts);
}

function lengthOf(length: number): Buffer {
  if (length < 251) return Buffer.from([length]);
  if (length < 65_536) return Buffer.from([0xfc, length & 0xff, length >> 8]);
  if (length < 1 << 24) return Buffer.from([0xfd, length & 0xff, (length >> 8) & 0xff, length >> 16]);
  const long = Buffer.alloc(9);
  long[0] = 0xfe;
  long.writeBigUInt64LE(BigInt(length), 1);
  return long;
}

function row(texts: Texts): Buffer {
  const cells = texts.flatMap((text) => {
    if (text === null) return [Buffer.from([0xfb])];
    const bytes = Buffer.from(text, 'latin1');
    return [lengthOf(bytes.length), bytes];
  });
  return Buffer.concat(cells);
}

const definition = Buffer.from(
  '\u0003def\u0000\u0000\u0000\u0001a\u0000\u000c-\u0000\u0001\u0000\u0000\u0000\u00fd\u0000\u0000\u0000\u0000\u0000',
  'latin1',
);
const eof = (warnings = 0, status = 2): Buffer => Buffer.from([0xfe, warnings, 0, status, 0]);
/** OK in the place of EOF: affected rows and insert id, status, warnings, then a text. */
const okAsEof = (warnings = 0): Buffer => Buffer.from([0xfe, 0, 0, 2, 0, warnings, 0, 0x61]);
const failure = Buffer.from('\u00ff\u0025\u0005#70100Query execution was interrupted', 'latin1');

function answer(columns: number, rows: readonly Texts[], last: Buffer = eof()): Buffer<ArrayBuffer> {
  const head = [Buffer.from([columns]), ...Array.from({ length: columns }, () => definition), eof()];
  return packets([...head, ...rows.map(row), last]);
}

function scanAll(columns: number, chunks: readonly Buffer<ArrayBuffer>[], deprecateEof = false) {
  const scanner = new RowScanner(columns, deprecateEof);
  const found: (string | null)[][] = [];
  let next = 0;
  for (;;) {
    const state = scanner.scan(1000);
    if (state === 'ended') return { found, scanner, hungry: false };
    if (state === 'hungry') {
      const chunk = chunks[next++];
      if (chunk === undefined) return { found, scanner, hungry: true };
      scanner.feed(chunk);
      continue;
    }
    const { rows } = scanner;
    for (let at = 0; at < rows.count; at++) {
      const cells = Array.from({ length: columns }, (_, column) => {
        const cell = column * rows.capacity + at;
        const [start, length] = [rows.starts[cell] as number, rows.lengths[cell] as number];
        return length < 0 ? null : Buffer.from(rows.bytes.slice(start, start + length)).toString('latin1');
      });
      found.push(cells);
    }
  }
}

/** Copies, as each chunk of a socket has memory of its own. */
function cut(bytes: Buffer, size: number): Buffer<ArrayBuffer>[] {
  const chunks: Buffer<ArrayBuffer>[] = [];
  for (let at = 0; at < bytes.length; at += size) chunks.push(Buffer.from(bytes.subarray(at, at + size)));
  return chunks;
}

const ROWS: readonly Texts[] = [
  ['1', null, ''],
  ['22', 'x'.repeat(250), 'y'.repeat(251)],
  [null, null, null],
  ['\u00fe\u00ff\u00fb', 'z'.repeat(300), '-'],
  ...Array.from({ length: 260 }, (_, index) => [String(index), index % 3 === 0 ? null : 'abc', '']),
];

describe('RowScanner', () => {
  it('finds all cells wherever the answer is cut in two', () => {
    const bytes = answer(3, ROWS);
    for (let at = 0; at <= bytes.length; at++) {
      const { found, scanner } = scanAll(3, [Buffer.from(bytes.subarray(0, at)), Buffer.from(bytes.subarray(at))]);
      if (found.length !== ROWS.length) expect.fail(`cut at ${at}: ${found.length} rows`);
      expect(found).toEqual(ROWS);
      expect(scanner.found).toBe(ROWS.length);
    }
  });

  it.each([1, 2, 3, 4, 5, 7, 64, 1000])('finds all cells in pieces of %i bytes', (size) => {
    const { found, scanner } = scanAll(3, cut(answer(3, ROWS, eof(9)), size));
    expect(found).toEqual(ROWS);
    expect(scanner.last).toEqual({ kind: 'end', warnings: 9 });
  });

  it('never ends before the last packet, wherever the answer stops', () => {
    const bytes = answer(
      2,
      ROWS.slice(0, 3).map((texts) => texts.slice(0, 2)),
    );
    for (let at = 0; at < bytes.length; at++) {
      const { hungry, scanner } = scanAll(2, [Buffer.from(bytes.subarray(0, at))]);
      expect(hungry).toBe(true);
      expect(scanner.last).toBeNull();
    }
  });

  it.each([
    MOST_PAYLOAD - 5,
    MOST_PAYLOAD - 4,
    MOST_PAYLOAD - 3,
    MOST_PAYLOAD + 1,
    2 * MOST_PAYLOAD - 9,
    2 * MOST_PAYLOAD + 17,
  ])('puts together a row with a cell of %i bytes, alone and among others', (size) => {
    const long = 'q'.repeat(size);
    const rows: Texts[] = [['a'], [long], ['b'], [long], ['c']];
    for (const piece of [65_536, 1 << 20, Number.MAX_SAFE_INTEGER]) {
      const { found } = scanAll(1, cut(answer(1, rows), piece));
      expect(found.map(([text]) => text?.length)).toEqual([1, size, 1, size, 1]);
      expect(found[1]?.[0] === long && found[3]?.[0] === long).toBe(true);
    }
  });

  it('ends with the error that comes in the middle of the rows, whatever its number', () => {
    const rows = packets([Buffer.from([1]), definition, eof(), row(['1']), row(['2'])]);
    const bytes = Buffer.concat([rows, packets([failure], 77)]);
    const { found, scanner } = scanAll(1, cut(bytes, 11));
    expect(found).toEqual([['1'], ['2']]);
    expect(scanner.last).toEqual({ kind: 'error', payload: new Uint8Array(failure) });
  });

  it('ends with an error in the place of the header', () => {
    expect(scanAll(1, [packets([failure])]).scanner.last?.kind).toBe('error');
  });

  it('takes OK in the place of EOF with CLIENT_DEPRECATE_EOF', () => {
    const bytes = packets([Buffer.from([1]), definition, row(['1']), okAsEof(3)]);
    const { found, scanner } = scanAll(1, cut(bytes, 3), true);
    expect(found).toEqual([['1']]);
    expect(scanner.last).toEqual({ kind: 'end', warnings: 3 });
  });

  it('takes many columns', () => {
    const wide = Array.from({ length: 600 }, (_, index) => String(index));
    const head = Buffer.from([0xfc, 600 & 0xff, 600 >> 8]);
    const bytes = packets([head, ...wide.map(() => definition), eof(), row(wide), eof()]);
    expect(scanAll(600, cut(bytes, 777)).found).toEqual([wide]);
  });

  it.each([
    ['a row of fewer columns', answer(3, [['1', '2']])],
    ['a row of more columns', answer(1, [['1', '2']])],
    ['another number of columns', answer(2, [['1', '2']])],
    ['packets out of order', Buffer.concat([answer(1, [['1']]).subarray(0, -9), packets([row(['2'])], 99)])],
    ['no rows at all (OK)', packets([Buffer.from([0, 0, 0, 2, 0, 0, 0])])],
    ['a local file', packets([Buffer.from('\u00fb/etc/passwd', 'latin1')])],
    ['a second result', answer(1, [['1']], eof(0, 8))],
    ['an empty packet', answer(1, [['1']], Buffer.alloc(0))],
    [
      'a cell longer than its packet',
      answer(1, [['1']]).fill(200, 4 + 1 + 4 + definition.length + 9 + 4, 4 + 1 + 4 + definition.length + 9 + 5),
    ],
  ])('refuses %s', (_, bytes) => {
    const columns = _ === 'a row of fewer columns' ? 3 : 1;
    expect(() => scanAll(columns, [bytes])).toThrow(ProtocolBreach);
  });
});
