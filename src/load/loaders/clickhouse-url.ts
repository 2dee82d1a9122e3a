import { readFileSync } from 'node:fs';
import { SqlextractError } from '../../model/problem.ts';

export interface ClickHousePlace {
  readonly secure: boolean;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** Null: the user's default database. */
  readonly database: string | null;
  /** Certificate authorities as PEM; null: those of Node. */
  readonly ca: Buffer | null;
}

const OPTIONS = ['secure', 'ca'];

/**
 * `clickhouse://user:password@host:8123/database?secure=true&ca=file`: the HTTP interface, port 8123, or 8443 with `secure`. What the URL
 * leaves out comes from CLICKHOUSE_USER and CLICKHOUSE_PASSWORD, as for clickhouse-client. Throws TARGET_URL, never showing the URL.
 */
export function parseClickHouseUrl(
  text: string,
  environment: Readonly<Record<string, string | undefined>>,
): ClickHousePlace {
  if (!URL.canParse(text)) throw invalid('it cannot be parsed');
  const url = new URL(text);
  for (const name of url.searchParams.keys()) {
    if (!OPTIONS.includes(name)) throw invalid(`it has an unknown option ${name}`);
  }
  const typed = url.searchParams.get('secure');
  if (typed !== null && typed !== 'true' && typed !== 'false') throw invalid('secure is neither true nor false');
  const secure = typed === 'true';
  const path = decoded(url.pathname.replace(/^\//, ''));
  const ca = url.searchParams.get('ca');
  return {
    secure,
    host: url.hostname === '' ? 'localhost' : url.hostname.replaceAll(/[[\]]/g, ''),
    port: url.port === '' ? (secure ? 8443 : 8123) : Number(url.port),
    user: decoded(url.username) || (environment['CLICKHOUSE_USER'] ?? '') || 'default',
    password: decoded(url.password) || (environment['CLICKHOUSE_PASSWORD'] ?? ''),
    database: path === '' ? null : path,
    ca: ca === null ? null : authorities(ca),
  };
}

function authorities(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw invalid(`the file of certificate authorities ${path} cannot be read`, error);
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    throw invalid('it has a % that is not followed by two hex digits', error);
  }
}

function invalid(what: string, cause?: unknown): SqlextractError {
  return new SqlextractError(
    {
      code: 'TARGET_URL',
      message: `the target's URL is none of ClickHouse: ${what}`,
      hint: 'write clickhouse://user@host:8123/database, with ?secure=true for HTTPS (port 8443), and ?ca=file',
      fault: 'usage',
    },
    cause,
  );
}
