import type { Connection } from 'mysql2';
import type { EpochFacts } from '../../model/epoch.ts';
import type { TableSchema } from '../../model/table.ts';
import { isTimeless } from '../../model/timeless.ts';
import { positionHere } from './join-snapshot.ts';
import type { PositionKind } from './position.ts';
import type { ServerFacts } from './server-facts.ts';

/** A log alone proves nothing: transactions may skip it. */
const KINDS: readonly string[] = ['innodb', 'binlog+innodb', 'gtid+innodb'] satisfies readonly PositionKind[];

/**
 * 'unchanged' when nothing at all was committed on the server since the epoch began (position.ts); else it cannot be told: MySQL keeps no mark
 * with a row. Engines without transactions leave no trace in InnoDB's counter, and so may views and queries over them.
 */
export async function unchangedSince(
  connection: Connection,
  facts: EpochFacts,
  table: TableSchema,
  server: ServerFacts,
  where: string | null,
): Promise<'unchanged' | 'unknown'> {
  const { kind, position } = facts.proof;
  if (kind === undefined || position === undefined || !isProof(kind)) return 'unknown';
  if (table.outsideSnapshot !== undefined) return 'unknown';
  // A clock or a random number in them gives other rows of the same state. (In a text a backslash may hide what follows.)
  if (table.kind === 'view' || table.kind === 'query') return 'unknown';
  if (!isTimeless(where) || /[\\@#`]|utc_/i.test(where ?? '')) return 'unknown';
  return (await positionHere(connection, kind, server)) === position ? 'unchanged' : 'unknown';
}

function isProof(kind: string): kind is PositionKind {
  return KINDS.includes(kind);
}
