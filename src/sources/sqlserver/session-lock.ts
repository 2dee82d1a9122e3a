import { randomBytes } from 'node:crypto';
import type { SqlServerConnection } from './connection.ts';
import { quoteText } from './quote.ts';

/**
 * A gate that sessions of one epoch pass, on the server itself: an application lock that a session of ours holds once the gate is shut.
 * It needs no table and no right, and ends with the session. https://learn.microsoft.com/sql/relational-databases/system-stored-procedures/sp-getapplock-transact-sql
 *
 *   open ──shutGate──▶ shut (nobody joins any more) ──session ends──▶ open, but then the epoch is known to be over
 */
export function newGate(): string {
  return `sqlextract-${randomBytes(12).toString('hex')}`;
}

export async function shutGate(connection: SqlServerConnection, gate: string): Promise<boolean> {
  const [row] = await connection.rows(
    `/* sqlextract:gate */ DECLARE @answer int; EXEC @answer = sp_getapplock @Resource = ${quoteText(checked(gate))},
      @LockMode = 'Exclusive', @LockOwner = 'Session', @LockTimeout = 0; SELECT @answer AS answer`,
  );
  return Number(row?.['answer'] ?? -1) >= 0;
}

export async function isGateShut(connection: SqlServerConnection, gate: string): Promise<boolean> {
  const [row] = await connection.rows(
    `/* sqlextract:gate */ SELECT APPLOCK_TEST('public', ${quoteText(checked(gate))}, 'Shared', 'Session') AS free`,
  );
  return row?.['free'] !== '1';
}

function checked(gate: string): string {
  if (!/^sqlextract-[0-9a-f]{24}$/.test(gate)) throw new RangeError('no gate of ours');
  return gate;
}
