import type { Connection } from 'mysql2';
import type { SourceConfig } from '../source.ts';
import { connectionProblem } from './errors.ts';
import { endConnection, openConnection } from './open-connection.ts';
import { pinSession } from './pin-session.ts';
import { watchAnswers } from './query-rows.ts';
import { watchAnswer } from './watchdog.ts';

/**
 * A connected session whose settings are pinned (pin-session.ts), and whose answers reject with SOURCE_STALLED when the connection has gone
 * silent (watchdog.ts). It has an 'error' listener, so that a cut connection fails the statement that
 * runs instead of ending the process; what streams has to listen for itself. `applicationName` shows in performance_schema.
 * Throws SqlextractError.
 */
export async function connect(config: SourceConfig, applicationName: string): Promise<Connection> {
  const connection = await openConnection(config, applicationName);
  watchAnswers(connection, (answer) => watchAnswer(connection, config, answer));
  try {
    await pinSession(connection);
    return connection;
  } catch (error) {
    await endConnection(connection);
    throw connectionProblem(error, config);
  }
}
