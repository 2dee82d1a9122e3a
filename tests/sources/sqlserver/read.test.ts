import { afterEach, describe, expect, it } from 'vitest';
import { classifySqlServer } from '../../../src/sources/sqlserver/errors.ts';
import { readRange } from '../../../src/sources/sqlserver/read.ts';
import type { Answer } from '../../support/tds-stand-in/answer.ts';
import { type Handler, TdsStandIn } from '../../support/tds-stand-in/server.ts';
import { type StandInTable, tableHandler } from '../../support/tds-stand-in/table-engine.ts';
import * as wire from '../../support/tds-stand-in/wire-types.ts';
import { type Reading, readCells, readingOf } from './stand-in-read.ts';

const ID = { name: 'id', typeName: 'int', notNull: true, wire: wire.int };
const TEXT = { name: 'v', typeName: 'nvarchar', maxLength: 800, wire: wire.nvarchar(400) };

function numbered(rows: number, more: Partial<StandInTable> = {}): StandInTable {
  return {
    name: 'numbered',
    columns: [ID, TEXT],
    *rows() {
      for (let row = 0; row < rows; row++) yield [row, `text of row ${row}`];
    },
    ...more,
  };
}

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one[Symbol.asyncDispose]();
});

async function start(
  tables: readonly StandInTable[],
  options = '',
  wrap: (handler: Handler) => Handler = (handler) => handler,
) {
  const standIn = await TdsStandIn.start(wrap(tableHandler(tables)));
  open.push(standIn);
  const reading = await readingOf(standIn, tables, options);
  open.push({ [Symbol.asyncDispose]: () => reading.connection.close() });
  return { standIn, reading };
}

/** Another answer to the statement that reads rows. */
const onRead =
  (other: (answer: Answer) => Promise<void>) =>
  (handler: Handler): Handler =>
  (sql, answer) =>
    sql.startsWith('/* sqlextract:read */') ? other(answer) : handler(sql, answer);

async function failureOf(reading: Reading, table = 'numbered') {
  const request = await reading.request(table);
  try {
    await readCells(reading, request);
  } catch (error) {
    return classifySqlServer(error);
  }
  throw new Error('the read ended normally');
}

async function inOrder(reading: Reading): Promise<void> {
  expect(await reading.connection.rows('/* sqlextract:clock */ SELECT 1')).toHaveLength(1);
}

describe('completeness', () => {
  it('gives all rows in batches within their bounds', async () => {
    const { reading } = await start([numbered(5000)]);
    const sizes: number[] = [];
    const request = await reading.request('numbered', { batchBounds: () => ({ rows: 700, bytes: 1 << 20 }) });
    for await (const batch of readRange(reading, request)) sizes.push(batch.rowCount);
    expect(sizes).toEqual([700, 700, 700, 700, 700, 700, 700, 100]);
    await inOrder(reading);
  });

  it('reports every byte and row, and reads the same without anybody listening', async () => {
    const { reading } = await start([numbered(300)]);
    const seen = { rows: 0, bytes: 0 };
    const onProgress = (rows: number, bytes: number): void => {
      seen.rows += rows;
      seen.bytes += bytes;
    };
    expect(await readCells(reading, await reading.request('numbered', { onProgress }))).toHaveLength(300);
    expect(seen.rows).toBe(300);
    expect(seen.bytes).toBeGreaterThan(300 * 30);
    expect(await readCells(reading, await reading.request('numbered'))).toHaveLength(300);
  });

  it('takes an empty result', async () => {
    const { reading } = await start([numbered(0)]);
    expect(await readCells(reading, await reading.request('numbered'))).toEqual([]);
  });

  it.each([
    ['fewer', (rows: number) => rows - 1, 'the server sent 9 rows, 10 arrived'],
    ['more', (rows: number) => rows + 1, 'the server sent 11 rows, 10 arrived'],
    ['no', () => null, 'the server did not say how many rows it sent, 10 arrived'],
  ])('refuses a count of %s rows', async (_, count, message) => {
    const { reading } = await start([numbered(10, { count })]);
    expect(await failureOf(reading)).toMatchObject({
      code: 'SOURCE_INCOMPLETE',
      verdict: 'reconnect',
      message: expect.stringContaining(message),
    });
  });

  it('refuses a result that ends without its last token', async () => {
    const { reading } = await start(
      [numbered(0)],
      '',
      onRead(async (answer) => {
        await answer.columns([
          { name: 'id', type: wire.int },
          { name: 'v', type: wire.nvarchar(400) },
        ]);
        await answer.row([1, 'x']);
        await answer.end(Buffer.alloc(0));
      }),
    );
    expect(await failureOf(reading)).toMatchObject({ code: 'SOURCE_INCOMPLETE', verdict: 'reconnect' });
  });

  it('refuses an answer that ends within a row', async () => {
    const { reading } = await start(
      [numbered(0)],
      '',
      onRead(async (answer) => {
        await answer.columns([
          { name: 'id', type: wire.int },
          { name: 'v', type: wire.nvarchar(400) },
        ]);
        await answer.end(Buffer.from([0xd1, 1, 0]));
      }),
    );
    expect(await failureOf(reading)).toMatchObject({ code: 'SOURCE_PROTOCOL' });
  });
});

describe('errors of the server', () => {
  const cases: readonly (readonly [number, string, string])[] = [
    [1205, 'SOURCE_CONFLICT|SOURCE_DEADLOCK', 'retry|reconnect'],
    [3961, 'SNAPSHOT_LOST', 'epoch-lost'],
    [3966, 'SNAPSHOT_LOST', 'epoch-lost'],
    [208, 'SOURCE_CHANGED|SOURCE_QUERY', 'fatal'],
    [824, 'SOURCE_BROKEN', 'fatal'],
  ];
  it.each(cases)('error %i after rows is %s, and never an end (checklist 42)', async (number, codes, verdicts) => {
    const { reading } = await start(
      [numbered(0)],
      '',
      onRead(async (answer) => {
        await answer.columns([
          { name: 'id', type: wire.int },
          { name: 'v', type: wire.nvarchar(400) },
        ]);
        for (let row = 0; row < 2500; row++) await answer.row([row, 'x']);
        await answer.error({ number, message: `error ${number}` });
        await answer.done({ count: 2500, error: true });
      }),
    );
    const problem = await failureOf(reading);
    expect(codes.split('|')).toContain(problem.code);
    expect(verdicts.split('|')).toContain(problem.verdict);
    await inOrder(reading);
  });
});

describe('a connection that is lost', () => {
  it.each(['fin', 'rst'] as const)('by %s at any byte is a reason to connect again', async (how) => {
    for (const afterBytes of [4, 900, 5_000, 9_001, 30_000, 70_003]) {
      const { standIn, reading } = await start([numbered(3000)]);
      const request = await reading.request('numbered');
      standIn.cut = { afterBytes: afterBytes + 20_000, how };
      const problem = await readCells(reading, request).then(() => null, classifySqlServer);
      expect(problem, String(afterBytes)).toMatchObject({ verdict: 'reconnect' });
    }
  });

  it('by silence is noticed by the watchdog', async () => {
    const { standIn, reading } = await start([numbered(3000)], '&watchdog=1');
    const request = await reading.request('numbered');
    standIn.cut = { afterBytes: 60_000, how: 'silence' };
    const problem = await readCells(reading, request).then(() => null, classifySqlServer);
    expect(problem).toMatchObject({ code: 'SOURCE_STALLED', verdict: 'reconnect' });
  });
});

describe('a server that takes its time', () => {
  it('is waited for while the session works', async () => {
    let looks = 0;
    const slow =
      (handler: Handler): Handler =>
      async (sql, answer) => {
        if (sql.includes('sqlextract:watchdog')) {
          looks++;
          return answer.result(
            [
              { name: 'session', type: wire.int },
              { name: 'busy', type: wire.int },
            ],
            [[51, 1]],
          );
        }
        if (sql.startsWith('/* sqlextract:read */')) await new Promise((resolve) => setTimeout(resolve, 2500));
        return handler(sql, answer);
      };
    const { reading } = await start([numbered(5)], '&watchdog=1', slow);
    expect(await readCells(reading, await reading.request('numbered'))).toHaveLength(5);
    expect(looks).toBeGreaterThan(0);
  });
});

describe('an abort', () => {
  it('ends the statement, and the connection goes on', async () => {
    const { reading } = await start([numbered(400_000)]);
    const stop = new AbortController();
    const request = await reading.request('numbered', { signal: stop.signal });
    let batches = 0;
    const read = (async () => {
      for await (const _ of readRange(reading, request)) if (++batches === 3) stop.abort(new Error('asked to stop'));
    })();
    await expect(read).rejects.toThrow('asked to stop');
    expect(batches).toBe(3);
    await inOrder(reading);
  });

  it('reaches a read that waits', async () => {
    const { reading } = await start(
      [numbered(0)],
      '',
      onRead(() => new Promise(() => undefined)),
    );
    const stop = new AbortController();
    const request = await reading.request('numbered', { signal: stop.signal });
    setTimeout(() => stop.abort(new Error('asked to stop')), 200);
    await expect(readCells(reading, request)).rejects.toThrow('asked to stop');
    await inOrder(reading);
  });

  it('leaving early ends the statement, too', async () => {
    const { reading } = await start([numbered(400_000)]);
    for await (const batch of readRange(reading, await reading.request('numbered'))) {
      expect(batch.rowCount).toBe(1000);
      break;
    }
    await inOrder(reading);
  });
});

it('a slow consumer stops the server, and rows of 1 MB do not pile up', async () => {
  const megabyte = Buffer.alloc(1 << 20, 7);
  let given = 0;
  const blobs: StandInTable = {
    name: 'blobs',
    columns: [ID, { name: 'v', typeName: 'varbinary', maxLength: -1, wire: wire.varbinaryMax() }],
    *rows() {
      for (given = 0; given < 60; given++) yield [given, megabyte];
    },
  };
  const { reading } = await start([blobs]);
  let batches = 0;
  for await (const batch of readRange(
    reading,
    await reading.request('blobs', { batchBounds: () => ({ rows: 1000, bytes: 4 << 20 }) }),
  )) {
    expect(batch.rowCount).toBeLessThanOrEqual(4);
    if (++batches === 2) {
      await new Promise((resolve) => setTimeout(resolve, 500));
      expect(given).toBeLessThan(30);
    }
  }
  expect(given).toBe(60);
});

describe('a table that is altered between two ranges', () => {
  const looks = (standIn: TdsStandIn) => standIn.statements.filter((sql) => sql.includes('sqlextract:columns')).length;

  async function altered(columns: StandInTable['columns'], others: StandInTable['columns'] | null) {
    const shown = { tables: [numbered(10, { columns })] };
    const standIn = await TdsStandIn.start((sql, answer) => tableHandler(shown.tables)(sql, answer));
    open.push(standIn);
    const reading = await readingOf(standIn, shown.tables);
    open.push({ [Symbol.asyncDispose]: () => reading.connection.close() });
    const request = await reading.request('numbered');
    const before = looks(standIn);
    expect(await readCells(reading, request)).toHaveLength(10);
    expect(await readCells(reading, request)).toHaveLength(10);
    expect(looks(standIn) - before, 'the catalog is not asked').toBe(0);
    const other = numbered(10, { columns: others ?? columns });
    shown.tables = others === null ? [numbered(1, { name: 'before', columns: [ID] }), other] : [other];
    const problem = await readCells(reading, request).then(() => null, classifySqlServer);
    expect(problem).toMatchObject({ code: 'SOURCE_CHANGED', verdict: 'fatal' });
    await inOrder(reading);
  }

  const varchar = (length: number) => ({
    ...TEXT,
    typeName: 'varchar',
    maxLength: length,
    wire: wire.nvarchar(4000),
    uncast: wire.varchar(length),
  });

  it('is noticed after the range', () =>
    altered([ID, TEXT], [ID, { ...TEXT, maxLength: 2000, wire: wire.nvarchar(1000) }]));

  it('is told as that, whatever the statement met', () => altered([ID, TEXT], [ID, { ...TEXT, name: 'w' }]));

  it('is noticed where a cast hides it', () => altered([ID, varchar(400)], [ID, varchar(8000)]));

  it('is noticed when another table has its name', () => altered([ID, TEXT], null));
});
