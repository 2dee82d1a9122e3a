import pLimit from 'p-limit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { classifySqlServer } from '../../src/sources/sqlserver/errors.ts';
import { readCells, readingOf } from '../sources/sqlserver/stand-in-read.ts';
import { type Cut, CUT_WAYS, CuttingProxy } from '../support/cutting-proxy.ts';
import { TdsStandIn } from '../support/tds-stand-in/server.ts';
import { type StandInTable, tableHandler } from '../support/tds-stand-in/table-engine.ts';
import * as wire from '../support/tds-stand-in/wire-types.ts';
import { Random } from './random.ts';

/*
 * As cut-connection.suite.ts, for the driver and the reader of SQL Server on the stand-in: from the first byte of the login to the last
 * of the rows, a cut is an error that says what to do, or all rows have come; and it takes no longer than the watchdog and its questions.
 *
 *   CUTS=100 npm test -- tests/properties/cut-     so many cuts instead of 20
 */
const CUTS = Number(process.env['CUTS'] ?? 20);
const SEED = Number(process.env['SEED'] ?? 20_261);
const OPTIONS = '?encrypt=false&watchdog=1&connectTimeout=3';
const LONGEST_MS = 30_000;
const ROWS = 4000;

const TABLE: StandInTable = {
  name: 'measured',
  columns: [
    { name: 'id', typeName: 'int', notNull: true, wire: wire.int },
    { name: 'v', typeName: 'nvarchar', maxLength: 800, wire: wire.nvarchar(400) },
  ],
  *rows() {
    for (let row = 0; row < ROWS; row += 1) yield [row, row % 7 === 0 ? null : `text of row ${row}`];
  },
};
const TRUTH = Array.from({ length: ROWS }, (_, row) => [String(row), row % 7 === 0 ? null : `text of row ${row}`]);

let standIn: TdsStandIn;
let bytes: number;
let reached = 0;

beforeAll(async () => {
  standIn = await TdsStandIn.start(tableHandler([TABLE]));
  await using proxy = await CuttingProxy.start('tds', standIn.url, null);
  expect(await readAll(proxy)).toEqual(TRUTH);
  bytes = proxy.seen()[0]?.bytes ?? 0;
});

afterAll(async () => standIn?.[Symbol.asyncDispose]());

async function readAll(proxy: CuttingProxy): Promise<readonly (readonly (string | null)[])[]> {
  const reading = await readingOf({ url: proxy.url(standIn.url, OPTIONS) } as TdsStandIn, [TABLE]);
  try {
    return await readCells(reading, await reading.request(TABLE.name));
  } finally {
    await reading.connection.close();
  }
}

async function cutOnce(cut: Cut): Promise<void> {
  const where = `${cut.way} after ${cut.afterBytes} of ${bytes} bytes`;
  await using proxy = await CuttingProxy.start('tds', standIn.url, cut);
  const startedAt = performance.now();
  const outcome = await readAll(proxy).then(
    (rows) => ({ rows, problem: null }),
    (error: unknown) => ({ rows: null, problem: classifySqlServer(error) }),
  );
  expect(performance.now() - startedAt, where).toBeLessThan(LONGEST_MS);
  if (proxy.wasCut) reached += 1;
  if (outcome.problem === null) expect(outcome.rows, where).toEqual(TRUTH);
  else expect(outcome.problem, where).toMatchObject({ code: expect.stringMatching(/^SOURCE_/), verdict: 'reconnect' });
}

const atOnce = pLimit(4);

describe('a connection to the stand-in is cut', () => {
  it.concurrent.each(Array.from({ length: CUTS }, (_, index) => index))(
    'number %i',
    async (index) => {
      const random = new Random(SEED * 1000 + index);
      const afterBytes = random.chance(0.3) ? random.integer(0, 600) : random.integer(0, bytes - 1);
      const way = CUT_WAYS[index % CUT_WAYS.length] ?? 'fin';
      await atOnce(async () => cutOnce({ application: '', number: 1, afterBytes, way }));
    },
    CUTS * LONGEST_MS,
  );

  it('nearly always', () => {
    expect(reached).toBeGreaterThanOrEqual(CUTS * 0.8);
  });
});
