import type { Answer } from '../../support/tds-stand-in/answer.ts';
import type { Handler } from '../../support/tds-stand-in/server.ts';
import { type StandInTable, tableHandler } from '../../support/tds-stand-in/table-engine.ts';
import { int, intN, nvarchar, type WireType } from '../../support/tds-stand-in/wire-types.ts';

const TABLES: readonly StandInTable[] = ['plain', 'in_memory'].map((name) => ({
  name,
  columns: [{ name: 'id', typeName: 'int', maxLength: 4, notNull: true, wire: int }],
  rows: () => [[1], [2]],
}));

export type CatalogRow = Readonly<Record<string, number | string | null>>;

/** The stand-in with snapshot isolation switched on: it counts transactions, and refuses what SQL Server refuses inside them. */
export class SnapshotServer {
  /** Statements that SQL Server would have refused. */
  readonly refusals: string[] = [];
  readonly handler: Handler;
  private readonly depth = new Map<number, number>();

  /** Null: the catalog does not show the database. */
  constructor(server: CatalogRow | null = {}) {
    const tables = tableHandler(TABLES);
    this.handler = async (sql, answer) => {
      const rows = this.rowsFor(sql, answer.spid, server);
      if (rows !== null) return answerRows(answer, rows);
      if (sql.includes('[in_memory]') && (this.inTransaction(answer.spid) || !sql.includes('WITH (SNAPSHOT)')))
        this.note(sql);
      return tables(sql, answer);
    };
  }

  private inTransaction(spid: number): boolean {
    return (this.depth.get(spid) ?? 0) > 0;
  }

  private note(sql: string): void {
    if (/sqlextract:(read|touch|lock|checksum|boundary) /.test(sql)) this.refusals.push(sql);
  }

  private rowsFor(sql: string, spid: number, server: CatalogRow | null): readonly CatalogRow[] | null {
    const tag = /^\s*\/\* sqlextract:([\w-]+) \*\//.exec(sql)?.[1] ?? '';
    if (/BEGIN TRANSACTION/.test(sql)) this.depth.set(spid, 1);
    if (/ROLLBACK/.test(sql)) this.depth.set(spid, 0);
    switch (tag) {
      case 'server':
      case 'isolation':
        return server === null ? [] : [{ ...SERVER, ...server }];
      case 'tables':
        return TABLES.filter(({ name }) => sql.includes(`N'${name}'`)).map(({ name }) => relation(name));
      case 'transaction':
        return [{ depth: this.depth.get(spid) ?? 0 }];
      case 'rowversion':
        return [{ version: '0x00000000000007D1' }];
      case 'updateability':
        return [{ updateability: 'READ_WRITE' }];
      case 'places':
        return [{ partition_id: '1', hobt_id: '1' }];
      case 'gate':
        return [sql.includes('APPLOCK_TEST') ? { free: 1 } : { answer: 0 }];
      default:
        return null;
    }
  }
}

const SERVER: CatalogRow = {
  name: 'stand',
  babelfish: 0,
  edition: 3,
  updateability: 'READ_WRITE',
  sees_definitions: 1,
  sees_policies: 0,
  snapshot_isolation_state: 1,
  is_read_committed_snapshot_on: 0,
  source_database_id: null,
  is_read_only: 0,
};

function relation(name: string): CatalogRow {
  return {
    object_id: 1000 + TABLES.findIndex((table) => table.name === name),
    schema_name: 'dbo',
    table_name: name,
    type: 'U',
    temporal_type: 0,
    is_memory_optimized: name === 'in_memory' ? 1 : 0,
    is_external: 0,
    same_name: 1,
    same_schema: 1,
    default_schema: 1,
    row_count: null,
    bytes: null,
  };
}

async function answerRows(answer: Answer, rows: readonly CatalogRow[]): Promise<void> {
  const names = Object.keys(rows[0] ?? {});
  if (names.length === 0) return answer.done({ count: null });
  const columns = names.map((name) => ({ name, type: wireOf(rows, name) }));
  return answer.result(
    columns,
    rows.map((row) => names.map((name) => row[name])),
  );
}

function wireOf(rows: readonly CatalogRow[], name: string): WireType<never> {
  if (rows.every((row) => typeof row[name] === 'number')) return int;
  return rows.some((row) => row[name] === null) ? intN(4) : nvarchar(400);
}
