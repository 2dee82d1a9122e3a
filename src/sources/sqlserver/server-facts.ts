import { SqlextractError } from '../../model/problem.ts';
import type { SourceConfig } from '../source.ts';
import { sqlServerOptions } from './config.ts';
import type { Row, SqlServerConnection } from './connection.ts';

/** What does not change while a session lives. */
export interface ServerFacts {
  /** PostgreSQL with the TDS protocol, whose catalog lacks some of the views. */
  readonly babelfish: boolean;
  /** SERVERPROPERTY('EngineEdition'): 5 Azure SQL Database, 6 and 11 Synapse, 8 Managed Instance; below 5 an installed server. */
  readonly edition: number;
  readonly database: string;
  /** `READ_ONLY` on a readable secondary too. */
  readonly updateable: boolean;
  /** The catalog shows this login the security policies of the database, so that none in it means none. True on Babelfish, which has no such policies. */
  readonly policiesVisible: boolean;
  readonly isolation: IsolationFacts;
}

export interface IsolationFacts {
  /** ALLOW_SNAPSHOT_ISOLATION is on. */
  readonly snapshot: boolean;
  /** READ_COMMITTED_SNAPSHOT is on: a statement reads one state. */
  readonly readCommittedSnapshot: boolean;
  /** The database is a database snapshot (`CREATE DATABASE … AS SNAPSHOT OF`): nothing in it ever changes. */
  readonly databaseSnapshot: boolean;
  /** READ_ONLY by a setting of the database itself, so that nobody writes into it; false for a secondary, which its primary writes into. */
  readonly frozen: boolean;
  /** A replica of an availability group, or a geo-replica, that this session cannot write to. */
  readonly secondary: boolean;
}

export async function readServerFacts(connection: SqlServerConnection): Promise<ServerFacts> {
  const [row] = await connection.rows(`/* sqlextract:server */
    SELECT DB_NAME() AS name, CONVERT(int, SERVERPROPERTY('Babelfish')) AS babelfish,
      CONVERT(int, SERVERPROPERTY('EngineEdition')) AS edition,
      CONVERT(varchar(20), DATABASEPROPERTYEX(DB_NAME(), 'Updateability')) AS updateability`);
  if (row === undefined) throw unseen();
  const babelfish = row['babelfish'] === '1';
  const updateable = row['updateability'] !== 'READ_ONLY';
  // What Babelfish answers to the rest is known, and takes it a second: its functions and views are read from its catalog each time.
  const more = babelfish ? factsOfBabelfish(updateable) : await furtherFacts(connection, updateable);
  return {
    ...more,
    babelfish,
    edition: Number(row['edition'] ?? 0),
    database: String(row['name'] ?? ''),
    updateable,
  };
}

type FurtherFacts = Pick<ServerFacts, 'policiesVisible' | 'isolation'>;

/** Every statement reads one state, and there are no security policies. */
function factsOfBabelfish(updateable: boolean): FurtherFacts {
  const states = { snapshot: true, readCommittedSnapshot: true, databaseSnapshot: false, frozen: false };
  return { policiesVisible: true, isolation: { ...states, secondary: !updateable } };
}

async function furtherFacts(connection: SqlServerConnection, updateable: boolean): Promise<FurtherFacts> {
  const [row] = await connection.rows(`/* sqlextract:isolation */
    SELECT COALESCE(HAS_PERMS_BY_NAME(DB_NAME(), 'DATABASE', 'VIEW DEFINITION'), 0) AS sees_definitions,
      COALESCE(HAS_PERMS_BY_NAME(DB_NAME(), 'DATABASE', 'ALTER ANY SECURITY POLICY'), 0) AS sees_policies,
      d.snapshot_isolation_state, d.is_read_committed_snapshot_on, d.source_database_id, d.is_read_only
    FROM sys.databases d WHERE d.name = DB_NAME()`);
  if (row === undefined) throw unseen();
  const readOnly = row['is_read_only'] === '1';
  return {
    policiesVisible: row['sees_definitions'] === '1' || row['sees_policies'] === '1',
    isolation: {
      snapshot: row['snapshot_isolation_state'] === '1',
      readCommittedSnapshot: row['is_read_committed_snapshot_on'] === '1',
      databaseSnapshot: typeof row['source_database_id'] === 'string',
      frozen: readOnly,
      secondary: !updateable && !readOnly,
    },
  };
}

/** Nothing may be guessed of a database that the catalog does not show. */
function unseen(): SqlextractError {
  return new SqlextractError({
    code: 'SOURCE_PERMISSION',
    message:
      'sys.databases does not show the database of this session, so that it is not known which snapshots it allows',
    hint: 'GRANT VIEW DEFINITION on the database to the login, or connect with another',
    fault: 'configuration',
  });
}

/**
 * The same server and database tomorrow: the database's own identifier, which a copy on another server shares with it until it is
 * restored, and the name; host and port only where the identifier cannot be read. https://learn.microsoft.com/sql/relational-databases/system-catalog-views/sys-database-recovery-status-transact-sql
 */
export async function identify(
  connection: SqlServerConnection,
  config: SourceConfig,
  facts: ServerFacts,
): Promise<Readonly<Record<string, string>>> {
  const { host, port, instance } = sqlServerOptions(config);
  // It has neither an identifier nor a name of its own.
  if (facts.babelfish) return { server: `${host}:${instance ?? port}`, database: facts.database };
  const rows = await namesOf(connection);
  // Numbers of databases on Azure SQL Database are not those of the view.
  const guid = facts.edition === 5 ? null : rows[0]?.['guid'];
  if (typeof guid === 'string' && guid !== '') return { guid: guid.toLowerCase(), database: facts.database };
  const name = rows[0]?.['server'];
  const server = typeof name === 'string' && facts.edition < 5 ? name : `${host}:${instance ?? port}`;
  return { server, database: facts.database };
}

async function namesOf(connection: SqlServerConnection): Promise<readonly Row[]> {
  try {
    return await connection.rows(`/* sqlextract:identity */
      SELECT CONVERT(nvarchar(128), @@SERVERNAME) AS server,
        CONVERT(varchar(36), (SELECT r.database_guid FROM sys.database_recovery_status r WHERE r.database_id = DB_ID())) AS guid`);
  } catch (error) {
    // The view is not on every service, and is not everybody's to read.
    if (connection.tedious.closed) throw error;
    return [];
  }
}
