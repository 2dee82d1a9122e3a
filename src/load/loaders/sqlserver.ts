import type { IngestPlan, LoadFile, TableLoad } from '../../ingest/ingest-plan.ts';
import type { Quoted } from '../../ingest/quoted.ts';
import { sql, word } from '../../ingest/quoted.ts';
import { heldRows, LEDGER, newestRuns } from '../../ingest/ledger-sql.ts';
import { objectId } from '../../ingest/targets/sqlserver-quote.ts';
import { sqlServerTarget } from '../../ingest/targets/sqlserver.ts';
import type { Row, SqlServerConnection } from '../../sources/sqlserver/connection.ts';
import { plainBytes, verified } from '../file-bytes.ts';
import { ledgerEntryOf } from '../ledger-entry.ts';
import type { LedgerEntry, LoadSession, TargetLoader, TargetPlace } from '../loader.ts';
import { parquetAsCsv } from '../parquet-as-csv.ts';
import { fileError, readCsv } from '../read-csv.ts';
import type { BulkCell } from './sqlserver-session.ts';
import { bulkLoad, configOf, SqlServerSessions } from './sqlserver-session.ts';

/** SQL Server by `tedious`: cells as texts (binary as bytes) into the staging table, by the protocol's bulk load. Run on Babelfish. */
export const sqlServerLoader: TargetLoader = { target: 'sqlserver', open };

async function open(place: TargetPlace): Promise<LoadSession> {
  const sessions = new SqlServerSessions(configOf(place));
  await sessions.rows('SELECT 1 AS one');
  return new SqlServerLoadSession(sessions, place.scratch);
}

class SqlServerLoadSession implements LoadSession {
  readonly stages = true;
  readonly #sessions: SqlServerSessions;
  readonly #scratch: string;

  constructor(sessions: SqlServerSessions, scratch: string) {
    this.#sessions = sessions;
    this.#scratch = scratch;
  }

  async entry(load: TableLoad): Promise<LedgerEntry | null> {
    const { schema } = load.target;
    const ledger = sqlServerTarget.qualify(schema, LEDGER);
    if (!(await this.#exists(schema, LEDGER))) return null;
    const [row] = await this.#sessions.rows(
      sql`SELECT [run_id], [mode], [row_count], [inserted], [updated], [deleted], [rejected], CONVERT(nvarchar(40), [loaded_at], 126) AS [loaded_at] FROM ${ledger} WHERE [table_name] = ${literal(load.ledger.table)} AND [run_id] = ${literal(load.ledger.run)}`,
    );
    if (row === undefined) return null;
    // what a load that was killed after it published left
    const names = [`_sqlextract_${load.tag}_stage`, `_sqlextract_${load.tag}_files`];
    const staged = (await this.#exists(schema, names[0] ?? '')) || (await this.#exists(schema, names[1] ?? ''));
    if (staged) await this.#dropStage(load);
    return ledgerEntryOf(Object.values(row));
  }

  async newest(load: TableLoad): Promise<readonly string[]> {
    if (!(await this.#exists(load.target.schema, LEDGER))) return [];
    return (await this.#sessions.rows(newestRuns(load, sqlServerTarget))).map((row) => String(row['run_id']));
  }

  async held(load: TableLoad): Promise<number> {
    const [row] = await this.#sessions.rows(sql`SELECT ${heldRows(load, sqlServerTarget)} AS [held]`);
    return Number(row?.['held']);
  }

  async columns(load: TableLoad) {
    const { schema, name } = load.target;
    const rows = await this.#sessions.rows(
      sql`SELECT [name], TYPE_NAME(system_type_id) AS [type], CONVERT(int, is_nullable) AS [nullable], CASE WHEN default_object_id <> 0 OR is_identity = 1 OR is_computed = 1 OR TYPE_NAME(system_type_id) = N'timestamp' THEN 1 ELSE 0 END AS [filled] FROM sys.columns WHERE [object_id] = ${objectId(schema, name)} ORDER BY column_id`,
    );
    if (rows.length === 0) return null;
    return rows.map((row) => ({
      name: String(row['name']),
      type: String(row['type']),
      nullable: row['nullable'] === '1',
      filled: row['filled'] === '1',
    }));
  }

  async addColumns(load: TableLoad, names: readonly string[]): Promise<void> {
    const table = sqlServerTarget.qualify(load.target.schema, load.target.name);
    for (const column of load.columns.filter(({ name }) => names.includes(name))) {
      const type = sqlServerTarget.columnType(column, null);
      if (type.kind !== 'type') continue;
      const added = sqlServerTarget.quoteIdentifier(column.name);
      await this.#sessions.rows(sql`ALTER TABLE ${table} ADD ${added} ${word(type.sql)} NULL`);
    }
  }

  async prepare(load: TableLoad, plan: IngestPlan): Promise<void> {
    await this.#sessions.rows(sqlServerTarget.step('prepare', load, plan));
  }

  async staged(load: TableLoad): Promise<ReadonlyMap<string, string>> {
    const rows = await this.#sessions.rows(sql`SELECT [name], [sha256] FROM ${stageOf(load, 'files')}`);
    return new Map(rows.map((row): [string, string] => [String(row['name']), String(row['sha256'])]));
  }

  /**
   * One transaction: a second session with the same file waits for the key of the list, and then fails. NOCOUNT would keep the number of rows
   * back.
   */
  async stage(load: TableLoad, file: LoadFile, onBytes: (bytes: number) => void): Promise<void> {
    const list = stageOf(load, 'files');
    await this.#sessions.use(async (connection) => {
      await connection.rows(
        String(
          sql`SET NOCOUNT OFF; SET XACT_ABORT ON; SET QUOTED_IDENTIFIER ON; BEGIN TRANSACTION; INSERT INTO ${list} ([name], [sha256], [row_count]) VALUES (${literal(file.name)}, ${literal(file.sha256)}, ${file.rows})`,
        ),
      );
      const count = await this.#bulk(connection, load, file, onBytes);
      if (count !== file.rows) throw fileError(file.name, `it has ${count} rows instead of ${file.rows}`);
      await connection.rows('COMMIT TRANSACTION');
    });
  }

  async publish(load: TableLoad, plan: IngestPlan): Promise<LedgerEntry> {
    await this.#sessions.rows(sqlServerTarget.step('publish', load, plan));
    const entry = await this.entry(load);
    if (entry === null) throw new Error(`run ${load.source.run} is not in the ledger after it was published`);
    return entry;
  }

  async discard(load: TableLoad): Promise<void> {
    await this.#dropStage(load);
  }

  async #dropStage(load: TableLoad): Promise<void> {
    const tables = [stageOf(load, 'stage'), stageOf(load, 'files')];
    await this.#sessions.rows(tables.map((table) => `DROP TABLE IF EXISTS ${String(table)};`).join(' '));
  }

  async count(load: TableLoad): Promise<number> {
    const table = sqlServerTarget.qualify(load.target.schema, load.target.name);
    const [row] = await this.#sessions.rows(sql`SELECT COUNT_BIG(*) AS [count] FROM ${table}`);
    return Number((row as Row)['count']);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#sessions.close();
  }

  async #bulk(
    connection: SqlServerConnection,
    load: TableLoad,
    file: LoadFile,
    onBytes: (bytes: number) => void,
  ): Promise<number> {
    const columns = load.columns.map(({ source }, index) => ({
      name: `c${index + 1}`,
      binary: source.type.kind === 'binary',
    }));
    const table = stageOf(load, 'stage');
    if (load.format.name === 'csv') {
      return bulkLoad(
        connection,
        table,
        columns,
        cellsOf(load, file, plainBytes(file, load.format.compression, onBytes)),
      );
    }
    await verified(file, onBytes);
    await using csv = await parquetAsCsv(file, load.columns, this.#scratch);
    const { createReadStream } = await import('node:fs');
    return await bulkLoad(connection, table, columns, cellsOf(load, file, createReadStream(csv.path)));
  }

  async #exists(schema: string | null, name: string): Promise<boolean> {
    const [row] = await this.#sessions.rows(sql`SELECT ${objectId(schema, name)} AS [id]`);
    return row?.['id'] !== null;
  }
}

async function* cellsOf(
  { columns, format }: TableLoad,
  { name }: LoadFile,
  bytes: AsyncIterable<Uint8Array>,
): AsyncGenerator<readonly BulkCell[]> {
  const shape = { name, columns: columns.map(({ source }) => source.name), nullMarker: format.nullMarker ?? '\\N' };
  const binary = columns.map(({ source }) => source.type.kind === 'binary');
  for await (const rows of readCsv(bytes, shape)) {
    for (const row of rows) yield row.map((cell, index) => (binary[index] === true ? bytesOf(cell, name) : cell));
  }
}

function bytesOf(cell: string | null, name: string): Buffer | null {
  if (cell === null) return null;
  if (!/^(?:[0-9a-f]{2})*$/.test(cell)) throw fileError(name, 'a cell of bytes is no hex');
  return Buffer.from(cell, 'hex');
}

function stageOf({ target, tag }: TableLoad, kind: 'stage' | 'files'): Quoted {
  return sqlServerTarget.qualify(target.schema, `_sqlextract_${tag}_${kind}`);
}

function literal(text: string): Quoted {
  return sqlServerTarget.quoteLiteral(text);
}
