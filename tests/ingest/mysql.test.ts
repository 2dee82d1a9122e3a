import { describe, expect, it } from 'vitest';
import { EVERY_MODE } from '../../src/ingest/load-mode.ts';
import { loadDataStatement } from '../../src/ingest/targets/mysql-load-data.ts';
import { mysqlTarget } from '../../src/ingest/targets/mysql.ts';
import type { ColumnType } from '../../src/model/column-type.ts';
import type { PlanFacts } from '../conformance/ingest-example.ts';
import { exampleWindow, PLACE, planOf } from '../conformance/ingest-example.ts';
import { targetSuite } from '../conformance/target.suite.ts';
import { doubledQuotes } from '../support/sql-tokens.ts';

/** By the server's rules, without a backslash in any text: `_utf8mb4 X'…'` or `'…'`. */
function unquoteLiteral(token: string): string {
  const hex = /^_utf8mb4 X'((?:[0-9a-f]{2})*)'$/.exec(token)?.[1];
  if (hex !== undefined) return Buffer.from(hex, 'hex').toString();
  if (/[\\\p{Cc}]/u.test(token))
    throw new Error(`what a backslash or a line end means here depends on the session: ${token}`);
  return doubledQuotes("'")(token);
}

targetSuite({
  target: mysqlTarget,
  flavor: 'mariadb',
  unquoteIdentifier: doubledQuotes('`'),
  unquoteLiteral,
});

function scriptsOf(facts: PlanFacts = {}): ReadonlyMap<string, string> {
  const scripts = mysqlTarget.scripts(planOf(mysqlTarget, { flavor: 'mariadb', ...facts }), PLACE);
  return new Map(scripts.map(({ name, text }) => [name, text]));
}

const LOAD_DATA_CLAUSES =
  /^LOAD DATA LOCAL INFILE (?:'[^'\\]+') INTO TABLE (?:`[^`]+`\.)?`[^`]+`\nCHARACTER SET utf8mb4 FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '"' ESCAPED BY '' LINES TERMINATED BY X'0A' IGNORE \d+ LINES \((?:@?c\d+|`[^`]+`)(?:, (?:@?c\d+|`[^`]+`))*\)(?: SET [^]+)?;?$/;

describe('LOAD DATA', () => {
  it('has the clauses of the manual that read our dialect, and no others', () => {
    const script = scriptsOf().get('01-orders-stage.sql') ?? '';
    const [statement = ''] = /^LOAD DATA[^;]*;/m.exec(script) ?? [];
    expect(statement).toMatch(LOAD_DATA_CLAUSES);
  });

  it.each(['stage', 'new', 'table'] as const)('of `load` too: %s', (way) => {
    const plan = planOf(mysqlTarget, { flavor: 'mariadb' });
    for (const load of plan.tables)
      expect(loadDataStatement(load, plan, { way, sixDigits: false }, 'f').trim()).toMatch(LOAD_DATA_CLAUSES);
  });

  it('of one file does not go through the list of all: 16,000 files took 68 ms each', () => {
    const plan = planOf(mysqlTarget, { flavor: 'mariadb' });
    const [load] = plan.tables;
    if (load === undefined) throw new Error('no table');
    const untouched = new Proxy(load.files[0] ?? {}, {
      get: () => {
        throw new Error('a file was looked at');
      },
    }) as (typeof load.files)[number];
    const of = (files: typeof load.files) =>
      loadDataStatement({ ...load, files }, plan, { way: 'table', sixDigits: false }, 'f');
    expect(of([untouched])).toBe(of(load.files));
  });

  it('skips as many lines as the header has: a name may have line ends', () => {
    const columns = ['id', 'a\nb\nc'].map((name) => ({ name, type: { kind: 'int32' as const } }));
    expect(scriptsOf({ columns, primaryKey: [] }).get('01-orders-stage.sql')).toContain('IGNORE 3 LINES');
  });

  it('takes a cell for what it is where it stands in no need of a look', () => {
    const columns = [
      { name: 'id', type: { kind: 'int64' as const }, nullable: false },
      { name: 'note', type: { kind: 'string' as const } },
    ];
    const plan = planOf(mysqlTarget, { flavor: 'mariadb', columns, primaryKey: ['id'] });
    const [load] = plan.tables;
    if (load === undefined) throw new Error('no table');
    const statement = loadDataStatement(load, plan, { way: 'table', sixDigits: true }, 'f');
    expect(statement).toContain('(`id`, @c2) SET `note` = NULLIF(COALESCE(@c2, CAST(CONCAT(');
    const more = { ...load, columns: [...load.columns, ...load.columns.slice(0, 1)] };
    expect(loadDataStatement(more, plan, { way: 'table', sixDigits: true }, 'f')).toContain(
      "SET `note` = NULLIF(@c2, _utf8mb4 X'5c4e' COLLATE utf8mb4_nopad_bin)",
    );
    const worded = { ...load, format: { ...load.format, nullMarker: 'NULL' } };
    expect(loadDataStatement(worded, plan, { way: 'table', sixDigits: true }, 'f').trim()).toMatch(/\(`id`, `note`\)$/);
  });
});

describe('types', () => {
  const typeOf = (type: ColumnType, more: { isKey?: boolean; measuredBytes?: number; flavor?: string } = {}) =>
    mysqlTarget.columnType(
      {
        source: { name: 'x', nativeType: 'x', type, nullable: true },
        measuredBytes: more.measuredBytes ?? null,
        isKey: more.isKey === true,
      },
      more.flavor ?? null,
    );

  it('keeps the text of json: longtext in MySQL, whose json writes it anew', () => {
    expect(typeOf({ kind: 'json' })).toMatchObject({ sql: 'longtext', note: expect.stringMatching(/json/) as string });
    expect(typeOf({ kind: 'json' }, { flavor: 'mariadb' })).toMatchObject({ sql: 'json', note: null });
  });

  it('has texts of keys in a width that an index takes, and refuses wider ones', () => {
    expect(typeOf({ kind: 'string' }, { isKey: true })).toMatchObject({ sql: 'varchar(255)' });
    expect(typeOf({ kind: 'string' }, { isKey: true, measuredBytes: 40 })).toMatchObject({ sql: 'varchar(40)' });
    expect(typeOf({ kind: 'string' }, { isKey: true, measuredBytes: 3000 })).toMatchObject({ sql: 'varchar(768)' });
    expect(typeOf({ kind: 'string' }, { isKey: true, measuredBytes: 3073 })).toMatchObject({ kind: 'refusal' });
    expect(typeOf({ kind: 'binary' }, { isKey: true, measuredBytes: 16 })).toMatchObject({ sql: 'varbinary(16)' });
  });

  it('keeps a decimal of more digits than the server has as text, and says so', () => {
    expect(typeOf({ kind: 'decimal', precision: 38, scale: 30 })).toMatchObject({ sql: 'decimal(38,30)', note: null });
    expect(typeOf({ kind: 'decimal', precision: 38, scale: 31 })).toMatchObject({
      sql: 'varchar(41)',
      note: expect.stringMatching(/text/) as string,
    });
  });
});

describe('names', () => {
  const named = (name: string) => () => planOf(mysqlTarget, { columns: [{ name, type: { kind: 'int32' } }] });

  it.each(['😀', 'ends in a blank '])('refuses %s, which the server cannot have', (name) => {
    expect(named(name)).toThrow(/cannot have the name/);
  });

  it('shortens names of more than 64 characters', () => {
    const plan = named('ä'.repeat(65))();
    expect(plan.tables[0]?.columns[0]?.name).toMatch(/^ä{55}_[0-9a-f]{8}$/);
  });
});

describe('windows', () => {
  const windowed = (column: string, from: string, to: string) => () =>
    scriptsOf({ order: { mode: 'delete-insert', window: { column, from, to } } }).get('01-orders-publish.sql');

  it('compares numbers as numbers and instants as instants', () => {
    expect(windowed('c_int64_2', '1', '9007199254740993')()).toContain('< 9007199254740993');
    expect(windowed('c_timestamp_11', '2024-01-01', '2024-02-01T00:00:00Z')()).toContain(
      "< CAST('2024-02-01T00:00:00' AS DATETIME(6))",
    );
  });

  it.each([
    ['c_int64_2', '1 OR 1'],
    ['c_timestamp_11', 'yesterday'],
    ['c_boolean_0', 'true'],
  ])('refuses for %s the value %s', (column, value) => {
    expect(windowed(column, value, value)).toThrow(/is no/);
  });
});

describe('scripts', () => {
  it('say that they were not run on a MySQL 8, but for MariaDB', () => {
    const noted = (flavor: string) => [...scriptsOf({ flavor }).values()].join('\n').includes('Not verified on a live');
    expect(noted('mysql')).toBe(true);
    expect(noted('mariadb')).toBe(false);
  });

  it.each(EVERY_MODE)('of a small table, word for word: %s', async (mode) => {
    const columns = [
      { name: 'id', type: { kind: 'int64' as const }, nullable: false },
      { name: 'name', type: { kind: 'string' as const } },
      { name: 'seen', type: { kind: 'timestamp' as const, zoned: true } },
    ];
    const deleting = { deletes: { key: ['id'], known: 100 }, incremental: exampleWindow(), files: 2 };
    const facts =
      mode === 'delete' ? { ...deleting, columns: columns.slice(0, 1) } : { columns, order: { mode }, files: 1 };
    const scripts = scriptsOf({ primaryKey: ['id'], ...facts });
    const shown = [...scripts].filter(
      ([name]) => name.endsWith('publish.sql') || (mode === 'merge' && name !== 'README.md'),
    );
    for (const [name, text] of shown) {
      await expect(text).toMatchFileSnapshot(`../../fixtures/ingest/mysql/${mode}/${name}`);
    }
  });
});
