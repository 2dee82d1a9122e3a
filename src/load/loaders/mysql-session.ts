import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import type { IngestPlan, LoadFile, TableLoad } from '../../ingest/ingest-plan.ts';
import { heldRows, LEDGER, newestRuns } from '../../ingest/ledger-sql.ts';
import type { LoadWay } from '../../ingest/targets/mysql-load-data.ts';
import { digitVariables, filesTable, loadDataStatement, mysqlPart } from '../../ingest/targets/mysql-load-data.ts';
import { mysqlTarget } from '../../ingest/targets/mysql.ts';
import { plainBytes } from '../file-bytes.ts';
import { guardError } from '../guard-error.ts';
import { ledgerEntryOf } from '../ledger-entry.ts';
import type { ExistingColumn, LedgerEntry, LoadSession, OnWait } from '../loader.ts';
import { patiently, waitForLoads } from './mysql-locks.ts';
import { parquetAsCsv } from '../parquet-as-csv.ts';
import { existingColumns, exists, lostWith } from './mysql-catalog.ts';
import type { MysqlConnection } from './mysql-connection.ts';
import { inPackets } from './mysql-packets.ts';
import { claimed, wrongCount } from './mysql-staged-file.ts';

export interface SessionParts {
  /** Holds the transaction that publishes. */
  readonly main: MysqlConnection;
  connect(): Promise<MysqlConnection>;
  readonly connections: number;
  readonly flavor: 'mysql' | 'mariadb';
  /** As much as the server takes at once. */
  readonly packetBytes: number;
  readonly scratch: string;
}

/** A table between `prepare` and `discard`. */
interface Prepared {
  readonly load: TableLoad;
  readonly plan: IngestPlan;
  readonly way: LoadWay;
  /** Its files come as CSV, made on the way. */
  readonly isParquet: boolean;
  /** False: another process loaded the same run meanwhile; nothing is done. */
  readonly todo: boolean;
}

/**
 * Three ways for the rows, by what is both exact and fast:
 *
 *   table  replace, append, one session: one transaction that claims the table's lock, clears, loads the files straight into the table and
 *          writes the ledger. Killed: all of it is rolled back, and the same command begins again.
 *   new    full-refresh: files straight into the new table, each with its name in one transaction; at the end one RENAME TABLE.
 *   stage  the other modes, and several sessions: files into a table of texts, each with its name in one transaction; then publish.
 */
export class MysqlLoadSession implements LoadSession {
  readonly #parts: SessionParts;
  readonly #idle: MysqlConnection[];
  readonly #all: MysqlConnection[];
  readonly #prepared = new Map<string, Prepared>();
  #stages = true;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.#all = [parts.main];
    this.#idle = [parts.main];
  }

  /** False after `prepare` of a table that `publish` loads by itself. */
  get stages(): boolean {
    return this.#stages;
  }

  async entry(load: TableLoad): Promise<LedgerEntry | null> {
    const { schema } = load.target;
    if (!(await exists(this.#parts.main, schema, LEDGER))) return null;
    const ledger = mysqlTarget.qualify(schema, LEDGER);
    const table = mysqlTarget.quoteLiteral(load.ledger.table);
    const [row] = await this.#parts.main.rows(
      `SELECT run_id, mode, row_count, inserted, updated, deleted, rejected, loaded_at FROM ${String(ledger)} WHERE table_name = ${String(table)} AND run_id = ${String(mysqlTarget.quoteLiteral(load.ledger.run))}`,
    );
    return row === undefined ? null : ledgerEntryOf(row);
  }

  async newest(load: TableLoad): Promise<readonly string[]> {
    if (!(await exists(this.#parts.main, load.target.schema, LEDGER))) return [];
    return (await this.#parts.main.rows(String(newestRuns(load, mysqlTarget)))).map(([run]) => String(run));
  }

  async held(load: TableLoad): Promise<number> {
    const [row] = await this.#parts.main.rows(`SELECT ${String(heldRows(load, mysqlTarget))}`);
    return Number(row?.[0]);
  }

  async columns(load: TableLoad): Promise<readonly ExistingColumn[] | null> {
    const found = await existingColumns(this.#parts.main, load);
    return found.length === 0 ? null : found;
  }

  async addColumns(load: TableLoad, names: readonly string[]): Promise<void> {
    const { schema, name } = load.target;
    for (const column of load.columns.filter((each) => names.includes(each.name))) {
      const type = mysqlTarget.columnType(column, this.#parts.flavor);
      if (type.kind !== 'type') continue;
      const added = `${String(mysqlTarget.quoteIdentifier(column.name))} ${type.sql}`;
      await this.#parts.main.execute(
        `ALTER TABLE ${String(mysqlTarget.qualify(schema, name))} ADD COLUMN ${added} NULL`,
      );
    }
  }

  async prepare(load: TableLoad, plan: IngestPlan, onWait: OnWait = () => undefined): Promise<void> {
    const { main, flavor } = this.#parts;
    const way = await this.#wayOf(load);
    const prepared = {
      load: await this.#fitted(load),
      plan: { ...plan, flavor },
      way,
      isParquet: load.format.name === 'parquet',
      todo: true,
    };
    const text = mysqlPart('prepare', prepared.load, prepared.plan, way);
    await patiently(main, load, onWait, async () => main.run(text));
    if (way === 'new') await this.#prepareNew(prepared);
    this.#prepared.set(load.tag, prepared);
    this.#stages = way !== 'table';
  }

  async staged(load: TableLoad): Promise<ReadonlyMap<string, string>> {
    const rows = await this.#parts.main.rows(`SELECT name, sha256 FROM ${String(filesTable(load))}`);
    return new Map(rows.map(([name, sha256]) => [name ?? '', sha256 ?? '']));
  }

  async stage(load: TableLoad, file: LoadFile, onBytes: (bytes: number) => void): Promise<void> {
    const prepared = this.#preparedOf(load);
    if (!prepared.todo) return;
    const connection = await this.#take();
    try {
      await connection.execute('START TRANSACTION');
      if (await claimed(connection, load, file)) await this.#loadFile(connection, prepared, file, onBytes, false);
      await connection.execute('COMMIT');
    } catch (error) {
      await connection.execute('ROLLBACK').catch(() => undefined);
      // Another process may have loaded the same run meanwhile, and thrown its staging table away.
      if ((await this.entry(load).catch(() => null)) === null) throw error;
      this.#prepared.set(load.tag, { ...prepared, todo: false });
    } finally {
      this.#idle.push(connection);
    }
  }

  async publish(load: TableLoad, _plan: IngestPlan, onWait: OnWait = () => undefined): Promise<LedgerEntry> {
    const prepared = this.#preparedOf(load);
    const { main } = this.#parts;
    if (!prepared.todo) await this.#release();
    else {
      await patiently(main, load, onWait, async () => {
        await waitForLoads(main, load, onWait);
        await this.#publishOnce(load, prepared);
      });
    }
    const entry = await this.entry(load);
    if (entry === null) throw new Error(`run ${load.source.run} is not in the ledger after it was published`);
    return entry;
  }

  /** A run that another process published meanwhile is published. */
  async #publishOnce(load: TableLoad, prepared: Prepared): Promise<void> {
    try {
      if (prepared.way === 'table') await this.#loadTable(prepared);
      else await this.#parts.main.run(mysqlPart('publish', prepared.load, prepared.plan, prepared.way));
    } catch (error) {
      await this.#release().catch(() => undefined);
      const known = await this.entry(load).catch(() => null);
      if (known === null) throw error;
    }
  }

  /** All in one transaction, which the lock of the table surrounds. */
  async #loadTable(prepared: Prepared): Promise<void> {
    const { main } = this.#parts;
    const { load, plan, way } = prepared;
    await main.run(mysqlPart('direct-begin', load, plan, way));
    const variables = ['@todo', ...digitVariables(load, plan)];
    const [[todo, ...digits] = []] = await main.rows(`SELECT ${variables.join(', ')}`);
    const sixDigits = digits.every((each) => each === '6');
    const files = todo === '1' ? load.files : [];
    for (const file of files) await this.#loadFile(main, prepared, file, () => undefined, sixDigits);
    await main.run(mysqlPart('direct-finish', load, plan, way));
  }

  async discard(load: TableLoad, plan: IngestPlan): Promise<void> {
    await this.#release();
    this.#prepared.delete(load.tag);
    await this.#parts.main.run(mysqlPart('cleanup', load, { ...plan, flavor: this.#parts.flavor }, 'stage'));
  }

  async lost(load: TableLoad): Promise<readonly string[]> {
    return lostWith(this.#parts.main, load);
  }

  async count(load: TableLoad): Promise<number> {
    const table = mysqlTarget.qualify(load.target.schema, load.target.name);
    return Number((await this.#parts.main.rows(`SELECT count(*) FROM ${String(table)}`))[0]?.[0]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#all.map(async (each) => each[Symbol.asyncDispose]()));
  }

  /** Where files are staged already (with more sessions, or beside the extract by `sync`), that is gone on with. */
  async #wayOf(load: TableLoad): Promise<LoadWay> {
    const { mode, files, target, tag } = load;
    if (mode === 'full-refresh') return 'new';
    const { connections, main } = this.#parts;
    if ((mode !== 'replace' && mode !== 'append') || connections > 1 || files.length === 0) return 'stage';
    if (await exists(main, target.schema, `_sqlextract_${tag}_files`)) return 'stage';
    // whether a text is a member as it is can be asked of staged texts only
    const existing = await existingColumns(main, load);
    const texts = new Set(
      load.columns.flatMap(({ name, source }) => (source.type.kind === 'string' ? [name.toLowerCase()] : [])),
    );
    const picky = existing.some(({ name, type }) => /^(?:enum|char)\(/i.test(type) && texts.has(name.toLowerCase()));
    return picky ? 'stage' : 'table';
  }

  #preparedOf(load: TableLoad): Prepared {
    const prepared = this.#prepared.get(load.tag);
    if (prepared === undefined) throw new Error('a load is staged that was not prepared');
    return prepared;
  }

  /** Generated columns compute themselves; Parquet comes as CSV in which NULL is a word that LOAD DATA knows. */
  async #fitted(load: TableLoad): Promise<TableLoad> {
    const format =
      load.format.name === 'parquet'
        ? ({ name: 'csv', compression: 'none', nullMarker: 'NULL' } as const)
        : load.format;
    if (load.mode === 'full-refresh' || load.mode === 'delete') return { ...load, format };
    const existing = await existingColumns(this.#parts.main, load);
    const generated = new Set(existing.filter((each) => each.generated).map(({ name }) => name.toLowerCase()));
    const columns = load.columns.map((column) =>
      generated.has(column.name.toLowerCase()) ? { ...column, ignored: true } : column,
    );
    return { ...load, format, columns };
  }

  /** Without the new table, or with one of other columns, the list of its files says nothing: a run was killed after the swap. */
  async #prepareNew({ load, plan, way }: Prepared): Promise<void> {
    const { main } = this.#parts;
    const create = mysqlPart('direct-new', load, plan, way);
    const there = await exists(main, load.target.schema, `_sqlextract_${load.tag}_new`);
    if (!there) await main.run(mysqlPart('cleanup', load, plan, way));
    await main.run(create);
  }

  async #loadFile(
    connection: MysqlConnection,
    { load, plan, way, isParquet }: Prepared,
    file: LoadFile,
    onBytes: (bytes: number) => void,
    sixDigits: boolean,
  ): Promise<void> {
    await using converted = !isParquet ? null : await parquetAsCsv(file, load.columns, this.#parts.scratch, 'NULL');
    const bytes =
      converted === null ? plainBytes(file, load.format.compression, onBytes) : createReadStream(converted.path);
    const text = Readable.from(inPackets(bytes, this.#parts.packetBytes), {
      objectMode: false,
      highWaterMark: AHEAD_BYTES,
    });
    try {
      const done = await connection.load((token) => loadDataStatement(load, plan, { way, sixDigits }, token), text);
      if (done.warnings > 0) throw guardError(new Error(`${file.name}: ${await connection.warning()}`), 'the server');
      if (done.rows !== file.rows) throw wrongCount(load, file, done.rows);
    } finally {
      text.destroy();
    }
    if (converted !== null) onBytes(file.bytes);
  }

  async #take(): Promise<MysqlConnection> {
    const idle = this.#idle.pop();
    if (idle !== undefined) return idle;
    const made = await this.#parts.connect();
    this.#all.push(made);
    return made;
  }

  /** What a stopped statement left open. */
  async #release(): Promise<void> {
    await this.#parts.main.execute('ROLLBACK');
    await this.#parts.main.execute('DO RELEASE_ALL_LOCKS()');
  }
}

/** Of a file, read before the server takes it. */
const AHEAD_BYTES = 1024 * 1024;
