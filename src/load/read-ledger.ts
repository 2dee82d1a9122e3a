import type { TableLoad } from '../ingest/ingest-plan.ts';
import { LEDGER } from '../ingest/ledger-sql.ts';
import { SqlextractError } from '../model/problem.ts';
import { displayName } from '../model/table.ts';
import type { LedgerEntry, LoadSession } from './loader.ts';

/** The ledger's entry of the run; null when it has none. Throws LOAD_LEDGER where somebody else's table has its name, or this user must not read it. */
export async function entryOf(session: Pick<LoadSession, 'entry'>, load: TableLoad): Promise<LedgerEntry | null> {
  try {
    return await session.entry(load);
  } catch (error) {
    if (!(error instanceof SqlextractError) || error.problem.code !== 'LOAD_FAILED') throw error;
    const ledger = displayName({ schema: load.target.schema ?? '', name: LEDGER });
    throw new SqlextractError(
      {
        ...error.problem,
        code: 'LOAD_LEDGER',
        message: `${ledger}, the ledger of what was loaded, cannot be read: ${error.problem.causes?.[0] ?? error.problem.message}; nothing was changed`,
        hint: 'it has to be readable, and as this version makes it; another --schema has a ledger of its own',
      },
      error,
    );
  }
}
