import type { TestProject } from 'vitest/node';
import { startPostgres } from './postgres-server.ts';

/** Runs once before all tests: the server that the PostgreSQL tests share, each in a database of its own. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startPostgres();
  project.provide('postgresUrl', server.url);
  return () => server.stop();
}
