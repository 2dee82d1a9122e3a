import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DuckDBConnection, DuckDBInstance, DuckDBValue } from '@duckdb/node-api';
import type { IngestPlan, TableLoad } from '../../ingest/ingest-plan.ts';
import { Quoted, sql, word } from '../../ingest/quoted.ts';
import { duckdbTarget, prepareNewTable } from '../../ingest/targets/duckdb.ts';
import { heldRows, LEDGER, newestRuns } from '../../ingest/ledger-sql.ts';
import { SqlextractError } from '../../model/problem.ts';
import type { LedgerEntry, LoadSession, TargetLoader, TargetPlace } from '../loader.ts';
import { ledgerEntryOf } from '../ledger-entry.ts';
import { verified } from '../file-bytes.ts';
import { guardError } from '../guard-error.ts';

/** A DuckDB file, embedded. Files are read where they lie, by all cores; one transaction a table, so there is nothing to stage. */
export const duckdbLoader: TargetLoader = { target: 'duckdb', open };

/** Nothing is fetched from anywhere while files are loaded. */
const OPTIONS = { autoinstall_known_extensions: 'false' };

async function open(place: TargetPlace): Promise<LoadSession> {
  const path = place.url.replace(/^duckdb:(\/\/)?/i, '');
  const session = new DuckdbSession(path);
  // What is there has to be a database that lets us in; what is not there is made when something is to be written.
  if (existsSync(path)) await session.connect();
  else if (path === '' || !existsSync(dirname(path))) throw cannotOpen(path, new Error('there is no such folder'));
  return session;
}

class DuckdbSession implements LoadSession {
  readonly stages = false;
  readonly #path: string;
  #opened: { readonly instance: DuckDBInstance; readonly connection: DuckDBConnection } | null = null;

  constructor(path: string) {
    this.#path = path;
  }

  async connect(): Promise<DuckDBConnection> {
    if (this.#opened !== null) return this.#opened.connection;
    const { DuckDBInstance } = await import('@duckdb/node-api');
    try {
      const instance = await DuckDBInstance.create(this.#path, OPTIONS);
      this.#opened = { instance, connection: await instance.connect() };
    } catch (error) {
      throw cannotOpen(this.#path, error);
    }
    return this.#opened.connection;
  }

  #isThere(): boolean {
    return this.#opened !== null || existsSync(this.#path);
  }

  async #hasLedger({ target: { schema } }: TableLoad): Promise<boolean> {
    if (!this.#isThere()) return false;
    const known = await this.#rows(
      'SELECT 1 FROM duckdb_tables() WHERE lower(schema_name) = lower($1) AND table_name = $2 AND database_name = current_database()',
      [schema ?? 'main', LEDGER],
    );
    return known.length > 0;
  }

  async newest(load: TableLoad): Promise<readonly string[]> {
    if (!(await this.#hasLedger(load))) return [];
    return (await this.#rows(newestRuns(load, duckdbTarget), [])).map(([run]) => String(run));
  }

  async held(load: TableLoad): Promise<number> {
    const [row] = await this.#rows(sql`SELECT ${heldRows(load, duckdbTarget)}`, []);
    return Number(row?.[0]);
  }

  async entry(load: TableLoad): Promise<LedgerEntry | null> {
    if (!(await this.#hasLedger(load))) return null;
    const { schema } = load.target;
    const ledger = duckdbTarget.qualify(schema, LEDGER);
    const [row] = await this.#rows(
      sql`SELECT "run_id", "mode", "row_count", "inserted", "updated", "deleted", "rejected", CAST("loaded_at" AS VARCHAR) FROM ${ledger} WHERE "table_name" = $1 AND "run_id" = $2`,
      [load.ledger.table, load.ledger.run],
    );
    return row === undefined ? null : ledgerEntryOf(row);
  }

  async columns(load: TableLoad) {
    if (!this.#isThere()) return null;
    const { schema, name } = load.target;
    const rows = await this.#rows(
      'SELECT column_name, data_type, is_nullable, column_default IS NOT NULL FROM duckdb_columns() WHERE lower(schema_name) = lower($1) AND lower(table_name) = lower($2) AND database_name = current_database() ORDER BY column_index',
      [schema ?? 'main', name],
    );
    if (rows.length === 0) return null;
    return Promise.all(
      rows.map(async ([column, type, nullable, filled]) => ({
        name: String(column),
        type: String(type),
        nullable: nullable === true,
        filled: filled === true,
        generated: filled === true && (await this.#isGenerated(load, String(column))),
      })),
    );
  }

  /** The catalog does not tell an expression from a default, but no INSERT into a generated column can be prepared. */
  async #isGenerated({ target: { schema, name } }: TableLoad, column: string): Promise<boolean> {
    const table = duckdbTarget.qualify(schema, name);
    const statement = sql`INSERT INTO ${table} (${duckdbTarget.quoteIdentifier(column)}) SELECT NULL`;
    try {
      (await (await this.connect()).prepare(String(statement))).destroySync();
      return false;
    } catch (error) {
      if (/generated column/i.test(String(error))) return true;
      throw error;
    }
  }

  async addColumns(load: TableLoad, names: readonly string[]): Promise<void> {
    const { schema, name } = load.target;
    const table = duckdbTarget.qualify(schema, name);
    for (const column of load.columns.filter((each) => names.includes(each.name))) {
      const type = duckdbTarget.columnType(column, null);
      if (type.kind !== 'type') continue;
      const added = duckdbTarget.quoteIdentifier(column.name);
      await this.#run(sql`ALTER TABLE ${table} ADD COLUMN ${added} ${word(type.sql)}`);
    }
  }

  async prepare(load: TableLoad, plan: IngestPlan): Promise<void> {
    // The order of rows in a table says nothing, and keeping it costs memory.
    await this.#run('SET preserve_insertion_order = false');
    const isNew = (await this.columns(load)) === null;
    await this.#run(isNew ? prepareNewTable(load, plan) : duckdbTarget.step('prepare', load, plan));
  }

  async staged(): Promise<ReadonlyMap<string, string>> {
    return new Map();
  }

  async stage(): Promise<void> {
    throw new Error('DuckDB stages nothing');
  }

  async publish(load: TableLoad, plan: IngestPlan): Promise<LedgerEntry> {
    // DuckDB reads them by itself, and would take what somebody has changed.
    for (const file of load.files) await verified(file, () => undefined);
    await this.#run(duckdbTarget.step('publish', load, plan));
    const entry = await this.entry(load);
    if (entry === null) throw new Error(`run ${load.source.run} is not in the ledger after it was published`);
    return entry;
  }

  /** What a stopped transaction left open is ended with it. */
  async discard(): Promise<void> {
    await this.#opened?.connection.run('ROLLBACK').catch((error: unknown) => {
      if (!/no transaction is active/i.test(String(error))) throw error;
    });
  }

  async lost(load: TableLoad): Promise<readonly string[]> {
    const { schema, name } = load.target;
    const rows = await this.#rows(
      sql`SELECT 'index ' || index_name FROM duckdb_indexes() WHERE database_name = current_database() AND schema_name = $1 AND table_name = $2
          UNION ALL SELECT lower(constraint_type) || ' constraint' FROM duckdb_constraints()
            WHERE database_name = current_database() AND schema_name = $1 AND table_name = $2 AND constraint_type IN ('CHECK', 'FOREIGN KEY', 'UNIQUE')`,
      [schema ?? 'main', name],
    );
    return rows.map(([text]) => String(text));
  }

  async count(load: TableLoad): Promise<number> {
    const { schema, name } = load.target;
    const [row] = await this.#rows(sql`SELECT count(*) FROM ${duckdbTarget.qualify(schema, name)}`, []);
    return Number(row?.[0]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#opened?.connection.closeSync();
    this.#opened?.instance.closeSync();
  }

  async #run(statements: Quoted | string): Promise<void> {
    try {
      await (await this.connect()).run(String(statements));
    } catch (error) {
      throw error instanceof SqlextractError ? error : guardError(error, 'DuckDB');
    }
  }

  async #rows(statement: Quoted | string, values: DuckDBValue[]): Promise<readonly (readonly unknown[])[]> {
    return (await (await this.connect()).runAndReadAll(String(statement), values)).getRows();
  }
}

function cannotOpen(path: string, error: unknown): SqlextractError {
  return new SqlextractError(
    {
      code: 'TARGET_CONNECT',
      message: `the DuckDB file ${path} cannot be opened`,
      hint: 'another program may have it open (DuckDB lets one in), or the folder is not there',
      fault: 'source',
      causes: [(error as Error).message],
    },
    error,
  );
}
