import { describe, expect, it } from 'vitest';
import { RowScanner } from '../../../src/sources/sqlserver/row-scanner.ts';
import type { WireColumn } from '../../../src/sources/sqlserver/wire-column.ts';
import * as wire from '../../support/tds-stand-in/wire-types.ts';

const COLUMNS: readonly (readonly [WireColumn['form'], number, wire.WireType<never>])[] = [
  ['fixed', 4, wire.int],
  ['short', 0, wire.nvarchar(100)],
  ['chunked', 0, wire.varbinaryMax(5)],
  ['byte', 0, wire.decimalN(38, 2)],
  ['chunked', 0, wire.nvarcharMax(3, false)],
  ['pointer', 0, wire.image],
  ['long', 0, wire.variant],
].map(([form, size, type]) => [form, size, type] as never);

const columns = COLUMNS.map(
  ([form, size]): WireColumn => ({
    form,
    size,
    family: 'bytes',
    unicode: false,
    precision: 0,
    scale: 0,
  }),
);

type Cells = readonly unknown[];

const ROWS: readonly Cells[] = Array.from({ length: 40 }, (_, row) => [
  row,
  row % 3 === 0 ? null : 'ű'.repeat(row),
  row % 4 === 0 ? null : Buffer.alloc(row, row),
  row % 5 === 0 ? null : -(10n ** BigInt(row % 38)),
  row % 7 === 0 ? null : 'x'.repeat(row),
  row % 2 === 0 ? null : Buffer.alloc(row * 2, 1),
  row % 6 === 0 ? null : { code: 0x38, bytes: Buffer.from([row, 0, 0, 0]) },
]);

/** ROW and NBCROW in turn, and a DONE. */
function message(): Buffer {
  const tokens = ROWS.flatMap((cells, row) => {
    const sparse = row % 2 === 1;
    const bitmap = Buffer.from([
      cells.reduce<number>((bits, cell, column) => bits | (cell === null ? 1 << column : 0), 0),
    ]);
    const fields = COLUMNS.filter((_, column) => !sparse || cells[column] !== null).map(([, , type]) =>
      type.encode(cells[COLUMNS.findIndex((one) => one[2] === type)] as never),
    );
    return [Buffer.from([sparse ? 0xd2 : 0xd1]), ...(sparse ? [bitmap] : []), ...fields];
  });
  return Buffer.concat([...tokens, Buffer.from([0xfd])]);
}

/** The bytes of every field, as the scanner finds them when the message comes in these pieces; null is NULL. */
function scanned(pieces: readonly Buffer[]): (string | null)[][] {
  const scanner = new RowScanner();
  scanner.expect(columns);
  const found: (string | null)[][] = [];
  const waiting = [...pieces];
  for (;;) {
    const state = scanner.scan(7);
    if (state === 'token') return found;
    if (state === 'hungry') {
      const next = waiting.shift();
      if (next === undefined) throw new Error('the scanner wants more than there is');
      // The scanner may write into what it is given.
      scanner.feed(Uint8Array.from(next));
      if (waiting.length === 0) scanner.finish();
      continue;
    }
    const { rows } = scanner;
    for (let row = 0; row < rows.count; row++) {
      found.push(
        columns.map((_, column) => {
          const field = column * rows.capacity + row;
          const length = rows.lengths[field] as number;
          const start = rows.starts[field] as number;
          return length < 0 ? null : Buffer.from(rows.bytes.subarray(start, start + length)).toString('hex');
        }),
      );
    }
  }
}

function cut(bytes: Buffer, size: number): Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) => bytes.subarray(at * size, (at + 1) * size));
}

describe('the row scanner', () => {
  const whole = scanned([message()]);

  it('finds every field of rows with and without a bitmap', () => {
    expect(whole).toHaveLength(ROWS.length);
    const texts = whole.map((row) => [row[1], row[2], row[4], row[5]]);
    expect(texts).toEqual(
      ROWS.map(([, text, bytes, , long, image]) => [
        text === null ? null : Buffer.from(text as string, 'utf16le').toString('hex'),
        bytes === null ? null : (bytes as Buffer).toString('hex'),
        long === null ? null : Buffer.from(long as string, 'utf16le').toString('hex'),
        image === null ? null : (image as Buffer).toString('hex'),
      ]),
    );
  });

  it.each([1, 2, 3, 5, 17, 64, 1000])('finds the same in pieces of %i bytes', (size) => {
    expect(scanned(cut(message(), size))).toEqual(whole);
  });

  it('takes no row after its bounds, but always one', () => {
    const scanner = new RowScanner();
    scanner.expect(columns);
    scanner.feed(Uint8Array.from(message()));
    expect([scanner.scan(3), scanner.rows.count]).toEqual(['rows', 3]);
    expect([scanner.scan(100, 1), scanner.rows.count]).toEqual(['rows', 1]);
    expect([scanner.scan(100, 0), scanner.rows.count]).toEqual(['rows', 1]);
  });

  it('refuses a value that has another length than was told', () => {
    const scanner = new RowScanner();
    scanner.expect([{ ...(columns[2] as WireColumn) }]);
    const value = wire.varbinaryMax().encode(Buffer.from('abc'));
    value.writeBigUInt64LE(4n);
    scanner.feed(Uint8Array.from(Buffer.concat([Buffer.from([0xd1]), value])));
    expect(() => scanner.scan(1)).toThrow('was told to have 4 bytes and has 3');
  });
});
