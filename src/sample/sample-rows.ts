/**
 * Rows of the sample, computed by SQLite itself from the row's number `n` (a recursive CTE is several times as fast as a bound
 * statement per row). `h` is a Lehmer-like hash of n below 2^31: the same on every machine, without a clock.
 */

export const USERS_TABLE = `CREATE TABLE users (
  id INTEGER PRIMARY KEY,
  external_id BIGINT NOT NULL,
  name TEXT NOT NULL,
  email VARCHAR(120),
  bio TEXT,
  active BOOLEAN NOT NULL,
  balance DECIMAL(12,2),
  score REAL,
  avatar BLOB,
  settings JSON,
  created_at TIMESTAMP NOT NULL
)`;

export const ORDERS_TABLE = `CREATE TABLE orders (
  id INTEGER PRIMARY KEY,
  user_id INTEGER NOT NULL REFERENCES users (id),
  status VARCHAR(20) NOT NULL,
  quantity INTEGER NOT NULL,
  price DECIMAL(12,2) NOT NULL,
  discount REAL,
  comment TEXT,
  details JSON,
  placed_at TIMESTAMP NOT NULL,
  shipped_at TIMESTAMP
)`;

/** n and its hash, from `from` to `to` inclusive. */
function numbers(from: number, to: number): string {
  return `WITH RECURSIVE series(n) AS (SELECT ${from} UNION ALL SELECT n + 1 FROM series WHERE n < ${to}),
    hashed(n, h) AS MATERIALIZED (SELECT n, ((n * 48271 + 11) % 2147483647 * 16807 + n) % 2147483647 FROM series)`;
}

/** Microseconds as text, from 2020 on. */
function timestamp(seconds: string, micros: string): string {
  return `strftime('%Y-%m-%d %H:%M:%S', 1577836800 + ${seconds}, 'unixepoch') || printf('.%06d', ${micros})`;
}

const FIRST_NAMES = ['Ada', 'Grace', 'Zoë', 'Jürgen', '山田', 'Édith', "O''Neil", 'Łukasz', 'Chloé', 'Иван'];

function pick(values: readonly string[], number: string): string {
  return `CASE ${number} % ${values.length} ${values.map((value, index) => `WHEN ${index} THEN '${value}'`).join(' ')} END`;
}

export function userRows(from: number, to: number): string {
  return `${numbers(from, to)}
  INSERT INTO users SELECT
    n,
    CASE n % 10 WHEN 0 THEN 9007199254740993 + n WHEN 1 THEN -9223372036854775807 - 1 + n ELSE h * 1000003 END,
    ${pick(FIRST_NAMES, 'h')} || ' ' || char(65 + h % 26) || '. ' || n,
    CASE h % 9 WHEN 0 THEN NULL WHEN 1 THEN '' ELSE 'user' || n || '@example.com' END,
    CASE h % 8 WHEN 0 THEN NULL WHEN 1 THEN ''
      WHEN 2 THEN 'likes "quotes", commas' || char(10) || 'and a second line'
      WHEN 3 THEN 'says ''hi'' 👋🏽 and 😀; \\N is not NULL' WHEN 4 THEN 'tab' || char(9) || 'and CR' || char(13) || char(10)
      ELSE 'has placed ' || (h % 40) || ' orders since ' || (2000 + h % 24) END,
    h % 5 <> 0,
    CASE WHEN h % 11 = 0 THEN NULL ELSE ((h % 200000000) - 50000000) / 100.0 END,
    CASE h % 13 WHEN 0 THEN NULL WHEN 1 THEN 0.1 + 0.2 ELSE h / 7.0 END,
    CASE h % 4 WHEN 0 THEN NULL WHEN 1 THEN x'' ELSE unhex(printf('%08x00ff%08x', h, n)) END,
    CASE h % 6 WHEN 0 THEN NULL ELSE printf('{"theme":"%s","limits":[%d,%d],"note":"a \\"b\\" ü"}', CASE h % 2 WHEN 0 THEN 'dark' ELSE 'light' END, h % 100, n) END,
    ${timestamp('h % 126230400', 'h % 1000000')}
  FROM hashed`;
}

export function orderRows(from: number, to: number): string {
  return `${numbers(from, to)}
  INSERT INTO orders SELECT
    n,
    1 + h % 200000,
    ${pick(['new', 'paid', 'packed', 'shipped', 'returned'], 'h')},
    1 + h % 12,
    (h % 10000000) / 100.0,
    CASE h % 3 WHEN 0 THEN NULL ELSE (h % 1000) / 1000.0 END,
    CASE h % 7 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN 'leave at "door 3", please' WHEN 3 THEN 'très bien 🎁' ELSE 'order ' || n END,
    CASE h % 5 WHEN 0 THEN NULL ELSE '{"sku":"' || h || '","gift":' || CASE h % 2 WHEN 0 THEN 'true' ELSE 'false' END || '}' END,
    ${timestamp('n * 120', '(h * 7) % 1000000')},
    CASE h % 4 WHEN 0 THEN NULL ELSE ${timestamp('n * 120 + h % 864000', 'h % 1000000')} END
  FROM hashed`;
}
