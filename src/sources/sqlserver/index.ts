import type { SourceDriver } from '../source.ts';
import { parseSqlServer } from './config.ts';
import { connect } from './connect.ts';
import { classifySqlServer, connectionProblem } from './errors.ts';
import { readServerFacts } from './server-facts.ts';
import { SqlServerSession } from './session.ts';
import { typeLines } from './types.ts';

/** SQL Server 2017 and later, Azure SQL, and Babelfish for PostgreSQL. Type rules: types.ts. */
export const sqlServerDriver: SourceDriver = {
  name: 'sqlserver',
  urlSchemes: ['sqlserver', 'mssql'],
  caveat:
    'Not yet run on SQL Server itself: a stand-in for its protocol and Babelfish for PostgreSQL are what it was tried on.',
  // snapshot.ts: what sessions share is found out only when a snapshot is taken.
  capabilities: {
    sharedSnapshot: false,
    snapshotOutlivesRun: false,
    lateJoin: true,
    // It keeps the gate (aligned-snapshot.ts).
    extraSessions: ({ mode, required, allowLocks }) => (mode === 'shared' && (required || allowLocks) ? 1 : 0),
  },
  typeLines,
  parse: parseSqlServer,
  async open(config, role) {
    const connection = await connect(config, `sqlextract ${role}`);
    try {
      // A reader that only reads never needs them: on Babelfish they take as long as 100,000 rows.
      const facts = role === 'coordinator' ? await readServerFacts(connection) : null;
      return new SqlServerSession(connection, config, facts);
    } catch (error) {
      await connection.close();
      throw connectionProblem(error, config);
    }
  },
  classify: classifySqlServer,
  peekHolder: () => Promise.resolve(null),
  endHolder: () => Promise.resolve(),
};
