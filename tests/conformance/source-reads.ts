import { expect } from 'vitest';
import type { NeutralTable } from './source-fixture.ts';
import { describeAll, hashSum, keyOver, readRequest, readRows, rowsOf } from './source-reading.ts';
import { problemOf } from './source-describes.ts';
import type { SourceCase } from './source.suite.ts';

const VALUES: Omit<NeutralTable, 'name'> = {
  columns: [
    { name: 'id', type: 'bigint', notNull: true },
    { name: 'big', type: 'bigint' },
    { name: 'words', type: 'text' },
    { name: 'price', type: 'decimal(12,2)' },
    { name: 'flag', type: 'boolean' },
    { name: 'ratio', type: 'double' },
  ],
  primaryKey: ['id'],
};

const ROWS = [
  ['1', '-9223372036854775808', '', '-9999999999.99', true, -1.5],
  ['2', '9223372036854775807', 'é e\u0301 😀 \uffff \ufffd', '9999999999.99', false, 1e300],
  ['3', '9007199254740993', 'a,"b"\n\r\t\\N', '0.10', true, 0.1],
  ['4', null, null, null, null, null],
  ['5', '0', 'NULL', '0.00', false, 5e-324],
  ['6', '-1', ' padded ', '8.16', null, 0],
] as const;

/** As `cellText` writes them. */
const ROW_TEXTS = ROWS.map((row) => row.map((cell) => (cell === null ? null : String(cell))));

function byId(rows: readonly (readonly (string | null)[])[]) {
  return rows.toSorted((a, b) => Number(a[0]) - Number(b[0]));
}

export function readsRanges(add: SourceCase): void {
  add('gives every value exactly', async ({ fixture, session }) => {
    const table: NeutralTable = { name: 'read_exact', ...VALUES };
    const made = await fixture.createTable(table);
    await fixture.insert(table, ROWS);
    expect(byId(await readRows(session, { table: await describeAll(session, made) }))).toEqual(ROW_TEXTS);
  });

  add('gives an empty table no rows and no boundary', async ({ fixture, session }) => {
    const table = await describeAll(session, await fixture.createTable({ name: 'read_empty', ...VALUES }));
    expect(await readRows(session, { table })).toEqual([]);
    expect(
      await session.nextBoundary({ table, key: ['id'], where: null, after: null, before: null, step: 1 }),
    ).toBeNull();
    expect(await session.checksum({ table, where: null })).toEqual({ rows: 0n, sum: 0n });
    expect(await session.countRows({ table, where: null })).toBe(0n);
  });

  add('reads only the rows that the condition takes', async ({ fixture, session }) => {
    const table: NeutralTable = { name: 'read_where', ...VALUES };
    const made = await fixture.createTable(table);
    await fixture.insert(table, ROWS);
    const described = await describeAll(session, made);
    const id = fixture.quote('id');
    const where = `${id} = 1 OR ${id} = 5 -- and no more`;
    expect(byId(await readRows(session, { table: described, where }))).toEqual([ROW_TEXTS[0], ROW_TEXTS[4]]);
    const range = {
      kind: 'between',
      from: null,
      to: await session.nextBoundary({
        table: described,
        key: ['id'],
        where: null,
        after: null,
        before: null,
        step: 2,
      }),
    } as const;
    expect(await readRows(session, { table: described, where, range, key: ['id'] }), 'OR stays inside').toEqual([
      ROW_TEXTS[0],
    ]);
  });

  add('refuses a condition that is not one condition', async ({ fixture, session }) => {
    const table = await describeAll(session, await fixture.createTable({ name: 'read_where_bad', ...VALUES }));
    for (const where of ['1 = 1; DELETE FROM read_where_bad', '1 = 1) OR (1 = 1', '1 = 1)', 'no_such_column = 1', '']) {
      const problem = await problemOf(readRowsLater(session, { table, where }));
      expect(problem.fault, `condition ${where}`).not.toBe('bug');
    }
  });

  add('stops after the limit', async ({ fixture, session }) => {
    const table: NeutralTable = { name: 'read_limit', ...VALUES };
    const made = await fixture.createTable(table);
    await fixture.insert(table, ROWS);
    const described = await describeAll(session, made);
    for (const limit of [0, 1, 4, 100]) {
      expect((await readRows(session, { table: described, limit })).length).toBe(Math.min(limit, ROWS.length));
    }
  });

  add('keeps to the bounds of a batch and reports all rows', async ({ fixture, session }) => {
    const table: NeutralTable = {
      name: 'read_bounds',
      columns: [
        { name: 'id', type: 'bigint', notNull: true },
        { name: 'text', type: 'text' },
      ],
      primaryKey: ['id'],
    };
    const made = await fixture.createTable(table);
    const cellBytes = 10_000;
    await fixture.insert(
      table,
      Array.from({ length: 100 }, (_, id) => [
        String(id),
        (id % 2 === 0 ? 'x' : 'é').repeat(id % 2 === 0 ? cellBytes : cellBytes / 2),
      ]),
    );
    const described = await describeAll(session, made);
    let reported = 0;
    const sizesWith = async (bounds: { rows: number; bytes: number }) => {
      const sizes: { rows: number; bytes: number }[] = [];
      const request = readRequest({
        table: described,
        batchBounds: () => bounds,
        onProgress: (rows) => (reported += rows),
      });
      for await (const batch of session.readRange(request)) {
        sizes.push({ rows: batch.rowCount, bytes: batch.columns[1]?.offsets?.[batch.rowCount] ?? 0 });
      }
      expect(sizes.reduce((sum, each) => sum + each.rows, 0)).toBe(100);
      return sizes;
    };
    expect(Math.max(...(await sizesWith({ rows: 7, bytes: 1 << 30 })).map((each) => each.rows))).toBe(7);
    const sizes = await sizesWith({ rows: 1000, bytes: 65_536 });
    expect(Math.max(...sizes.map((each) => each.bytes))).toBeLessThanOrEqual(65_536 + cellBytes);
    expect(Math.max(...sizes.map((each) => each.rows)), 'not row by row').toBeGreaterThan(1);
    expect(
      (await sizesWith({ rows: 1000, bytes: 1 })).every((each) => each.rows === 1),
      'one row at least',
    ).toBe(true);
    expect(reported).toBe(300);
  });

  add('asks for the bounds again for every batch', async ({ fixture, session }) => {
    const table: NeutralTable = { name: 'read_shrinking', ...VALUES };
    const made = await fixture.createTable(table);
    await fixture.insert(table, ROWS);
    const described = await describeAll(session, made);
    let rows = 4;
    const sizes: number[] = [];
    const request = readRequest({ table: described, batchBounds: () => ({ rows: rows--, bytes: 1 << 20 }) });
    for await (const batch of session.readRange(request)) sizes.push(batch.rowCount);
    expect(sizes).toEqual([4, 2]);
  });

  add('ends with an error when it is aborted', async ({ fixture }) => {
    const table: NeutralTable = { name: 'read_aborted', ...VALUES };
    const made = await fixture.createTable(table);
    await fixture.insert(
      table,
      Array.from({ length: 2000 }, (_, id) => [String(id), '1', 'text', '1.00', true, 1]),
    );
    await using session = await fixture.driver.open(fixture.config, 'reader');
    const described = await describeAll(session, made);
    const controller = new AbortController();
    let rows = 0;
    const reading = async () => {
      const request = readRequest({
        table: described,
        batchBounds: () => ({ rows: 100, bytes: 1 << 20 }),
        signal: controller.signal,
      });
      for await (const batch of session.readRange(request)) {
        rows += batch.rowCount;
        controller.abort(new Error('stop it'));
      }
    };
    await expect(reading(), 'no normal end').rejects.toBeInstanceOf(Error);
    expect(rows).toBeLessThan(2000);
  });

  add('a reader that is left early leaves the session usable', async ({ fixture }) => {
    const table: NeutralTable = { name: 'read_left', ...VALUES };
    const made = await fixture.createTable(table);
    await fixture.insert(table, ROWS);
    await using session = await fixture.driver.open(fixture.config, 'reader');
    const described = await describeAll(session, made);
    for await (const batch of session.readRange(
      readRequest({ table: described, batchBounds: () => ({ rows: 1, bytes: 1000 }) }),
    )) {
      expect(rowsOf(batch, described.columns).length).toBe(1);
      break;
    }
    expect((await readRows(session, { table: described })).length).toBe(ROWS.length);
  });

  add('computes the checksum of model/row-hash.ts', async ({ fixture, session }) => {
    const table: NeutralTable = { name: 'read_checksum', ...VALUES };
    const made = await fixture.createTable(table);
    // A row twice but for its key, which an XOR would not tell from none.
    const rows = [...ROWS, ['7', '1', 'twice', '1.00', true, 2], ['8', '1', 'twice', '1.00', true, 2]] as const;
    await fixture.insert(table, rows);
    const described = await describeAll(session, made);
    const texts = rows.map((row) =>
      row.map((cell) =>
        typeof cell === 'boolean' ? (cell ? 't' : 'f') : typeof cell === 'number' ? doubleBits(cell) : cell,
      ),
    );
    expect(await session.checksum({ table: described, where: null })).toEqual({ rows: 8n, sum: hashSum(texts) });
    const where = `${fixture.quote('id')} > 6`;
    expect(await session.checksum({ table: described, where })).toEqual({ rows: 2n, sum: hashSum(texts.slice(6)) });
    expect(await session.countRows({ table: described, where: null })).toBe(8n);
    expect(await session.countRows({ table: described, where })).toBe(2n);
    expect(keyOver(described, ['id']).unique).toBe(true);
  });
}

function doubleBits(value: number): string {
  return new BigUint64Array(new Float64Array([value]).buffer)[0]?.toString(2).padStart(64, '0') ?? '';
}

/** Also turns what is thrown before the first row into a rejection. */
async function readRowsLater(...parameters: Parameters<typeof readRows>): Promise<unknown> {
  return readRows(...parameters);
}
