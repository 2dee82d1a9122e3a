import { expect, it } from 'vitest';
import { CopyScanner } from '../../../src/sources/postgres/copy-scanner.ts';
import { ProtocolBreach } from '../../../src/sources/scanned-rows.ts';

function message(code: string, payload: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(code, 'latin1');
  head.writeInt32BE(payload.length + 4, 1);
  return Buffer.concat([head, payload]);
}

function row(...fields: (string | null)[]): Buffer {
  const count = Buffer.alloc(2);
  count.writeInt16BE(fields.length);
  return Buffer.concat([count, ...fields.flatMap(field)]);
}

function field(text: string | null): Buffer[] {
  const length = Buffer.alloc(4);
  length.writeInt32BE(text === null ? -1 : Buffer.byteLength(text));
  return [length, Buffer.from(text ?? '')];
}

const HEADER = Buffer.concat([Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), Buffer.alloc(8)]);
const TRAILER = Buffer.from([0xff, 0xff]);
const ROWS: (string | null)[][] = [
  ['a', null],
  ['', 'x'.repeat(300)],
  [null, null],
  ['é', 'last'],
];
const REST = message('C', Buffer.from('COPY 4\0'));
const ANSWER = Buffer.concat([
  message('H', Buffer.from([1, 0, 2, 0, 1, 0, 1])),
  message('d', Buffer.concat([HEADER, row(...(ROWS[0] as string[]))])),
  message('d', row(...(ROWS[1] as string[]))),
  message('S', Buffer.from('TimeZone\0UTC\0')),
  message('d', row(...(ROWS[2] as string[]))),
  message('d', row(...(ROWS[3] as string[]))),
  message('d', TRAILER),
  message('c', Buffer.alloc(0)),
  REST,
]);

/** All rows of an answer that arrives in the given pieces, and what is left for the driver. */
function scanAll(pieces: readonly Buffer[], most = 1000) {
  const scanner = new CopyScanner(2);
  const rows: (string | null)[][] = [];
  const queue = pieces.map((piece) => new Uint8Array(piece));
  for (;;) {
    const found = scanner.scan(most);
    if (found === 'ended') break;
    if (found === 'hungry') {
      const next = queue.shift();
      if (next === undefined) return { rows, rest: null, complete: scanner.complete };
      scanner.feed(next);
      continue;
    }
    const { bytes, starts, lengths, capacity, count } = scanner.rows;
    for (let r = 0; r < count; r++) {
      rows.push(
        [0, 1].map((column) => {
          const at = starts[column * capacity + r] as number;
          const length = lengths[column * capacity + r] as number;
          return length < 0 ? null : Buffer.from(bytes.subarray(at, at + length)).toString();
        }),
      );
    }
  }
  return {
    rows,
    rest: Buffer.concat([Buffer.from(scanner.rest()), ...queue.map((one) => Buffer.from(one))]),
    complete: scanner.complete,
  };
}

it('finds the same rows wherever the chunks end', () => {
  const whole = { rows: ROWS, rest: REST, complete: true };
  for (let size = 1; size <= ANSWER.length; size++) {
    const pieces = Array.from({ length: Math.ceil(ANSWER.length / size) }, (_, index) =>
      ANSWER.subarray(index * size, (index + 1) * size),
    );
    expect(scanAll(pieces), `pieces of ${size}`).toEqual(whole);
    expect(scanAll(pieces, 1), `pieces of ${size}, row by row`).toEqual(whole);
  }
  for (let cut = 1; cut < ANSWER.length; cut++) {
    expect(scanAll([ANSWER.subarray(0, cut), ANSWER.subarray(cut)]), `cut at ${cut}`).toEqual(whole);
  }
});

it('never takes a part for the whole', () => {
  const last = ANSWER.length - REST.length - 5 - 7;
  for (let cut = 0; cut < last; cut++) {
    expect(scanAll([ANSWER.subarray(0, cut)]), `cut at ${cut}`).toMatchObject({ rest: null, complete: false });
  }
});

it('leaves an error message to the driver', () => {
  const error = message('E', Buffer.from('SERROR\0\0'));
  const start = ANSWER.subarray(0, ANSWER.indexOf(message('S', Buffer.from('TimeZone\0UTC\0'))));
  expect(scanAll([Buffer.concat([start, error])])).toEqual({ rows: ROWS.slice(0, 2), rest: error, complete: false });
});

it.each([
  ['another number of fields', Buffer.concat([HEADER, row('a')])],
  ['no COPY header', row('a', 'b')],
  ['half a row', Buffer.concat([HEADER, row('a', 'b').subarray(0, 7)])],
  ['unknown flags', Buffer.concat([HEADER.subarray(0, 11), Buffer.from([0, 1, 0, 0]), HEADER.subarray(15)])],
])('refuses %s', (_, payload) => {
  expect(() => scanAll([message('d', payload)])).toThrow(ProtocolBreach);
});
