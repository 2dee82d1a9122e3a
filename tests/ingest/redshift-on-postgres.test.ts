import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { IngestPlan, LoadColumn, TableLoad } from '../../src/ingest/ingest-plan.ts';
import type { LoadMode } from '../../src/ingest/load-mode.ts';
import { redshiftTarget } from '../../src/ingest/targets/redshift.ts';
import type { FreshDatabase } from '../support/postgres-server.ts';
import { freshDatabase } from '../support/postgres-server.ts';
import { column, PLACE, planOf } from './warehouse-plan.ts';
import type { PlanChoice } from './warehouse-plan.ts';

/*
 * Redshift's scripts, run by psql against PostgreSQL: everything but COPY is a dialect that both speak, so that the ledger, the guards and
 * the modes are tried on a real server. COPY is put in place by \copy, GETDATE() by a function of the test.
 */

const run = promisify(execFile);

const columns: readonly LoadColumn[] = [
  column('Id "x"', { kind: 'int64' }, { isKey: true }, false),
  column('t', { kind: 'string' }),
  column('b', { kind: 'boolean' }),
  column('d', { kind: 'decimal', precision: 38, scale: 4 }),
  column('f', { kind: 'float64' }),
  column('day', { kind: 'date' }),
  column('at', { kind: 'timestamp', zoned: false }),
  column('moment', { kind: 'timestamp', zoned: true }),
  column('clock', { kind: 'time' }),
];

let folder = '';
let database: FreshDatabase | undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'redshift-pg-'));
  database = await freshDatabase('redshift');
  await database.client.query(`CREATE FUNCTION getdate() RETURNS timestamp LANGUAGE sql AS 'SELECT now()::timestamp'`);
});
afterAll(async () => {
  await database?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

/** A window that goes on from a run. */
function after(run: string): TableLoad['incremental'] {
  return {
    previous: { run, ledger: run },
    takesPlace: false,
    appends: false,
    keepsVersions: false,
    from: '2024-01-01',
    to: null,
  };
}

interface Load extends Partial<PlanChoice> {
  readonly mode: LoadMode;
  readonly schema: string;
  readonly lines: readonly string[];
  readonly at?: string;
  /** What the manifest says, when it is not as many as there are. */
  readonly rows?: number;
}

async function load({ lines, at, rows, ...choice }: Load): Promise<{ readonly code: number; readonly text: string }> {
  const made = planOf({ target: 'redshift', columns, files: 1, locations: { bucket: 's3://b' }, ...choice });
  const tables = made.tables.map((table) => ({
    ...table,
    rows: rows ?? lines.length,
    source: { ...table.source, extractedAt: at ?? table.source.extractedAt },
  }));
  const plan: IngestPlan = { ...made, tables };
  const csv = join(folder, 'rows.csv');
  await writeFile(csv, `${['"header"', ...lines].join('\n')}\n`);
  const text = redshiftTarget.scripts(plan, PLACE).find(({ name }) => name.endsWith('-load.sql'))?.text ?? '';
  const script = join(folder, 'script.sql');
  const copied = text.replace(
    /^COPY ("[^"]+")[^;]*;$/m,
    `\\copy $1 FROM '${csv}' WITH (FORMAT csv, HEADER true, NULL '\\N')`,
  );
  await writeFile(script, copied);
  const words = ['--no-psqlrc', '--quiet', '--set=ON_ERROR_STOP=1', database?.url ?? '', `--file=${script}`];
  try {
    const { stdout, stderr } = await run('psql', words);
    return { code: 0, text: stdout + stderr };
  } catch (error) {
    const failed = error as { readonly code: number; readonly stdout: string; readonly stderr: string };
    return { code: failed.code, text: failed.stdout + failed.stderr };
  }
}

async function rowsOf(schema: string): Promise<readonly string[]> {
  const result = await database?.client.query<{ line: string }>(
    `SELECT concat_ws('|', "Id ""x""", t, b, d, f, day, at, moment AT TIME ZONE 'UTC', clock) AS line FROM "${schema}".orders ORDER BY 1`,
  );
  return (result?.rows ?? []).map(({ line }) => line);
}

const ledgerOf = async (schema: string) =>
  (
    await database?.client.query(
      `SELECT run_id, mode, row_count::int, inserted::int, updated::int, deleted::int, rejected::int FROM "${schema}"._sqlextract_loads ORDER BY extracted_at, run_id`,
    )
  )?.rows;

const line = (id: number, text: string, at = '2024-01-02T03:04:05.123456'): string =>
  `${id},"${text}",true,12.3400,1e300,2024-01-02,${at},${at}+00:00,03:04:05.123456`;

describe("Redshift's scripts on PostgreSQL", () => {
  it('keep every value: NULL, empty, quotes, lines, backslashes', async () => {
    const lines = [
      `1,"",false,-1.0000,-Infinity,0001-01-01,2024-01-02T03:04:05,2024-01-02T03:04:05+00:00,24:00:00`,
      `2,\\N,\\N,\\N,NaN,\\N,\\N,\\N,\\N`,
      line(3, 'a""b\nc\\N\\ 😀'),
    ];
    const done = await load({ mode: 'replace', schema: 'values', lines });
    expect(done).toMatchObject({ code: 0 });
    expect(await rowsOf('values')).toEqual([
      '1||f|-1.0000|-Infinity|0001-01-01|2024-01-02 03:04:05|2024-01-02 03:04:05|24:00:00',
      '2|NaN',
      '3|a"b\nc\\N\\ 😀|t|12.3400|1e+300|2024-01-02|2024-01-02 03:04:05.123456|2024-01-02 03:04:05.123456|03:04:05.123456',
    ]);
  });

  it.each(['replace', 'full-refresh', 'append', 'merge', 'delete-insert'] as const)(
    '%s: once, then nothing, then new data, and no older run',
    async (mode) => {
      const schema = `mode ${mode}`;
      const first = await load({
        mode,
        schema,
        run: 'r1',
        at: '2024-01-01T00:00:00.000Z',
        lines: [line(1, 'a'), line(2, 'b')],
      });
      expect(first).toMatchObject({ code: 0 });
      const again = await load({
        mode,
        schema,
        run: 'r1',
        at: '2024-01-01T00:00:00.000Z',
        lines: [line(1, 'a'), line(2, 'b')],
      });
      expect(again.code).toBe(0);
      expect(again.text).toContain('run r1 is loaded already; nothing was done');
      expect(await rowsOf(schema)).toHaveLength(2);
      const later = await load({
        mode,
        schema,
        run: 'r3',
        at: '2024-01-03T00:00:00.000Z',
        lines: [line(2, 'B'), line(3, 'C')].slice(mode === 'append' ? 1 : 0),
      });
      expect(later.code).toBe(0);
      const texts = (await rowsOf(schema)).map((row) => row.split('|').slice(0, 2).join(''));
      const kept = mode === 'append' ? ['1a', '2b', '3C'] : ['1a', '2B', '3C'];
      expect(texts).toEqual(['replace', 'full-refresh'].includes(mode) ? ['2B', '3C'] : kept);
      const older = await load({ mode, schema, run: 'r2', at: '2024-01-02T00:00:00.000Z', lines: [line(9, 'old')] });
      expect(older.code).toBe(3);
      expect(older.text).toContain('a later run than r2 is loaded already; nothing was changed');
      const allowed = await load({
        mode,
        schema,
        run: 'r2',
        at: '2024-01-02T00:00:00.000Z',
        lines: [line(9, 'old')],
        options: { allowOlder: true },
      });
      expect(allowed.code).toBe(0);
      const counts = {
        replace: [2, 0, 2],
        'full-refresh': [2, 0, 0],
        append: [1, 0, 0],
        merge: [1, 1, 0],
        'delete-insert': [2, 0, 1],
      }[mode];
      expect((await ledgerOf(schema))?.at(-1)).toMatchObject({
        run_id: 'r3',
        mode,
        inserted: counts[0],
        updated: counts[1],
        deleted: counts[2],
      });
    },
  );

  it('stop before anything is changed: another count, a key that stands twice, a row outside of the window, a value that is none', async () => {
    const schema = 'guards';
    await load({ mode: 'replace', schema, run: 'r1', at: '2024-01-01T00:00:00.000Z', lines: [line(1, 'a')] });
    const later = { schema, run: 'r2', at: '2024-01-02T00:00:00.000Z' };
    const window = ['at', '2024-01-01', '2024-02-01'] as const;
    const attempts = [
      { message: 'are not the 5 of the manifest', load: { ...later, mode: 'replace', lines: [line(2, 'b')], rows: 5 } },
      {
        message: 'a key stands in the files more than once',
        load: { ...later, mode: 'merge', lines: [line(2, 'b'), line(2, 'c')] },
      },
      {
        message: 'lie outside of the window',
        load: { ...later, mode: 'delete-insert', window, lines: [line(2, 'b', '2024-02-01T00:00:00')] },
      },
      {
        message: 'goes on from run r0, which is not the newest that is loaded',
        load: { ...later, mode: 'merge', lines: [line(2, 'b')], incremental: after('r0') },
      },
      {
        message: 'invalid input syntax',
        load: { ...later, mode: 'replace', lines: [line(2, 'b').replace('true', 'yes')] },
      },
      {
        message: 'invalid input syntax',
        load: { ...later, mode: 'merge', lines: [line(2, 'b').replace('12.3400', 'x')] },
      },
    ] as const;
    for (const attempt of attempts) {
      const stopped = await load(attempt.load);
      expect(stopped.code).toBe(3);
      expect(stopped.text).toContain(attempt.message);
      expect(await rowsOf(schema)).toHaveLength(1);
      expect(await ledgerOf(schema)).toHaveLength(1);
    }
    // the server ends a session, and with it what is temporary, a moment after its client is gone
    const left = async () => {
      const found = await database?.client.query(`SELECT relname FROM pg_class WHERE relname LIKE '_sqlextract_a%'`);
      return found?.rows;
    };
    await expect.poll(left, { timeout: 10_000 }).toEqual([]);
  });

  it('delete-insert takes a window out, and merge takes the newest of two rows', async () => {
    const schema = 'window';
    const early = '2024-01-15T00:00:00';
    const lines = [
      line(1, 'out', '2023-12-31T23:59:59.999999'),
      line(2, 'in', '2024-01-01T00:00:00'),
      line(3, 'edge', '2024-02-01T00:00:00'),
    ];
    await load({ mode: 'replace', schema, run: 'r1', at: '2024-01-01T00:00:00.000Z', lines });
    const window = ['at', '2024-01-01', '2024-02-01'] as const;
    await load({
      mode: 'delete-insert',
      schema,
      run: 'r2',
      at: '2024-01-02T00:00:00.000Z',
      window,
      incremental: after('r1'),
      lines: [line(4, 'new', early)],
    });
    expect((await rowsOf(schema)).map((row) => row.slice(0, 5))).toEqual(['1|out', '3|edg', '4|new']);
    const twice = [line(4, 'older', '2024-01-20T00:00:00'), line(4, 'newest', '2024-01-21T00:00:00')];
    await load({ mode: 'merge', schema, run: 'r3', at: '2024-01-03T00:00:00.000Z', dedupeBy: 'at', lines: twice });
    expect((await rowsOf(schema)).map((row) => row.slice(0, 5))).toEqual(['1|out', '3|edg', '4|new']);
    expect((await rowsOf(schema)).at(-1)).toContain('4|newest');
    expect((await ledgerOf(schema))?.at(-1)).toMatchObject({ row_count: 2, inserted: 0, updated: 1 });
  });

  it('stop at a table whose columns would round values of the files', async () => {
    const schema = 'narrow';
    await load({ mode: 'replace', schema, run: 'r1', at: '2024-01-01T00:00:00.000Z', lines: [line(1, 'a')] });
    await database?.client.query('ALTER TABLE narrow.orders ALTER COLUMN d TYPE numeric(38,2)');
    const stopped = await load({
      mode: 'append',
      schema,
      run: 'r2',
      at: '2024-01-02T00:00:00.000Z',
      lines: [line(2, 'b')],
    });
    expect(stopped).toMatchObject({ code: 3 });
    expect(stopped.text).toContain('would round, cut or change values');
    expect(await rowsOf(schema)).toHaveLength(1);
  });

  it('rows that are gone are taken out, or marked until they come back; too many of them stop it', async () => {
    const schema = 'gone';
    const key = columns.slice(0, 1);
    const at = (day: number): string => `2024-01-0${day}T00:00:00.000Z`;
    const lines = Array.from({ length: 20 }, (_, index) => line(index, 'x'));
    expect(await load({ mode: 'replace', schema, run: 'r1', at: at(1), lines })).toMatchObject({ code: 0 });
    const mark = { mode: 'delete', schema, columns: key, deletedColumn: 'gone_at' } as const;
    const marked = { ...mark, run: 'r2', at: at(2), lines: ['3', '4', '99'], incremental: after('r1') };
    expect(await load(marked)).toMatchObject({ code: 0 });
    expect(await load(marked)).toMatchObject({ code: 0 });
    const back = { mode: 'merge', schema, run: 'r3', at: at(3), lines: [line(4, 'back')] } as const;
    expect(await load({ ...back, deletedColumn: 'gone_at', incremental: after('r2') })).toMatchObject({ code: 0 });
    const found = await database?.client.query(`SELECT * FROM "${schema}".orders WHERE gone_at IS NOT NULL`);
    expect(found?.rows.map((row) => Object.values(row)[0])).toEqual(['3']);
    const most = { mode: 'delete', schema, columns: key, run: 'r4', at: at(4), incremental: after('r3') } as const;
    const many = await load({ ...most, lines: Array.from({ length: 11 }, (_, index) => String(index)) });
    expect(many.code).not.toBe(0);
    expect(many.text).toContain('would delete 11 records');
    expect(await load({ ...most, lines: ['0', '3'] })).toMatchObject({ code: 0 });
    const counts = (await ledgerOf(schema))?.map((row) => [row.mode, row.inserted, row.updated, row.deleted]);
    expect(counts).toEqual([
      ['replace', 20, 0, 0],
      ['delete', 0, 2, 0],
      ['merge', 0, 1, 0],
      ['delete', 0, 0, 2],
    ]);
  });

  it('merge finds a key that is NULL', async () => {
    const keys = [column('Id "x"', { kind: 'int64' }, { isKey: true }), ...columns.slice(1)];
    const schema = 'nulls';
    for (const [run, text] of [
      ['r1', 'first'],
      ['r2', 'second'],
    ] as const) {
      const lines = [line(1, text).replace('1', '\\N'), line(5, text)];
      const done = await load({
        mode: 'merge',
        schema,
        run,
        at: `2024-01-0${run.slice(1)}T00:00:00.000Z`,
        columns: keys,
        lines,
      });
      expect(done).toMatchObject({ code: 0 });
    }
    expect((await rowsOf(schema)).map((row) => row.split('|t|')[0])).toEqual(['5|second', 'second']);
  });
});
