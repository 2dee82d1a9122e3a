import type { HolderView, SourceDriver } from '../source.ts';
import { parsePostgres } from './config.ts';
import type { SnapshotLease } from '../../model/epoch.ts';
import { connect } from './connect.ts';
import { endConnection } from './open-connection.ts';
import { attend, peekHolder } from './holder-client.ts';
import { classifyPostgres, connectionProblem } from './errors.ts';
import { readServerFacts } from './server-facts.ts';
import { PostgresSession } from './session.ts';
import { typeLines } from './type-lines.ts';

/** PostgreSQL 13 to 18, and servers that speak its protocol. Type rules: types.ts. */
export const postgresDriver: SourceDriver = {
  name: 'postgres',
  urlSchemes: ['postgres', 'postgresql'],
  capabilities: { sharedSnapshot: true, snapshotOutlivesRun: true, lateJoin: true, rowCursor: 'xmin' },
  typeLines,
  parse: parsePostgres,
  async open(config, role) {
    const client = await connect(config, `sqlextract ${role}`);
    try {
      return new PostgresSession(client, config, await readServerFacts(client, config));
    } catch (error) {
      await endConnection(client);
      throw connectionProblem(error, config);
    }
  },
  classify: classifyPostgres,
  peekHolder: viewHolder,
  endHolder: async (lease) => (await attend(lease, []))?.release(),
};

async function viewHolder(lease: SnapshotLease): Promise<HolderView | null> {
  const answer = await peekHolder(lease);
  if (answer === null || answer.state.kind === 'ended') return null;
  const { pid, state } = answer;
  return state.kind === 'orphaned'
    ? { pid, state: 'orphaned', endsInMs: state.endsInMs }
    : { pid, state: 'attended', endsInMs: null };
}
