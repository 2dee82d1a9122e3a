import type pg from 'pg';
import type { SourceConfig } from '../source.ts';
import { connectionProblem } from './errors.ts';
import { endConnection, openConnection } from './open-connection.ts';
import { pinSession } from './pin-session.ts';
import { watchAnswer } from './watchdog.ts';

/**
 * A connected client whose session settings are pinned (pin-session.ts), whose values are plain text, and whose queries reject with
 * SOURCE_STALLED when the connection has gone silent (watchdog.ts). It has an 'error' listener, so that a cut connection rejects the query that
 * runs instead of ending the process. Throws SqlextractError.
 */
export async function connect(config: SourceConfig, applicationName: string): Promise<pg.Client> {
  const client = await openConnection(config, applicationName);
  watchQueries(client, config);
  try {
    await pinSession(client);
    return client;
  } catch (error) {
    await endConnection(client);
    throw connectionProblem(error, config);
  }
}

/** Of the forms of `query` only those that answer with a promise: a COPY and a cursor are watched by who reads them. */
function watchQueries(client: pg.Client, config: SourceConfig): void {
  const query = client.query.bind(client) as (...request: unknown[]) => unknown;
  const watched = (...request: unknown[]): unknown => {
    const answer = query(...request);
    return answer instanceof Promise ? watchAnswer(client, config, answer) : answer;
  };
  Object.assign(client, { query: watched });
}
