import { SqlextractError } from '../model/problem.ts';
import type { SourceSession } from '../sources/source.ts';
import type { ResolvedTable } from './resolved-table.ts';

/**
 * Asks the source for no rows under the table's `--where`, or of a query, so that one it cannot read is refused before a run is
 * begun. Throws WHERE_REFUSED with the source's words, and what the source throws for other reasons.
 */
export async function checkCondition({ name, table, settings }: ResolvedTable, session: SourceSession): Promise<void> {
  const { where } = settings;
  if (where === null && table.query === undefined) return;
  try {
    const rows = session.readRange({
      table,
      range: { kind: 'all' },
      key: [],
      where,
      limit: 0,
      policies: settings.selection.policies,
      batchBounds: () => ({ rows: 1, bytes: 1 }),
      signal: new AbortController().signal,
    });
    for await (const batch of rows)
      if (batch.rowCount > 0) throw new Error(`${name} gave rows where none were asked for`);
  } catch (error) {
    throw where !== null && isOfTheCondition(error) ? refused(name, where, error) : error;
  }
}

/** Of no rows nothing can be wrong but the statement: a missing column, an operator that does not exist. */
function isOfTheCondition(error: unknown): error is SqlextractError {
  if (!(error instanceof SqlextractError)) return false;
  const { code, verdict } = error.problem;
  return verdict === 'fatal' && ['SOURCE_QUERY', 'SOURCE_CHANGED', 'SOURCE_PERMISSION'].includes(code);
}

function refused(name: string, where: string, error: SqlextractError): SqlextractError {
  return new SqlextractError(
    {
      code: 'WHERE_REFUSED',
      message: `the condition --where ${JSON.stringify(where)} cannot be asked of ${name}: ${error.message}`,
      hint: 'write only what follows WHERE, for example --where "status = \'paid\' AND amount > 10"',
      fault: 'usage',
    },
    error,
  );
}
