import type pg from 'pg';
import type { IngestPlan, LoadFile, TableLoad } from '../../ingest/ingest-plan.ts';
import type { Quoted } from '../../ingest/quoted.ts';
import { sql, word } from '../../ingest/quoted.ts';
import { heldRows, LEDGER, newestRuns } from '../../ingest/ledger-sql.ts';
import { skipsRows } from '../../ingest/rejected-rows.ts';
import { directStepText, postgresTarget } from '../../ingest/targets/postgres.ts';
import { parsePostgres } from '../../sources/postgres/config.ts';
import { endConnection } from '../../sources/postgres/open-connection.ts';
import { ledgerEntryOf } from '../ledger-entry.ts';
import type { ExistingColumn, LedgerEntry, LoadSession, OnWait, TargetLoader, TargetPlace } from '../loader.ts';
import { ClientPool } from './postgres-clients.ts';
import { connectTarget } from './postgres-connect.ts';
import { copyFile } from './postgres-copy.ts';
import { LOST } from './postgres-lost.ts';
import { isMissingTable, targetError } from './postgres-errors.ts';

/**
 * PostgreSQL through its own protocol: a COPY … FROM STDIN for each file, several at the same time, each in one transaction with the
 * file's entry in the list of staged files.
 */
export const postgresLoader: TargetLoader = { target: 'postgres', open };

async function open(place: TargetPlace, connections: number): Promise<LoadSession> {
  const client = await connectTarget(place);
  return new PostgresSession(new ClientPool(client, connections, async () => connectTarget(place)), place);
}

/**
 * Where the rows of a table wait. direct – in what becomes the table itself, which is not there yet or is made anew: nothing is written
 * twice; staged – in an unlogged table beside it.
 */
type Way = 'direct' | 'staged';

class PostgresSession implements LoadSession {
  readonly stages = true;
  readonly #clients: ClientPool;
  readonly #place: TargetPlace;
  readonly #ways = new Map<string, Way>();

  constructor(clients: ClientPool, place: TargetPlace) {
    this.#clients = clients;
    this.#place = place;
  }

  async entry(load: TableLoad): Promise<LedgerEntry | null> {
    const { schema } = load.target;
    if (!(await this.#exists(schema, LEDGER))) return null;
    const ledger = postgresTarget.qualify(schema, LEDGER);
    const [row] = await this.#rows(
      sql`SELECT "run_id", "mode", "row_count", "inserted", "updated", "deleted", "rejected", "loaded_at" FROM ${ledger} WHERE "table_name" = $1 AND "run_id" = $2`,
      [load.ledger.table, load.ledger.run],
    );
    return row === undefined ? null : ledgerEntryOf(row);
  }

  async newest(load: TableLoad): Promise<readonly string[]> {
    if (!(await this.#exists(load.target.schema, LEDGER))) return [];
    return (await this.#rows(newestRuns(load, postgresTarget), [])).map(([run]) => String(run));
  }

  async held(load: TableLoad): Promise<number> {
    const [row] = await this.#rows(sql`SELECT ${heldRows(load, postgresTarget)}`, []);
    return Number(row?.[0]);
  }

  async columns(load: TableLoad): Promise<readonly ExistingColumn[] | null> {
    const { schema, name } = load.target;
    if (!(await this.#exists(schema, name))) return null;
    const rows = await this.#rows(COLUMNS, [String(postgresTarget.qualify(schema, name))]);
    return rows.map(([column, type, nullable, filled]) => ({
      name: String(column),
      type: String(type),
      nullable: nullable === 't',
      filled: filled === 't',
    }));
  }

  async addColumns(load: TableLoad, names: readonly string[]): Promise<void> {
    const { schema, name } = load.target;
    const table = postgresTarget.qualify(schema, name);
    for (const column of load.columns.filter((each) => names.includes(each.name))) {
      const type = postgresTarget.columnType(column, null);
      if (type.kind !== 'type') continue;
      const added = postgresTarget.quoteIdentifier(column.name);
      await this.#run(
        String(
          sql`BEGIN; SET LOCAL lock_timeout = '60s'; ALTER TABLE ${table} ADD COLUMN IF NOT EXISTS ${added} ${word(type.sql)}; COMMIT`,
        ),
      );
    }
  }

  async prepare(load: TableLoad, plan: IngestPlan, onWait?: OnWait): Promise<void> {
    const way = await this.#wayOf(load, plan);
    this.#ways.set(load.tag, way);
    // What the other way left of an earlier command is of no use, and its list of files would be taken for this one's.
    if (await this.#exists(load.target.schema, asideName(load, way === 'direct' ? 'stage' : 'new'))) {
      await this.discard(load, plan);
    }
    await this.#run(
      way === 'direct' ? directStepText('prepare', load, plan) : postgresTarget.step('prepare', load, plan),
      onWait,
    );
  }

  /** Hex is no bytea to COPY, of rows with one key one is to be picked, rows that do not fit are to be found: all need a second pass. */
  async #wayOf(load: TableLoad, plan: IngestPlan): Promise<Way> {
    const plain = load.columns.every(({ source, ignored }) => source.type.kind !== 'binary' && !ignored);
    if (!plain || load.dedupeBy !== null || load.window !== null || skipsRows(load, plan)) return 'staged';
    if (load.mode === 'full-refresh') return 'direct';
    return plan.options.create && !(await this.#exists(load.target.schema, load.target.name)) ? 'direct' : 'staged';
  }

  async staged(load: TableLoad): Promise<ReadonlyMap<string, string>> {
    const files = postgresTarget.qualify(load.target.schema, asideName(load, 'files'));
    const rows = await this.#rows(sql`SELECT "name", "sha256" FROM ${files}`, []);
    return new Map(rows.map(([name, sha256]): [string, string] => [String(name), String(sha256)]));
  }

  async stage(load: TableLoad, file: LoadFile, onBytes: (bytes: number) => void): Promise<void> {
    const { schema } = load.target;
    const into = {
      files: postgresTarget.qualify(schema, asideName(load, 'files')),
      rows: postgresTarget.qualify(schema, asideName(load, this.#ways.get(load.tag) === 'direct' ? 'new' : 'stage')),
      scratch: this.#place.scratch,
      server: parsePostgres(this.#place),
    };
    try {
      await this.#clients.use(async (client) => copyFile(client, load, file, into, onBytes));
    } catch (error) {
      // Another load of the same run was faster, and took the staging table away with its last statement.
      if (isMissingTable(error) && (await this.entry(load)) !== null) return;
      throw targetError(error, this.#place);
    }
  }

  async publish(load: TableLoad, plan: IngestPlan, onWait?: OnWait): Promise<LedgerEntry> {
    const direct = this.#ways.get(load.tag) === 'direct';
    await this.#run(
      direct ? directStepText('publish', load, plan) : postgresTarget.step('publish', load, plan),
      onWait,
    );
    const entry = await this.entry(load);
    if (entry === null) throw new Error(`run ${load.source.run} is not in the ledger after it was published`);
    return entry;
  }

  async discard(load: TableLoad, plan: IngestPlan): Promise<void> {
    await this.#run(postgresTarget.step('cleanup', load, plan));
  }

  async lost(load: TableLoad): Promise<readonly string[]> {
    const { schema, name } = load.target;
    if (!(await this.#exists(schema, name))) return [];
    const rows = await this.#rows(LOST, [String(postgresTarget.qualify(schema, name))]);
    return rows.map(([text]) => String(text));
  }

  async count(load: TableLoad): Promise<number> {
    const { schema, name } = load.target;
    const [row] = await this.#rows(sql`SELECT count(*) FROM ${postgresTarget.qualify(schema, name)}`, []);
    return Number(row?.[0]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#clients.end(endConnection);
  }

  async #exists(schema: string | null, name: string): Promise<boolean> {
    const [row] = await this.#rows(word('SELECT pg_catalog.to_regclass($1) IS NOT NULL'), [
      String(postgresTarget.qualify(schema, name)),
    ]);
    return row?.[0] === 't';
  }

  /** Statements of one step; a transaction that one of them stopped is ended. */
  async #run(statements: string, onWait?: OnWait): Promise<void> {
    const listen = ({ message = '' }: { readonly message?: string | undefined }): void => {
      const waits = /^sqlextract: .*?: (waits for [^]*)$/.exec(message)?.[1];
      if (waits !== undefined) onWait?.(waits);
    };
    try {
      await this.#clients.use(async (client) => {
        client.on('notice', listen);
        try {
          await client.query(statements).catch(async (error: unknown) => {
            await rollBack(client, error);
            throw error;
          });
        } finally {
          client.off('notice', listen);
        }
      });
    } catch (error) {
      throw targetError(error, this.#place);
    }
  }

  async #rows(statement: Quoted, values: readonly string[]): Promise<readonly (readonly unknown[])[]> {
    try {
      return await this.#clients.use(async (client) => {
        const query = { text: String(statement), values: [...values], rowMode: 'array' as const };
        return (await client.query<unknown[]>(query)).rows;
      });
    } catch (error) {
      throw targetError(error, this.#place);
    }
  }
}

/** After a lost connection there is nothing to roll back, and the first error says more. */
async function rollBack(client: pg.Client, first: unknown): Promise<void> {
  await client.query('ROLLBACK').catch((error: unknown) => {
    throw first ?? error;
  });
}

function asideName({ tag }: TableLoad, suffix: 'stage' | 'files' | 'new'): string {
  return `_sqlextract_${tag}_${suffix}`;
}

/** Columns without those that were dropped (pg_attribute, 53.7); an expression or an identity fills a column by itself. */
const COLUMNS = word(`SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), NOT a.attnotnull,
  a.atthasdef OR a.attidentity <> '' OR a.attgenerated <> ''
  FROM pg_catalog.pg_attribute a WHERE a.attrelid = pg_catalog.to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`);
