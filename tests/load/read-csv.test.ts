import { createHash } from 'node:crypto';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'csv-stringify/sync';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { csvFormat } from '../../src/formats/csv.ts';
import type { LoadFile } from '../../src/ingest/ingest-plan.ts';
import { plainBytes } from '../../src/load/file-bytes.ts';
import type { CsvRow } from '../../src/load/read-csv.ts';
import { readCsv } from '../../src/load/read-csv.ts';
import type { TestColumn } from '../support/batch.ts';
import { csvText } from '../support/csv-text.ts';
import { encodeRows } from '../support/encode.ts';
import { randomCell } from '../support/random-cells.ts';

async function* pieces(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

async function rowsOf(bytes: AsyncIterable<Uint8Array>, columns: readonly string[], nullMarker = '\\N') {
  const rows: CsvRow[] = [];
  for await (const list of readCsv(bytes, { name: 'a.csv', columns, nullMarker })) rows.push(...list);
  return rows;
}

const read = (text: string, columns: readonly string[], nullMarker?: string) =>
  rowsOf(pieces(Buffer.from(text), [text.length + 9]), columns, nullMarker);

const COLUMNS: readonly TestColumn[] = [
  { name: 'id', type: { kind: 'int32' } },
  { name: 'a "quoted", name\n', type: { kind: 'string' } },
  { name: 'b', type: { kind: 'binary' } },
  { name: 'd', type: { kind: 'decimal', precision: 12, scale: 2 } },
  { name: 't', type: { kind: 'timestamp', zoned: true } },
];
const CELLS = fc.tuple(...COLUMNS.map(({ type }) => randomCell(type)));

describe('what the encoder wrote is read', () => {
  test.each(['none', 'gzip', 'zstd'] as const)('any rows, cut into any pieces, %s', async (compression) => {
    const folder = await mkdtemp(join(tmpdir(), 'sqlextract-csv-'));
    const property = fc.asyncProperty(
      fc.array(CELLS, { maxLength: 30 }),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 }),
      fc.constantFrom('\\N', '', 'NULL', '~'),
      async (rows, sizes, nullMarker) => {
        const { bytes } = await encodeRows(csvFormat, COLUMNS, rows, { compression, nullMarker });
        const names = COLUMNS.map(({ name }) => name);
        const wanted = rows.map((row) => row.map((cell, index) => csvText((COLUMNS[index] as TestColumn).type, cell)));
        const path = join(folder, 'file');
        await writeFile(path, bytes);
        const sha256 = createHash('sha256').update(bytes).digest('hex');
        const file: LoadFile = { number: 1, name: 'file', path, rows: rows.length, bytes: bytes.length, sha256 };
        const plain = plainBytes(file, compression, () => undefined);
        expect(await rowsOf(recut(plain, sizes), names, nullMarker)).toEqual(wanted);
      },
    );
    await fc.assert(property, { numRuns: 60 });
  });

  test('and what csv-stringify writes, where it has no NULL', async () => {
    const row = fc.array(fc.string({ unit: 'grapheme' }), { minLength: 3, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(fc.array(row, { maxLength: 20 }), fc.integer({ min: 1, max: 9 }), async (rows, size) => {
        const text = stringify([['x', 'y', 'z'], ...rows], { quoted: true, quoted_empty: true });
        expect(await rowsOf(pieces(Buffer.from(text), [size]), ['x', 'y', 'z'])).toEqual(rows);
      }),
    );
  });
});

async function* recut(bytes: AsyncIterable<Uint8Array>, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  for await (const piece of bytes) yield* pieces(piece, sizes);
}

describe('NULL and texts that look like it', () => {
  test('a quoted marker is text, an unquoted one is NULL', async () => {
    expect(await read('"a","b"\n"\\N",\\N\n"",""\n', ['a', 'b'])).toEqual([
      ['\\N', null],
      ['', ''],
    ]);
  });

  test('with an empty marker, nothing at all is NULL and "" is the empty text', async () => {
    expect(await read('"a"\n\n""\n', ['a'], '')).toEqual([[null], ['']]);
  });
});

describe('what departs from the dialect is an error', () => {
  test.each([
    ['"a"\n1\n2', 'it ends inside a row'],
    ['"a"\n"x', 'it ends inside a row'],
    ['"a"\n"x"', 'it ends inside a row'],
    ['', 'it ends inside a row'],
    ['"a"\n1,2\n', 'it has 2 cells instead of 1'],
    ['"b"\n1\n', 'its header has other names'],
    ['"a"\n"x"y\n', 'text goes on after a closing quote'],
    ['"a"\nx"y\n', 'a quote stands inside an unquoted cell'],
  ])('%j', async (text, sentence) => {
    await expect(read(text, ['a'])).rejects.toMatchObject({
      problem: { code: 'LOAD_FILE', message: expect.stringContaining(sentence) },
    });
  });

  test.each([
    ['in the middle', [0x22, 0x61, 0x22, 10, 0xff, 10]],
    ['cut off at the end', [0x22, 0x61, 0x22, 10, 0xe2, 0x82]],
  ])('bytes that are no UTF-8 %s', async (_, bytes) => {
    await expect(rowsOf(pieces(Uint8Array.from(bytes), [3]), ['a'])).rejects.toMatchObject({
      problem: { code: 'LOAD_FILE' },
    });
  });
});

describe('a changed file', () => {
  test.each(['none', 'gzip', 'zstd'] as const)('a byte less, and a byte changed, %s', async (compression) => {
    const folder = await mkdtemp(join(tmpdir(), 'sqlextract-csv-'));
    const path = join(folder, 'file');
    const rows = Array.from({ length: 2000 }, (_, index) => [index, 'text', null, null, null] as const);
    const { bytes } = await encodeRows(csvFormat, COLUMNS, rows, { compression });
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const file: LoadFile = { number: 1, name: 'file', path, rows: rows.length, bytes: bytes.length, sha256 };
    const readAll = async () => {
      const names = COLUMNS.map(({ name }) => name);
      return rowsOf(
        plainBytes(file, compression, () => undefined),
        names,
      );
    };
    await writeFile(path, bytes);
    expect(await readAll()).toHaveLength(2000);
    await writeFile(path, bytes.subarray(0, -1));
    await expect(readAll()).rejects.toMatchObject({ problem: { code: 'LOAD_FILE' } });
    const changed = Buffer.from(bytes);
    const at = changed.length - 3;
    changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
    await writeFile(path, changed);
    await expect(readAll()).rejects.toMatchObject({ problem: { code: 'LOAD_FILE' } });
  });
});
