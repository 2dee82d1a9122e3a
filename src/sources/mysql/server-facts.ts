import type { Connection } from 'mysql2';
import type { SourceConfig } from '../source.ts';
import { mysqlOptions } from './config.ts';
import { serverErrorNumber } from './errors.ts';
import { queryRecords, queryRow, queryRows } from './query-rows.ts';
import { quoteText } from './quote.ts';

/** What does not change while a session lives. */
export interface ServerFacts {
  /** `10.11.19-MariaDB-log`, `8.4.3`. */
  readonly version: string;
  readonly mariadb: boolean;
  /** The server's own name for itself, which no other server has; '' when it has none. */
  readonly id: string;
  /** By name in lower case, those that the source asks for. */
  readonly variables: ReadonlyMap<string, string>;
}

const VARIABLES = [
  'server_uuid',
  'server_uid',
  'server_id',
  'hostname',
  'port',
  'log_bin',
  'log_slave_updates',
  'gtid_mode',
  'read_only',
  'innodb_read_only',
  'wsrep_on',
  'transaction_isolation',
  'tx_isolation',
];

export async function readServerFacts(connection: Connection): Promise<ServerFacts> {
  const [version = '', comment = ''] = await queryRow(connection, 'SELECT VERSION(), @@version_comment');
  const list = VARIABLES.map(quoteText).join(', ');
  const rows = await queryRows(connection, `SHOW VARIABLES WHERE Variable_name IN (${list})`);
  const variables = new Map(rows.map(([name, value]) => [(name ?? '').toLowerCase(), value ?? '']));
  return {
    version: version ?? '',
    mariadb: /mariadb/i.test(`${version} ${comment}`),
    id: variables.get('server_uuid') ?? variables.get('server_uid') ?? '',
    variables,
  };
}

/** The same server and database tomorrow: the server's own identity, host and port only where it has none. */
export function identify(facts: ServerFacts, config: SourceConfig): Readonly<Record<string, string>> {
  const { host, port, socket, database } = mysqlOptions(config);
  const address = socket ?? `${host}:${port}`;
  return { driver: 'mysql', server: facts.id === '' ? address : facts.id, ...(database === '' ? {} : { database }) };
}

/** Whether the server follows another one; null when this user may not ask. */
export async function replicaState(connection: Connection): Promise<'replica' | 'primary' | null> {
  for (const statement of ['SHOW REPLICA STATUS', 'SHOW SLAVE STATUS']) {
    try {
      return (await queryRecords(connection, statement)).length > 0 ? 'replica' : 'primary';
    } catch (error) {
      // 1064: a version that has the other word.
      if (![1064, 1227, 1045].includes(serverErrorNumber(error) ?? 0)) throw error;
    }
  }
  const running = await queryRows(connection, "SHOW GLOBAL STATUS LIKE 'Slave_running'");
  return running[0]?.[1] === 'ON' ? 'replica' : null;
}

/** What a person should know of the server before reading. */
export function serverRemarks(facts: ServerFacts, replica: 'replica' | 'primary' | null): readonly string[] {
  const readOnly = ['ON', '1'].includes(facts.variables.get('read_only') ?? '');
  if (replica === 'replica') return ['the server is a replica: its rows are as old as its replication is behind'];
  return readOnly
    ? ['the server is read-only, so perhaps a replica, whose rows can be behind those of its primary']
    : [];
}
