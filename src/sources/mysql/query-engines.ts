import type { Connection } from 'mysql2';
import { displayName, type TableName } from '../../model/table.ts';
import { type PossibleName, possibleNames } from './named-tables.ts';
import { queryCell, queryRows } from './query-rows.ts';
import { quoteText } from './quote.ts';

/** What a statement reads: the engines without snapshots, and why that is not all of it. */
export interface ReadEngines {
  readonly loose: readonly string[];
  /** '' when it is known in full. */
  readonly unknown: string;
}

interface Source {
  readonly sql: string;
  /** Of names without a database. */
  readonly schema: string;
  /** A query was taken by the server, so that its tables are there; a view as the server prints it has all its tables qualified. */
  readonly kind: 'query' | 'view' | 'function';
}

/**
 * The engines without snapshots of all tables that a SELECT reads, those below views and inside functions too. Neither EXPLAIN nor what the
 * server announces has all of them: a table that is only counted, or of one row, is optimized away. Every name of the text is looked up
 * instead; a column that is called as a table is taken for it, which promises too little rather than too much.
 */
export function enginesOfQuery(connection: Connection, sql: string, schema: string): Promise<ReadEngines> {
  return new Search(connection).all([{ sql, schema, kind: 'query' }]);
}

/** By the view's own text, which the server shows to those who have SHOW VIEW. */
export async function enginesOfView(connection: Connection, view: TableName): Promise<ReadEngines> {
  const search = new Search(connection);
  await search.openView(view);
  return search.all([]);
}

class Search {
  private readonly connection: Connection;
  private readonly loose = new Set<string>();
  private readonly seen = new Set<string>();
  private readonly waiting: Source[] = [];
  private unknown = '';

  constructor(connection: Connection) {
    this.connection = connection;
  }

  async all(sources: readonly Source[]): Promise<ReadEngines> {
    this.waiting.push(...sources);
    for (let source = this.waiting.pop(); source !== undefined; source = this.waiting.pop()) await this.look(source);
    return { loose: [...this.loose].toSorted(), unknown: this.unknown };
  }

  async openView(view: TableName): Promise<void> {
    const place = `TABLE_SCHEMA = ${quoteText(view.schema)} AND TABLE_NAME = ${quoteText(view.name)}`;
    const sql = await queryCell(this.connection, `SELECT VIEW_DEFINITION FROM information_schema.VIEWS WHERE ${place}`);
    if (sql === null || sql === '') this.give(`the text of view ${displayName(view)} is not shown without SHOW VIEW`);
    else this.waiting.push({ sql, schema: view.schema, kind: 'view' });
  }

  private async look(source: Source): Promise<void> {
    const names = possibleNames(source.sql);
    if (names === null) return this.give(`the text of a ${source.kind} cannot be read`);
    const placed = names.map((one) => ({
      ...one,
      schema: one.schema ?? source.schema,
      qualified: one.schema !== null,
    }));
    for (const [schema, some] of Map.groupBy(placed, (one) => one.schema)) {
      if (schema === '') continue;
      const tables = await this.tablesOf(schema, some);
      const called = some.filter((one) => one.called);
      const known = new Set([...tables, ...(await this.openFunctions(schema, called))]);
      const hidden = some.find((one) => mustBeKnown(one, source.kind) && !known.has(one.name.toLowerCase()));
      if (hidden !== undefined) this.give(`${schema}.${hidden.name} is not shown to this user`);
    }
  }

  /** Notes the engines of those that are tables, in lower case by name. */
  private async tablesOf(schema: string, names: readonly PossibleName[]): Promise<ReadonlySet<string>> {
    const rows = await queryRows(
      this.connection,
      `SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE, ENGINE FROM information_schema.TABLES
       WHERE TABLE_SCHEMA = ${quoteText(schema)} AND LOWER(TABLE_NAME) IN (${listOf(names)})`,
    );
    for (const [database, name, type, engine] of rows) {
      const table = { schema: database ?? '', name: name ?? '' };
      if (!this.isNew('table', table)) continue;
      if (type === 'VIEW') await this.openView(table);
      else if (type === 'SYSTEM VIEW') this.loose.add('information_schema');
      else if (engine === null) this.give(`${displayName(table)} has no engine`);
      else if (engine !== undefined && !/^(?:innodb|sequence)$/i.test(engine)) this.loose.add(engine);
    }
    return new Set(rows.map(([, name]) => (name ?? '').toLowerCase()));
  }

  private async openFunctions(schema: string, names: readonly PossibleName[]): Promise<readonly string[]> {
    if (names.length === 0) return [];
    const place = `ROUTINE_SCHEMA = ${quoteText(schema)} AND ROUTINE_TYPE = 'FUNCTION'`;
    const rows = await queryRows(
      this.connection,
      `SELECT ROUTINE_SCHEMA, ROUTINE_NAME, ROUTINE_DEFINITION FROM information_schema.ROUTINES
       WHERE ${place} AND LOWER(ROUTINE_NAME) IN (${listOf(names)})`,
    );
    for (const [database, name, sql] of rows) {
      const routine = { schema: database ?? '', name: name ?? '' };
      if (!this.isNew('function', routine)) continue;
      if (sql == null) this.give(`the text of function ${displayName(routine)} is not shown to this user`);
      else this.waiting.push({ sql, schema: routine.schema, kind: 'function' });
    }
    return rows.map(([, name]) => (name ?? '').toLowerCase());
  }

  private isNew(kind: string, { schema, name }: TableName): boolean {
    const key = JSON.stringify([kind, schema, name]);
    const before = this.seen.size;
    return this.seen.add(key).size > before;
  }

  private give(reason: string): void {
    if (this.unknown === '') this.unknown = reason;
  }
}

/**
 * Whoever wrote a view or function may read more than this user. What a query names this user may read: its names behind FROM may be those of
 * its own WITH, or stand in EXTRACT(… FROM …).
 */
function mustBeKnown(one: PossibleName & { readonly qualified: boolean }, kind: Source['kind']): boolean {
  if (kind === 'query' || one.name.toLowerCase() === 'dual') return false;
  return one.qualified ? one.joined || one.called : kind === 'function' && one.joined;
}

function listOf(names: readonly PossibleName[]): string {
  return [...new Set(names.map(({ name }) => name.toLowerCase()))].map(quoteText).join(', ');
}

/** Other engines show their rows as they are at the moment, also inside a transaction. */
export function outsideSnapshot({ loose, unknown }: ReadEngines): string | null {
  if (loose.length > 0) {
    const engine = loose.length === 1 ? `the engine ${loose[0]} has` : `the engines ${loose.join(' and ')} have`;
    return `${engine} no snapshots: such rows are read as they are at the moment`;
  }
  return unknown === '' ? null : `it cannot be told which tables it reads, so that no snapshot is promised: ${unknown}`;
}
