import { connectMariadb, mariadbUrl } from './mariadb-server.ts';

export type ServerKind = 'mariadb' | 'mysql';

/** Which of the two the tests' server is, by its own word. */
export async function serverKind(url: string = mariadbUrl()): Promise<ServerKind> {
  const client = await connectMariadb(url);
  const [rows] = await client.query<never[]>('SELECT VERSION() AS version');
  await client.end();
  return /mariadb/i.test(String((rows[0] as { version?: string } | undefined)?.version)) ? 'mariadb' : 'mysql';
}

/**
 * What a case of the suites is that one of the two servers does not have, and why. Whoever leaves a case out by this table must ask the server
 * for it all the same: one that it takes is an exception that is no longer needed, which fails.
 */
export const NOT_ON: Readonly<Record<ServerKind, Readonly<Record<string, string>>>> = {
  mysql: {
    inet4: 'a type of MariaDB',
    inet6: 'a type of MariaDB',
    uuid: 'a type of MariaDB',
    'decimal(38,38)': 'MySQL has at most 30 digits behind the point',
  },
  mariadb: {},
};

/** The types among `types` that the server refuses to make a column of. */
export async function refusedTypes(types: readonly string[], url: string = mariadbUrl()): Promise<readonly string[]> {
  const client = await connectMariadb(url);
  const refused: string[] = [];
  const name = `refused_${process.pid}_${Date.now()}`;
  await client.query(`CREATE DATABASE ${name}`);
  for (const type of types) {
    const made = await client.query(`CREATE TABLE ${name}.t (v ${type})`).then(
      () => true,
      () => false,
    );
    if (made) await client.query(`DROP TABLE ${name}.t`);
    else refused.push(type);
  }
  await client.query(`DROP DATABASE ${name}`);
  await client.end();
  return refused;
}
