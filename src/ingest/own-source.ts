import { displayName } from '../model/table.ts';
import type { TableLoad } from './ingest-plan.ts';
import type { View } from './render.ts';
import type { IngestTarget } from './target.ts';

type Identity = Readonly<Record<string, string>>;

/** What a run's source and a target are told apart by: texts of the source's `identity`, the first that it has. */
const SERVER: Readonly<Record<string, readonly string[]>> = {
  postgres: ['system'],
  mysql: ['server'],
  sqlite: ['path'],
  sqlserver: ['guid', 'server'],
};

/**
 * What a script needs to see that its table is the one that the rows were read from: `mayBeSource` where names do not rule it out already,
 * `sourceServer`, `sourceDatabase`, `sourceSchema` to compare with what the server says of itself.
 */
export function ownSourceView(load: TableLoad, target: IngestTarget): View {
  const { identity = {}, table, run } = load.source;
  const key = (SERVER[target.name] ?? []).find((each) => identity[each] !== undefined);
  const server = key === undefined ? undefined : identity[key];
  const isOther = identity['driver'] !== target.name || !sameName(identity, table.name, load.target.name);
  if (isOther || server === undefined || !canBeAsked(identity, server)) return { mayBeSource: false };
  const { schema, name } = load.target;
  return {
    mayBeSource: true,
    sourceHasGuid: key === 'guid',
    sourceServer: target.quoteLiteral(server),
    sourceDatabase: target.quoteLiteral(identity['database'] ?? ''),
    sourceSchema: target.quoteLiteral(sourceSchema(identity, table.schema)),
    messageItself: target.quoteLiteral(
      `sqlextract: ${displayName({ schema: schema ?? '', name })}: it is the table that run ${run} was read from, use another database, --schema or --rename; nothing was changed`,
    ),
  };
}

/** A SQL Server without a name of its own is called by its host and port, which it does not know. */
function canBeAsked({ driver }: Identity, server: string): boolean {
  return driver !== 'sqlserver' || !server.includes(':');
}

const USUAL: Readonly<Record<string, string>> = { postgres: 'public', sqlserver: 'dbo', sqlite: 'main' };

/** The schema that a name without one is in. */
export function sourceSchema(identity: Identity, schema: string): string {
  if (schema !== '') return schema;
  return USUAL[identity['driver'] ?? ''] ?? identity['database'] ?? '';
}

/** Where names may be told apart by case and where not is the server's to say: only PostgreSQL always does. */
export function sameName({ driver }: Identity, one: string, other: string): boolean {
  return driver === 'postgres' ? one === other : one.toLowerCase() === other.toLowerCase();
}
