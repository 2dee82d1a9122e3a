import { createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Random } from './random.ts';
import { AWKWARD_TEXTS, randomJson, randomText } from './random-text.ts';
import { DOUBLES, randomDigits, randomDouble, signed } from './scalar-values.ts';
import { DATES, INSTANTS, randomDate, randomInstant } from './time-values.ts';
import type { TypeValues } from './type-values.ts';
import { type ValueColumn, valueRows } from './value-column.ts';
import type { ValueTables } from './values.suite.ts';

/** `bound` makes what is bound to the statement of a cell's text; `oracle` is SQLite's own text, or what `inBits` makes bits of. */
interface SqliteValues extends TypeValues {
  bound(text: string): SQLInputValue;
  readonly oracle: string;
  /** SQLite's own text of a double is not exact: the oracle is the double itself, as sqlite3_column_double gives it. */
  readonly inBits?: true;
}

const HEX_OF_TEXT = 'lower(hex(CAST($ AS TEXT)))';
const same = (text: string) => text;
const whole = (text: string) => BigInt(text);

function integers(type: string): SqliteValues {
  const most = (1n << 63n) - 1n;
  const edges = [0n, 1n, -1n, most, -most - 1n, 2n ** 53n + 1n, 9n, 10n].map(String);
  const random = (source: Random) => signed(source, most);
  return { type, name: type, kind: 'int64', edges, random, bound: whole, oracle: 'CAST($ AS TEXT)' };
}

/** SQLite stores NaN as NULL. */
function doubles(type: string): SqliteValues {
  const edges = DOUBLES.filter((text) => text !== 'NaN');
  return { type, name: type, kind: 'float64', edges, random: randomDouble, bound: Number, oracle: '$', inBits: true };
}

function texts(type: string, most: number): SqliteValues {
  const edges = [...AWKWARD_TEXTS, '\0', 'a\0b'];
  const random = (source: Random) => randomText(source, Math.min(most, source.pick([5, 20, 80])));
  return { type, name: type, kind: 'string', edges, random, bound: same, oracle: HEX_OF_TEXT };
}

function bytes(type: string): SqliteValues {
  const edges = ['', '00', 'ff', '0a', '5c78', '22', '2c', 'c328', 'efbbbf', 'ff'.repeat(4096)];
  const random = (source: Random) => source.hex(2 * source.integer(0, source.pick([3, 20, 200, 400])));
  const bound = (text: string) => Uint8Array.from(Buffer.from(text, 'hex'));
  return { type, name: type, kind: 'binary', edges, random, bound, oracle: 'lower(hex($))' };
}

/** Up to 15 digits are what the affinity of the column keeps of a fraction. */
function decimals(precision: number, scale: number): SqliteValues {
  const random = (source: Random) => {
    const digits = randomDigits(source, precision).padStart(scale + 1, '0');
    const point = digits.length - scale;
    const text = scale === 0 ? digits : `${digits.slice(0, point)}.${digits.slice(point)}`;
    return source.chance(0.5) && /[1-9]/.test(text) ? `-${text}` : text;
  };
  const oracle = scale === 0 ? 'CAST($ AS TEXT)' : `printf('%.${scale}f', $)`;
  return {
    type: `DECIMAL(${precision},${scale})`,
    name: 'DECIMAL',
    kind: 'decimal',
    edges: ['0'],
    random,
    bound: same,
    oracle,
  };
}

const JSONS: SqliteValues = {
  ...texts('JSON', 50),
  kind: 'json',
  edges: ['null', '{"a":1,"a":2}', ' [1 ,\t2\r\n]', '[12345678901234567890.10]'],
  random: (random) => {
    const text = randomJson(random, ['12345678901234567890', '1.10', '1e-7']);
    // A bare number would become one by the column's affinity.
    return /^\s*[-\d]/.test(text) ? `[${text}]` : text;
  },
};

const words = (type: string, edges: readonly string[], random: (random: Random) => string): SqliteValues => ({
  ...texts(type, 50),
  edges,
  random,
});

const hexGroups = (random: Random) => [8, 4, 4, 4, 12].map((digits) => random.hex(digits)).join('-');

export const SQLITE_TYPES: readonly SqliteValues[] = [
  ...[integers('INTEGER'), integers('BIGINT'), integers('TINYINT'), integers('UNSIGNED BIG INT')],
  ...[doubles('REAL'), doubles('DOUBLE PRECISION'), doubles('FLOAT')],
  ...[decimals(1, 0), decimals(9, 2), decimals(12, 2), decimals(15, 0), decimals(15, 6)],
  ...[texts('TEXT', 300), texts('VARCHAR(60)', 60), texts('CLOB', 300), texts('NCHAR(5)', 30)],
  ...[bytes('BLOB'), bytes('VARBINARY(30)')],
  {
    ...integers('BOOLEAN'),
    kind: 'boolean',
    edges: ['0', '1'],
    random: (random) => random.pick(['0', '1']),
    oracle: "iif($, 'true', 'false')",
  },
  {
    ...texts('UUID', 36),
    kind: 'uuid',
    edges: ['00000000-0000-0000-0000-000000000000', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'],
    random: hexGroups,
  },
  JSONS,
  words('DATE', DATES, (random) => randomDate(random)),
  words('DATETIME', INSTANTS, randomInstant),
  words('TIMESTAMP', INSTANTS, randomInstant),
  words('NUMERIC', ['a', '-', '1,5'], (random) => `n${randomText(random, 5)}`),
];

/** A file of its own, in WAL mode. */
export async function sqliteTables(): Promise<ValueTables> {
  const folder = mkdtempSync(join(tmpdir(), 'sqlextract-values-'));
  const path = join(folder, 'values.sqlite');
  const database = new DatabaseSync(path);
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF');
  const columns = SQLITE_TYPES.map((values, index) => ({ name: `c${index}`, values }));
  return {
    url: `sqlite:${path}`,
    columns,
    fill: async (table, rows, seed) => fill(database, columns, { table, rows, seed }),
    writeServerTexts: async (table, target) => writeServerTexts(database, columns, table, target),
    folderOf: (table) => table,
    async [Symbol.asyncDispose]() {
      database.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

interface SqliteColumn extends ValueColumn {
  readonly values: SqliteValues;
}

function fill(
  database: DatabaseSync,
  columns: readonly SqliteColumn[],
  { table, rows, seed }: { readonly table: string; readonly rows: number; readonly seed: number },
): void {
  const definitions = columns.map(({ name, values }) => `${name} ${values.type}`);
  database.exec(`CREATE TABLE ${table} (id INTEGER PRIMARY KEY, ${definitions.join(', ')}); BEGIN`);
  const insert = database.prepare(`INSERT INTO ${table} VALUES (?, ${columns.map(() => '?').join(', ')})`);
  for (const { id, cells } of valueRows(columns, rows, seed)) {
    const bound = cells.map((cell, index) => (cell === null ? null : (columns[index]?.values.bound(cell) ?? null)));
    insert.run(BigInt(id), ...bound);
  }
  database.exec('COMMIT; ANALYZE');
}

async function writeServerTexts(
  database: DatabaseSync,
  columns: readonly SqliteColumn[],
  table: string,
  path: string,
): Promise<void> {
  // hex(NULL) and printf(…, NULL) are no NULL.
  const cells = columns.map(({ name, values }) => `iif(${name} IS NULL, NULL, ${values.oracle.replaceAll('$', name)})`);
  const statement = database.prepare(`SELECT id, ${cells.join(', ')} FROM ${table}`);
  statement.setReturnArrays(true);
  const lines = function* () {
    for (const row of statement.iterate()) {
      const [id, ...texts] = row as unknown as (string | number | null)[];
      yield `${String(id)},${texts.map((text, index) => cellOf(columns[index], text)).join(',')}\n`;
    }
  };
  await pipeline(Readable.from(lines()), createWriteStream(path));
}

function cellOf(column: SqliteColumn | undefined, value: string | number | null | undefined): string {
  if (value === null || value === undefined) return '\\N';
  if (column?.values.inBits !== true) return `"${value}"`;
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, Number(value));
  return Array.from({ length: 8 }, (_, index) => view.getUint8(index).toString(2).padStart(8, '0')).join('');
}
