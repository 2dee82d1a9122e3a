import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import type { Connection, ResultSetHeader } from 'mysql2';
import { SqlextractError } from '../../model/problem.ts';
import { connectForLoading, endConnection } from '../../sources/mysql/open-connection.ts';
import type { parseMysql } from '../../sources/mysql/config.ts';
import { Watchdog, watchAnswer } from '../../sources/mysql/watchdog.ts';
import { guardError } from '../guard-error.ts';
import { targetLocked } from '../target-locked.ts';
import { splitStatements } from './mysql-statements.ts';

type Config = ReturnType<typeof parseMysql>;

/** What a statement without rows did. */
export interface Done {
  readonly rows: number;
  readonly warnings: number;
}

interface Statement {
  readonly sql: string;
  readonly infileStreamFactory?: (path: string) => Readable;
}

/** One session, its settings pinned; statements one after the other, each rejecting with a SqlextractError. */
export class MysqlConnection implements AsyncDisposable {
  readonly #connection: Connection;
  readonly #config: Config;

  private constructor(connection: Connection, config: Config) {
    this.#connection = connection;
    this.#config = config;
  }

  static async open(config: Config, pins: string): Promise<MysqlConnection> {
    const connection = await connectForLoading(config, 'sqlextract load');
    const opened = new MysqlConnection(connection, config);
    try {
      await opened.run(pins);
      return opened;
    } catch (error) {
      await endConnection(connection);
      throw error;
    }
  }

  /** The rows as texts. */
  async rows(statement: string): Promise<readonly (readonly (string | null)[])[]> {
    const answer = await this.#query({ sql: statement });
    return Array.isArray(answer) ? (answer as (string | null)[][]) : [];
  }

  async execute(statement: string): Promise<Done> {
    const answer = (await this.#query({ sql: statement })) as ResultSetHeader;
    return { rows: answer.affectedRows, warnings: answer.warningStatus };
  }

  /** Every statement of a script of ours. One that changed a value on its way is an error: strict mode lets some pass with a note. */
  async run(script: string): Promise<void> {
    for (const statement of splitStatements(script)) {
      const answer = (await this.#query({ sql: statement })) as ResultSetHeader;
      const writes = /^(?:INSERT|UPDATE)\b/.test(statement);
      if (writes && answer.warningStatus > 0) throw guardError(new Error(await this.warning()), 'the server');
    }
  }

  /** LOAD DATA LOCAL of one stream, watched like any statement (sources/mysql/watchdog.ts), from its last piece on. The server is given that stream, and nothing else whatever it asks for. */
  async load(statementFor: (file: string) => string, stream: Readable): Promise<Done> {
    const token = `sqlextract-${randomUUID()}`;
    using watchdog = new Watchdog(this.#connection, this.#config);
    const infileStreamFactory = (asked: string | Buffer): Readable => {
      if (String(asked) === token) return stream.on('data', () => watchdog.heard());
      return Readable.from(refused(String(asked)));
    };
    const sql = splitStatements(`${statementFor(token)};`)[0] ?? '';
    const answer = (await this.#query({ sql, infileStreamFactory }, watchdog)) as ResultSetHeader;
    return { rows: answer.affectedRows, warnings: answer.warningStatus };
  }

  /** The first warning of the last statement. */
  async warning(): Promise<string> {
    const [first] = await this.rows('SHOW WARNINGS LIMIT 1');
    return first?.[2] ?? 'a warning that the server does not tell';
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await endConnection(this.#connection);
  }

  async #query(options: Statement, watchdog?: Watchdog): Promise<unknown> {
    const answer = new Promise((resolve, reject) => {
      const texts = (field: { string(): string | null }): string | null => field.string();
      this.#connection.query({ ...options, rowsAsArray: true, typeCast: texts }, (error, result) => {
        if (error === null) resolve(result);
        else reject(error);
      });
    });
    try {
      return await (watchdog?.during(answer) ?? watchAnswer(this.#connection, this.#config, answer));
    } catch (error) {
      throw this.#problem(error as Error);
    }
  }

  #problem(error: Error): SqlextractError {
    const { displayUrl } = this.#config;
    if (error instanceof SqlextractError)
      return error.problem.code === 'SOURCE_STALLED' ? lost(displayUrl, error) : error;
    const { errno, sqlState } = error as Error & { readonly errno?: number; readonly sqlState?: string };
    if (errno !== undefined && LOCAL_IS_OFF.has(errno)) return localInfileOff(error);
    if (errno === LOCK_WAIT) return targetLocked(error);
    if (typeof sqlState === 'string' && errno !== undefined && !ENDED.has(errno)) {
      return guardError(errno === UNKNOWN_ENGINE ? ownWords(error) : error, 'the server');
    }
    return lost(displayUrl, error);
  }
}

/** "disabled the local infile capability" of MariaDB, "Loading local data is disabled" of MySQL, and the old one of both. */
const LOCAL_IS_OFF = new Set([1148, 3948, 4166]);
/** What our guards use to say their sentence: see docs/targets/mysql.md. */
const UNKNOWN_ENGINE = 1286;

function ownWords(error: Error): Error {
  return new Error(error.message.replace(/^[^']*'([^]*)'$/, '$1'), { cause: error });
}

/** ER_LOCK_WAIT_TIMEOUT: for a row, or for the table itself. */
const LOCK_WAIT = 1205;

/** The server shut down, the session was killed. */
const ENDED = new Set([1053, 1927, 4031]);

// oxlint-disable-next-line require-yield
function* refused(asked: string): Generator<Buffer> {
  throw new SqlextractError({
    code: 'TARGET_CONNECT',
    message: `the server asked for the file ${asked}, which is none of ours; it was not given`,
    hint: 'ask who runs that server, or what stands between',
    fault: 'source',
  });
}

export function localInfileOff(cause?: unknown): SqlextractError {
  return new SqlextractError(
    {
      code: 'TARGET_LOCAL_INFILE',
      message: 'the server does not take LOAD DATA LOCAL, by which files are loaded',
      hint: 'SET GLOBAL local_infile = 1, as an administrator; in my.cnf: local_infile = ON',
      fault: 'source',
    },
    cause,
  );
}

function lost(displayUrl: string, error: Error): SqlextractError {
  return new SqlextractError(
    {
      code: 'TARGET_CONNECT',
      message: `the connection to ${displayUrl} was lost: ${error.message.replace(/^\S+: (?=nothing came)/, '')}`,
      hint: 'the same command goes on',
      fault: 'source',
      causes: [error.message],
    },
    error,
  );
}
