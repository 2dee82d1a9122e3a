import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EVERY_MODE } from '../../src/ingest/load-mode.ts';
import type { Script } from '../../src/ingest/target.ts';
import { clickHouseTarget } from '../../src/ingest/targets/clickhouse.ts';
import { statementsOf } from '../../src/load/loaders/clickhouse-statements.ts';
import { targetSuite } from '../conformance/target.suite.ts';
import { HOSTILE, hostileText } from './hostile.ts';
import { runWithStubs } from './run-with-stubs.ts';
import { clickHousePieces, shapeOf } from './token-lists.ts';
import type { PlanChoice } from './warehouse-plan.ts';
import { column, PLACE, planOf } from './warehouse-plan.ts';

const only = (kind: 'name' | 'text') => (text: string) => {
  const [piece, ...more] = clickHousePieces(text);
  if (piece?.kind !== kind || more.length > 0) throw new Error(`not one ${kind}: ${text}`);
  return piece.value;
};

targetSuite({ target: clickHouseTarget, unquoteIdentifier: only('name'), unquoteLiteral: only('text') });

/** clickhouse.com/docs/operations/settings/settings and …/settings/formats */
const SETTINGS = [
  ...['async_insert', 'insert_deduplicate', 'insert_null_as_default', 'optimize_on_insert', 'precise_float_parsing'],
  ...['max_partitions_per_insert_block', 'lightweight_deletes_sync', 'allow_nullable_key'],
  ...['format_csv_delimiter', 'format_csv_allow_single_quotes', 'format_csv_allow_double_quotes'],
  ...['format_csv_null_representation', 'input_format_csv_skip_first_lines', 'input_format_csv_trim_whitespaces'],
  ...['input_format_csv_empty_as_default', 'input_format_csv_allow_variable_number_of_columns'],
  ...['input_format_allow_errors_num', 'input_format_allow_errors_ratio'],
  ...['input_format_parquet_allow_missing_columns', 'input_format_parquet_case_insensitive_column_matching'],
];

function scriptsOf(choice: Partial<PlanChoice> = {}): readonly Script[] {
  return clickHouseTarget.scripts(planOf({ target: 'clickhouse', ...choice }), PLACE);
}

function textOf(choice: Partial<PlanChoice>, step = /./): string {
  const found = scriptsOf(choice).filter(({ name }) => name.endsWith('.sql') && step.test(name));
  return found.map(({ text }) => text).join('\n');
}

const MODES = EVERY_MODE.flatMap((mode) => (['csv', 'parquet'] as const).map((format) => ({ mode, format })));

describe('scripts for ClickHouse', () => {
  it.each(MODES)('have only settings of the manual, and those that a load needs: $mode, $format', (choice) => {
    const statements = statementsOf(textOf(choice));
    const named = statements.flatMap((statement) => {
      const pieces = clickHousePieces(statement);
      const from = pieces.findLastIndex(({ kind, value }) => kind === 'word' && value === 'SETTINGS');
      return from < 0
        ? []
        : pieces.slice(from).filter(({ kind }, at, list) => kind === 'word' && list[at + 1]?.value === '=');
    });
    expect([...new Set(named.map(({ value }) => value))].filter((name) => !SETTINGS.includes(name))).toEqual([]);
    const files = statements.filter((statement) => /FROM INFILE/.test(statement));
    expect(files).toHaveLength(2);
    for (const statement of files) {
      expect(statement).toMatch(choice.format === 'csv' ? / FORMAT CSV$/ : / FORMAT Parquet$/);
      // the default of newer servers would answer before the rows are in
      expect(statement).toContain('async_insert = 0');
    }
  });

  it.each(MODES)('change nothing before the swap, and derive the ledger after it: $mode, $format', (choice) => {
    const text = textOf(choice, /-publish/);
    const order = [
      'throwIf(count() != 30',
      'CREATE TABLE `shop`.`_sqlextract_abcdef012345_new`',
      'INSERT INTO `shop`.`_sqlextract_abcdef012345_rows`',
      'throwIf(f.n != g.n',
      'INSERT INTO `shop`.`_sqlextract_swaps`',
      'EXCHANGE TABLES `shop`.`orders` AND `shop`.`_sqlextract_abcdef012345_new`',
      'RENAME TABLE',
      'throwIf((SELECT uuid',
      'DROP TABLE `shop`.`_sqlextract_abcdef012345_old`',
    ];
    const places = order.map((part) => text.indexOf(part));
    expect(places.every((place) => place > 0)).toBe(true);
    expect(places).toEqual(places.toSorted((one, other) => one - other));
    const writes = statementsOf(text).filter((each) =>
      /^(?:INSERT INTO|DELETE FROM|ALTER TABLE) `shop`\.`orders`/.test(each),
    );
    expect(writes).toEqual([]);
  });

  it('keep the rows that stay in append, merge, delete-insert and delete only', () => {
    const keeps = (mode: (typeof EVERY_MODE)[number]) =>
      textOf({ mode }, /-publish/).includes('ATTACH PARTITION ALL FROM `shop`.`orders`');
    expect(EVERY_MODE.filter(keeps)).toEqual(['append', 'merge', 'delete-insert', 'delete']);
  });

  it('are null-safe where a key can be NULL', () => {
    const columns = [
      column('a', { kind: 'int64' }, { isKey: true }),
      column('b', { kind: 'string' }, { isKey: true }, false),
    ];
    const text = textOf({ mode: 'merge', columns });
    const same = "isNull(`a`), ifNull(toString(`a`), ''), `b`";
    expect(text).toContain(`WHERE (${same}) IN (SELECT ${same} FROM`);
    expect(text).toContain('ORDER BY (`a`, `b`) SETTINGS allow_nullable_key = 1');
    expect(textOf({ mode: 'merge' })).not.toContain('allow_nullable_key');
  });

  it.each(MODES)('have one shape whatever names and values are: $mode, $format', ({ mode, format }) => {
    const choice = (one: string, other: string): Partial<PlanChoice> => ({
      mode,
      format,
      schema: one,
      table: one,
      columns: [column(one, { kind: 'int64' }, { isKey: true }, false), column(other, { kind: 'string' })],
      nullMarker: other,
      run: other,
      folder: other,
    });
    const usual = shapeOf(clickHousePieces(textOf(choice('one', 'other'))));
    fc.assert(
      fc.property(hostileText, hostileText, (one, other) => {
        fc.pre(one !== other);
        const pieces = clickHousePieces(textOf(choice(one, other)));
        expect(shapeOf(pieces)).toEqual(usual);
        const names = new Set(pieces.flatMap(({ kind, value }) => (kind === 'name' ? [value] : [])));
        expect(names).toContain(one);
      }),
      { numRuns: 40 },
    );
  });

  it('are the same statements for the driver, whatever the names are', () => {
    fc.assert(
      fc.property(hostileText, (name) => {
        const plain = planOf({ target: 'clickhouse', mode: 'merge' });
        const hostile = planOf({ target: 'clickhouse', mode: 'merge', table: name, schema: name });
        const count = (plan: typeof plain) => {
          const [load] = plan.tables;
          if (load === undefined) throw new Error('no table');
          return statementsOf(clickHouseTarget.step('publish', load, plan)).length;
        };
        expect(count(hostile)).toBe(count(plain));
      }),
      { numRuns: 60 },
    );
  });

  it.each(['replace', 'merge'] as const)('are these files: %s', async (mode) => {
    const columns = [
      column('id', { kind: 'int64' }, { isKey: true }, false),
      column('note', { kind: 'string' }),
      column('amount', { kind: 'decimal', precision: 12, scale: 2 }),
      column('created_at', { kind: 'timestamp', zoned: true }),
      column('raw', { kind: 'binary' }),
    ];
    const dedupeBy = mode === 'merge' ? 'created_at' : null;
    for (const { name, text } of scriptsOf({ mode, columns, dedupeBy, format: mode === 'merge' ? 'parquet' : 'csv' })) {
      await expect(text).toMatchFileSnapshot(`../../fixtures/ingest/clickhouse/${mode}/${name}`);
    }
  });
});

describe('run.sh for ClickHouse', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'clickhouse-'));
  });
  afterAll(async () => await rm(folder, { recursive: true, force: true }));

  it.each(HOSTILE.map((name, index) => ({ name, index })))('runs all steps of $name', async ({ name, index }) => {
    const scripts = scriptsOf({ table: name, schema: name, run: name, files: 3, options: { parallel: 2 } });
    const sqlOf = (step: string) => scripts.find((each) => each.name.endsWith(`-${step}.sql`))?.name ?? '';
    const place = join(folder, String(index));
    const all = await runWithStubs(place, scripts, 'run.sh', ['clickhouse-client'], {
      words: ['--host', 'my host'],
      answers: { 'clickhouse-client': '0\n' },
    });
    const words = all.calls.map((call) => call.words);
    expect(words.map((each) => each.slice(0, 3))).toEqual(words.map(() => ['clickhouse-client', '--host', 'my host']));
    const files = words.map((each) => each.at(-1));
    expect(files[0]).toBe(sqlOf('prepare'));
    const table = only('text')(/table_name = ('(?:\\[^]|[^'\\])*')/.exec(files[1] ?? '')?.[1] ?? '');
    expect(table).toBe(`${name}.${name}`);
    expect(new Set(files.slice(2, 4))).toEqual(new Set([sqlOf('load-1'), sqlOf('load-2')]));
    expect(files[4]).toBe(sqlOf('publish'));
    expect(files[6]).toBe(sqlOf('cleanup'));
    expect(files).toHaveLength(7);
    const again = await runWithStubs(place, scripts, 'run.sh', ['clickhouse-client'], {
      answers: { 'clickhouse-client': '1\n' },
    });
    expect(again.calls.map((call) => call.words.at(-1)).toSpliced(1, 1)).toEqual([sqlOf('prepare'), sqlOf('cleanup')]);
    expect(again.stdout).toContain('is loaded already; nothing was done');
  });
});

describe('a text as statements', () => {
  it('ends them outside of quotes and comments only', () => {
    expect(statementsOf("SELECT ';'; -- a ; b'\nSELECT `\\`;`, \";\" ;\n\nSELECT 'it''s \\';' ;SELECT 1")).toEqual([
      "SELECT ';'",
      '-- a ; b\'\nSELECT `\\`;`, ";"',
      "SELECT 'it''s \\';'",
      'SELECT 1',
    ]);
  });
});
