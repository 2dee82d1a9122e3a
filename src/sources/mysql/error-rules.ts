import type { Problem } from '../../model/problem.ts';

export type Rule = Pick<Problem, 'code' | 'fault' | 'verdict' | 'hint'>;

const LOST: Rule = {
  code: 'SOURCE_CONNECTION_LOST',
  fault: 'source',
  verdict: 'reconnect',
  hint: 'look for what cut it (the server, a proxy, the network), then run the same command again',
};
export const UNREACHABLE: Rule = {
  code: 'SOURCE_UNREACHABLE',
  fault: 'source',
  verdict: 'reconnect',
  hint: 'check host and port, that the server runs, and that a firewall lets this machine in',
};
const BUSY: Rule = {
  code: 'SOURCE_TOO_MANY_CONNECTIONS',
  fault: 'source',
  verdict: 'reconnect',
  hint: 'use fewer --workers (one plans and one reads at the least; --allow-locks takes one more), or raise max_connections of the server or max_user_connections of the user',
};
const AUTH: Rule = {
  code: 'SOURCE_AUTH',
  fault: 'configuration',
  verdict: 'fatal',
  hint: 'check user and password (MYSQL_PWD, ~/.my.cnf), and that the user may come from this host',
};
const PLUGIN: Rule = {
  ...AUTH,
  hint: 'this user logs in by a method that needs TLS or is not supported: add ?ssl-mode=VERIFY_IDENTITY, or give the user a password of mysql_native_password, caching_sha2_password or ed25519',
};
const PERMISSION: Rule = {
  code: 'SOURCE_PERMISSION',
  fault: 'configuration',
  verdict: 'fatal',
  hint: 'GRANT SELECT on the table (for a view also SHOW VIEW) to this user',
};
const LOCKED: Rule = {
  code: 'SOURCE_LOCKED',
  fault: 'source',
  verdict: 'retry',
  hint: 'another session holds the table: see SHOW PROCESSLIST for ALTER, TRUNCATE or LOCK TABLES',
};
const TIMEOUT: Rule = {
  code: 'SOURCE_TIMEOUT',
  fault: 'source',
  verdict: 'smaller',
  hint: 'the server or a person ended the query for the time it took; a smaller range is tried',
};
const MEMORY: Rule = { code: 'SOURCE_OUT_OF_MEMORY', fault: 'source', verdict: 'smaller', hint: 'use fewer --workers' };
const SNAPSHOT: Rule = {
  code: 'SNAPSHOT_LOST',
  fault: 'source',
  verdict: 'epoch-lost',
  hint: 'the table was altered or emptied (TRUNCATE, ALTER) after the snapshot was taken; the rest can only be read from a newer one',
};
const CHANGED: Rule = {
  code: 'SOURCE_CHANGED',
  fault: 'source',
  verdict: 'fatal',
  hint: 'the table was changed since the plan was made; run again with --fresh',
};
const BROKEN: Rule = {
  code: 'SOURCE_BROKEN',
  fault: 'source',
  verdict: 'fatal',
  hint: 'the server reports a full disk, an I/O error or a damaged table: look into its error log',
};
const DATABASE: Rule = {
  code: 'SOURCE_DATABASE_NOT_FOUND',
  fault: 'configuration',
  verdict: 'fatal',
  hint: 'check the database name at the end of the source URL',
};

const GROUPS: readonly (readonly [Rule, readonly number[]])[] = [
  [BUSY, [1040, 1203, 1226]],
  // Server shutdown, errors on the wire, killed connection, inactivity.
  [LOST, [1053, 1077, 1152, 1153, 1158, 1159, 1160, 1161, 1184, 1927, 2006, 2013, 4031, 1129]],
  [LOCKED, [1205, 1213, 3058, 3572, 1099, 1100]],
  // max_execution_time (MySQL), max_statement_time (MariaDB), KILL QUERY.
  [TIMEOUT, [3024, 1969, 1317, 1028]],
  [MEMORY, [1037, 1038, 1041, 1135]],
  [SNAPSHOT, [1412]],
  [AUTH, [1045, 1698, 1820, 1862, 1130, 3118, 4151]],
  [PLUGIN, [1251, 1524, 2059, 3879]],
  [PERMISSION, [1044, 1142, 1143, 1227, 1370]],
  [DATABASE, [1049]],
  [CHANGED, [1054, 1146, 1176, 1615, 1932]],
  [BROKEN, [1021, 1026, 1030, 1033, 1034, 1035, 1194, 1195, 126, 127, 134, 145, 1877, 3185]],
];

/** By the server's error number. https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html, https://mariadb.com/kb/en/mariadb-error-codes/ */
export const SERVER_RULES: ReadonlyMap<number, Rule> = new Map(
  GROUPS.flatMap(([rule, numbers]) => numbers.map((number) => [number, rule] as const)),
);

/** Errors of sockets and of mysql2 itself, which have no number. */
export const NETWORK_RULES: Readonly<Record<string, Rule>> = {
  PROTOCOL_CONNECTION_LOST: LOST,
  PROTOCOL_PACKETS_OUT_OF_ORDER: LOST,
  PROTOCOL_UNEXPECTED_PACKET: LOST,
  ECONNRESET: LOST,
  EPIPE: LOST,
  HANDSHAKE_SSL_ERROR: LOST,
  ERR_STREAM_DESTROYED: LOST,
  ERR_STREAM_WRITE_AFTER_END: LOST,
  ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC: LOST,
  ECONNREFUSED: UNREACHABLE,
  ENOTFOUND: { ...UNREACHABLE, verdict: 'fatal', fault: 'configuration' },
  EAI_AGAIN: UNREACHABLE,
  ETIMEDOUT: UNREACHABLE,
  EHOSTUNREACH: UNREACHABLE,
  ENETUNREACH: UNREACHABLE,
  ENOENT: UNREACHABLE,
  EACCES: UNREACHABLE,
  AUTH_SWITCH_PLUGIN_ERROR: PLUGIN,
  HANDSHAKE_UNKNOWN_ERROR: LOST,
};
