import { type Problem, SqlextractError, toProblem } from '../../model/problem.ts';
import type { SourceConfig } from '../source.ts';
import { NETWORK_RULES, type Rule, SERVER_RULES, UNREACHABLE } from './error-rules.ts';

/** Any error of this source as a Problem. Unknown ones are fatal. */
export function classifyMysql(error: unknown): Problem {
  if (error instanceof SqlextractError) return error.problem;
  if (!(error instanceof Error)) return toProblem(error);
  const rule = ruleFor(error);
  if (rule === null) return toProblem(error);
  return { ...rule, message: sentence(error), causes: causesOf(error) };
}

/** What the driver threw as what a session throws. Bugs keep their own class and stack. */
export function asProblem(error: unknown): unknown {
  const problem = classifyMysql(error);
  return error instanceof SqlextractError || problem.code === 'INTERNAL' ? error : new SqlextractError(problem, error);
}

/** The error of a failed connection as a SqlextractError that names the server, without password. */
export function connectionProblem(error: unknown, config: SourceConfig): SqlextractError {
  if (error instanceof SqlextractError) return error;
  const text = error instanceof Error ? sentence(error) : String(error);
  const message = (words: string): string => `${config.displayUrl}: ${words}`;
  const tls = tlsProblem(error, text);
  if (tls !== null) return new SqlextractError({ ...tls, message: message(tls.message) }, error);
  const known = classifyMysql(error);
  if (known.code !== 'INTERNAL') return new SqlextractError({ ...known, message: message(known.message) }, error);
  return new SqlextractError({ ...UNREACHABLE, message: message(text), causes: [text] }, error);
}

/** The number of the server's error; null for errors of the driver or the network. */
export function serverErrorNumber(error: unknown): number | null {
  const { errno, sqlState } = error as { errno?: unknown; sqlState?: unknown };
  return typeof errno === 'number' && errno >= 1000 && typeof sqlState === 'string' ? errno : null;
}

const TLS_HINT =
  'give the certificate authority with ?ssl-ca=ca.pem; ?ssl-mode=REQUIRED encrypts without checking it, ?ssl-mode=DISABLED does not encrypt';

function tlsProblem(error: unknown, text: string): Pick<Problem, 'code' | 'message' | 'hint' | 'fault'> | null {
  if (isCut(error, text)) return null;
  const code = (error as { code?: unknown }).code;
  const inHandshake = code === 'HANDSHAKE_SSL_ERROR' || code === 'HANDSHAKE_NO_SSL_SUPPORT';
  if (
    !inHandshake &&
    serverErrorNumber(error) !== 3159 &&
    !/certificate|self.signed|altnames|\bSSL\b|\bTLS\b/i.test(text)
  )
    return null;
  const message = code === 'HANDSHAKE_NO_SSL_SUPPORT' ? 'the server does not offer TLS' : text;
  return { code: 'SOURCE_TLS', message, hint: TLS_HINT, fault: 'configuration' };
}

/** mysql2 calls every error in the middle of a TLS handshake one of TLS, also that of a network that was cut. */
function isCut(error: unknown, text: string): boolean {
  const { code, syscall } = error as { code?: unknown; syscall?: unknown };
  return (
    code === 'HANDSHAKE_SSL_ERROR' && (syscall === 'read' || syscall === 'write' || /disconnected before/.test(text))
  );
}

function ruleFor(error: Error): Rule | null {
  const { code, syscall } = error as Error & { code?: unknown; syscall?: unknown };
  const number = serverErrorNumber(error);
  if (number !== null) return SERVER_RULES.get(number) ?? QUERY;
  if (error.name === 'ProtocolBreach') return BREACH;
  if (error.name === 'AggregateError') return UNREACHABLE;
  if (
    /^(Can't add new command|Can't write in closed state|Connection lost|This socket has been ended)/.test(
      error.message,
    )
  ) {
    return NETWORK_RULES['PROTOCOL_CONNECTION_LOST'] ?? null;
  }
  if (typeof code !== 'string') return null;
  // The same codes come from files, which are not the server's.
  if (['ENOENT', 'EACCES'].includes(code) && syscall !== 'connect') return null;
  return NETWORK_RULES[code] ?? null;
}

const BREACH: Rule = {
  code: 'SOURCE_PROTOCOL',
  fault: 'source',
  verdict: 'reconnect',
  hint: 'the bytes of the server are not what its protocol promises: look for a proxy between, then run the same command again',
};

const QUERY: Rule = {
  code: 'SOURCE_QUERY',
  fault: 'source',
  verdict: 'fatal',
  hint: 'the server refused the query; its own words are in the message',
};

function sentence(error: Error): string {
  const messages = error instanceof AggregateError ? error.errors.map((one) => (one as Error).message) : [];
  return (error.message || messages.join('; ')).replaceAll(/\p{Cc}+/gu, ' ');
}

function causesOf(error: Error): string[] {
  const { code } = error as Error & { code?: unknown };
  const name = serverErrorNumber(error) ?? (typeof code === 'string' ? code : null);
  return [name === null ? sentence(error) : `${name}: ${sentence(error)}`];
}
