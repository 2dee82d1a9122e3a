import type { TableSchema } from '../../model/table.ts';

/** A SNAPSHOT transaction may not touch them; each statement reads a snapshot of its own. */
export const MEMORY_OPTIMIZED =
  'a memory-optimized table: the server does not take it into a snapshot transaction, so that each range reads what is committed when it starts';

/**
 * Read outside of transactions, or with `WITH (SNAPSHOT)`: sessions in SNAPSHOT isolation are refused (41332), READ COMMITTED in a
 * transaction too (41368), and TABLOCK is not for them. https://learn.microsoft.com/sql/relational-databases/in-memory-oltp/transactions-with-memory-optimized-tables
 */
export function isMemoryOptimized(table: TableSchema): boolean {
  return table.kind === 'table' && table.outsideSnapshot === MEMORY_OPTIMIZED;
}
