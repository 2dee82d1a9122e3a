import type { Connection } from 'mysql2';
import type { SourceConfig } from '../source.ts';
import { openConnection, endConnection } from './open-connection.ts';
import { dropConnection } from './drop-connection.ts';
import { execute } from './query-rows.ts';
import type { RowScanner } from './row-scanner.ts';
import type { RowStream } from './row-stream.ts';

/** A statement that has not ended so long after it was to be killed is given up, and its connection with it. */
const PATIENCE_MS = 5_000;

/** Asks the server, on a connection of its own, to end what `connection` runs; never rejects. */
export async function killStatement(connection: Connection, config: SourceConfig): Promise<void> {
  const { threadId } = connection;
  if (typeof threadId !== 'number') return;
  try {
    const killer = await openConnection(config, 'sqlextract cancel');
    try {
      await execute(killer, `KILL QUERY ${threadId}`);
    } finally {
      await endConnection(killer);
    }
  } catch {
    // The statement ended by itself, or the server is gone: what waits for it finds out.
  }
}

/**
 * Ends a statement whose rows are no longer wanted: kills it, reads away what was sent, and gives the connection back to the driver; it can be
 * used again. When that takes too long the connection is closed. Never rejects.
 */
export async function stopStatement(
  connection: Connection,
  config: SourceConfig,
  stream: RowStream,
  scanner: RowScanner,
): Promise<void> {
  if (stream.isClosed) return;
  const patience = Promise.withResolvers<void>();
  const timer = setTimeout(patience.resolve, PATIENCE_MS);
  let stopped = false;
  const stopping = stop(connection, config, stream, scanner).then(
    () => {
      stopped = true;
    },
    () => undefined,
  );
  await Promise.race([stopping, patience.promise]);
  clearTimeout(timer);
  if (!stopped) dropConnection(connection);
}

async function stop(
  connection: Connection,
  config: SourceConfig,
  stream: RowStream,
  scanner: RowScanner,
): Promise<void> {
  if (scanner.last === null) {
    const killed = killStatement(connection, config);
    await drain(stream, scanner);
    await killed;
  }
  if (scanner.last !== null) stream.finish(scanner.last);
  await stream.finished.catch(() => undefined);
  // A kill that came after the end may hit the next statement: this is that one.
  await execute(connection, 'DO 0').catch(() => undefined);
}

async function drain(stream: RowStream, scanner: RowScanner): Promise<void> {
  for (;;) {
    const found = scanner.scan(Number.POSITIVE_INFINITY);
    if (found === 'ended') return;
    if (found === 'hungry') scanner.feed(await stream.next());
  }
}
