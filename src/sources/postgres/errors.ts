import { type Problem, SqlextractError, toProblem } from '../../model/problem.ts';
import type { SourceConfig } from '../source.ts';

type Rule = Pick<Problem, 'code' | 'fault' | 'verdict' | 'hint'>;

const LOST: Rule = {
  code: 'SOURCE_CONNECTION_LOST',
  fault: 'source',
  verdict: 'reconnect',
  hint: 'look for what cut it (the server, a proxy, the network), then run the same command again',
};
const UNREACHABLE: Rule = {
  code: 'SOURCE_UNREACHABLE',
  fault: 'source',
  verdict: 'reconnect',
  hint: 'check host and port, that the server runs, and that a firewall lets this machine in',
};
const AUTH: Rule = {
  code: 'SOURCE_AUTH',
  fault: 'configuration',
  verdict: 'fatal',
  hint: 'check user and password (PGPASSWORD, ~/.pgpass), and pg_hba.conf of the server; some servers want ?sslmode=require',
};
const SNAPSHOT: Rule = {
  code: 'SNAPSHOT_LOST',
  fault: 'source',
  verdict: 'epoch-lost',
  hint: 'the snapshot ended on the server; the rest can only be read from a newer one',
};
const DISK_OR_CORRUPT: Rule = {
  code: 'SOURCE_BROKEN',
  fault: 'source',
  verdict: 'fatal',
  hint: 'the server reports a full disk, an I/O error or a damaged relation: look into its log',
};
const CHANGED: Rule = {
  code: 'SOURCE_CHANGED',
  fault: 'source',
  verdict: 'fatal',
  hint: 'the table was changed since the plan was made; run again with --fresh',
};

/** By SQLSTATE, then by its class (two characters). https://www.postgresql.org/docs/current/errcodes-appendix.html */
const BY_STATE: Readonly<Record<string, Rule>> = {
  '08': LOST,
  '57P01': LOST,
  '57P02': LOST,
  '57P03': { ...UNREACHABLE, hint: 'the server is starting up or shutting down' },
  '53300': {
    code: 'SOURCE_TOO_MANY_CONNECTIONS',
    fault: 'source',
    verdict: 'reconnect',
    hint: 'use fewer --workers, or raise max_connections',
  },
  '40001': {
    code: 'SOURCE_CONFLICT',
    fault: 'source',
    verdict: 'retry',
    hint: 'on a standby set hot_standby_feedback=on',
  },
  '40P01': {
    code: 'SOURCE_CONFLICT',
    fault: 'source',
    verdict: 'retry',
    hint: 'a deadlock was resolved by the server',
  },
  '55P03': {
    code: 'SOURCE_LOCKED',
    fault: 'source',
    verdict: 'retry',
    hint: 'another session holds the table: see pg_locks for ALTER, TRUNCATE, VACUUM FULL or LOCK TABLE',
  },
  '57014': {
    code: 'SOURCE_CANCELLED',
    fault: 'source',
    verdict: 'retry',
    hint: 'somebody, or a time limit of a pooler, cancelled the query',
  },
  '53200': { code: 'SOURCE_OUT_OF_MEMORY', fault: 'source', verdict: 'retry', hint: 'use fewer --workers' },
  '53100': DISK_OR_CORRUPT,
  '58': DISK_OR_CORRUPT,
  XX001: DISK_OR_CORRUPT,
  XX002: DISK_OR_CORRUPT,
  '25P03': SNAPSHOT,
  '25P04': SNAPSHOT,
  '57P05': SNAPSHOT,
  '72000': SNAPSHOT,
  '28': AUTH,
  '3D000': {
    code: 'SOURCE_DATABASE_NOT_FOUND',
    fault: 'configuration',
    verdict: 'fatal',
    hint: 'check the database name at the end of the source URL',
  },
  '42501': {
    code: 'SOURCE_PERMISSION',
    fault: 'configuration',
    verdict: 'fatal',
    hint: 'GRANT USAGE on the schema and SELECT on the table to this user',
  },
  '42P01': CHANGED,
  '42703': CHANGED,
  '22021': {
    code: 'SOURCE_ENCODING',
    fault: 'data',
    verdict: 'fatal',
    hint: 'a text of the database is not valid in its own encoding: find and repair it, or leave the column out with --exclude-columns',
  },
};

const ROW_SECURITY: Rule = {
  code: 'SOURCE_ROW_SECURITY',
  fault: 'configuration',
  verdict: 'fatal',
  hint: 'use the owner of the table or a role with BYPASSRLS; what a policy leaves visible is not the table',
};

/** Errors of sockets and of node-postgres itself, which have no SQLSTATE. */
const NETWORK: Readonly<Record<string, Rule>> = {
  ECONNRESET: LOST,
  EPIPE: LOST,
  ECONNREFUSED: UNREACHABLE,
  ENOTFOUND: { ...UNREACHABLE, verdict: 'fatal', fault: 'configuration' },
  EAI_AGAIN: UNREACHABLE,
  ETIMEDOUT: UNREACHABLE,
  EHOSTUNREACH: UNREACHABLE,
  ENETUNREACH: UNREACHABLE,
  ENOENT: UNREACHABLE,
  EACCES: UNREACHABLE,
};

/** What the driver says of a statement on a connection that has ended before. */
const DRIVERS_OWN = /^(Client has encountered a connection error|Client was closed|write after end)/;
const WAS_LOST = 'the connection to the server was lost';

/** Any error of this source as a Problem. Unknown ones are fatal. */
export function classifyPostgres(error: unknown): Problem {
  if (error instanceof SqlextractError) return error.problem;
  if (!(error instanceof Error)) return toProblem(error);
  const rule = ruleFor(error);
  if (rule === null) return toProblem(error);
  return { ...rule, message: DRIVERS_OWN.test(error.message) ? WAS_LOST : sentence(error), causes: causesOf(error) };
}

/** The error of a failed connection as a SqlextractError that names the server, without password. */
export function connectionProblem(error: unknown, config: SourceConfig): SqlextractError {
  if (error instanceof SqlextractError) return error;
  const known = classifyPostgres(error);
  const message = `${config.displayUrl}: ${known.message}`;
  if (known.code !== 'INTERNAL') return new SqlextractError({ ...known, message }, error);
  const text = error instanceof Error ? error.message : String(error);
  const tls = /SSL|TLS|certificate|self.signed|altnames/i.test(text);
  return new SqlextractError(
    tls
      ? { code: 'SOURCE_TLS', message, hint: TLS_HINT, fault: 'configuration' }
      : { ...UNREACHABLE, message, causes: [text] },
    error,
  );
}

const TLS_HINT =
  'give the certificate authority with ?sslrootcert=ca.pem; ?sslmode=require encrypts without checking it, ?sslmode=disable does not encrypt';

function ruleFor(error: Error): Rule | null {
  const { code, message, syscall } = error as Error & { code?: unknown; syscall?: unknown };
  if (error.name === 'ProtocolBreach') return BREACH;
  if (error.name === 'AggregateError') return UNREACHABLE;
  if (DRIVERS_OWN.test(message) || message.startsWith('Connection terminated')) return LOST;
  if (message === 'timeout expired') return UNREACHABLE;
  if (typeof code !== 'string') return null;
  const network = NETWORK[code];
  // The same codes come from files, which are not the server's.
  if (network !== undefined && (syscall === 'connect' || !['ENOENT', 'EACCES'].includes(code))) return network;
  // EBUSY has the form of an SQLSTATE as well.
  if (syscall !== undefined || !/^[0-9A-Z]{5}$/.test(code)) return null;
  if (/row-level security|row security/i.test(message)) return ROW_SECURITY;
  return refine(error, BY_STATE[code] ?? BY_STATE[code.slice(0, 2)] ?? QUERY);
}

const BREACH: Rule = {
  code: 'SOURCE_PROTOCOL',
  fault: 'source',
  verdict: 'fatal',
  hint: 'run again; if it stays, put ?copy=off into the source URL, which reads through a cursor in text format',
};

const QUERY: Rule = {
  code: 'SOURCE_QUERY',
  fault: 'source',
  verdict: 'fatal',
  hint: 'the server refused the query; its own words are in the message',
};

/** Two states say different things by their severity or wording. */
function refine(error: Error & { code?: unknown; severity?: unknown }, rule: Rule): Rule {
  if (error.code === '40001' && error.severity === 'FATAL') return SNAPSHOT;
  const snapshot = /snapshot/i.test(error.message) && ['22023', '55000', '42704'].includes(String(error.code));
  return snapshot ? SNAPSHOT : rule;
}

/** The server's message only: its `detail` can hold values of rows. */
function sentence(error: Error): string {
  const messages = error instanceof AggregateError ? error.errors.map((one) => (one as Error).message) : [];
  return (error.message || messages.join('; ')).replaceAll(/\p{Cc}+/gu, ' ');
}

function causesOf(error: Error): string[] {
  const code = (error as Error & { code?: unknown }).code;
  return typeof code === 'string' ? [`${code}: ${sentence(error)}`] : [sentence(error)];
}
