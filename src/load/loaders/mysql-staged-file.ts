import type { LoadFile, TableLoad } from '../../ingest/ingest-plan.ts';
import { filesTable } from '../../ingest/targets/mysql-load-data.ts';
import { mysqlTarget } from '../../ingest/targets/mysql.ts';
import { SqlextractError } from '../../model/problem.ts';
import { displayName } from '../../model/table.ts';
import type { MysqlConnection } from './mysql-connection.ts';

const DUPLICATE = 1062;

/** False: another process has staged the file meanwhile. Waits while one is at it. */
export async function claimed(
  connection: MysqlConnection,
  load: TableLoad,
  { name, sha256, rows }: LoadFile,
): Promise<boolean> {
  const values = [mysqlTarget.quoteLiteral(name), mysqlTarget.quoteLiteral(sha256), rows].join(', ');
  try {
    await connection.execute(`INSERT INTO ${String(filesTable(load))} (name, sha256, \`rows\`) VALUES (${values})`);
    return true;
  } catch (error) {
    if (error instanceof SqlextractError && (error.cause as { errno?: unknown } | undefined)?.errno === DUPLICATE)
      return false;
    throw error;
  }
}

export function wrongCount(load: TableLoad, file: LoadFile, rows: number): SqlextractError {
  const table = displayName({ schema: load.target.schema ?? '', name: load.target.name });
  return new SqlextractError({
    code: 'LOAD_REFUSED',
    message: `${table}: ${rows} rows were loaded of ${file.name}, and the manifest says ${file.rows}; nothing was changed`,
    hint: 'see docs/targets.md, "What stops a load"',
    fault: 'data',
  });
}
