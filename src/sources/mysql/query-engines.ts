import type { Connection } from 'mysql2';
import { queryRows, watched } from './query-rows.ts';
import { quoteText } from './quote.ts';

interface OfTable {
  readonly schema: string;
  readonly orgTable: string;
}

/**
 * The engines without snapshots of the tables that columns of a SELECT come from, as the server announces them when it prepares the statement.
 * Tables that are only joined or counted do not show.
 */
export async function looseEngines(connection: Connection, sql: string): Promise<readonly string[]> {
  const tables = (await preparedTables(connection, sql)).filter(({ orgTable }) => orgTable !== '');
  const places = tables.map(
    ({ schema, orgTable }) => `(TABLE_SCHEMA = ${quoteText(schema)} AND TABLE_NAME = ${quoteText(orgTable)})`,
  );
  if (places.length === 0) return [];
  const rows = await queryRows(
    connection,
    `SELECT DISTINCT ENGINE FROM information_schema.TABLES WHERE ${[...new Set(places)].join(' OR ')}`,
  );
  return rows.flatMap(([engine]) => (engine == null || /^innodb$/i.test(engine) ? [] : [engine]));
}

function preparedTables(connection: Connection, sql: string): Promise<readonly OfTable[]> {
  const answer = new Promise<readonly OfTable[]>((resolve, reject) => {
    connection.prepare(sql, (error, statement) => {
      if (error !== null) return reject(error);
      const { columns } = statement as unknown as { readonly columns: readonly OfTable[] };
      // Getters that read the packet.
      const tables = columns.map(({ schema, orgTable }) => ({ schema, orgTable }));
      statement.close();
      connection.unprepare(sql);
      resolve(tables);
    });
  });
  return watched(connection, answer);
}

/** Other engines show their rows as they are at the moment, also inside a transaction. */
export function outsideSnapshot(engines: readonly string[]): string | null {
  if (engines.length === 0) return null;
  const engine = engines.length === 1 ? `the engine ${engines[0]} has` : `the engines ${engines.join(' and ')} have`;
  return `${engine} no snapshots: such rows are read as they are at the moment`;
}
