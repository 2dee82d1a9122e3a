import { join } from 'node:path';
import type { Manifest } from '../model/manifest.ts';
import type { ColumnSchema } from '../model/table.ts';
import type { MeasuredCells } from '../verify/measured-cells.ts';
import { measuredOf, measureSql } from '../verify/measured-cells.ts';
import { relationOf } from '../verify/file-relation.ts';
import { sqlName, sqlPath, sqlText } from '../verify/duckdb-reader.ts';
import type { ScratchDatabase, ScratchLimits } from './scratch-database.ts';
import { openScratch } from './scratch-database.ts';
import type { KnownKeys, Link } from './known-keys.ts';

/** The keys of a job in an embedded DuckDB, whose tables lie on disk: out of core, whatever their number. */
export class KeySets implements AsyncDisposable {
  readonly #scratch: ScratchDatabase;
  readonly #columns: readonly ColumnSchema[];

  private constructor(scratch: ScratchDatabase, columns: readonly ColumnSchema[]) {
    this.#scratch = scratch;
    this.#columns = columns;
  }

  /** In `scratch`, a private folder that the caller removes. `columns`: of the key. */
  static async open(scratch: string, columns: readonly ColumnSchema[], limits: ScratchLimits): Promise<KeySets> {
    return new KeySets(await openScratch(scratch, limits), columns);
  }

  /**
   * Relation `known`: what targets should have. Returns its rows. The stored set, or a first window, is read where it lies; beside it there are only
   * the keys that later links brought or took, each as the last of them left it.
   */
  async known({ store, links }: KnownKeys): Promise<number> {
    const [first] = links;
    const stored = store === null ? null : `SELECT ${this.#names()} FROM read_parquet(${sqlPath(store)})`;
    const later = (store === null ? links.slice(1) : links).filter((link) => link.manifest.totals.rows > 0);
    const begin = stored ?? (first === undefined ? '' : this.#keysOf(first));
    await this.#scratch.run(`CREATE TABLE later AS SELECT *, true AS alive FROM (${begin}) LIMIT 0`);
    for (const link of later) await this.#apply(link);
    await this.#scratch.run(`CREATE VIEW begin_keys AS ${begin}`);
    const untouched = `SELECT * FROM begin_keys WHERE NOT EXISTS (SELECT 1 FROM later WHERE ${this.#same('later', 'begin_keys')})`;
    const all = `${untouched} UNION ALL SELECT ${this.#names()} FROM later WHERE alive`;
    await this.#scratch.run(`CREATE VIEW known AS ${later.length > 0 ? all : begin}`);
    return this.#count('known');
  }

  /** How many of the known keys there are, each counted once. */
  async different(): Promise<number> {
    return this.#count('(SELECT DISTINCT * FROM known)');
  }

  /**
   * Table `gone`: known keys that no row of the scan has. Returns its rows. The large sets are joined first and with each other only: ten million
   * keys beside forty thousand later ones took two seconds so, and eight by way of `known`.
   */
  async gone(scan: Link): Promise<number> {
    const current = this.#keysOf(scan);
    const absent = (from: string): string =>
      `NOT EXISTS (SELECT 1 FROM (${current}) AS now WHERE ${this.#same('now', from)})`;
    await this.#scratch.run(`CREATE TABLE absent AS SELECT DISTINCT * FROM begin_keys WHERE ${absent('begin_keys')}`);
    await this.#scratch.run(`CREATE TABLE gone AS
      SELECT * FROM absent WHERE NOT EXISTS (SELECT 1 FROM later WHERE ${this.#same('later', 'absent')})
      UNION SELECT ${this.#names()} FROM later WHERE alive AND ${absent('later')}`);
    await this.#scratch.run('DROP TABLE absent');
    return this.#count('gone');
  }

  /**
   * Adds to `gone` known keys whose row is still there and no longer among those that are selected: it was written since (`changed` of the scan
   * says so), and is not among the rows that were read for that. Returns how many.
   */
  async unselected(scan: Link, changed: string, rows: Link): Promise<number> {
    const written = this.#keysOf(scan, changed);
    await this.#scratch.run(`INSERT INTO gone SELECT * FROM known
      WHERE EXISTS (SELECT 1 FROM (${written}) AS now WHERE ${this.#same('now', 'known')})
      AND NOT EXISTS (SELECT 1 FROM (${this.#keysOf(rows)}) AS read WHERE ${this.#same('read', 'known')})`);
    return this.#count('gone');
  }

  /** How many keys of the scan are neither known nor among the rows. */
  async missing(scan: Link, rows: Link): Promise<number> {
    return this.#count(`(${this.#keysOf(scan)}) AS now
      WHERE NOT EXISTS (SELECT 1 FROM known WHERE ${this.#same('now', 'known')})
      AND NOT EXISTS (SELECT 1 FROM (${this.#keysOf(rows)}) AS read WHERE ${this.#same('now', 'read')})`);
  }

  /** Writes the keys that are still there. */
  async storeAlive(path: string): Promise<void> {
    const names = this.#names();
    await this.#scratch.run(`CREATE TABLE moved AS SELECT ${names} FROM later UNION SELECT ${names} FROM gone`);
    const alive = `SELECT * FROM begin_keys WHERE NOT EXISTS (SELECT 1 FROM moved WHERE ${this.#same('moved', 'begin_keys')})
      UNION ALL SELECT ${names} FROM later WHERE alive AND NOT EXISTS (SELECT 1 FROM gone WHERE ${this.#same('gone', 'later')})`;
    await this.#scratch.run(`COPY (${alive}) TO ${sqlText(path)} (FORMAT parquet, COMPRESSION zstd)`);
  }

  /** Writes the keys that are gone as Parquet, in the order of the key. */
  async writeGone(path: string): Promise<void> {
    const rows = `SELECT ${this.#names()} FROM gone ORDER BY ALL`;
    await this.#scratch.run(`COPY (${rows}) TO ${sqlText(path)} (FORMAT parquet, COMPRESSION zstd)`);
  }

  async measure(marker: string | null): Promise<MeasuredCells> {
    const cells = this.#columns.map(({ name }) => sqlName(name));
    const [row = []] = await this.#scratch.rows(`SELECT ${measureSql(this.#columns, cells, marker)} FROM gone`);
    return measuredOf(this.#columns, row);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#scratch.close();
  }

  /** What a link says of a key takes the place of what the ones before it said. */
  async #apply(link: Link): Promise<void> {
    const keys = this.#keysOf(link);
    await this.#scratch.run(
      `DELETE FROM later WHERE EXISTS (SELECT 1 FROM (${keys}) AS moved WHERE ${this.#same('moved', 'later')})`,
    );
    const alive = link.manifest.deletes === undefined;
    await this.#scratch.run(`INSERT INTO later SELECT DISTINCT *, ${alive} FROM (${keys})`);
  }

  /** A hash join takes it like a plain equality. */
  #same(one: string, other: string): string {
    return this.#columns
      .map(({ name }) => `${one}.${sqlName(name)} IS NOT DISTINCT FROM ${other}.${sqlName(name)}`)
      .join(' AND ');
  }

  #names(): string {
    return this.#columns.map(({ name }) => sqlName(name)).join(', ');
  }

  #keysOf({ manifest, folder }: Link, only: string | null = null): string {
    const key = this.#columns.map(({ name }) => name);
    const parts = manifest.files.map(({ path }) => keysOfFile(manifest, join(folder, path), key, only));
    return parts.join(' UNION ALL ');
  }

  async #count(from: string): Promise<number> {
    const [row] = await this.#scratch.rows(`SELECT count(*) FROM ${from}`);
    return Number(row?.[0]);
  }
}

/** `only`: a column that must be true. */
function keysOfFile(manifest: Manifest, path: string, key: readonly string[], only: string | null): string {
  const { from, columns } = relationOf(manifest, path);
  const typed = (name: string): string => {
    const found = columns.find(({ column }) => column.name === name);
    if (found === undefined) throw new Error(`the files of run ${manifest.run} have no column ${name}`);
    return found.typed;
  };
  const cells = key.map((name) => `${typed(name)} AS ${sqlName(name)}`);
  return `SELECT ${cells.join(', ')} FROM ${from}${only === null ? '' : ` WHERE ${typed(only)}`}`;
}
