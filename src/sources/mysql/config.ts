import { decodePart, integerOf, invalidUrl, nonEmpty } from '../url-parts.ts';
import { isIPv4 } from 'node:net';
import { userInfo } from 'node:os';
import type { SourceConfig, SourceInput } from '../source.ts';
import { type ClientSection, readOptionFile } from './option-file.ts';

/**
 * What the connection may be without, by the words of MySQL's own programs in lower case: `disabled` no TLS; `preferred` TLS when the server
 * has it, unverified; `required` TLS or nothing, unverified; `verify_ca` the chain must be trusted; `verify_identity` the host name must match
 * too (https://dev.mysql.com/doc/refman/8.4/en/connection-options.html#option_general_ssl-mode).
 */
export type TlsMode = 'disabled' | 'preferred' | 'required' | 'verify_ca' | 'verify_identity';

/** `SourceConfig.options` of this source. */
export interface MysqlOptions {
  readonly host: string;
  readonly port: number;
  /** The path of a Unix socket, used instead of host and port. */
  readonly socket: string | null;
  readonly user: string;
  readonly password: string | null;
  /** '' when the URL names none: tables are then written `database.table`. */
  readonly database: string;
  readonly tls: TlsMode;
  /** Paths of PEM files. */
  readonly rootCertificate: string | null;
  readonly clientCertificate: string | null;
  readonly clientKey: string | null;
  readonly connectTimeoutMs: number;
  /** A read that brings no byte for so long is looked into. */
  readonly watchdogMs: number;
}

/** Words of libpq and of ours, for hands that have them. */
const TLS_WORDS: Readonly<Record<string, TlsMode>> = {
  disabled: 'disabled',
  disable: 'disabled',
  preferred: 'preferred',
  prefer: 'preferred',
  required: 'required',
  require: 'required',
  verify_ca: 'verify_ca',
  verify_identity: 'verify_identity',
  verify_full: 'verify_identity',
};

const KNOWN = 'ssl-mode sslmode ssl-ca ssl-cert ssl-key socket connect_timeout watchdog'.split(' ');

export function mysqlOptions(config: SourceConfig): MysqlOptions {
  return config.options as unknown as MysqlOptions;
}

/**
 * `mysql://user:password@host:3306/database?ssl-mode=…&socket=/path&connect_timeout=…&watchdog=300` (or `mariadb://`). What the URL leaves out
 * comes from MYSQL_HOST, MYSQL_TCP_PORT, MYSQL_UNIX_PORT and MYSQL_PWD, then from the `[client]` section of ~/.my.cnf, then from the defaults of
 * MySQL's own programs. Without a word about TLS it is verified, host name included, unless the host is this machine.
 * Throws SOURCE_URL_INVALID, never showing the URL (it may hold a password).
 */
export function parseMysql(input: SourceInput): SourceConfig {
  const url = parseUrl(input.url);
  const env = input.environment;
  const file = readOptionFile(env);
  const given = (name: string): string | null => nonEmpty(url.searchParams.get(name));
  const urlHost = url.hostname === NO_HOST ? null : nonEmpty(decodePart(url.hostname));
  const host = (urlHost ?? nonEmpty(env['MYSQL_HOST']) ?? file.host ?? 'localhost').replace(/^\[|\]$/g, '');
  // A host in the URL is not overruled by a socket of the surroundings.
  const socket = given('socket') ?? (urlHost === null ? (nonEmpty(env['MYSQL_UNIX_PORT']) ?? file.socket) : null);
  const port = nonEmpty(url.port) ?? nonEmpty(env['MYSQL_TCP_PORT']) ?? file.port ?? '3306';
  const options: MysqlOptions = {
    host,
    port: integerOf('port', port, 1, 65535),
    socket,
    user: nonEmpty(decodePart(url.username)) ?? file.user ?? nonEmpty(env['USER']) ?? userInfo().username,
    password: nonEmpty(decodePart(url.password)) ?? nonEmpty(env['MYSQL_PWD']) ?? file.password,
    database: decodePart(url.pathname.replace(/^\//, '')),
    tls: tlsMode(given('ssl-mode') ?? given('sslmode'), host, socket),
    rootCertificate: given('ssl-ca'),
    clientCertificate: given('ssl-cert'),
    clientKey: given('ssl-key'),
    connectTimeoutMs: 1000 * integerOf('connect_timeout', given('connect_timeout') ?? '15', 1, 3600),
    watchdogMs: 1000 * integerOf('watchdog', (given('watchdog') ?? '300').replace(/s$/, ''), 1, 86_400),
  };
  return { driver: 'mysql', displayUrl: displayUrl(options), options: { ...options } };
}

export type { ClientSection };

/** `mysql://user@/database?socket=/path` is no URL by its standard: `-` stands for the absent host. */
const NO_HOST = '-';

function parseUrl(raw: string): URL {
  const text = raw.replace(/^(\w+:\/\/(?:[^/?#]*@)?)(?=[:/?]|$)/, `$1${NO_HOST}`);
  if (!URL.canParse(text)) {
    throw invalidUrl(
      'the source URL cannot be parsed',
      'write mysql://user@host:3306/database; characters such as @ / ? # in a password are percent-encoded',
    );
  }
  const url = new URL(text);
  for (const name of url.searchParams.keys()) {
    if (!KNOWN.includes(name))
      throw invalidUrl(`the source URL has an unknown option ${name}`, `options are ${KNOWN.join(', ')}`);
  }
  return url;
}

function tlsMode(text: string | null, host: string, socket: string | null): TlsMode {
  if (text === null) return socket !== null || isLocal(host) ? 'disabled' : 'verify_identity';
  const mode = TLS_WORDS[text.toLowerCase().replaceAll('-', '_')];
  if (mode !== undefined) return mode;
  throw invalidUrl(
    `ssl-mode ${text} does not exist`,
    'use one of DISABLED, PREFERRED, REQUIRED, VERIFY_CA, VERIFY_IDENTITY',
  );
}

function isLocal(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}

function displayUrl(options: MysqlOptions): string {
  const name = `mysql://${encodeURIComponent(options.user)}@`;
  const database = encodeURIComponent(options.database);
  if (options.socket !== null) return `${name}/${database}?socket=${options.socket}`;
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  return `${name}${host}:${options.port}/${database}`;
}
