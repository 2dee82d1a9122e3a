import type { SqlServerConnection } from './connection.ts';

/**
 * The settings that decide what a statement answers, or whether it ends early. A login, a database or a server can change the defaults of
 * all of them, so every session sets them by itself. They stand in a batch, not in sp_executesql, where they would end with the call.
 */
const PINNED: readonly string[] = [
  'SET ANSI_NULLS ON',
  'SET QUOTED_IDENTIFIER ON',
  'SET ANSI_WARNINGS ON',
  'SET ANSI_PADDING ON',
  'SET CONCAT_NULL_YIELDS_NULL ON',
  'SET ARITHABORT ON',
  'SET NUMERIC_ROUNDABORT OFF',
  'SET IMPLICIT_TRANSACTIONS OFF',
  'SET CURSOR_CLOSE_ON_COMMIT OFF',
  'SET LANGUAGE us_english',
  'SET DATEFORMAT ymd',
  'SET DATEFIRST 7',
  // Longer values would be cut without an error.
  'SET TEXTSIZE 2147483647',
  // A limit of rows that somebody left would end every result early, without an error.
  'SET ROWCOUNT 0',
  // The count in the server's last word of a statement is compared with the rows that came.
  'SET NOCOUNT OFF',
  // An error of one statement must not end the transaction that a snapshot lives in.
  'SET XACT_ABORT OFF',
  'SET DEADLOCK_PRIORITY LOW',
  // Waiting behind an ALTER TABLE ends in SOURCE_LOCKED instead of silence.
  'SET LOCK_TIMEOUT 60000',
  'SET TRANSACTION ISOLATION LEVEL READ COMMITTED',
];

/** Those that a server must take: without them values or rows could be others. */
const NEEDED = ['ANSI_NULLS', 'QUOTED_IDENTIFIER', 'CONCAT_NULL_YIELDS_NULL', 'ROWCOUNT'];

/** One round trip on SQL Server; a server that lacks some of the settings is given them one by one, and what it refuses is skipped. */
export async function pinSession(connection: SqlServerConnection): Promise<void> {
  try {
    await connection.rows(`/* sqlextract:pin */ ${PINNED.join('; ')}`);
    return;
  } catch (error) {
    if (connection.tedious.closed) throw error;
  }
  for (const setting of PINNED) {
    try {
      await connection.rows(`/* sqlextract:pin */ ${setting}`);
    } catch (error) {
      if (connection.tedious.closed || NEEDED.some((name) => setting.includes(name))) throw error;
    }
  }
}
