import type { Connection } from 'mysql2';
import type { Relation } from './catalog.ts';
import { serverErrorNumber } from './errors.ts';
import { queryCell } from './query-rows.ts';
import { quoteText } from './quote.ts';

/**
 * The server's own identity of a table: the number InnoDB gave it (another after TRUNCATE and after an ALTER that copies it), where this user
 * may read it (PROCESS); else when it was created; a view goes by its name.
 */
export async function tableId(connection: Connection, relation: Relation): Promise<string> {
  const name = `${relation.schema}.${relation.name}`;
  if (relation.kind === 'view') return `view ${name}`;
  const number = relation.engine?.toLowerCase() === 'innodb' ? await innodbId(connection, relation) : null;
  if (number !== null) return `innodb ${number}`;
  return relation.createdAt === null ? name : `${name} of ${relation.createdAt}`;
}

/** Partitions are tables of their own to InnoDB, and names are spelled as file names: only plain ones are looked for. */
async function innodbId(connection: Connection, relation: Relation): Promise<string | null> {
  const { schema, name } = relation;
  if (relation.kind !== 'table' || !/^[A-Za-z0-9_]+$/.test(schema + name)) return null;
  for (const view of ['INNODB_SYS_TABLES', 'INNODB_TABLES']) {
    try {
      const where = `NAME = ${quoteText(`${schema}/${name}`)}`;
      return await queryCell(connection, `SELECT TABLE_ID FROM information_schema.${view} WHERE ${where}`);
    } catch (error) {
      // No such view in this server; or PROCESS is missing.
      if (![1109, 1146, 1227, 1044].includes(serverErrorNumber(error) ?? 0)) throw error;
    }
  }
  return null;
}
