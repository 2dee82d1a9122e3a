import type { TableLoad } from '../../ingest/ingest-plan.ts';
import { mysqlTarget } from '../../ingest/targets/mysql.ts';
import type { ExistingColumn } from '../loader.ts';
import type { MysqlConnection } from './mysql-connection.ts';

export interface MysqlColumn extends ExistingColumn {
  /** Computed by the server: it takes no value. */
  readonly generated: boolean;
}

/** In their order; empty when there is no such table. */
export async function existingColumns(
  connection: MysqlConnection,
  { target: { schema, name } }: TableLoad,
): Promise<readonly MysqlColumn[]> {
  const rows = await connection.rows(
    `SELECT column_name, column_type, is_nullable, column_default, extra, generation_expression FROM information_schema.columns WHERE ${place(schema, name)} ORDER BY ordinal_position`,
  );
  return rows.map(([column, type, nullable, preset, extra, expression]) => {
    const generated = expression !== null && expression !== '';
    const filled = generated || preset !== null || /auto_increment|DEFAULT_GENERATED/i.test(extra ?? '');
    return { name: column ?? '', type: type ?? '', nullable: nullable === 'YES', filled, generated };
  });
}

export async function exists(connection: MysqlConnection, schema: string | null, name: string): Promise<boolean> {
  const rows = await connection.rows(`SELECT 1 FROM information_schema.tables WHERE ${place(schema, name)}`);
  return rows.length > 0;
}

/** What goes with a table that another takes the name of. Grants and views go by the name, and stay. */
export async function lostWith(
  connection: MysqlConnection,
  { target: { schema, name } }: TableLoad,
): Promise<readonly string[]> {
  const at = place(schema, name);
  const ofEvent = at.replace('table_schema', 'event_object_schema').replace('table_name', 'event_object_table');
  const rows = await connection.rows(
    `SELECT CONCAT('trigger ', trigger_name) FROM information_schema.triggers WHERE ${ofEvent}
     UNION ALL SELECT CONCAT(CASE constraint_type WHEN 'FOREIGN KEY' THEN 'foreign key ' ELSE 'constraint ' END, constraint_name)
       FROM information_schema.table_constraints WHERE ${at} AND constraint_type IN ('FOREIGN KEY', 'CHECK')
     UNION ALL SELECT DISTINCT CONCAT('index ', index_name) FROM information_schema.statistics WHERE ${at} AND index_name <> 'PRIMARY'
     UNION ALL SELECT CONCAT('auto_increment of ', column_name) FROM information_schema.columns WHERE ${at} AND extra LIKE '%auto_increment%'`,
  );
  return rows.map(([text]) => text ?? '');
}

function place(schema: string | null, name: string): string {
  const database = schema === null ? 'DATABASE()' : String(mysqlTarget.quoteLiteral(schema));
  return `table_schema = ${database} AND table_name = ${String(mysqlTarget.quoteLiteral(name))}`;
}
