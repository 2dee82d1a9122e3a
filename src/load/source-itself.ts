import type { TableLoad } from '../ingest/ingest-plan.ts';
import { sameName, sourceSchema } from '../ingest/own-source.ts';
import { SqlextractError } from '../model/problem.ts';
import { displayName } from '../model/table.ts';
import type { TargetPlace } from './loader.ts';

type Identity = Readonly<Record<string, string>>;

/**
 * Rows must not take the place of those that they were read from: what was written since would be lost, and the next run would read its own
 * files. Throws LOAD_INTO_SOURCE, before anything is staged.
 */
export async function requireOther(
  place: Pick<TargetPlace, 'identity' | 'displayUrl'>,
  load: TableLoad,
): Promise<void> {
  const { identity, table } = load.source;
  if (identity === undefined || !sameName(identity, table.name, load.target.name)) return;
  const there = await place.identity(identity['driver'] ?? '');
  if (there === null || !sameServer(identity, there)) return;
  const from = sourceSchema(identity, table.schema);
  const to = sourceSchema(there, load.target.schema ?? '');
  if (!sameName(identity, from, to)) return;
  throw new SqlextractError({
    code: 'LOAD_INTO_SOURCE',
    message: `${displayName({ schema: to, name: load.target.name })} in ${place.displayUrl} is the table that run ${load.source.run} was read from; nothing was changed`,
    hint: 'name another database in --target, another --schema, or another table with --rename',
    fault: 'usage',
  });
}

/** A schema of MySQL is a database: which of them the URL names says nothing of the server. */
function sameServer(one: Identity, other: Identity): boolean {
  const ignored = one['driver'] === 'mysql' ? 'database' : '';
  const keys = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...keys].every((key) => key === ignored || one[key] === other[key]);
}
