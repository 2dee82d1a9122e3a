import type { DuckDBConnection } from '@duckdb/node-api';
import { join } from 'node:path';
import type { Manifest } from '../model/manifest.ts';
import { relationOf } from '../verify/file-relation.ts';
import { sqlName, sqlPath, sqlText } from '../verify/duckdb-reader.ts';
import { openScratch } from './scratch-database.ts';
import type { KnownKeys, Link } from './known-keys.ts';

/** Bytes that ten million keys are joined in, in parts; more keys, more memory. Texts need room. */
const MEMORY = { narrow: 96_000_000, wide: 768_000_000 } as const;
const KEYS = 10_000_000;

const WIDE = ['string', 'json', 'uuid', 'binary'];

/** Bytes, for the keys that were scanned. */
export function memoryFor({ manifest }: Link): number {
  const wide = manifest.schema.columns.some(({ type }) => WIDE.includes(type.kind));
  return Math.ceil(MEMORY[wide ? 'wide' : 'narrow'] * Math.max(1, manifest.totals.rows / KEYS));
}

/** The keys of a job in an embedded DuckDB, whose tables lie on disk: out of core, whatever their number. */
export class KeySets implements AsyncDisposable {
  readonly #connection: DuckDBConnection;
  readonly #close: () => void;
  readonly #key: readonly string[];

  private constructor(connection: DuckDBConnection, close: () => void, key: readonly string[]) {
    this.#connection = connection;
    this.#close = close;
    this.#key = key;
  }

  /** In `scratch`, a private folder that the caller removes. */
  static async open(scratch: string, key: readonly string[], threads: number, memoryBytes: number): Promise<KeySets> {
    const { connection, close } = await openScratch(scratch, { threads, memory: `${memoryBytes}B` });
    return new KeySets(connection, close, key);
  }

  /** Relation `known`: what targets should have. Returns its rows. The stored set, or a first window, is read where it lies unless more follows. */
  async known({ store, links }: KnownKeys): Promise<number> {
    const [first] = links;
    const stored = store === null ? null : `SELECT ${this.#names()} FROM read_parquet(${sqlPath(store)})`;
    const later = (store === null ? links.slice(1) : links).filter((link) => link.manifest.totals.rows > 0);
    const begin = stored ?? (first === undefined ? '' : this.#keysOf(first));
    await this.#connection.run(`CREATE ${later.length > 0 ? 'TABLE' : 'VIEW'} known AS ${begin}`);
    for (const link of later) await this.#apply(link);
    return this.#count('known');
  }

  /** Table `gone`: known keys that no row of the scan has. Returns its rows. */
  async gone(scan: Link): Promise<number> {
    const current = this.#keysOf(scan);
    await this.#connection.run(`CREATE TABLE gone AS SELECT DISTINCT * FROM known WHERE NOT EXISTS (
      SELECT 1 FROM (${current}) AS now WHERE ${this.#same('now', 'known')})`);
    return this.#count('gone');
  }

  /**
   * Adds to `gone` known keys whose row is still there and no longer among those that are selected: it was written since (`changed` of the scan
   * says so), and is not among the rows that were read for that. Returns how many.
   */
  async unselected(scan: Link, changed: string, rows: Link): Promise<number> {
    const written = this.#keysOf(scan, changed);
    await this.#connection.run(`INSERT INTO gone SELECT * FROM known
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
    const alive = `SELECT * FROM known WHERE NOT EXISTS (SELECT 1 FROM gone WHERE ${this.#same('gone', 'known')})`;
    await this.#connection.run(`COPY (${alive}) TO ${sqlText(path)} (FORMAT parquet, COMPRESSION zstd)`);
  }

  /** Writes the keys that are gone as Parquet, in the order of the key. */
  async writeGone(path: string): Promise<void> {
    const rows = `SELECT ${this.#names()} FROM gone ORDER BY ALL`;
    await this.#connection.run(`COPY (${rows}) TO ${sqlText(path)} (FORMAT parquet, COMPRESSION zstd)`);
  }

  /** Of the keys that are gone: the largest value of each column in bytes. */
  async widths(): Promise<readonly number[]> {
    const parts = this.#key.map((name) => `coalesce(max(strlen(${sqlName(name)}::VARCHAR)), 0)`);
    const result = await this.#connection.runAndReadAll(`SELECT ${parts.join(', ')} FROM gone`);
    return (result.getRows()[0] ?? []).map(Number);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#close();
  }

  /** A key stands in the set once, however many windows delivered it. */
  async #apply(link: Link): Promise<void> {
    const keys = this.#keysOf(link);
    const same = this.#same('moved', 'known');
    if (link.manifest.deletes !== undefined) {
      await this.#connection.run(`DELETE FROM known WHERE EXISTS (SELECT 1 FROM (${keys}) AS moved WHERE ${same})`);
      return;
    }
    await this.#connection.run(`INSERT INTO known SELECT * FROM (${keys}) AS moved
      WHERE NOT EXISTS (SELECT 1 FROM known WHERE ${same})`);
  }

  /** A hash join takes it like a plain equality. */
  #same(one: string, other: string): string {
    return this.#key
      .map((name) => `${one}.${sqlName(name)} IS NOT DISTINCT FROM ${other}.${sqlName(name)}`)
      .join(' AND ');
  }

  #names(): string {
    return this.#key.map(sqlName).join(', ');
  }

  #keysOf({ manifest, folder }: Link, only: string | null = null): string {
    const parts = manifest.files.map(({ path }) => keysOfFile(manifest, join(folder, path), this.#key, only));
    return parts.join(' UNION ALL ');
  }

  async #count(from: string): Promise<number> {
    const result = await this.#connection.runAndReadAll(`SELECT count(*) FROM ${from}`);
    return Number(result.getRows()[0]?.[0]);
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
