import type { SourceDriver } from '../source.ts';
import { parsePostgres } from './config.ts';
import { connect } from './connect.ts';
import { classifyPostgres, connectionProblem } from './errors.ts';
import { readServerFacts } from './server-facts.ts';
import { PostgresSession } from './session.ts';

/** PostgreSQL 13 to 18, and servers that speak its protocol. Type rules: types.ts. */
export const postgresDriver: SourceDriver = {
  name: 'postgres',
  urlSchemes: ['postgres', 'postgresql'],
  capabilities: { sharedSnapshot: true, snapshotOutlivesRun: true, lateJoin: true },
  parse: parsePostgres,
  async open(config, role) {
    const client = await connect(config, `sqlextract ${role}`);
    try {
      return new PostgresSession(client, config, await readServerFacts(client, config));
    } catch (error) {
      await client.end().catch(() => undefined);
      throw connectionProblem(error, config);
    }
  },
  classify: classifyPostgres,
};
