import { parsePostgres } from '../../../src/sources/postgres/config.ts';
import { connect } from '../../../src/sources/postgres/connect.ts';
import { takeSnapshot } from '../../../src/sources/postgres/snapshot.ts';
import type { SnapshotRequest } from '../../../src/sources/source.ts';

// A program for snapshot.test.ts: takes a snapshot, prints its lease, and waits to be killed.
const { url, request } = JSON.parse(process.env['SNAPSHOT_JOB'] ?? '{}') as { url: string; request: SnapshotRequest };
const config = parsePostgres({ url, environment: {} });
const client = await connect(config, 'sqlextract test');
const snapshot = await takeSnapshot(client, config, request);
process.stdout.write(`${JSON.stringify({ lease: snapshot.lease, facts: snapshot.facts })}\n`);
await new Promise((resolve) => setTimeout(resolve, 60_000));
