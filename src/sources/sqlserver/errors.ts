import { type Problem, SqlextractError, toProblem } from '../../model/problem.ts';
import type { SourceConfig } from '../source.ts';
import { ruleForMessage, ruleForNumber, type Rule } from './error-rules.ts';

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
  hint: 'check host and port, that the server runs with TCP on, and that a firewall lets this machine in',
};
const AUTH: Rule = {
  code: 'SOURCE_AUTH',
  fault: 'configuration',
  verdict: 'fatal',
  hint: 'check user and password (SQLCMDPASSWORD), that the server takes SQL logins, and ?authentication=',
};
const TLS: Rule = {
  code: 'SOURCE_TLS',
  fault: 'configuration',
  verdict: 'fatal',
  hint: 'give the certificate authority with ?ca=ca.pem, another name with ?hostNameInCertificate=; ?trustServerCertificate=true encrypts without checking, ?encrypt=false does not encrypt',
};
const BREACH: Rule = {
  code: 'SOURCE_PROTOCOL',
  fault: 'source',
  verdict: 'fatal',
  hint: 'run again; if it stays, please report it with the version of the server',
};
const QUERY: Rule = {
  code: 'SOURCE_QUERY',
  fault: 'source',
  verdict: 'fatal',
  hint: 'the server refused the query; its own words are in the message',
};

/** Codes of tedious, of mssql and of sockets. */
const BY_CODE: Readonly<Record<string, Rule>> = {
  ECLOSE: LOST,
  ECONNCLOSED: LOST,
  ENOTOPEN: LOST,
  EINVALIDSTATE: LOST,
  ECONNRESET: LOST,
  EPIPE: LOST,
  ECONNREFUSED: UNREACHABLE,
  ETIMEDOUT: UNREACHABLE,
  EHOSTUNREACH: UNREACHABLE,
  ENETUNREACH: UNREACHABLE,
  EAI_AGAIN: UNREACHABLE,
  ENOTFOUND: { ...UNREACHABLE, verdict: 'fatal', fault: 'configuration' },
  EINSTLOOKUP: {
    ...UNREACHABLE,
    hint: 'the named instance was not found: start its browser service (UDP 1434), or give a port',
  },
  EENCRYPT: TLS,
  EFEDAUTH: AUTH,
  ECANCEL: { code: 'SOURCE_CANCELLED', fault: 'source', verdict: 'retry', hint: 'the query was cancelled' },
};

/** Any error of this source as a Problem. Unknown ones are fatal. */
export function classifySqlServer(error: unknown): Problem {
  if (error instanceof SqlextractError) return error.problem;
  if (!(error instanceof Error)) return toProblem(error);
  const rule = ruleFor(error);
  if (rule === null) return toProblem(error);
  return { ...rule, message: sentence(error), causes: causesOf(error) };
}

/** The error of a failed connection as a SqlextractError that names the server, without password. */
export function connectionProblem(error: unknown, config: SourceConfig): SqlextractError {
  if (error instanceof SqlextractError) return error;
  const known = classifySqlServer(error);
  const message = `${config.displayUrl}: ${known.message}`;
  if (known.code === 'SOURCE_CONNECTION_LOST') return new SqlextractError({ ...known, ...UNREACHABLE, message }, error);
  if (known.code !== 'INTERNAL') return new SqlextractError({ ...known, message }, error);
  return new SqlextractError({ ...UNREACHABLE, message, causes: [known.message] }, error);
}

interface DriverError extends Error {
  readonly code?: unknown;
  readonly number?: unknown;
  readonly originalError?: unknown;
  readonly isTransient?: unknown;
}

/** The error, then what it wraps: mssql has `originalError`, tedious `cause`, several errors of one statement `errors`. */
function chainOf(error: Error): readonly DriverError[] {
  const chain: DriverError[] = [];
  const add = (one: unknown): void => {
    if (!(one instanceof Error) || chain.includes(one) || chain.length > 20) return;
    chain.push(one);
    add((one as DriverError).originalError);
    add(one.cause);
    if (one instanceof AggregateError) one.errors.forEach(add);
  };
  add(error);
  return chain;
}

function ruleFor(error: Error): Rule | null {
  const chain = chainOf(error);
  if (chain.some(({ name }) => name === 'ProtocolBreach')) return BREACH;
  for (const { number, message } of chain) {
    const rule = typeof number === 'number' ? ruleForNumber(number, message) : null;
    if (rule !== null) return rule;
  }
  return ruleForCodes(chain) ?? (chain.some(({ number }) => typeof number === 'number') ? QUERY : null);
}

function ruleForCodes(chain: readonly DriverError[]): Rule | null {
  const codes = chain.map(({ code }) => (typeof code === 'string' ? code : ''));
  const text = chain.map(({ message }) => message).join(' ');
  if (codes.includes('ELOGIN')) return loginRule(text, chain);
  // A connection that took too long to make, or a request: the driver calls both so.
  if (codes.includes('ETIMEOUT')) return /connect/i.test(text) && !/Request/.test(text) ? UNREACHABLE : TOO_LONG;
  // Also one that was cut while it agreed on TLS, whose words name TLS: the certificate was not what ended it.
  if (
    codes.some((code) => code === 'ECONNRESET' || code === 'EPIPE') &&
    !CERTIFICATE.test(`${text} ${codes.join(' ')}`)
  )
    return LOST;
  if (/certificate|self.signed|altnames|\bTLS\b|\bSSL\b|CERT_|wrong version number/i.test(`${text} ${codes.join(' ')}`))
    return TLS;
  const found = codes.toReversed().find((code) => BY_CODE[code] !== undefined);
  if (found !== undefined) return BY_CODE[found] as Rule;
  if (codes.includes('ESOCKET')) return /Failed to connect|Could not connect/i.test(text) ? UNREACHABLE : LOST;
  return codes.includes('EREQUEST') ? QUERY : null;
}

const CERTIFICATE = /certificate|self.signed|altnames|CERT_/i;

const TOO_LONG: Rule = {
  code: 'SOURCE_TIMEOUT',
  fault: 'source',
  verdict: 'smaller',
  hint: 'the request took longer than it may; a smaller piece is tried',
};

/** The driver keeps the server's words of a refused login, not its number. */
function loginRule(text: string, chain: readonly DriverError[]): Rule {
  const said = ruleForMessage(text);
  if (said !== null) return said;
  return chain.some(({ isTransient }) => isTransient === true) ? UNREACHABLE : AUTH;
}

function sentence(error: Error): string {
  const messages = chainOf(error).map(({ message }) => message);
  const [first = error.name] = messages.filter((message) => message !== '');
  return first.replaceAll(/\p{Cc}+/gu, ' ');
}

function causesOf(error: Error): string[] {
  const chain = chainOf(error);
  const lines = chain.map(({ number, code, message }) => {
    const sign = typeof number === 'number' ? `${number}: ` : typeof code === 'string' ? `${code}: ` : '';
    return `${sign}${message.replaceAll(/\p{Cc}+/gu, ' ')}`;
  });
  return [...new Set(lines)];
}
