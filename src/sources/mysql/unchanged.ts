import type { Connection } from 'mysql2';
import type { EpochFacts } from '../../model/epoch.ts';
import type { TableSchema } from '../../model/table.ts';
import { positionHere } from './join-snapshot.ts';
import type { PositionKind } from './position.ts';
import type { ServerFacts } from './server-facts.ts';

const KINDS: readonly string[] = ['binlog', 'gtid', 'innodb'] satisfies readonly PositionKind[];

/**
 * 'unchanged' when nothing at all was committed on the server since the epoch began (position.ts); else it cannot be told: MySQL keeps no mark
 * with a row. Engines without transactions leave no trace in InnoDB's counter, and so may views and queries over them.
 */
export async function unchangedSince(
  connection: Connection,
  facts: EpochFacts,
  table: TableSchema,
  server: ServerFacts,
): Promise<'unchanged' | 'unknown'> {
  const { kind, position } = facts.proof;
  if (kind === undefined || position === undefined || !KINDS.includes(kind)) return 'unknown';
  if (table.outsideSnapshot !== undefined) return 'unknown';
  if (kind === 'innodb' && (table.kind === 'view' || table.kind === 'query')) return 'unknown';
  return (await positionHere(connection, kind as PositionKind, server)) === position ? 'unchanged' : 'unknown';
}
