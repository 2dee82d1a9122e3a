import type { DuckDBConnection, DuckDBInstance, DuckDBValue } from '@duckdb/node-api';
import type { IngestPlan, TableLoad } from '../../ingest/ingest-plan.ts';
import { Quoted, sql, word } from '../../ingest/quoted.ts';
import { duckdbTarget } from '../../ingest/targets/duckdb.ts';
import { LEDGER } from '../../ingest/script-view.ts';
import { SqlextractError } from '../../model/problem.ts';
import { displayName } from '../../model/table.ts';
import type { LedgerEntry, LoadSession, TargetLoader, TargetPlace } from '../loader.ts';
import { ledgerEntryOf } from '../ledger-entry.ts';
import { guardError } from '../guard-error.ts';

/** A DuckDB file, embedded. Files are read where they lie, by all cores; one transaction a table, so there is nothing to stage. */
export const duckdbLoader: TargetLoader = { target: 'duckdb', open };

async function open(place: TargetPlace): Promise<LoadSession> {
  const { DuckDBInstance } = await import('@duckdb/node-api');
  const path = place.url.replace(/^duckdb:(\/\/)?/i, '');
  let instance: DuckDBInstance;
  try {
    instance = await DuckDBInstance.create(path, { autoinstall_known_extensions: 'false' });
  } catch (error) {
    throw cannotOpen(path, error);
  }
  return new DuckdbSession(instance, await instance.connect());
}

class DuckdbSession implements LoadSession {
  readonly stages = false;
  readonly #instance: DuckDBInstance;
  readonly #connection: DuckDBConnection;

  constructor(instance: DuckDBInstance, connection: DuckDBConnection) {
    this.#instance = instance;
    this.#connection = connection;
  }

  async entry(load: TableLoad): Promise<LedgerEntry | null> {
    const { schema, name } = load.target;
    const known = await this.#rows(
      'SELECT 1 FROM duckdb_tables() WHERE schema_name = $1 AND table_name = $2 AND database_name = current_database()',
      [schema ?? 'main', LEDGER],
    );
    if (known.length === 0) return null;
    const ledger = duckdbTarget.qualify(schema, LEDGER);
    const [row] = await this.#rows(
      sql`SELECT "run_id", "mode", "row_count", "inserted", "updated", "deleted", "rejected", CAST("loaded_at" AS VARCHAR) FROM ${ledger} WHERE "table_name" = $1 AND "run_id" = $2`,
      [displayName({ schema: schema ?? '', name }), load.source.run],
    );
    return row === undefined ? null : ledgerEntryOf(row);
  }

  async columns(load: TableLoad) {
    const { schema, name } = load.target;
    const rows = await this.#rows(
      'SELECT column_name, data_type, is_nullable, column_default IS NOT NULL FROM duckdb_columns() WHERE schema_name = $1 AND table_name = $2 AND database_name = current_database() ORDER BY column_index',
      [schema ?? 'main', name],
    );
    if (rows.length === 0) return null;
    return rows.map(([column, type, nullable, filled]) => ({
      name: String(column),
      type: String(type),
      nullable: nullable === true,
      filled: filled === true,
    }));
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
    await this.#run(duckdbTarget.step('prepare', load, plan));
  }

  async staged(): Promise<ReadonlyMap<string, string>> {
    return new Map();
  }

  async stage(): Promise<void> {
    throw new Error('DuckDB stages nothing');
  }

  async publish(load: TableLoad, plan: IngestPlan): Promise<LedgerEntry> {
    await this.#run(duckdbTarget.step('publish', load, plan));
    const entry = await this.entry(load);
    if (entry === null) throw new Error(`run ${load.source.run} is not in the ledger after it was published`);
    return entry;
  }

  /** What a stopped transaction left open is ended with it. */
  async discard(): Promise<void> {
    await this.#connection.run('ROLLBACK').catch((error: unknown) => {
      if (!/no transaction is active/i.test(String(error))) throw error;
    });
  }

  async count(load: TableLoad): Promise<number> {
    const { schema, name } = load.target;
    const [row] = await this.#rows(sql`SELECT count(*) FROM ${duckdbTarget.qualify(schema, name)}`, []);
    return Number(row?.[0]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#connection.closeSync();
    this.#instance.closeSync();
  }

  async #run(statements: Quoted | string): Promise<void> {
    try {
      await this.#connection.run(String(statements));
    } catch (error) {
      throw guardError(error, 'DuckDB');
    }
  }

  async #rows(statement: Quoted | string, values: DuckDBValue[]): Promise<readonly (readonly unknown[])[]> {
    return (await this.#connection.runAndReadAll(String(statement), values)).getRows();
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
