import { SqlextractError } from '../../model/problem.ts';
import type { CandidateKey } from '../../model/table.ts';
import { rowidName } from './catalog.ts';
import type { CatalogColumn, Relation } from './catalog.ts';
import { allRows, numberCell, textCell } from './query.ts';
import type { Connection } from './query.ts';
import { quoteIdentifier } from './quote.ts';

interface IndexInfo {
  readonly name: string;
  readonly unique: boolean;
  readonly origin: 'c' | 'u' | 'pk';
  readonly partial: boolean;
  /** Null for an expression or the row id. */
  readonly columns: readonly (string | null)[];
}

const ORIGIN_RANK: Readonly<Record<IndexInfo['origin'], number>> = { pk: 0, u: 1, c: 2 };

/**
 * Best first: the row id (its own name or the INTEGER PRIMARY KEY), the primary key of a WITHOUT ROWID table, then indexes:
 * unique before others, without NULL before with. Views and virtual tables have none.
 */
export function candidateKeys(
  connection: Connection,
  relation: Relation,
  columns: readonly CatalogColumn[],
): readonly CandidateKey[] {
  if (relation.kind !== 'table') return [];
  const indexes = indexesOf(connection, relation);
  const fromIndexes = indexes
    .toSorted((a, b) => ORIGIN_RANK[a.origin] - ORIGIN_RANK[b.origin])
    .map((index) => keyOfIndex(connection, relation, columns, index))
    .toSorted((a, b) => rank(a) - rank(b));
  const rowid = rowidKey(relation, columns, indexes);
  return rowid === null ? fromIndexes : [rowid, ...fromIndexes];
}

function rank(key: CandidateKey): number {
  return (key.unique ? 0 : 2) + (key.nullable ? 1 : 0);
}

/** The INTEGER PRIMARY KEY is the row id when it has no index of its own (`INTEGER PRIMARY KEY DESC` has one, `INT PRIMARY KEY` too). */
export function rowidAlias(
  relation: Relation,
  columns: readonly CatalogColumn[],
  hasPrimaryIndex: boolean,
): CatalogColumn | null {
  const primary = columns.filter((column) => column.primaryKeyPlace > 0);
  const alone = primary.length === 1 ? primary[0] : undefined;
  return relation.kind === 'table' && !relation.withoutRowid && !hasPrimaryIndex ? (alone ?? null) : null;
}

export function hasPrimaryIndex(connection: Connection, relation: Relation): boolean {
  return relation.kind === 'table' && indexesOf(connection, relation).some((index) => index.origin === 'pk');
}

function rowidKey(
  relation: Relation,
  columns: readonly CatalogColumn[],
  indexes: readonly IndexInfo[],
): CandidateKey | null {
  if (relation.withoutRowid) return null;
  const common = { unique: true, nullable: false, integer: true, scattered: false, refused: null };
  const alias = rowidAlias(
    relation,
    columns,
    indexes.some((index) => index.origin === 'pk'),
  );
  if (alias !== null) return { name: alias.name, columns: [alias.name], kind: 'primary', ...common };
  const name = rowidName(columns);
  return name === null ? null : { name, columns: [name], kind: 'rowid', ...common };
}

function indexesOf(connection: Connection, relation: Relation): readonly IndexInfo[] {
  return allRows(connection, `PRAGMA index_list(${quoteIdentifier(relation.name)})`).map((row) => {
    const name = textCell(row, 1);
    const parts = allRows(connection, `PRAGMA index_xinfo(${quoteIdentifier(name)})`);
    return {
      name,
      unique: numberCell(row, 2) === 1,
      origin: textCell(row, 3) as IndexInfo['origin'],
      partial: numberCell(row, 4) === 1,
      columns: parts
        .filter((part) => numberCell(part, 5) === 1)
        .map((part) => (typeof part[2] === 'string' ? part[2] : null)),
    };
  });
}

function keyOfIndex(
  connection: Connection,
  relation: Relation,
  columns: readonly CatalogColumn[],
  index: IndexInfo,
): CandidateKey {
  const names = index.columns.map((name) => name ?? '(expression)');
  const parts = index.columns.map((name) => columns.find((column) => column.name === name));
  const declared = parts[0]?.declared.trim().toLowerCase() ?? '';
  return {
    name: index.name,
    columns: names,
    kind: index.origin === 'pk' ? 'primary' : index.unique ? 'unique' : 'index',
    unique: index.unique,
    nullable: parts.some((part) => part?.notNull !== true),
    // By declaration only: another cell in it would be no boundary that can be computed with, so never claimed for an index.
    integer: false,
    scattered: index.origin !== 'pk' || !relation.withoutRowid ? declared.includes('uuid') : false,
    refused: refusal(connection, relation, index),
  };
}

function refusal(connection: Connection, relation: Relation, index: IndexInfo): string | null {
  if (index.partial) return 'it is a partial index, which does not hold every row';
  if (index.columns.includes(null)) return 'it is an index over an expression';
  const names = index.columns.filter((name) => name !== null);
  return servesOrder(connection, relation, names)
    ? null
    : 'it is sorted in another way than its columns compare (collation or direction)';
}

/** Whether an index gives the rows in the order in which the columns compare. Asked of the query planner, which knows the collations. */
export function servesOrder(
  connection: Connection,
  relation: Pick<Relation, 'name'>,
  columns: readonly string[],
): boolean {
  const list = columns.map(quoteIdentifier).join(', ');
  try {
    const plan = allRows(
      connection,
      `EXPLAIN QUERY PLAN SELECT ${list} FROM ${quoteIdentifier(relation.name)} ORDER BY ${list} LIMIT 1`,
    );
    return !plan.some((row) => textCell(row, 3).includes('TEMP B-TREE'));
  } catch (error) {
    // A collation that only the owning application defines: "no such collation sequence".
    if (error instanceof SqlextractError && error.problem.code === 'SOURCE_QUERY') return false;
    throw error;
  }
}
