import type { FreshDatabase } from '../support/postgres-server.ts';
import { freshDatabase } from '../support/postgres-server.ts';
import type { LoadFixture, NamedKind, Row } from './load-fixture.ts';

/** A table of the source, and what the suite does with it. */
export interface SourceTable {
  readonly name: string;
  readonly columns: readonly NamedKind[];
  /** For `--key`; null: it has a primary key; '': it has no key, and is appended or replaced only. */
  readonly key: string | null;
}

export interface LoadSource extends AsyncDisposable {
  readonly url: string;
  readonly tables: readonly SourceTable[];
  rows(table: SourceTable): Promise<readonly Row[]>;
  /** Some rows change, some are new; none is taken out. */
  change(): Promise<void>;
}

const ROWS = 1500;

/** Texts that loaders get wrong. Between them and NULL a loader must tell. */
const TEXTS = [
  '',
  ' ',
  'NULL',
  'null',
  '\\',
  'ends in \\',
  'C:\\new\\table',
  '"',
  '""',
  `it's`,
  'a,b',
  'a\nb',
  'a\r\nb',
  '\n',
  'tab\there',
  ' both ends ',
  '😀 emoji',
  'ÄÖÜß',
  '$(id) `id` ${HOME}',
  '{{x}}',
  '*/ -- ; DROP TABLE x',
  '%s %d %%',
  '\\.',
  '#',
  'true',
  '0',
  '\u0001\u001f',
];

const ALL: readonly NamedKind[] = [
  { name: 'id', kind: 'int64' },
  { name: 'b', kind: 'boolean' },
  { name: 'i', kind: 'int32' },
  { name: 'r', kind: 'float32' },
  { name: 'd', kind: 'float64' },
  { name: 'n', kind: 'decimal' },
  { name: 'wide', kind: 'decimal' },
  { name: 'day', kind: 'date' },
  { name: 't', kind: 'time' },
  { name: 'ts', kind: 'timestamp' },
  { name: 'tz', kind: 'timestamp' },
  { name: 'txt', kind: 'string' },
  { name: 'j', kind: 'json' },
  { name: 'u', kind: 'uuid' },
  { name: 'bin', kind: 'binary' },
];

const HOSTILE: Required<LoadFixture>['hostileNames'] = {
  table: `we"ird 'ta\`ble] $(id) {{x}} */ ;--`,
  columns: [
    `i"d`,
    `a 'b'`,
    'c`d`',
    '[e]]',
    '$(touch x)',
    '{{y}}',
    'f*/g',
    'new\nline',
    'ordre; --',
    'back\\slash',
    'SELECT',
  ],
};

/** A PostgreSQL database with a table of every canonical type, one of hostile names, and keys of every shape. */
export async function createLoadSource(fixture: LoadFixture): Promise<LoadSource> {
  const database = await freshDatabase(`load_${fixture.target}`);
  const hostile = fixture.hostileNames ?? HOSTILE;
  const texts = [...TEXTS, ...(fixture.tellsQuotedMarker ? ['\\N'] : [])];
  await createTables(database, hostile, fixture.binary !== false);
  await fill(database, fixture, texts, hostile, 1, ROWS);
  const tables: readonly SourceTable[] = [
    { name: 'all_types', columns: ALL.filter(({ kind }) => kind !== 'binary' || fixture.binary !== false), key: null },
    { name: hostile.table, columns: hostile.columns.map(hostileColumn), key: null },
    { name: 'two_keys', columns: texted(['a', 'b', 'v']), key: null },
    { name: 'null_key', columns: texted(['k', 'l', 'v']), key: 'k,l' },
    { name: 'only_keys', columns: texted(['a', 'b']), key: null },
    { name: 'no_rows', columns: texted(['a', 'v']), key: null },
    { name: 'events', columns: texted(['kind', 'v']), key: '' },
  ];
  return {
    url: database.url,
    tables,
    rows: async (table) => rowsOf(database, table),
    change: async () => {
      await database.client.query(
        `UPDATE all_types SET txt = 'changed', n = n + 1, tz = tz + interval '1 day' WHERE id % 7 = 0`,
      );
      await database.client.query(`UPDATE null_key SET v = 'changed' WHERE k IS NULL`);
      await database.client.query(`UPDATE two_keys SET v = v || '!' WHERE a = 'a1'`);
      await fill(database, fixture, texts, hostile, ROWS + 1, ROWS + 100);
    },
    [Symbol.asyncDispose]: async () => database[Symbol.asyncDispose](),
  };
}

function hostileColumn(name: string, index: number): NamedKind {
  return { name, kind: index === 0 ? 'int32' : 'string' };
}

function texted(names: readonly string[]): readonly NamedKind[] {
  return names.map((name) => ({ name, kind: 'string' }));
}

const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;

const BYTES = `CASE id % 10 WHEN 0 THEN NULL WHEN 1 THEN ''::bytea WHEN 2 THEN '\\x00ff0a0d225c27'::bytea ELSE decode(md5(id::text), 'hex') END`;

async function createTables(
  { client }: FreshDatabase,
  hostile: Required<LoadFixture>['hostileNames'],
  binary: boolean,
): Promise<void> {
  await client.query(`CREATE TABLE all_types (id bigint PRIMARY KEY, b boolean, i int, r real, d double precision,
    n numeric(12,2), wide numeric(38,10), day date, t time, ts timestamp, tz timestamptz, txt text, j json, u uuid${binary ? ', bin bytea' : ''})`);
  const columns = hostile.columns.map((name, index) => `${quoted(name)} ${index === 0 ? 'int PRIMARY KEY' : 'text'}`);
  await client.query(`CREATE TABLE ${quoted(hostile.table)} (${columns.join(', ')})`);
  await client.query('CREATE TABLE two_keys (a varchar(40), b varchar(20), v text, PRIMARY KEY (a, b))');
  await client.query('CREATE TABLE null_key (k varchar(20), l varchar(20), v text)');
  await client.query('CREATE TABLE only_keys (a varchar(20), b varchar(20), PRIMARY KEY (a, b))');
  await client.query('CREATE TABLE no_rows (a varchar(20) PRIMARY KEY, v text)');
  await client.query('CREATE TABLE events (kind varchar(20), v text)');
}

async function fill(
  { client }: FreshDatabase,
  { nonFinite, binary = true }: LoadFixture,
  texts: readonly string[],
  hostile: Required<LoadFixture>['hostileNames'],
  from: number,
  to: number,
): Promise<void> {
  const odd = nonFinite ? `WHEN 5 THEN 'NaN' WHEN 6 THEN 'Infinity' WHEN 7 THEN '-Infinity'` : '';
  await client.query(
    `INSERT INTO all_types SELECT id,
      CASE id % 3 WHEN 0 THEN NULL ELSE id % 3 = 1 END,
      CASE id % 11 WHEN 0 THEN NULL WHEN 1 THEN -2147483648 WHEN 2 THEN 2147483647 ELSE id END,
      CASE id % 13 WHEN 0 THEN NULL WHEN 1 THEN 3.4028235e38 WHEN 2 THEN 1e-37 ${odd} ELSE (id / 7.0)::real END,
      CASE id % 17 WHEN 0 THEN NULL WHEN 1 THEN 1.7976931348623157e308 WHEN 2 THEN -2.2250738585072014e-308 ${odd} ELSE id / 7.0::float8 END,
      CASE id % 5 WHEN 0 THEN NULL WHEN 1 THEN -9999999999.99 ELSE id / 8.0 END,
      CASE id % 5 WHEN 0 THEN NULL WHEN 1 THEN 1234567890123456789012345678.0123456789 ELSE -id / 16.0 END,
      CASE id % 9 WHEN 0 THEN NULL WHEN 1 THEN date '0001-01-01' WHEN 2 THEN date '9999-12-31' ELSE date '1999-12-30' + id::int END,
      CASE id % 9 WHEN 0 THEN NULL WHEN 1 THEN time '23:59:59.999999' ELSE time '00:00' + id * interval '1.000001 s' END,
      CASE id % 9 WHEN 0 THEN NULL WHEN 1 THEN timestamp '1000-01-01 00:00:00' WHEN 2 THEN timestamp '9999-12-31 23:59:59.999999' ELSE timestamp '1969-12-31 23:59:59.5' + id * interval '1 day 0.000001 s' END,
      CASE id % 9 WHEN 0 THEN NULL ELSE timestamptz '2024-03-31 01:30:00.123456+00' + id * interval '7 h' END,
      CASE id % 10 WHEN 0 THEN NULL ELSE ($1::text[])[1 + id % array_length($1::text[], 1)] END,
      CASE id % 10 WHEN 0 THEN NULL WHEN 1 THEN '{ "b": 1.10,  "a": [null, "x\\ny"], "b": 12345678901234567890 }' ELSE json_build_object('id', id)::text END::json,
      CASE id % 10 WHEN 0 THEN NULL ELSE md5(id::text)::uuid END
      ${binary ? `, ${BYTES}` : ''}
    FROM generate_series($2::bigint, $3::bigint) AS id`,
    [texts, from, to],
  );
  const values = hostile.columns.map((_, index) =>
    index === 0 ? 'id::int' : `($1::text[])[1 + (id + ${index}) % array_length($1::text[], 1)]`,
  );
  await client.query(
    `INSERT INTO ${quoted(hostile.table)} SELECT ${values.join(', ')} FROM generate_series($2::bigint, $3::bigint) AS id`,
    [texts, from, from + 60],
  );
  const range = [from, to];
  await client.query(
    `INSERT INTO two_keys SELECT CASE id % 2 WHEN 0 THEN 'a' ELSE 'A' END || id / 2 % 20, 'b' || id, 'v' FROM generate_series($1::int, $2::int) AS id`,
    range,
  );
  await client.query(
    `INSERT INTO null_key SELECT CASE WHEN id = $1 THEN NULL ELSE 'k' || id END, CASE WHEN id % 5 = 0 THEN NULL ELSE 'l' || id END, NULL FROM generate_series($1::int, $2::int) AS id WHERE $1 = 1 OR id > $1`,
    range,
  );
  await client.query(
    `INSERT INTO only_keys SELECT 'a' || id % 20, 'b' || id FROM generate_series($1::int, $2::int) AS id`,
    range,
  );
  await client.query(
    `INSERT INTO events SELECT 'e' || id % 3, 'same' FROM generate_series($1::int, $2::int) AS id`,
    range,
  );
}

/** By the server's own words; the suite's `normalized` makes one spelling of them. */
async function rowsOf({ client }: FreshDatabase, { name, columns }: SourceTable): Promise<readonly Row[]> {
  await client.query(`SET TimeZone = 'UTC'`);
  const cells = columns.map(({ name: column, kind }) =>
    kind === 'binary' ? `encode(${quoted(column)}, 'hex')` : `${quoted(column)}::text`,
  );
  const { rows } = await client.query<(string | null)[]>({
    text: `SELECT ${cells.join(', ')} FROM ${quoted(name)}`,
    rowMode: 'array',
  });
  return rows;
}
