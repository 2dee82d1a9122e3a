import type { Connection } from 'mysql2';
import { queryCell } from './query-rows.ts';

export const POOLER =
  'a proxy answers in the place of the server: readers can come to different servers, and a limit of the proxy can end a snapshot';

/**
 * Whether a proxy answers in the server's place: the number of the session in its greeting is the proxy's own, the server's function tells the
 * real one. (The `+ 0` keeps proxies from answering that themselves.)
 */
export async function isPooled(connection: Connection): Promise<boolean> {
  const { threadId } = connection;
  const real = await queryCell(connection, 'SELECT CONNECTION_ID() + 0');
  if (typeof threadId !== 'number' || real === null) return false;
  // The greeting has the lowest 32 bits.
  return BigInt.asUintN(32, BigInt(real)) !== BigInt(threadId >>> 0);
}
