import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Cell, type ReadFixture, readAll, readFixture, requestFor, schemaOf } from './read-fixture.ts';

const ROWS = 2000;
let fixture: ReadFixture;
let seed = 4_711;

beforeAll(async () => {
  fixture = await readFixture('floats');
});
afterAll(() => fixture[Symbol.asyncDispose]());

function random(): number {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
  return seed / 2 ** 32;
}
const below = (limit: number): number => Math.floor(random() * limit);

async function fill(name: string, type: string, literals: readonly string[]): Promise<void> {
  await fixture.execute(`DROP TABLE IF EXISTS ${name}; CREATE TABLE ${name} (id int PRIMARY KEY, v ${type})`);
  for (let at = 0; at < literals.length; at += 500) {
    const rows = literals.slice(at, at + 500).map((literal, index) => `(${at + index},${literal})`);
    await fixture.execute(`INSERT INTO ${name} VALUES ${rows.join(',')}`);
  }
}

async function readColumn(name: string, asText = false): Promise<Cell[]> {
  const table = await schemaOf(fixture, name, { asText });
  return (await readAll(fixture, requestFor(table))).map((row) => row[1] as Cell);
}

describe('checklist 22: floats, bit for bit', () => {
  const bits64 = new BigInt64Array(1);
  const double = new Float64Array(bits64.buffer);
  const bits32 = new Int32Array(1);
  const float = new Float32Array(bits32.buffer);
  const word = (): bigint => BigInt(Math.floor(random() * 2 ** 32));
  const COUNT = 100_000;

  function doubles(): number[] {
    const found = [
      0,
      5e-324,
      -5e-324,
      1.7976931348623157e308,
      2.2250738585072014e-308,
      0.1,
      1e22,
      1e23,
      2 ** 53,
      1e-7,
      123456789012345680,
    ];
    while (found.length < COUNT) {
      bits64[0] = (word() << 32n) | word();
      const anything = double[0] as number;
      const kinds = [
        anything,
        random() * 1e6,
        (random() - 0.5) * 10 ** (below(40) - 20),
        below(1e9) / 100,
        below(2 ** 31),
      ];
      const value = kinds[below(kinds.length)] as number;
      if (Number.isFinite(value)) found.push(value);
    }
    return found;
  }

  function floats(): number[] {
    const found = [
      0,
      1.401298464324817e-45,
      3.4028234663852886e38,
      1.1754943508222875e-38,
      16_777_216,
      16_777_215,
      Math.fround(0.1),
    ];
    while (found.length < COUNT) {
      bits32[0] = Number(word() & 0xffff_ffffn) | 0;
      const value = random() < 0.5 ? (float[0] as number) : Math.fround((random() - 0.5) * 10 ** below(12));
      if (Number.isFinite(value)) found.push(value);
    }
    return found;
  }

  const literal = (value: number): string => value.toExponential();
  const differing = (read: readonly Cell[], written: readonly number[]): number[] =>
    written.filter((value, index) => !Object.is(read[index], value));

  it('DOUBLE', { timeout: 120_000 }, async () => {
    const written = doubles();
    await fill('d', 'double', written.map(literal));
    const read = await readColumn('d');
    expect(read.length).toBe(COUNT);
    expect(differing(read, written).slice(0, 5)).toEqual([]);
  });

  it('FLOAT', { timeout: 120_000 }, async () => {
    const written = floats();
    await fill('f', 'float', written.map(literal));
    expect(differing(await readColumn('f'), written).slice(0, 5)).toEqual([]);
    const texts = await readColumn('f', true);
    expect(
      differing(
        texts.map((text) => Math.fround(Number(text))),
        written,
      ).slice(0, 5),
    ).toEqual([]);
    expect(texts.slice(2, 7)).toEqual(['3.4028235e38', '1.1754944e-38', '16777216', '16777215', '0.1']);
  });

  it('-0 is what the binary protocol has of it (MariaDB stores 0, MySQL -0)', async () => {
    await fixture.execute('DROP TABLE IF EXISTS z; CREATE TABLE z (id int PRIMARY KEY, v double, f float)');
    await fixture.database.client.execute('INSERT INTO z VALUES (1, ?, ?)', [-0, -0]);
    const [stored] = await fixture.database.client.execute({ sql: 'SELECT v, f FROM z', rowsAsArray: true });
    const [row] = await readAll(fixture, requestFor(await schemaOf(fixture, 'z')));
    expect(row?.slice(1)).toEqual((stored as unknown as number[][])[0]);
  });

  it('FLOAT(7,2) and DOUBLE(10,2) are read with all their digits', async () => {
    const numbers = Array.from({ length: ROWS }, () => (below(10_000_000) / 100) * (random() < 0.5 ? -1 : 1));
    for (const type of ['float(9,2)', 'double(10,2)', 'double(12,2) unsigned zerofill']) {
      await fill(
        'm',
        type,
        numbers.map((value) => literal(Math.abs(value))),
      );
      const exact = await fixture.query('SELECT v * 1e0 FROM m ORDER BY id');
      expect(await readColumn('m')).toEqual(exact.map(([text]) => Number(text)));
    }
  });
});
