import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { describe, expect, it } from 'vitest';
import { duckdbTarget } from '../../src/ingest/targets/duckdb.ts';
import { duckdbLoader } from '../../src/load/loaders/duckdb.ts';
import { fitted } from '../../src/load/load-table.ts';
import { toProblem } from '../../src/model/problem.ts';
import type { PlanFacts } from '../conformance/ingest-example.ts';
import type { GivenLoad } from '../ingest/given-load.ts';
import { givenLoad } from '../ingest/given-load.ts';

const ID = { name: 'id', type: { kind: 'int64' }, nullable: false } as const;
const TWO: PlanFacts = {
  columns: [ID, { name: 'v', type: { kind: 'string' } }],
  primaryKey: ['id'],
  table: { schema: '', name: 't' },
};

/** Loads the one table of the plan; what it ended in. */
async function load({ folder, plan }: GivenLoad): Promise<string> {
  const [table] = plan.tables;
  if (table === undefined) throw new Error('the plan has no table');
  const url = join(folder, 'target');
  const place = {
    url,
    displayUrl: url,
    flavor: null,
    environment: {},
    identity: () => Promise.resolve(null),
    scratch: folder,
  };
  const session = await duckdbLoader.open(place, 1);
  try {
    const fits = await fitted({ session, target: duckdbTarget, place, plan, evolve: 'fail' }, table);
    await session.prepare(fits, plan);
    await session.publish(fits, plan);
    return 'loaded';
  } catch (error) {
    await session.discard(table, plan);
    const { code, message, causes } = toProblem(error);
    return [code, message, ...(causes ?? [])].join(': ');
  } finally {
    await session[Symbol.asyncDispose]();
  }
}

async function ask({ folder }: GivenLoad, statement: string): Promise<readonly (readonly unknown[])[]> {
  const instance = await DuckDBInstance.create(join(folder, 'target'));
  const connection = await instance.connect();
  try {
    return (await connection.runAndReadAll(statement))
      .getRows()
      .map((row) => row.map((cell) => (cell === null ? null : String(cell))));
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

describe('DuckDB', () => {
  it('takes no file that somebody has changed, whatever its length and rows', async () => {
    using given = givenLoad(duckdbTarget, TWO, ['1,"a"', '2,"b"'], { sha256: '0'.repeat(64) });
    expect(await load(given)).toContain('LOAD_FILE: ');
    using sound = givenLoad(duckdbTarget, TWO, ['1,"a"', '2,"b"']);
    expect(await load(sound)).toBe('loaded');
  });

  it('finds files in folders whose names are patterns elsewhere', async () => {
    for (const folderName of ['a*b?[c]', `it's {x} "y"`, '~', 'new\nline']) {
      using given = givenLoad(duckdbTarget, TWO, ['1,"a"', '2,\\N', '3,"\\N"', '4,""'], { folderName });
      expect(await load(given), folderName).toBe('loaded');
      expect(await ask(given, 'FROM t ORDER BY id')).toEqual([
        ['1', 'a'],
        ['2', null],
        ['3', '\\N'],
        ['4', ''],
      ]);
    }
  });

  it.each([
    ['DECIMAL(12,1)', { kind: 'decimal', precision: 12, scale: 2 }, '1.25'],
    ['TIMESTAMP_S', { kind: 'timestamp', zoned: false }, '2024-01-01T00:00:00.500000'],
    ['FLOAT', { kind: 'float64' }, '0.1'],
    ['DOUBLE', { kind: 'int64' }, '9007199254740993'],
    ['INTEGER', { kind: 'float64' }, '1.5'],
  ] as const)('refuses a column of %s that is there, which would round', async (type, kind, value) => {
    using given = givenLoad(duckdbTarget, { ...TWO, columns: [ID, { name: 'v', type: kind }] }, [`1,${value}`]);
    await ask(given, `CREATE TABLE t (id BIGINT PRIMARY KEY, v ${type})`);
    expect(await load(given)).toMatch(/^LOAD_REFUSED: .*whose types would change values; nothing was changed: v /);
    expect(await ask(given, 'SELECT count(*) FROM t')).toEqual([['0']]);
  });

  it('takes a table that is there with a default, a generated column and a wider type', async () => {
    using given = givenLoad(
      duckdbTarget,
      { ...TWO, columns: [ID, { name: 'v', type: { kind: 'decimal', precision: 5, scale: 2 } }] },
      ['1,1.25'],
    );
    await ask(
      given,
      'CREATE TABLE t (id HUGEINT, v DECIMAL(10,4), twice DECIMAL(10,4) GENERATED ALWAYS AS (v * 2), d INT DEFAULT 7)',
    );
    expect(await load(given)).toBe('loaded');
    expect(await ask(given, 'SELECT id, v, twice, d FROM t')).toEqual([['1', '1.2500', '2.5000', '7']]);
  });

  it('compares the bounds of a window as values, and refuses rows outside of it', async () => {
    const window = { column: 'v', from: '9', to: '10' };
    const facts: PlanFacts = {
      ...TWO,
      columns: [ID, { name: 'v', type: { kind: 'int32' } }],
      order: { mode: 'delete-insert', window },
    };
    using given = givenLoad(duckdbTarget, facts, ['1,9']);
    await ask(given, 'CREATE TABLE t (id BIGINT, v INTEGER); INSERT INTO t VALUES (5, 9), (6, 10), (7, 90), (8, NULL)');
    expect(await load(given)).toBe('loaded');
    expect(await ask(given, 'SELECT id FROM t ORDER BY id')).toEqual([['1'], ['6'], ['7'], ['8']]);
    for (const row of ['1,10', '1,\\N']) {
      using outside = givenLoad(duckdbTarget, facts, [row]);
      expect(await load(outside)).toMatch(/^LOAD_REFUSED: .*rows of the files lie outside of the window/);
    }
  });

  it.each(['merge', 'delete-insert'] as const)(
    '%s stops at keys that are one to the collation of the table only',
    async (mode) => {
      const facts: PlanFacts = {
        columns: [{ name: 'k', type: { kind: 'string' } }, ID],
        table: { schema: '', name: 't' },
        order: { mode, key: ['k'] },
      };
      const lines: readonly (readonly string[])[] = [['"x",1', '"X",2'], ['"e",3'], ['"é",3']];
      for (const rows of lines) {
        using given = givenLoad(duckdbTarget, facts, rows);
        await ask(given, "CREATE TABLE t (k VARCHAR COLLATE NOCASE.NOACCENT, id INT); INSERT INTO t VALUES ('E', 0)");
        expect(await load(given), String(rows)).toMatch(
          /^LOAD_REFUSED: .*to the collation of the table only.*nothing was changed/,
        );
        expect(await ask(given, 'FROM t')).toEqual([['E', '0']]);
      }
      using same = givenLoad(duckdbTarget, facts, ['"E",1', '"x ",2', '"x",3', '\\N,4']);
      await ask(same, "CREATE TABLE t (k VARCHAR COLLATE NOCASE, id INT); INSERT INTO t VALUES ('E', 0), (NULL, 0)");
      expect(await load(same)).toBe('loaded');
      expect(await ask(same, 'SELECT k, id FROM t ORDER BY id')).toEqual([
        ['E', '1'],
        ['x ', '2'],
        ['x', '3'],
        [null, '4'],
      ]);
    },
  );

  it('stops when the rows are not as many as the manifest says, and when a value does not fit', async () => {
    using fewer = givenLoad(duckdbTarget, TWO, ['1,"a"'], { rows: 2 });
    expect(await load(fewer)).toMatch(/^LOAD_REFUSED: .*the rows that were loaded are not the 2 of the manifest/);
    using bad = givenLoad(duckdbTarget, { ...TWO, columns: [ID, { name: 'v', type: { kind: 'binary' } }] }, ['1,"zz"']);
    expect(await load(bad)).toMatch(/^LOAD_FAILED/);
    expect(await ask(bad, 'SELECT count(*) FROM t')).toEqual([['0']]);
  });

  it('keeps the text of JSON, 24:00, years before 1 and beyond 9999, and the infinities', async () => {
    const facts: PlanFacts = {
      ...TWO,
      columns: [
        ID,
        { name: 'j', type: { kind: 'json' } },
        { name: 't', type: { kind: 'time' } },
        { name: 'd', type: { kind: 'date' } },
        { name: 'f', type: { kind: 'float64' } },
      ],
    };
    const json = '"{ ""b"": 1.10,  ""a"": 1, ""b"": 12345678901234567890123 }"';
    using given = givenLoad(duckdbTarget, facts, [
      `1,${json},24:00:00,-0044-03-15,NaN`,
      `2,${json},00:00:00,10000-01-01,-Infinity`,
    ]);
    expect(await load(given)).toBe('loaded');
    const text = '{ "b": 1.10,  "a": 1, "b": 12345678901234567890123 }';
    expect(await ask(given, 'SELECT j, t::VARCHAR, year(d), f::VARCHAR FROM t ORDER BY id')).toEqual([
      [text, '24:00:00', '-44', 'nan'],
      [text, '00:00:00', '10000', '-inf'],
    ]);
  });

  it.each([
    [38, 6],
    [19, 0],
    [38, 0],
    [30, 18],
    [25, 19],
    [38, 38],
  ])('reads texts of wide decimals by faster ways than CAST, to the same value: %i, %i', async (precision, scale) => {
    const most = precision - scale;
    const facts: PlanFacts = { ...TWO, columns: [ID, { name: 'v', type: { kind: 'decimal', precision, scale } }] };
    const digits = '9876543210987654321098765432109876543210';
    const whole = [
      '0',
      '1',
      '007'.slice(-Math.max(1, most)),
      digits.slice(0, most),
      digits.slice(0, Math.min(most, 17)),
    ]
      .slice(0, most === 0 ? 1 : 5)
      .map((each) => each || '0');
    const after = [
      '',
      ...[1, 2, 17, 18, scale].filter((each) => each > 0 && each <= scale).map((each) => `.${digits.slice(-each)}`),
    ];
    const texts = whole.flatMap((left) => after.flatMap((right) => [`${left}${right}`, `-${left}${right}`]));
    using given = givenLoad(
      duckdbTarget,
      facts,
      texts.map((text, index) => `${index},${text}`),
    );
    expect(await load(given)).toBe('loaded');
    const values = texts.map((text, index) => `(${index}, '${text}')`).join(', ');
    const unlike = await ask(
      given,
      `SELECT w.text, t.v FROM (VALUES ${values}) AS w(id, text) LEFT JOIN t ON t.id = w.id WHERE t.v IS DISTINCT FROM CAST(w.text AS DECIMAL(${precision},${scale}))`,
    );
    expect(unlike).toEqual([]);
  });

  it('makes no file when it cannot be loaded, and says when another has it open', async () => {
    using given = givenLoad(duckdbTarget, TWO, ['1,"a"']);
    const nowhere = join(given.folder, 'no', 'such', 'file');
    const place = {
      url: nowhere,
      displayUrl: nowhere,
      flavor: null,
      environment: {},
      identity: () => Promise.resolve(null),
      scratch: given.folder,
    };
    await expect(duckdbLoader.open(place, 1)).rejects.toMatchObject({ problem: { code: 'TARGET_CONNECT' } });
    const [table] = given.plan.tables;
    const url = join(given.folder, 'target');
    await using session = await duckdbLoader.open({ ...place, url }, 1);
    expect(table === undefined ? null : await session.entry(table)).toBeNull();
    await expect(DuckDBInstance.create(url, { access_mode: 'READ_ONLY' })).rejects.toThrow(/does not exist/);
  });
});

describe('a generated column of the table that is there', () => {
  it.each(['replace', 'append', 'merge', 'delete-insert'] as const)('is left out, %s', async (mode) => {
    const facts: PlanFacts = {
      columns: [
        { name: 'id', type: { kind: 'int64' }, nullable: false },
        { name: 'v', type: { kind: 'int64' } },
        { name: 'w', type: { kind: 'string' } },
      ],
      table: { schema: '', name: 't' },
      order: { mode, key: ['id'] },
    };
    using given = givenLoad(duckdbTarget, facts, ['2,7,"a"']);
    await ask(given, "CREATE TABLE t (id BIGINT, v BIGINT GENERATED ALWAYS AS (id * 2), w VARCHAR DEFAULT 'w')");
    expect(await load(given)).toBe('loaded');
    expect(await ask(given, 'FROM t')).toEqual([['2', '4', 'a']]);
  });
});
