import type pg from 'pg';
import type { SourceConfig } from '../source.ts';
import { postgresOptions } from './config.ts';
import { CopyOut } from './copy-out.ts';
import { CopyScanner } from './copy-scanner.ts';
import { watchAnswer } from './watchdog.ts';

/** What does not change while a session lives. */
export interface ServerFacts {
  /** 150018 is 15.18. */
  readonly version: number;
  /** `UTF8`, `SQL_ASCII`, `LATIN1` … */
  readonly encoding: string;
  /** COPY … TO STDOUT works here. */
  readonly copy: boolean;
}

export async function readServerFacts(client: pg.Client, config: SourceConfig): Promise<ServerFacts> {
  const { rows } = await client.query<{ version: string; encoding: string; banner: string }>(
    `SELECT current_setting('server_version_num') AS version, current_setting('server_encoding') AS encoding, version() AS banner`,
  );
  const { version = '0', encoding = 'UTF8', banner = '' } = rows[0] ?? {};
  const wanted = postgresOptions(config).copy === 'auto' && !banner.includes('Redshift');
  return { version: Number(version), encoding, copy: wanted && (await watchAnswer(client, config, copyWorks(client))) };
}

/** Asked before there is a transaction that a refusal would end. */
async function copyWorks(client: pg.Client): Promise<boolean> {
  const copy = new CopyOut('COPY (SELECT 1) TO STDOUT (FORMAT binary)');
  const scanner = new CopyScanner(1);
  client.query(copy);
  try {
    for (let found = scanner.scan(1); found !== 'ended'; found = scanner.scan(1)) {
      if (found === 'hungry') scanner.feed(await copy.next());
    }
    copy.release(scanner.rest());
    return (await copy.finished) === 1;
  } catch (error) {
    copy.release(scanner.rest());
    // feature_not_supported, syntax_error: the server is not quite PostgreSQL.
    if (['0A000', '42601'].includes(String((error as { code?: unknown }).code))) return false;
    throw error;
  }
}

/**
 * The same server and database tomorrow: the cluster's identifier, which a standby shares with its primary; host and port only where
 * it may not be read.
 */
export async function identify(client: pg.Client, config: SourceConfig): Promise<Readonly<Record<string, string>>> {
  const options = postgresOptions(config);
  const name = "'pg_catalog.pg_control_system()'";
  const permitted = await client.query<{ yes: string | null }>(
    `SELECT CASE WHEN pg_catalog.to_regprocedure(${name}) IS NOT NULL
      THEN pg_catalog.has_function_privilege(${name}, 'EXECUTE') END AS yes`,
  );
  if (permitted.rows[0]?.yes !== 't') return { server: `${options.host}:${options.port}`, database: options.database };
  const { rows } = await client.query<{ system: string; database: string }>(
    'SELECT system_identifier::pg_catalog.text AS system, pg_catalog.current_database() AS database FROM pg_catalog.pg_control_system()',
  );
  return { system: rows[0]?.system ?? '', database: rows[0]?.database ?? options.database };
}
