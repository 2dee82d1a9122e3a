import type { Connection } from 'mysql2';
import { SqlextractError } from '../../model/problem.ts';
import { displayName, type TableSchema } from '../../model/table.ts';
import { serverErrorNumber } from './errors.ts';
import { queryRecords, queryRows } from './query-rows.ts';
import type { ServerFacts } from './server-facts.ts';

/** Rows of the table are stamped where this server cannot look. */
export interface WritersElsewhere {
  readonly reason: string;
  /** Seconds that the rows here are behind, as the server knows. */
  readonly behind: number;
}

/** Null: whoever writes the table does it on this server, in transactions of InnoDB. Throws CURSOR_BUSY for a replica that stands still. */
export async function writersElsewhere(
  connection: Connection,
  facts: ServerFacts,
  table: TableSchema,
): Promise<WritersElsewhere | null> {
  const replication = await replicationOf(connection, table);
  if (replication !== null) return replication;
  if (facts.variables.get('wsrep_on') === 'ON') return elsewhere('the other nodes of the cluster write too');
  if (facts.variables.get('innodb_read_only') === 'ON') return elsewhere('the server is read-only, and another writes');
  return table.outsideSnapshot === undefined ? null : elsewhere('tables are not of InnoDB');
}

function elsewhere(reason: string, behind = 0): WritersElsewhere {
  return { reason, behind };
}

async function replicationOf(connection: Connection, table: TableSchema): Promise<WritersElsewhere | null> {
  for (const statement of ['SHOW REPLICA STATUS', 'SHOW ALL SLAVES STATUS', 'SHOW SLAVE STATUS']) {
    try {
      const channels = await queryRecords(connection, statement);
      if (channels.length > 0) return elsewhere(REPLICA, Math.max(...channels.map((one) => secondsBehind(table, one))));
    } catch (error) {
      // 1064: a version that has another word; the others: no right to look, and the process list tells.
      if (![1064, 1227, 1045].includes(serverErrorNumber(error) ?? 0)) throw error;
    }
  }
  const running = await queryRows(connection, "SHOW GLOBAL STATUS LIKE 'Slave_running'");
  return running[0]?.[1] === 'ON' ? elsewhere(REPLICA) : null;
}

const REPLICA = 'the server is a replica, and its primary stamps the rows';

function secondsBehind(table: TableSchema, channel: ReadonlyMap<string, string | null>): number {
  const cell = channel.get('Seconds_Behind_Source') ?? channel.get('Seconds_Behind_Master') ?? null;
  if (cell !== null) return Number(cell);
  throw new SqlextractError({
    code: 'CURSOR_BUSY',
    message: `the replica stands still, so that it is not known up to when it has the rows of ${displayName(table)}`,
    hint: 'let it go on (START REPLICA), read from its primary, or make it none (RESET REPLICA ALL) where it has become the primary',
    fault: 'source',
  });
}

/** The beginning of a promise. */
export function cannotSee(reason: string): string {
  return `the transactions in flight cannot be seen (${reason})`;
}
