import fc from 'fast-check';
import { expect } from 'vitest';
import type { NeutralCell, NeutralTable } from './source-fixture.ts';
import { describeAll, keyOver, planRanges, readPlan } from './source-reading.ts';
import type { SourceCase, SourceContext } from './source.suite.ts';

const AWKWARD_TEXTS = [
  '',
  ' ',
  'a',
  'A',
  'b',
  'é',
  'e\u0301',
  'z',
  'Z',
  '😀',
  '\uffff',
  '\ufffd',
  "it's",
  '"',
  '\\',
  '\\N',
  '%',
  '1',
  '10',
  '9',
  'ß',
  'ab',
  'a\n',
  '日本',
];

interface KeyKind {
  readonly name: string;
  readonly table: Omit<NeutralTable, 'name'>;
  readonly key: readonly string[];
  /** Without the id, which is put in front. */
  readonly rows: readonly (readonly NeutralCell[])[];
}

const ID = { name: 'id', type: 'bigint', notNull: true } as const;

const KEY_KINDS: readonly KeyKind[] = [
  {
    name: 'bigint',
    table: { columns: [ID, { name: 'k', type: 'bigint', notNull: true }], primaryKey: ['k'] },
    key: ['k'],
    rows: [
      '-9223372036854775808',
      '-1',
      '0',
      '1',
      '9007199254740993',
      '9223372036854775806',
      '9223372036854775807',
    ].map((k) => [k]),
  },
  {
    name: 'text',
    table: { columns: [ID, { name: 'k', type: 'text', notNull: true }], primaryKey: ['k'] },
    key: ['k'],
    rows: AWKWARD_TEXTS.map((k) => [k]),
  },
  {
    name: 'bigint and text',
    table: {
      columns: [ID, { name: 'a', type: 'bigint', notNull: true }, { name: 'b', type: 'text', notNull: true }],
      primaryKey: ['a', 'b'],
    },
    key: ['a', 'b'],
    rows: ['-5', '0', '7'].flatMap((a) => AWKWARD_TEXTS.map((b) => [a, b])),
  },
  {
    name: 'decimal',
    table: { columns: [ID, { name: 'k', type: 'decimal(12,2)', notNull: true }], unique: [['k']] },
    key: ['k'],
    rows: ['-9999999999.99', '-0.01', '0.00', '0.10', '0.30', '1.00', '123456789.01', '9999999999.99'].map((k) => [k]),
  },
  {
    name: 'timestamp',
    table: { columns: [ID, { name: 'k', type: 'timestamp', notNull: true }], unique: [['k']] },
    key: ['k'],
    rows: Array.from({ length: 20 }, (_, n) => [
      `2024-03-31 01:59:59.${String(999_990 + n)
        .slice(-6)
        .padStart(6, '0')}`,
    ]),
  },
  {
    name: 'unique with NULLs',
    table: { columns: [ID, { name: 'k', type: 'text' }], unique: [['k']] },
    key: ['k'],
    rows: [...AWKWARD_TEXTS.map((k) => [k]), [null], [null], [null], [null], [null]],
  },
  {
    name: 'unique over two columns with NULLs in either',
    table: { columns: [ID, { name: 'a', type: 'bigint' }, { name: 'b', type: 'text' }], unique: [['a', 'b']] },
    key: ['a', 'b'],
    rows: [null, '1', '2', '3'].flatMap((a) => [null, 'x', 'y'].map((b) => [a, b])),
  },
  {
    name: 'index with many equal values',
    table: { columns: [ID, { name: 'k', type: 'bigint', notNull: true }], indexes: [['k']] },
    key: ['k'],
    rows: Array.from({ length: 60 }, (_, n) => [String(n < 40 ? 5 : n % 3)]),
  },
  {
    name: 'index with one value',
    table: { columns: [ID, { name: 'k', type: 'text' }], indexes: [['k']] },
    key: ['k'],
    rows: Array.from({ length: 9 }, () => ['same']),
  },
];

async function makeTable(context: SourceContext, name: string, kind: KeyKind) {
  const table: NeutralTable = { name, ...kind.table };
  const made = await context.fixture.createTable(table);
  await context.fixture.insert(
    table,
    kind.rows.map((row, index) => [String(index), ...row]),
  );
  const described = await describeAll(context.session, made);
  return { table, described, key: keyOver(described, kind.key) };
}

function ids(rows: readonly (readonly (string | null)[])[]): readonly number[] {
  return rows.map((row) => Number(row[0])).toSorted((a, b) => a - b);
}

function upTo(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index);
}

export function splitsKeys(add: SourceCase): void {
  KEY_KINDS.forEach((kind, number) => {
    add(`ranges over a key hold every row once: ${kind.name}`, async (context) => {
      const { described, key } = await makeTable(context, `split_kind_${number}`, kind);
      for (const step of [1, 2, 3, 7, 1000]) {
        const ranges = await planRanges(context.session, described, key, step);
        expect(ids(await readPlan(context.session, described, key, ranges)), `step ${step}`).toEqual(
          upTo(kind.rows.length),
        );
        expect(ranges.length, `step ${step}`).toBeLessThanOrEqual(Math.ceil(kind.rows.length / step) + 2);
      }
    });
  });

  add('a boundary lies exactly as many rows on as asked', async (context) => {
    const kind: KeyKind = {
      name: '',
      table: KEY_KINDS[0]?.table ?? { columns: [] },
      key: ['k'],
      rows: upTo(100).map((n) => [String(n * 3)]),
    };
    const { described, key } = await makeTable(context, 'split_exact', kind);
    const ranges = await planRanges(context.session, described, key, 30);
    const sizes = await Promise.all(
      ranges.map(async (range) => (await readPlan(context.session, described, key, [range])).length),
    );
    expect(sizes).toEqual([30, 30, 30, 10]);
  });

  add('a boundary moves on past more equal values than the step', async (context) => {
    const kind = KEY_KINDS.find((each) => each.name === 'index with many equal values') as KeyKind;
    const { described, key } = await makeTable(context, 'split_equal', kind);
    const ranges = await planRanges(context.session, described, key, 2);
    for (const range of ranges.filter((each) => each.kind === 'between')) {
      expect((await readPlan(context.session, described, key, [range])).length, 'no empty range').toBeGreaterThan(0);
    }
    expect(ranges.length).toBeLessThanOrEqual(5);
  });

  add('a sparse key makes no more ranges than rows', async (context) => {
    const rows = [['1'], ['500000000000'], ['1000000000000']];
    const { described, key } = await makeTable(context, 'split_sparse', { ...(KEY_KINDS[0] as KeyKind), rows });
    expect((await planRanges(context.session, described, key, 1)).length).toBeLessThanOrEqual(3);
    expect(await planRanges(context.session, described, key, 1000)).toEqual([
      { kind: 'between', from: null, to: null },
    ]);
  });

  add('rows inserted after planning are in exactly one range', async (context) => {
    const kind = KEY_KINDS[0] as KeyKind;
    const { table, described, key } = await makeTable(context, 'split_later', {
      ...kind,
      rows: upTo(20).map((n) => [String(n * 10)]),
    });
    const ranges = await planRanges(context.session, described, key, 4);
    const later = ['-9223372036854775808', '5', '40', '41', '9223372036854775807'].filter((k) => k !== '40');
    await context.fixture.insert(
      table,
      later.map((k, index) => [String(20 + index), k]),
    );
    expect(ids(await readPlan(context.session, described, key, ranges))).toEqual(upTo(20 + later.length));
  });

  add('the walk counts only rows that the condition takes', async (context) => {
    const kind = KEY_KINDS[0] as KeyKind;
    const { described, key } = await makeTable(context, 'split_where', {
      ...kind,
      rows: upTo(100).map((n) => [String(n)]),
    });
    const where = `${context.fixture.quote('id')} >= 50 -- the upper half`;
    const ranges = await planRanges(context.session, described, key, 10, where);
    expect(ranges.length).toBe(5);
    expect(ids(await readPlan(context.session, described, key, ranges, where))).toEqual(upTo(100).slice(50));
  });

  let tables = 0;
  add('any bigint keys and any steps: every row once', async (context) => {
    const keys = fc.uniqueArray(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), { maxLength: 40 });
    await anyKeys(
      context,
      'bigint',
      keys.map((values) => values.map(String)),
      () => `split_any_${tables++}`,
    );
  });

  add('any text keys and any steps: every row once', async (context) => {
    // The database decides which of them are equal: the column is indexed, not unique.
    const text = fc.string({ unit: 'binary', maxLength: 6 }).filter((value) => !value.includes('\0'));
    await anyKeys(
      context,
      'text',
      fc.array(fc.option(fc.oneof(text, fc.constantFrom(...AWKWARD_TEXTS))), { maxLength: 40 }),
      () => `split_any_${tables++}`,
    );
  });
}

async function anyKeys(
  context: SourceContext,
  type: 'bigint' | 'text',
  keys: fc.Arbitrary<(string | null)[]>,
  name: () => string,
): Promise<void> {
  const steps = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(keys, steps, async (values, sizes) => {
      const kind: KeyKind = {
        name: type,
        table: { columns: [ID, { name: 'k', type }], indexes: [['k']] },
        key: ['k'],
        rows: values.map((k) => [k]),
      };
      const { described, key } = await makeTable(context, name(), kind);
      let turn = 0;
      const ranges = await planRanges(context.session, described, key, () => sizes[turn++ % sizes.length] ?? 1);
      expect(ids(await readPlan(context.session, described, key, ranges))).toEqual(upTo(values.length));
    }),
    { numRuns: 25 },
  );
}
