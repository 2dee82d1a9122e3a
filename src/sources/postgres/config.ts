import { decodePart, integerOf, invalidUrl, nonEmpty } from '../url-parts.ts';
import { isIPv4 } from 'node:net';
import { userInfo } from 'node:os';
import type { SourceConfig, SourceInput } from '../source.ts';
import { passwordFromFile } from './pgpass.ts';

/**
 * What the connection may be without: `disable` no TLS; `prefer` TLS when the server has it, unverified; `require` TLS or
 * nothing, unverified; `verify-ca` the chain must be trusted; `verify-full` the host name must match too. The meanings are those of
 * libpq (https://www.postgresql.org/docs/current/libpq-ssl.html), not those of node-postgres 8. `allow` is taken as `prefer`.
 */
export type TlsMode = 'disable' | 'prefer' | 'require' | 'verify-ca' | 'verify-full';

/** `SourceConfig.options` of this source. */
export interface PostgresOptions {
  /** A host name, an address, or the folder of a Unix socket (starts with `/`). */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  readonly password: string | null;
  readonly tls: TlsMode;
  /** Paths of PEM files. */
  readonly rootCertificate: string | null;
  readonly clientCertificate: string | null;
  readonly clientKey: string | null;
  readonly channelBinding: boolean;
  readonly connectTimeoutMs: number;
  /** 'off' reads through a cursor in text format, for servers without COPY … TO STDOUT. */
  readonly copy: 'auto' | 'off';
  /** A read that brings no byte for so long is looked into. */
  readonly watchdogMs: number;
}

const TLS_MODES: readonly string[] = ['disable', 'prefer', 'require', 'verify-ca', 'verify-full'];
const KNOWN = [
  'host port user password dbname sslmode sslrootcert sslcert sslkey connect_timeout channel_binding copy watchdog',
  'application_name target_session_attrs gssencmode options',
]
  .join(' ')
  .split(' ');

export function postgresOptions(config: SourceConfig): PostgresOptions {
  return config.options as unknown as PostgresOptions;
}

/**
 * `postgres://user:password@host:5432/database?sslmode=…&copy=off&watchdog=300`. What the URL leaves out comes from PGHOST, PGPORT,
 * PGUSER, PGDATABASE, PGPASSWORD, PGSSLMODE, PGSSLROOTCERT, PGCONNECT_TIMEOUT and the password file (PGPASSFILE, ~/.pgpass), then from libpq's
 * defaults. `?host=/run/postgresql` is a Unix socket. Throws SOURCE_URL_INVALID, never showing the URL (it may hold a password).
 */
export function parsePostgres(input: SourceInput): SourceConfig {
  const url = parseUrl(input.url);
  const env = input.environment;
  const given = (name: string, variable?: string): string | null =>
    nonEmpty(url.searchParams.get(name)) ?? (variable === undefined ? null : nonEmpty(env[variable]));
  const host = nonEmpty(url.searchParams.get('host')) ?? hostOf(url) ?? nonEmpty(env['PGHOST']) ?? 'localhost';
  if (host.includes(',')) throw invalidUrl('a list of hosts is not supported', 'give one host');
  const user =
    nonEmpty(decodePart(url.username)) ?? given('user', 'PGUSER') ?? nonEmpty(env['USER']) ?? userInfo().username;
  const database = nonEmpty(decodePart(url.pathname.replace(/^\//, ''))) ?? given('dbname', 'PGDATABASE') ?? user;
  const port = integerOf('port', nonEmpty(url.port) ?? given('port', 'PGPORT') ?? '5432', 1, 65535);
  const address = { host: host.replace(/^\[|\]$/g, ''), port, user, database };
  const options: PostgresOptions = {
    ...address,
    password: nonEmpty(decodePart(url.password)) ?? given('password', 'PGPASSWORD') ?? passwordFromFile(address, env),
    tls: tlsMode(given('sslmode', 'PGSSLMODE'), address.host),
    rootCertificate: given('sslrootcert', 'PGSSLROOTCERT'),
    clientCertificate: given('sslcert', 'PGSSLCERT'),
    clientKey: given('sslkey', 'PGSSLKEY'),
    channelBinding: given('channel_binding') === 'require' || given('channel_binding') === 'prefer',
    connectTimeoutMs:
      1000 * integerOf('connect_timeout', given('connect_timeout', 'PGCONNECT_TIMEOUT') ?? '15', 1, 3600),
    copy: copyMode(given('copy')),
    watchdogMs: 1000 * integerOf('watchdog', (given('watchdog') ?? '300').replace(/s$/, ''), 1, 86_400),
  };
  return { driver: 'postgres', displayUrl: displayUrl(options), options: { ...options } };
}

/** libpq allows `postgres://user@/database?host=/folder`, the URL standard does not: `-` stands for the absent host. */
const NO_HOST = '-';

function parseUrl(raw: string): URL {
  const text = raw.replace(/^(\w+:\/\/[^/?#]*@)(?=[:/?]|$)/, `$1${NO_HOST}`);
  if (!URL.canParse(text)) {
    throw invalidUrl(
      'the source URL cannot be parsed',
      'write postgres://user@host:5432/database; characters such as @ / ? # in a password are percent-encoded',
    );
  }
  const url = new URL(text);
  for (const name of url.searchParams.keys()) {
    if (!KNOWN.includes(name))
      throw invalidUrl(`the source URL has an unknown option ${name}`, `options are ${KNOWN.join(', ')}`);
  }
  return url;
}

function hostOf(url: URL): string | null {
  return url.hostname === NO_HOST ? null : nonEmpty(decodePart(url.hostname));
}

function tlsMode(text: string | null, host: string): TlsMode {
  if (text === null) return isLocal(host) ? 'disable' : 'verify-full';
  if (text === 'allow') return 'prefer';
  if (text === 'no-verify') return 'require';
  if (!TLS_MODES.includes(text))
    throw invalidUrl(`sslmode ${text} does not exist`, `use one of ${TLS_MODES.join(', ')}`);
  return text as TlsMode;
}

function isLocal(host: string): boolean {
  return host.startsWith('/') || host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}

function copyMode(text: string | null): 'auto' | 'off' {
  if (text === null || text === 'auto' || text === 'on') return 'auto';
  if (text === 'off') return 'off';
  throw invalidUrl(`copy=${text} is neither auto nor off`, 'leave it out, or write copy=off');
}

function displayUrl(options: PostgresOptions): string {
  const name = `postgres://${encodeURIComponent(options.user)}@`;
  const database = encodeURIComponent(options.database);
  if (options.host.startsWith('/')) return `${name}/${database}?host=${options.host}&port=${options.port}`;
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  return `${name}${host}:${options.port}/${database}`;
}
