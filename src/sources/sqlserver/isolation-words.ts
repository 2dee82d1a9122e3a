import { quoteName } from './quote.ts';
import type { ServerFacts } from './server-facts.ts';

/** What readers of their own snapshots are promised. */
export const OWN_SNAPSHOTS =
  'each reader has a snapshot of its own, begun when it joined (SQL Server has none that sessions share)';

/** How to get one state of the database, for hints; only what the server has. */
export function oneState(facts: ServerFacts): string {
  return facts.babelfish ? 'read with one session (--consistency require)' : ONE_STATE;
}

const ONE_STATE =
  'let the readers begin together with --allow-locks, read with one session (--consistency require), or point the source URL at a database snapshot (CREATE DATABASE … AS SNAPSHOT OF …)';

/** How to switch snapshots on. */
export function switchOn(facts: ServerFacts): string {
  const database = quoteName(facts.database);
  return `ALTER DATABASE ${database} SET ALLOW_SNAPSHOT_ISOLATION ON, or point the source URL at a database snapshot (CREATE DATABASE … AS SNAPSHOT OF ${database})`;
}

/** What one chunk is, read outside of any snapshot, for plan and report. */
export function perChunk(facts: ServerFacts): string {
  return facts.isolation.readCommittedSnapshot || facts.isolation.secondary
    ? 'each chunk is one state of the database (READ_COMMITTED_SNAPSHOT), and every chunk another'
    : 'chunks are read under locks (READ COMMITTED): a row whose key moves while its chunk is read can be missed or come twice, and readers wait for writers';
}

const UNSEEN_POLICIES =
  'row-level security could hide rows from this login: its policies are seen only with VIEW DEFINITION or ALTER ANY SECURITY POLICY on the database, and the login has neither';

/** What a person should know of where they are connected to. */
export function serverRemarks(facts: ServerFacts): readonly string[] {
  return [
    ...(facts.babelfish ? ['the server is Babelfish for PostgreSQL, not SQL Server'] : []),
    ...(facts.policiesVisible ? [] : [UNSEEN_POLICIES]),
    ...(facts.isolation.secondary
      ? ['the server is a readable secondary: it lags behind its primary, and a failover ends the session']
      : []),
    ...(facts.edition === 5
      ? [
          'Azure SQL Database: its gateway ends sessions when the database moves or is scaled, and the run then goes on with a newer snapshot',
        ]
      : []),
    ...(facts.edition === 6 || facts.edition === 11
      ? ['Synapse: it is not known here which of its statements read one state']
      : []),
  ];
}
