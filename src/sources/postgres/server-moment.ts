import type pg from 'pg';
import type { TableSchema } from '../../model/table.ts';
import { utcMoment, type UtcMoment } from './open-transactions.ts';
import { quoteTable } from './quote.ts';

export interface ServerMoment {
  /** The server's clock; on a standby the commit of the last transaction that it has replayed, before the first one its last checkpoint. */
  readonly moment: UtcMoment;
  /** Why the transactions that write this table cannot be seen on this server, whoever looks; null when they can. */
  readonly blind: string | null;
  readonly remarks: readonly string[];
}

interface Row {
  readonly clock: string;
  readonly standby: string;
  readonly replayed: string | null;
  readonly checkpoints: string;
  readonly subscribed: string;
}

/** Tables whose rows another server has stamped, copied by logical replication, the partitions included. */
const SUBSCRIBED = `EXISTS (
  WITH RECURSIVE member(oid) AS (
    SELECT pg_catalog.to_regclass($1)::pg_catalog.oid UNION
    SELECT i.inhrelid FROM member JOIN pg_catalog.pg_inherits i ON i.inhparent = member.oid
  ) SELECT 1 FROM member JOIN pg_catalog.pg_subscription_rel s ON s.srrelid = member.oid)`;

export async function readServerMoment(client: pg.Client, table: TableSchema): Promise<ServerMoment> {
  const { rows } = await client.query<Row>({
    text: `SELECT ${utcMoment('pg_catalog.clock_timestamp()')} AS clock, pg_catalog.pg_is_in_recovery() AS standby,
      ${utcMoment('pg_catalog.pg_last_xact_replay_timestamp()')} AS replayed,
      pg_catalog.has_function_privilege('pg_catalog.pg_control_checkpoint()', 'EXECUTE') AS checkpoints, ${SUBSCRIBED} AS subscribed`,
    values: [table.query === undefined ? quoteTable(table) : null],
  });
  const row = rows[0] as Row;
  if (row.standby !== 't') return { moment: row.clock, blind: elsewhere(table, row), remarks: [] };
  const blind = 'the server is a standby, and its primary writes';
  if (row.replayed !== null) return { moment: row.replayed, blind, remarks: [] };
  if (row.checkpoints !== 't') return { moment: row.clock, blind, remarks: [NOTHING_REPLAYED] };
  return { moment: await checkpointTime(client), blind, remarks: [] };
}

/** Where a standby began to replay: the checkpoint's time is from before what it covers. */
async function checkpointTime(client: pg.Client): Promise<UtcMoment> {
  const { rows } = await client.query<{ moment: string }>(
    `SELECT ${utcMoment('checkpoint_time')} AS moment FROM pg_catalog.pg_control_checkpoint()`,
  );
  return rows[0]?.moment ?? '';
}

const NOTHING_REPLAYED =
  'the standby has replayed no transaction since it started, so its own clock is taken for how far it has come: see that it is up to date, or GRANT EXECUTE ON FUNCTION pg_control_checkpoint()';

function elsewhere(table: TableSchema, row: Row): string | null {
  if (table.outsideSnapshot !== undefined || table.kind === 'foreign table')
    return 'rows of this table are on another server';
  return row.subscribed === 't' ? 'logical replication brings rows that another server has stamped' : null;
}

/** The beginning of a promise. */
export function cannotSee(reason: string): string {
  return `the transactions in flight cannot be seen (${reason})`;
}
