import type { Connection } from 'mysql2';
import { serverErrorNumber } from './errors.ts';
import { watched } from './query-rows.ts';
import { quoteName } from './quote.ts';

/** A collation that only text of utf8mb4 can be given; the server names the character set of any other text in refusing it. */
const PROBE = 'utf8mb4_bin';
const NOT_OF_SET = 1253;

/**
 * The character sets of text columns of a query, by name. What is announced with the columns is the set that results are sent in, and any
 * function that tells the columns' own would run the query, but the server checks a COLLATE when it prepares a statement.
 *
 * @param from the query as a derived table
 */
export async function queryCharacterSets(
  connection: Connection,
  from: string,
  names: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  if (names.length === 0) return new Map();
  const list = names.map((name) => `${quoteName(name)} COLLATE ${PROBE}`).join(', ');
  const found = await refusedSet(connection, `SELECT ${list} FROM ${from}`);
  if (found === null) return new Map(names.map((name) => [name, 'utf8mb4']));
  if (names.length === 1) return new Map([[names[0] as string, found]]);
  const middle = names.length >> 1;
  return new Map([
    ...(await queryCharacterSets(connection, from, names.slice(0, middle))),
    ...(await queryCharacterSets(connection, from, names.slice(middle))),
  ]);
}

/** Null when the server takes the statement; '' when it does not say which set it is. */
function refusedSet(connection: Connection, sql: string): Promise<string | null> {
  const answer = new Promise<string | null>((resolve, reject) => {
    connection.prepare(sql, (error, statement) => {
      if (error === null) {
        statement.close();
        connection.unprepare(sql);
        return resolve(null);
      }
      if (serverErrorNumber(error) !== NOT_OF_SET) return reject(error);
      const quoted = [...error.message.matchAll(/'(\w+)'/g)].map(([, word]) => word);
      resolve(quoted.findLast((word) => word !== PROBE) ?? '');
    });
  });
  return watched(connection, answer);
}
