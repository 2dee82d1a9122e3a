import type { TestProject } from 'vitest/node';
import { buildProgram } from './build-program.ts';
import { provideClients } from './client-programs.ts';
import { startMariadb } from './mariadb-server.ts';
import { startPostgres } from './postgres-server.ts';

/** Runs once before all tests: the servers that the tests share, each test file in a database of its own. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  buildProgram();
  const postgres = await startPostgres();
  // Started one after the other: both may call apt-get, which lets only one in.
  const mariadb = await startMariadb().catch(async (error: unknown) => {
    await postgres.stop();
    throw error;
  });
  try {
    provideClients();
  } catch (error) {
    await Promise.all([postgres.stop(), mariadb.stop()]);
    throw error;
  }
  project.provide('postgresUrl', postgres.url);
  project.provide('mariadbUrl', mariadb.url);
  return async () => {
    await Promise.all([postgres.stop(), mariadb.stop()]);
  };
}
