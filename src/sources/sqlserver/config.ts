import { decodePart, integerOf, invalidUrl, nonEmpty } from '../url-parts.ts';
import { isIPv4 } from 'node:net';
import type { SourceConfig, SourceInput } from '../source.ts';

/** How the login is proven. Kerberos and interactive Azure logins are not there. */
export type Authentication =
  /** A SQL login. */
  | { readonly kind: 'sql'; readonly user: string; readonly password: string | null }
  | { readonly kind: 'ntlm'; readonly user: string; readonly password: string | null; readonly domain: string }
  /** A token that was fetched before the run, of SQLCMDACCESSTOKEN. It is asked for anew at every connection, but does not renew itself. */
  | { readonly kind: 'access-token'; readonly token: string }
  /** What @azure/identity finds: environment, workload identity, managed identity, az login. */
  | { readonly kind: 'azure-default'; readonly clientId: string | null };

/** `SourceConfig.options` of this source. */
export interface SqlServerOptions {
  readonly host: string;
  readonly port: number;
  /** A named instance, whose port the server's browser service (UDP 1434) tells; null: `port` is used. */
  readonly instance: string | null;
  /** Null: the login's default database. */
  readonly database: string | null;
  readonly authentication: Authentication;
  /** 'strict' is TDS 8: TLS first, and always verified. */
  readonly encrypt: boolean | 'strict';
  readonly trustServerCertificate: boolean;
  /** The name that the certificate must have, where it is not the host's. */
  readonly hostNameInCertificate: string | null;
  /** Path of a PEM file with the certificate authorities to trust. */
  readonly rootCertificate: string | null;
  /** Asks an availability group for a readable secondary. */
  readonly readOnlyIntent: boolean;
  readonly connectTimeoutMs: number;
  /** A read that brings no byte for so long is looked into. */
  readonly watchdogMs: number;
}

const KNOWN = [
  'encrypt trustServerCertificate hostNameInCertificate ca instance authentication domain clientId database',
  'readOnlyIntent applicationIntent connectTimeout watchdog',
]
  .join(' ')
  .split(' ');

export function sqlServerOptions(config: SourceConfig): SqlServerOptions {
  return config.options as unknown as SqlServerOptions;
}

/**
 * `sqlserver://user:password@host:1433/database?encrypt=…`, or `mssql://…`. What the URL leaves out comes from SQLCMDSERVER
 * (`host`, `host,port`, `host\instance`), SQLCMDUSER, SQLCMDPASSWORD, SQLCMDDBNAME and SQLCMDACCESSTOKEN. The connection is encrypted and the
 * certificate verified by default; on this machine (loopback) it is not verified. Throws SOURCE_URL_INVALID, never showing the URL
 * (it may hold a password).
 */
export function parseSqlServer(input: SourceInput): SourceConfig {
  const url = parseUrl(input.url);
  const env = input.environment;
  const given = (name: string): string | null => nonEmpty(url.searchParams.get(name));
  const address = addressOf(url, env['SQLCMDSERVER'], given('instance'));
  const encrypt = encryptMode(given('encrypt'));
  const options: SqlServerOptions = {
    ...address,
    database:
      nonEmpty(decodePart(url.pathname.replace(/^\//, ''))) ?? given('database') ?? nonEmpty(env['SQLCMDDBNAME']),
    authentication: authenticationOf(url, given, env),
    encrypt,
    trustServerCertificate: trusts(given('trustServerCertificate'), encrypt, address.host),
    hostNameInCertificate: given('hostNameInCertificate'),
    rootCertificate: given('ca'),
    readOnlyIntent: readOnlyIntent(given('readOnlyIntent'), given('applicationIntent')),
    connectTimeoutMs: 1000 * integerOf('connectTimeout', given('connectTimeout') ?? '15', 1, 3600),
    watchdogMs: 1000 * integerOf('watchdog', (given('watchdog') ?? '300').replace(/s$/, ''), 1, 86_400),
  };
  return { driver: 'sqlserver', displayUrl: displayUrl(options), options: { ...options } };
}

/** `sqlserver://user@/database` leaves the host to SQLCMDSERVER; the URL standard wants one: `-` stands for it. */
const NO_HOST = '-';

function parseUrl(raw: string): URL {
  const text = raw.replace(/^mssql:/i, 'sqlserver:').replace(/^(\w+:\/\/(?:[^/?#]*@)?)(?=[:/?]|$)/, `$1${NO_HOST}`);
  if (!URL.canParse(text) || !/^sqlserver:\/\//i.test(text)) {
    throw invalidUrl(
      'the source URL cannot be parsed',
      'write sqlserver://user@host:1433/database; characters such as @ / ? # \\ in a password are percent-encoded',
    );
  }
  const url = new URL(text);
  for (const name of url.searchParams.keys()) {
    if (!KNOWN.includes(name))
      throw invalidUrl(`the source URL has an unknown option ${name}`, `options are ${KNOWN.join(', ')}`);
  }
  return url;
}

interface Address {
  readonly host: string;
  readonly port: number;
  readonly instance: string | null;
}

function addressOf(url: URL, server: string | undefined, instance: string | null): Address {
  const port = nonEmpty(url.port);
  const host = url.hostname === NO_HOST ? null : decodePart(url.hostname).replace(/^\[|\]$/g, '');
  if (host === null && nonEmpty(server) !== null && port === null && instance === null)
    return parseServer(server as string);
  if (port !== null && instance !== null)
    throw invalidUrl('the source URL has a port and an instance', 'leave one out');
  return { host: host ?? 'localhost', port: integerOf('port', port ?? '1433', 1, 65_535), instance };
}

/** As sqlcmd reads it: `[tcp:]host[\instance][,port]`. */
function parseServer(text: string): Address {
  const found = /^(?:tcp:)?([^\\,]+?)(?:\\([^\\,]+))?(?:,(\d+))?$/i.exec(text.trim());
  if (found === null)
    throw invalidUrl('SQLCMDSERVER is not host, host,port or host\\instance', 'put the host into the URL');
  const [, host, instance, port] = found;
  return {
    host: host === '.' || host === '(local)' ? 'localhost' : (host as string),
    port: integerOf('the port of SQLCMDSERVER', port ?? '1433', 1, 65_535),
    instance: port === undefined ? (instance ?? null) : null,
  };
}

function authenticationOf(
  url: URL,
  given: (name: string) => string | null,
  env: SourceInput['environment'],
): Authentication {
  const user = nonEmpty(decodePart(url.username)) ?? nonEmpty(env['SQLCMDUSER']) ?? '';
  const password = nonEmpty(decodePart(url.password)) ?? nonEmpty(env['SQLCMDPASSWORD']);
  const domain = given('domain');
  const kind = given('authentication') ?? (domain === null ? 'sql' : 'ntlm');
  switch (kind) {
    case 'sql':
      if (user === '')
        throw invalidUrl('the source URL names no user', 'write sqlserver://user@host/database, or set SQLCMDUSER');
      return { kind, user, password };
    case 'ntlm':
      if (domain === null || user === '')
        throw invalidUrl(
          'authentication=ntlm wants a user and a domain',
          'write sqlserver://user@host/database?authentication=ntlm&domain=CORP',
        );
      return { kind, user, password, domain };
    case 'access-token': {
      const token = nonEmpty(env['SQLCMDACCESSTOKEN']);
      if (token !== null) return { kind, token };
      throw invalidUrl(
        'authentication=access-token wants a token in SQLCMDACCESSTOKEN',
        'for example of: az account get-access-token --resource https://database.windows.net --query accessToken -o tsv',
      );
    }
    case 'azure-default':
      return { kind, clientId: given('clientId') };
    default:
      throw invalidUrl(`authentication=${kind} is not known`, 'use one of sql, ntlm, access-token, azure-default');
  }
}

function encryptMode(text: string | null): boolean | 'strict' {
  if (text === null || text === 'true' || text === 'yes' || text === 'mandatory') return true;
  if (text === 'false' || text === 'no' || text === 'optional') return false;
  if (text === 'strict') return 'strict';
  throw invalidUrl(`encrypt=${text} is neither true, false nor strict`, 'leave it out to encrypt');
}

function trusts(text: string | null, encrypt: boolean | 'strict', host: string): boolean {
  const trust = text === null ? encrypt !== 'strict' && isLocal(host) : flag('trustServerCertificate', text);
  if (trust && encrypt === 'strict')
    throw invalidUrl(
      'encrypt=strict always verifies the certificate',
      'leave out trustServerCertificate, and give ?ca=<file>',
    );
  return trust;
}

function readOnlyIntent(flagText: string | null, intent: string | null): boolean {
  if (intent === null) return flagText !== null && flag('readOnlyIntent', flagText);
  if (!/^read(only|write)$/i.test(intent))
    throw invalidUrl(`applicationIntent=${intent} is neither ReadOnly nor ReadWrite`, 'write readOnlyIntent=true');
  return /only$/i.test(intent);
}

function flag(name: string, text: string): boolean {
  if (text !== 'true' && text !== 'false')
    throw invalidUrl(`${name}=${text} is neither true nor false`, `write ${name}=true`);
  return text === 'true';
}

function isLocal(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}

function displayUrl(options: SqlServerOptions): string {
  const { authentication, host, port, instance, database } = options;
  const user = 'user' in authentication ? `${encodeURIComponent(authentication.user)}@` : '';
  const name = host.includes(':') ? `[${host}]` : host;
  const place = instance === null ? `${name}:${port}` : name;
  const path = database === null ? '' : `/${encodeURIComponent(database)}`;
  return `sqlserver://${user}${place}${path}${instance === null ? '' : `?instance=${encodeURIComponent(instance)}`}`;
}
