import { DatabaseSync } from 'node:sqlite';

export const SQLITE_ROWS = 3000;

/** Every column kind that SQLite has, with the values that a hash or a reader can get wrong. */
export function makeSqlite(path: string): void {
  const database = new DatabaseSync(path);
  database.exec(`CREATE TABLE "All kinds" (
    id INTEGER PRIMARY KEY, flag BOOLEAN, big BIGINT, amount DECIMAL(12,2), unit DECIMAL(4,4), score REAL,
    day DATE, at TIMESTAMP, "the ""text""" TEXT, doc JSON, token UUID, raw BLOB)`);
  const insert = database.prepare(
    `INSERT INTO "All kinds" VALUES (${Array.from({ length: 12 }, () => '?').join(', ')})`,
  );
  database.exec('BEGIN');
  for (let row = 1; row <= SQLITE_ROWS; row++) {
    const some = <T>(value: T): T | null => (row % 7 === 0 ? null : value);
    insert.run(
      row,
      some(row % 2),
      some((row % 2 === 0 ? -1n : 1n) * (9_007_199_254_740_993n + BigInt(row))),
      some(Number(((row % 2 === 0 ? -0.01 : 0.05) * row).toFixed(2))),
      some(Number(((row % 3) / 10_000 - 0.0001).toFixed(4))),
      some([0, -0, 1.5, -1e300, 5e-324, Infinity, -Infinity, 0.1][row % 8] ?? 0),
      some('2024-02-29'),
      some('1969-12-31 23:59:59.999999'),
      some(TEXTS[row % TEXTS.length] ?? ''),
      some(`{"row": ${row}, "a": [1, null]}`),
      some(`1F3A9C0B-7d2e-4f50-8abc-${String(row).padStart(12, '0')}`),
      some(row % 11 === 0 ? Buffer.alloc(0) : Buffer.from([0, 255, row & 255])),
    );
  }
  database.exec('COMMIT');
  database.close();
}

const TEXTS = [
  '',
  '\\N',
  'NULL',
  'a,b',
  'a "quoted" one',
  'line\nand\r\nline\r',
  'é 🦊',
  ' blank ',
  'nul\0inside',
  '-',
  "'",
];

/** The same kinds in PostgreSQL, which has them all. */
export const POSTGRES_TABLE = `
CREATE TABLE "All kinds" (
  id bigint PRIMARY KEY, flag boolean, small smallint, num integer, big bigint, amount numeric(12,2), unit numeric(4,4),
  wide numeric(38,10), loose numeric, f4 real, f8 double precision, day date, clock time, at timestamp, zoned timestamptz,
  "the ""text""" text, fixed char(5), doc json, docb jsonb, token uuid, raw bytea, list integer[]);
INSERT INTO "All kinds"
SELECT i, i % 2 = 0, (i % 32768)::smallint * (CASE i % 3 WHEN 0 THEN -1 ELSE 1 END), i, 9007199254740993 + i, i * -0.01,
  (i % 3) / 10000.0 - 0.0001, (-1) ^ i * 1234567890123456789012345678.0123456789, i / 7.0,
  (ARRAY['NaN', '-0', '0.1', '1e-45', 'Infinity', '3.4028235e38'])[1 + i % 6]::real,
  (ARRAY['NaN', '-0', '0.1', '5e-324', '-Infinity', '1.7976931348623157e308'])[1 + i % 6]::float8,
  date '0001-01-01' + (i * 1217) % 3652058, (ARRAY['00:00', '24:00', '23:59:59.999999'])[1 + i % 3]::time,
  timestamp '1969-12-31 23:59:59.999999' + i * interval '1 month', timestamptz '2024-02-29 12:00:00.5+03' - i * interval '17 days',
  (ARRAY['', E'\\\\N', 'NULL', 'a,b', 'a "quoted" one', E'line\\nand\\r\\nline', 'é 🦊', ' blank ', '-'])[1 + i % 9],
  'ab', ('{"row": ' || i || ', "a" : [1, null]}')::json, jsonb_build_object('row', i), md5(i::text)::uuid,
  CASE i % 11 WHEN 0 THEN ''::bytea ELSE decode(md5(i::text), 'hex') END, ARRAY[i, NULL]
FROM generate_series(1, 2000) AS i;
INSERT INTO "All kinds" (id) SELECT i FROM generate_series(2001, 2100) AS i;
`;
