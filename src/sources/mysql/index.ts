import type { SourceDriver } from '../source.ts';
import { parseMysql } from './config.ts';
import { connect } from './connect.ts';
import { endConnection } from './open-connection.ts';
import { classifyMysql, connectionProblem } from './errors.ts';
import { readServerFacts } from './server-facts.ts';
import { MysqlSession } from './session.ts';
import { typeLines } from './type-lines.ts';

/** MySQL 8 and MariaDB 10.6 and later. Type rules: types.ts. */
export const mysqlDriver: SourceDriver = {
  name: 'mysql',
  urlSchemes: ['mysql', 'mariadb'],
  capabilities: {
    sharedSnapshot: true,
    snapshotOutlivesRun: false,
    lateJoin: false,
    // It holds the lock (locks.ts).
    extraSessions: ({ mode, allowLocks }) => (mode === 'shared' && allowLocks ? 1 : 0),
  },
  typeLines,
  parse: parseMysql,
  async open(config, role) {
    const connection = await connect(config, `sqlextract ${role}`);
    try {
      return new MysqlSession(connection, config, await readServerFacts(connection));
    } catch (error) {
      await endConnection(connection);
      throw connectionProblem(error, config);
    }
  },
  classify: classifyMysql,
  peekHolder: () => Promise.resolve(null),
  endHolder: () => Promise.resolve(),
};
