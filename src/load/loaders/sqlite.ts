import { existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { IngestPlan, TableLoad } from '../../ingest/ingest-plan.ts';
import { heldRows, LEDGER, newestRuns } from '../../ingest/ledger-sql.ts';
import { insertStatement, sqlitePart, sqliteTarget } from '../../ingest/targets/sqlite.ts';
import { SqlextractError } from '../../model/problem.ts';
import { guardError } from '../guard-error.ts';
import { ledgerEntryOf } from '../ledger-entry.ts';
import type { ExistingColumn, LedgerEntry, LoadSession, TargetLoader, TargetPlace } from '../loader.ts';
import { fillRows } from './sqlite-fill.ts';

/** An SQLite file through node:sqlite: one transaction a table, rows bound as values, so there is nothing to stage before it. */
export const sqliteLoader: TargetLoader = { target: 'sqlite', open };

const BUSY_MS = 60_000;

async function open(place: TargetPlace): Promise<LoadSession> {
  const path = place.url.replace(/^sqlite3?:(?:\/\/)?/i, '');
  if (path !== ':memory:') checkPlace(path);
  return new SqliteSession(path);
}

function checkPlace(path: string): void {
  if (path === '') throw cannotOpen(path, 'no file is named', null);
  if (!existsSync(dirname(path))) throw cannotOpen(path, `there is no folder ${dirname(path)}`, null);
  if (existsSync(path) && !statSync(path).isFile()) throw cannotOpen(path, 'it is no file', null);
}

class SqliteSession implements LoadSession {
  readonly stages = false;
  readonly #path: string;
  #opened: DatabaseSync | null = null;

  constructor(path: string) {
    this.#path = path;
    if (path !== ':memory:' && existsSync(path)) this.#database();
  }

  /** A file that is not there is made when something is to be written to it. */
  #database(): DatabaseSync {
    if (this.#opened !== null) return this.#opened;
    try {
      const database = new DatabaseSync(this.#path, { timeout: BUSY_MS, readBigInts: true, returnArrays: true });
      this.#opened = database;
      database.prepare('SELECT count(*) FROM sqlite_schema').get();
      return database;
    } catch (error) {
      this.#close();
      throw cannotOpen(this.#path, (error as Error).message, error);
    }
  }

  #hasLedger(): boolean {
    if (!this.#isThere()) return false;
    return this.#rows("SELECT 1 FROM main.sqlite_schema WHERE type = 'table' AND name = ?", [LEDGER]).length > 0;
  }

  async newest(load: TableLoad): Promise<readonly string[]> {
    if (!this.#hasLedger()) return [];
    return this.#rows(String(newestRuns(load, sqliteTarget)), []).map(([run]) => String(run));
  }

  async held(load: TableLoad): Promise<number> {
    const [row] = this.#rows(`SELECT ${String(heldRows(load, sqliteTarget))}`, []);
    return Number(row?.[0]);
  }

  async entry(load: TableLoad): Promise<LedgerEntry | null> {
    if (!this.#hasLedger()) return null;
    const ledger = sqliteTarget.qualify(load.target.schema, LEDGER);
    const columns = '"run_id", "mode", "row_count", "inserted", "updated", "deleted", "rejected", "loaded_at"';
    const [row] = this.#rows(`SELECT ${columns} FROM ${String(ledger)} WHERE "table_name" = ? AND "run_id" = ?`, [
      load.ledger.table,
      load.ledger.run,
    ]);
    return row === undefined ? null : ledgerEntryOf(row);
  }

  async columns(load: TableLoad): Promise<readonly ExistingColumn[] | null> {
    if (!this.#isThere()) return null;
    // hidden 2 and 3 are generated columns; 1 is of a virtual table. An INTEGER PRIMARY KEY fills itself.
    const rows = this.#rows(
      "SELECT name, type, \"notnull\" OR (pk > 0 AND NOT type LIKE 'integer'), dflt_value IS NOT NULL OR hidden > 1, hidden > 1 FROM pragma_table_xinfo(?, 'main') WHERE hidden <> 1",
      [load.target.name],
    );
    if (rows.length === 0) return null;
    return rows.map(([name, type, required, filled, generated]) => ({
      name: String(name),
      type: String(type),
      nullable: required === 0n,
      filled: filled === 1n,
      generated: generated === 1n,
    }));
  }

  async addColumns(load: TableLoad, names: readonly string[]): Promise<void> {
    const table = sqliteTarget.qualify(load.target.schema, load.target.name);
    const added = load.columns.filter(({ name }) => names.includes(name));
    const statements = added.map((column) => {
      const type = sqliteTarget.columnType(column, null);
      const sqlType = type.kind === 'type' ? type.sql : '';
      return `ALTER TABLE ${String(table)} ADD COLUMN ${String(sqliteTarget.quoteIdentifier(column.name))} ${sqlType};`;
    });
    this.#run(['BEGIN IMMEDIATE;', ...statements, 'COMMIT;'].join('\n'));
  }

  async prepare(load: TableLoad, plan: IngestPlan): Promise<void> {
    this.#run(sqlitePart('cleanup', load, plan));
    this.#run(sqlitePart('prepare', load, plan));
  }

  async staged(): Promise<ReadonlyMap<string, string>> {
    return new Map();
  }

  async stage(): Promise<void> {
    throw new Error('SQLite stages nothing before its transaction');
  }

  async publish(load: TableLoad, plan: IngestPlan): Promise<LedgerEntry> {
    this.#run(sqlitePart('open', load, plan));
    const inTable = insertStatement(load);
    if (!inTable.staged) this.#run(sqlitePart('apply', load, plan));
    const rows = await this.#fill(load, inTable);
    if (inTable.staged) this.#run(sqlitePart('apply', load, plan));
    else this.#run(`UPDATE temp."_sqlextract_todo" SET "inserted" = ${rows}`);
    this.#run(sqlitePart('close', load, plan));
    const entry = await this.entry(load);
    if (entry === null) throw new Error(`run ${load.source.run} is not in the ledger after it was published`);
    return entry;
  }

  async #fill(load: TableLoad, into: ReturnType<typeof insertStatement>): Promise<number> {
    try {
      return await fillRows(this.#database(), load, into);
    } catch (error) {
      throw error instanceof SqlextractError ? error : guardError(error, 'SQLite');
    }
  }

  /** What a stopped transaction left open is ended with it. */
  async discard(load: TableLoad, plan: IngestPlan): Promise<void> {
    if (this.#opened === null) return;
    if (this.#opened.isTransaction) this.#run('ROLLBACK');
    this.#run(sqlitePart('cleanup', load, plan));
  }

  async lost(load: TableLoad): Promise<readonly string[]> {
    const found =
      "SELECT type || ' ' || name FROM main.sqlite_schema WHERE type IN ('index', 'trigger') AND sql IS NOT NULL AND tbl_name = ?";
    return this.#rows(`${found} COLLATE NOCASE`, [load.target.name]).map(([text]) => String(text));
  }

  async count(load: TableLoad): Promise<number> {
    const [row] = this.#rows(
      `SELECT count(*) FROM ${String(sqliteTarget.qualify(load.target.schema, load.target.name))}`,
      [],
    );
    return Number(row?.[0]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#close();
  }

  #isThere(): boolean {
    return this.#opened !== null || existsSync(this.#path);
  }

  #close(): void {
    this.#opened?.close();
    this.#opened = null;
  }

  #run(statements: string): void {
    try {
      this.#database().exec(statements);
    } catch (error) {
      throw error instanceof SqlextractError ? error : guardError(error, 'SQLite');
    }
  }

  #rows(statement: string, values: readonly string[]): readonly (readonly unknown[])[] {
    try {
      return this.#database()
        .prepare(statement)
        .all(...values) as unknown as readonly (readonly unknown[])[];
    } catch (error) {
      throw error instanceof SqlextractError ? error : guardError(error, 'SQLite');
    }
  }
}

function cannotOpen(path: string, cause: string, error: unknown): SqlextractError {
  return new SqlextractError(
    {
      code: 'TARGET_CONNECT',
      message: `the SQLite file ${path} cannot be opened`,
      hint: 'a file that is there has to be an SQLite database, and its folder has to be there',
      fault: 'source',
      causes: [cause],
    },
    error,
  );
}
