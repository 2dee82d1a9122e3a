import type { Link } from '../deletes/known-keys.ts';
import type { ScratchDatabase } from '../deletes/scratch-database.ts';
import { openScratch } from '../deletes/scratch-database.ts';
import type { GoneKeys } from '../deletes/write-deletes.ts';
import type { ColumnSchema } from '../model/table.ts';
import { sqlName, sqlPath, sqlText } from '../verify/duckdb-reader.ts';
import { relationOf } from '../verify/file-relation.ts';
import type { MeasuredCells } from '../verify/measured-cells.ts';
import { measuredOf, measureSql } from '../verify/measured-cells.ts';
import { type HashedColumn, rowHash } from '../verify/row-hash-sql.ts';

export interface RowSetsRequest {
  /** A private folder that the caller removes. */
  readonly scratch: string;
  readonly key: readonly string[];
  /** All rows of the table, as they are now. */
  readonly scan: Link;
  readonly threads: number;
  readonly memoryBytes: number;
}

export interface Comparison {
  /** Rows of the table now, and rows that targets should have. */
  readonly now: number;
  readonly known: number;
  /** New or changed. */
  readonly changed: number;
  readonly gone: number;
  /** New keys that differ from one that is gone in case, accents or blanks only. */
  readonly alike: number;
}

const LEAST_MEMORY = 256_000_000;
const MOST_MEMORY = 4_000_000_000;

/**
 * Keys and hashes of a table's rows, now and as they were delivered, in an embedded DuckDB whose tables lie on disk: out of core, whatever
 * their number, because only hashes are joined, which have a width. Columns are c0, c1, … and keys k0, k1, … inside, so that no name of a table's
 * can collide with another.
 *
 *   scan ──▶ now (key, hashes) ──┬─ no such row in known ──▶ changed (all columns)
 *   stored ──▶ known ────────────┴─ no such key in now ────▶ gone (key)
 */
export class RowSets implements AsyncDisposable, GoneKeys {
  readonly #scratch: ScratchDatabase;
  readonly #request: RowSetsRequest;

  private constructor(scratch: ScratchDatabase, request: RowSetsRequest) {
    this.#scratch = scratch;
    this.#request = request;
  }

  /** Reads the scan once, for table `now`. */
  static async open(request: RowSetsRequest): Promise<RowSets> {
    const bytes = Math.round(Math.min(MOST_MEMORY, Math.max(LEAST_MEMORY, request.memoryBytes / 4)));
    const most = Math.max(bytes, Math.floor(request.memoryBytes / 2));
    const scratch = await openScratch(request.scratch, { threads: request.threads, memory: bytes, most });
    const sets = new RowSets(scratch, request);
    try {
      await scratch.run(`CREATE TABLE now AS ${sets.#keyed(sets.#scanned())}`);
      return sets;
    } catch (error) {
      scratch.close();
      throw error;
    }
  }

  /** A key that two rows have, or that lacks a value, as texts; null: each row has one of its own. */
  async ambiguous(): Promise<readonly (string | null)[] | null> {
    const shown = this.#keys.map((key) => `${key}::VARCHAR`).join(', ');
    const isNull = this.#keys.map((key) => `${key} IS NULL`).join(' OR ');
    const missing = await this.#rows(`SELECT ${shown} FROM now WHERE ${isNull} LIMIT 1`);
    const twice = 'SELECT kh, kl FROM now GROUP BY kh, kl HAVING count(*) > 1 LIMIT 1';
    const which = `SELECT ${shown} FROM now WHERE (kh, kl) IN (${twice}) LIMIT 1`;
    const [found] = missing.length > 0 ? missing : await this.#rows(which);
    return found === undefined ? null : found.map((cell) => (typeof cell === 'string' ? cell : null));
  }

  /** The key's columns as a stored file has them. */
  async keyOf(store: string): Promise<readonly string[]> {
    const rows = await this.#rows(`DESCRIBE SELECT * FROM read_parquet(${sqlPath(store)})`);
    return rows.map(([name]) => String(name)).flatMap((name) => (name.startsWith(KEY) ? [name.slice(KEY.length)] : []));
  }

  /** With the file of the last run; null: nothing was delivered. */
  async compare(store: string | null): Promise<Comparison> {
    if (store === null) return this.#allNew();
    const stored = this.#storedCells().map(([inside, outside]) => `${outside} AS ${inside}`);
    const known = this.#keyed(`SELECT ${stored.join(', ')} FROM read_parquet(${sqlPath(store)})`);
    await this.#scratch.run(`CREATE VIEW known AS ${known}`);
    const cells = this.#columns.map((_, index) => `c${index}`).join(', ');
    // The hash of a row is that of its key as well.
    const sameRow = 'SELECT 1 FROM known WHERE one.high = known.high AND one.low = known.low';
    await this.#scratch.run(
      `CREATE TABLE changed AS SELECT ${cells} FROM (${this.#scanned()}) AS one WHERE NOT EXISTS (${sameRow})`,
    );
    const keys = this.#keys.map((key) => `known.${key}`).join(', ');
    await this.#scratch.run(
      `CREATE TABLE gone AS SELECT ${keys}, kh, kl FROM known WHERE NOT EXISTS (SELECT 1 FROM now WHERE ${sameKey('now', 'known')})`,
    );
    await this.#findAlike();
    const [now, all, changed, gone, alike] = await this.#counts('now', 'known', 'changed', 'gone', 'alike');
    return { now: now ?? 0, known: all ?? 0, changed: changed ?? 0, gone: gone ?? 0, alike: alike ?? 0 };
  }

  async #allNew(): Promise<Comparison> {
    await this.#scratch.run('CREATE TABLE alike AS SELECT * FROM now LIMIT 0');
    const [now = 0] = await this.#counts('now');
    return { now, known: 0, changed: now, gone: 0, alike: 0 };
  }

  /** What targets have once changes and deletes are there. */
  async store(path: string): Promise<void> {
    const cells = this.#storedCells().map(([inside, outside]) => `${inside} AS ${outside}`);
    const alike = `SELECT 1 FROM alike WHERE ${sameKey('alike', 'now')}`;
    const rows = `SELECT ${cells.join(', ')} FROM now WHERE NOT EXISTS (${alike})`;
    await this.#scratch.run(`COPY (${rows}) TO ${sqlText(path)} (FORMAT parquet, COMPRESSION zstd)`);
  }

  /** A part of the changed rows as Parquet. */
  async writeChanged(path: string, part: RowPart, compression: string): Promise<void> {
    const cells = this.#columns.map(({ name }, index) => `c${index} AS ${sqlName(name)}`).join(', ');
    const words = compression === 'none' ? 'uncompressed' : compression;
    const rows = `SELECT ${cells} FROM ${partSql(part)}`;
    await this.#scratch.run(`COPY (${rows}) TO ${sqlText(path)} (FORMAT parquet, COMPRESSION ${words})`);
  }

  /** Of such a part. */
  async statistics(part: RowPart, marker: string | null): Promise<MeasuredCells> {
    const cells = this.#columns.map((_, index) => `c${index}`);
    const [row = []] = await this.#rows(`SELECT ${measureSql(this.#columns, cells, marker)} FROM ${partSql(part)}`);
    return measuredOf(this.#columns, row);
  }

  async writeGone(path: string): Promise<void> {
    const cells = this.#request.key.map((name, index) => `k${index} AS ${sqlName(name)}`).join(', ');
    const rows = `SELECT ${cells} FROM gone ORDER BY ALL`;
    await this.#scratch.run(`COPY (${rows}) TO ${sqlText(path)} (FORMAT parquet, COMPRESSION zstd)`);
  }

  async measure(marker: string | null): Promise<MeasuredCells> {
    const columns = this.#keyColumns.flatMap((index) => this.#columns[index] ?? []);
    const [row = []] = await this.#rows(`SELECT ${measureSql(columns, this.#keys, marker)} FROM gone`);
    return measuredOf(columns, row);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#scratch.close();
  }

  /**
   * A target may take keys for one that are two to us (a collation without case): it would update a row under its new spelling, and then delete
   * it under the old one. Such rows are not taken for delivered, so that the next run brings them again.
   */
  async #findAlike(): Promise<void> {
    const texts = this.#keyColumns.some((index) => this.#columns[index]?.type.kind === 'string');
    const folded = (table: string): string =>
      `hash(${this.#keys.map((key) => `lower(strip_accents(rtrim(${table}.${key}::VARCHAR)))`).join(', ')})`;
    const before = `SELECT 1 FROM known WHERE ${sameKey('known', 'now')}`;
    const spelled = `SELECT 1 FROM gone WHERE ${folded('gone')} = ${folded('now')}`;
    const found = `NOT EXISTS (${before}) AND EXISTS (${spelled})`;
    await this.#scratch.run(`CREATE TABLE alike AS SELECT kh, kl FROM now WHERE ${texts ? found : 'false'}`);
  }

  get #columns(): readonly ColumnSchema[] {
    return this.#request.scan.manifest.schema.columns;
  }

  get #keyColumns(): readonly number[] {
    return this.#request.key.map((name) => this.#columns.findIndex((column) => column.name === name));
  }

  get #keys(): readonly string[] {
    return this.#request.key.map((_, index) => `k${index}`);
  }

  #storedCells(): readonly (readonly [inside: string, outside: string])[] {
    const keys = this.#request.key.map((name, index) => [`k${index}`, sqlName(KEY + name)] as const);
    return [...keys, ['high', '"hash high"'], ['low', '"hash low"']];
  }

  /** All rows of the scan: c0, …, their keys, and their hashes. */
  #scanned(): string {
    const { manifest, folder } = this.#request.scan;
    const files = manifest.files.map(({ path }) => {
      const { from, columns } = relationOf(manifest, `${folder}/${path}`);
      return `SELECT ${columns.map(({ typed }, index) => `${typed} AS c${index}`).join(', ')} FROM ${from}`;
    });
    const hash = rowHash(this.#columns.map(({ type }, index) => ({ expression: `c${index}`, type })));
    const keys = this.#keyColumns.map((column, index) => `c${column} AS k${index}`).join(', ');
    const rows = `SELECT *, ${keys}, ${hash} AS hash FROM (${files.join(' UNION ALL ')})`;
    return `SELECT * EXCLUDE (hash), ${halves('hash', 'high', 'low')} FROM (${rows})`;
  }

  /** k0, …, kh, kl, high, low of rows that have the keys and the hash of a row. */
  #keyed(rows: string): string {
    const names = this.#keys.join(', ');
    const cells = this.#keyColumns.map((column, index) => keyCell(this.#columns[column], `k${index}`));
    const hashed = `SELECT ${names}, high, low, ${rowHash(cells)} AS hash FROM (${rows})`;
    return `SELECT ${names}, ${halves('hash', 'kh', 'kl')}, high, low FROM (${hashed})`;
  }

  async #counts(...tables: readonly string[]): Promise<readonly number[]> {
    const [row = []] = await this.#rows(
      `SELECT ${tables.map((table) => `(SELECT count(*) FROM ${table})`).join(', ')}`,
    );
    return row.map(Number);
  }

  async #rows(sql: string): Promise<readonly (readonly unknown[])[]> {
    return this.#scratch.rows(sql);
  }
}

/** Rows first ≤ n < end of the changed ones. */
export interface RowPart {
  readonly first: number;
  readonly end: number;
}

/** Before the names of key columns in a stored file. */
const KEY = 'key ';

function sameKey(one: string, other: string): string {
  return `${one}.kh = ${other}.kh AND ${one}.kl = ${other}.kl`;
}

/** 32 hex digits as two numbers, which are joined faster and in less memory than texts. */
function halves(hash: string, high: string, low: string): string {
  return `CAST('0x' || left(${hash}, 16) AS UBIGINT) AS ${high}, CAST('0x' || right(${hash}, 16) AS UBIGINT) AS ${low}`;
}

/** Both zeros are one key to every database, and two rows. */
function keyCell(column: ColumnSchema | undefined, expression: string): HashedColumn {
  if (column === undefined) throw new Error(`no column of the table is ${expression}`);
  const { type } = column;
  const isFloat = type.kind === 'float32' || type.kind === 'float64';
  return {
    expression: isFloat ? `(CASE WHEN ${expression} = 0 THEN abs(${expression}) ELSE ${expression} END)` : expression,
    type,
  };
}

/** `rowid` counts the rows of a table that nothing was deleted from: https://duckdb.org/docs/sql/statements/select (row IDs). */
function partSql({ first, end }: RowPart): string {
  return `changed WHERE rowid >= ${first} AND rowid < ${end}`;
}
