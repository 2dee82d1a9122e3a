import type { SourceConfig } from '../source.ts';
import type { SqlServerConnection } from './connection.ts';
import { connectionProblem } from './errors.ts';
import { openConnection } from './open-connection.ts';
import { pinSession } from './pin-session.ts';
import { Watchdog } from './watchdog.ts';

/**
 * A session whose settings are pinned (pin-session.ts). A pool of `mssql` makes it, so that driver's defaults,
 * logins and TLS are used; what is read from it goes through `tedious` itself. Throws SqlextractError.
 */
export async function connect(config: SourceConfig, applicationName: string): Promise<SqlServerConnection> {
  const connection = watched(await openConnection(config, applicationName), config);
  try {
    await pinSession(connection);
    return connection;
  } catch (error) {
    await connection.close();
    throw connectionProblem(error, config);
  }
}

/** Statements reject with SOURCE_STALLED when the connection has gone silent. */
function watched(bare: SqlServerConnection, config: SourceConfig): SqlServerConnection {
  const watch = async <T>(work: () => Promise<T>): Promise<T> => {
    const { promise, reject } = Promise.withResolvers<never>();
    using watchdog = new Watchdog(bare, config, reject);
    return await Promise.race([watchdog.during(work()), promise]);
  };
  return {
    ...bare,
    rows: (sql) => watch(() => bare.rows(sql)),
    each: (sql, onRow) => watch(() => bare.each(sql, onRow)),
    describe: (sql) => watch(() => bare.describe(sql)),
  };
}
