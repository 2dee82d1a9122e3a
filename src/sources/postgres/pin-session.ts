import type pg from 'pg';

/**
 * The settings that decide the bytes a query answers with, or whether it ends early. A role or a database can change the defaults of all of
 * them, so every session sets them by itself. Those that a server version does not have are skipped.
 */
const PINNED: Readonly<Record<string, string>> = {
  client_encoding: 'UTF8',
  DateStyle: 'ISO, YMD',
  IntervalStyle: 'iso_8601',
  TimeZone: 'UTC',
  extra_float_digits: '3',
  bytea_output: 'hex',
  lc_monetary: 'C',
  xmloption: 'content',
  standard_conforming_strings: 'on',
  transform_null_equals: 'off',
  quote_all_identifiers: 'off',
  search_path: '',
  // Makes a policy that would hide rows an error.
  row_security: 'off',
  default_transaction_read_only: 'on',
  default_transaction_isolation: 'read committed',
  default_transaction_deferrable: 'off',
  statement_timeout: '0',
  // Waiting behind an ALTER TABLE ends in SOURCE_LOCKED instead of silence.
  lock_timeout: '60s',
  transaction_timeout: '0',
  idle_session_timeout: '0',
  idle_in_transaction_session_timeout: '0',
  // A scan that starts in the middle of a table gives another order at every run.
  synchronize_seqscans: 'off',
  jit: 'off',
  // A killed client must not leave a COPY running for hours.
  tcp_keepalives_idle: '60',
  tcp_keepalives_interval: '10',
  tcp_keepalives_count: '6',
  client_connection_check_interval: '10s',
};

/** One round trip. */
export async function pinSession(client: pg.Client): Promise<void> {
  const names = Object.keys(PINNED);
  const wanted = names.map((name) => `SELECT '${name}' AS name, '${PINNED[name]}' AS setting`).join(' UNION ALL ');
  await client.query(
    'SELECT pg_catalog.set_config(s.name, w.setting, false) ' +
      `FROM (${wanted}) w JOIN pg_catalog.pg_settings s ON pg_catalog.lower(s.name) = pg_catalog.lower(w.name)`,
  );
}
