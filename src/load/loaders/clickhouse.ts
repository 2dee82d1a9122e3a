import { randomBytes } from 'node:crypto';
import type { IngestPlan, LoadFile, TableLoad } from '../../ingest/ingest-plan.ts';
import type { Quoted } from '../../ingest/quoted.ts';
import { commaList, sql, word } from '../../ingest/quoted.ts';
import { render } from '../../ingest/render.ts';
import { heldRows, LEDGER, newestRuns } from '../../ingest/ledger-sql.ts';
import { attemptPrefix, clickHouseTarget, stageFileSql } from '../../ingest/targets/clickhouse.ts';
import { fileBytes, verified } from '../file-bytes.ts';
import { guardError } from '../guard-error.ts';
import { ledgerEntryOf } from '../ledger-entry.ts';
import type { LedgerEntry, LoadSession, TargetLoader, TargetPlace } from '../loader.ts';
import type { StatementBody } from './clickhouse-http.ts';
import { ClickHouseHttp, ClickHouseRefusal } from './clickhouse-http.ts';
import { statementsOf } from './clickhouse-statements.ts';
import { parseClickHouseUrl } from './clickhouse-url.ts';

/**
 * ClickHouse over HTTP or HTTPS, by Node's own client: a statement is a request, and a file, CSV or Parquet, is a request's body as it lies
 * on the disk. How a run is loaded once without transactions is told in templates/clickhouse/header.sql.hbs.
 */
export const clickHouseLoader: TargetLoader = { target: 'clickhouse', open };

async function open({ url, environment }: TargetPlace, connections: number): Promise<LoadSession> {
  const http = new ClickHouseHttp(parseClickHouseUrl(url, environment), connections);
  try {
    await http.run('SELECT 1');
  } catch (error) {
    http.close();
    throw refused(error);
  }
  return new ClickHouseSession(http);
}

class ClickHouseSession implements LoadSession {
  readonly stages = true;
  readonly #http: ClickHouseHttp;

  constructor(http: ClickHouseHttp) {
    this.#http = http;
  }

  async entry(load: TableLoad): Promise<LedgerEntry | null> {
    const { schema } = load.target;
    const known = await this.#rows(
      sql`SELECT name FROM system.tables WHERE database = ${databaseOf(load)} AND name IN (${literal(LEDGER)}, '_sqlextract_swaps')`,
    );
    if (known.length < 2) return null;
    // a load that was killed after its table was put in place
    await this.#runAll(render('clickhouse/recover.sql', clickHouseTarget.view(load, NO_PLAN)));
    const ledger = clickHouseTarget.qualify(schema, LEDGER);
    const [row] = await this.#rows(
      sql`SELECT run_id, mode, row_count, inserted, updated, deleted, rejected, loaded_at FROM ${ledger} WHERE table_name = ${literal(load.ledger.table)} AND run_id = ${literal(load.ledger.run)} LIMIT 1`,
    );
    if (row === undefined) return null;
    if (await this.#isStaged(load)) await this.discard(load, NO_PLAN);
    return ledgerEntryOf(row);
  }

  /** After `entry`, which mends the ledger. */
  async newest(load: TableLoad): Promise<readonly string[]> {
    const known = await this.#rows(
      sql`SELECT name FROM system.tables WHERE database = ${databaseOf(load)} AND name = ${literal(LEDGER)}`,
    );
    if (known.length === 0) return [];
    return (await this.#rows(newestRuns(load, clickHouseTarget))).map(([run]) => String(run));
  }

  async held(load: TableLoad): Promise<number> {
    const [row] = await this.#rows(sql`SELECT ${heldRows(load, clickHouseTarget)}`);
    return Number(row?.[0]);
  }

  /** What a load that was killed after it published left. */
  async #isStaged({ target: { schema }, tag }: TableLoad): Promise<boolean> {
    const database = schema === null ? word('currentDatabase()') : literal(schema);
    const names = ['stage', 'rows', 'before', 'new'].map((kind) => literal(`_sqlextract_${tag}_${kind}`));
    const rows = await this.#rows(
      sql`SELECT name FROM system.tables WHERE database = ${database} AND name IN (${commaList(names)})`,
    );
    return rows.length > 0;
  }

  async columns(load: TableLoad) {
    const rows = await this.#rows(
      sql`SELECT name, type, default_kind FROM system.columns WHERE database = ${databaseOf(load)} AND table = ${literal(load.target.name)} ORDER BY position`,
    );
    if (rows.length === 0) return null;
    return rows.map(([name, type, defaultKind]) => ({
      name: String(name),
      type: String(type),
      nullable: /^(?:LowCardinality\()?Nullable\(/.test(String(type)),
      filled: defaultKind !== '',
    }));
  }

  async addColumns(load: TableLoad, names: readonly string[]): Promise<void> {
    const table = clickHouseTarget.qualify(load.target.schema, load.target.name);
    for (const column of load.columns.filter(({ name }) => names.includes(name))) {
      const type = clickHouseTarget.columnType({ ...column, source: { ...column.source, nullable: true } }, null);
      if (type.kind !== 'type') continue;
      const added = clickHouseTarget.quoteIdentifier(column.name);
      await this.#run(sql`ALTER TABLE ${table} ADD COLUMN ${added} ${word(type.sql)}`);
    }
  }

  async prepare(load: TableLoad, plan: IngestPlan): Promise<void> {
    await this.#runAll(clickHouseTarget.step('prepare', load, plan));
  }

  /** The partitions of the staging table. One that is not a file's whole is told under a name that no file has. */
  async staged(load: TableLoad): Promise<ReadonlyMap<string, string>> {
    const { stage } = clickHouseTarget.view(load, NO_PLAN);
    const rows = await this.#rows(
      sql`SELECT file, min(sha256), max(sha256), count() FROM ${stage as Quoted} GROUP BY file`,
    );
    const found = rows.map(([number, least, most, count]): [string, string] => {
      const file = load.files.find((each) => String(each.number) === number);
      const whole = file !== undefined && least === most && count === String(file.rows);
      return whole ? [file.name, String(least)] : [`part ${number}`, ''];
    });
    return new Map(found);
  }

  async stage(load: TableLoad, file: LoadFile, onBytes: (bytes: number) => void): Promise<void> {
    if (file.rows === 0) return verified(file, onBytes);
    const attempt = randomBytes(6).toString('hex');
    const { compression, name } = load.format;
    const encoding = name === 'csv' && compression !== 'none' && compression !== 'snappy' ? compression : null;
    for (const statement of statementsOf(stageFileSql(load, NO_PLAN, file, attempt))) {
      if (/ FORMAT (?:CSV|Parquet)$/.test(statement)) {
        await this.#insert(statement, { bytes: fileBytes(file, onBytes), encoding });
      } else await this.#run(statement);
    }
  }

  async publish(load: TableLoad, plan: IngestPlan): Promise<LedgerEntry> {
    await this.#runAll(clickHouseTarget.step('publish', load, plan));
    const entry = await this.entry(load);
    if (entry === null) throw new Error(`run ${load.source.run} is not in the ledger after it was published`);
    return entry;
  }

  async discard(load: TableLoad, plan: IngestPlan): Promise<void> {
    await this.#runAll(clickHouseTarget.step('cleanup', load, plan));
    const left = await this.#rows(
      sql`SELECT name FROM system.tables WHERE database = ${databaseOf(load)} AND startsWith(name, ${literal(attemptPrefix(load))})`,
    );
    for (const [name] of left) {
      await this.#run(sql`DROP TABLE IF EXISTS ${clickHouseTarget.qualify(load.target.schema, String(name))} SYNC`);
    }
  }

  async count(load: TableLoad): Promise<number> {
    const { schema, name } = load.target;
    const [row] = await this.#rows(sql`SELECT count() FROM ${clickHouseTarget.qualify(schema, name)}`);
    return Number(row?.[0]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#http.close();
  }

  async #runAll(text: string): Promise<void> {
    for (const statement of statementsOf(text)) await this.#run(statement);
  }

  async #run(statement: Quoted | string): Promise<void> {
    try {
      await this.#http.run(String(statement));
    } catch (error) {
      throw refused(error);
    }
  }

  async #insert(statement: string, body: StatementBody): Promise<void> {
    try {
      await this.#http.insert(statement, body);
    } catch (error) {
      throw refused(error);
    }
  }

  async #rows(statement: Quoted): Promise<readonly (readonly (string | null)[])[]> {
    try {
      return await this.#http.rows(String(statement));
    } catch (error) {
      throw refused(error);
    }
  }
}

/** For what of a load's view does not depend on options. */
const NO_PLAN: IngestPlan = {
  version: 1,
  tool: { name: 'sqlextract', version: '' },
  target: 'clickhouse',
  flavor: null,
  tables: [],
  options: {
    parallel: 1,
    chunkBytes: 0,
    onError: 'abort',
    maxErrors: 0,
    create: false,
    allowOlder: false,
    locations: { stage: null, bucket: null, volume: null, serverPath: null, catalog: null, iamRole: null },
  },
};

function literal(text: string): Quoted {
  return clickHouseTarget.quoteLiteral(text);
}

function databaseOf({ target: { schema } }: TableLoad): Quoted {
  return schema === null ? word('currentDatabase()') : literal(schema);
}

function refused(error: unknown): unknown {
  return error instanceof ClickHouseRefusal ? guardError(error, 'ClickHouse') : error;
}
