import type { Connection } from 'mysql2';
import type { CandidateKey } from '../../model/table.ts';
import type { Relation } from './catalog.ts';
import type { NativeColumn } from './columns.ts';
import { isInteger, refusedAsKey } from './key-literal.ts';
import { queryRecords } from './query-rows.ts';
import { quoteTable } from './quote.ts';

/** One column of one index, as SHOW INDEX has it. */
interface IndexPart {
  readonly index: string;
  readonly unique: boolean;
  readonly position: number;
  /** Null for an expression (MySQL 8). */
  readonly column: string | null;
  readonly descending: boolean;
  /** Characters of the value that the index holds; null for all. */
  readonly prefix: number | null;
  readonly type: string;
  /** MySQL's invisible and MariaDB's ignored indexes, which no query may name. */
  readonly hidden: boolean;
}

/**
 * Best first: the key that the table is stored by, unique keys without NULL, unique keys with NULL, indexes over NOT NULL columns, the others.
 * Indexes over expressions are left out; others that give no order of whole values are listed with the reason. Views have none.
 */
export async function candidateKeys(
  connection: Connection,
  relation: Relation,
  columns: readonly NativeColumn[],
): Promise<readonly CandidateKey[]> {
  if (relation.kind === 'view') return [];
  const records = await queryRecords(connection, `SHOW INDEX FROM ${quoteTable(relation)}`);
  const byName = new Map(columns.map((column) => [column.name, column]));
  const indexes = [...Map.groupBy(records.map(partOf), (part) => part.index).values()].map((parts) =>
    parts.toSorted((one, other) => one.position - other.position),
  );
  const clustered = clusteredIndex(indexes, byName);
  return indexes
    .flatMap((parts) => candidateOf(parts, byName, clustered))
    .sort((one, other) => rank(one) - rank(other) || (one.name < other.name ? -1 : 1));
}

function partOf(record: ReadonlyMap<string, string | null>): IndexPart {
  const cell = (name: string): string | null => record.get(name) ?? null;
  return {
    index: cell('Key_name') ?? '',
    unique: cell('Non_unique') === '0',
    position: Number(cell('Seq_in_index')),
    column: cell('Column_name'),
    descending: cell('Collation') === 'D',
    prefix: cell('Sub_part') === null ? null : Number(cell('Sub_part')),
    type: (cell('Index_type') ?? '').toUpperCase(),
    hidden: cell('Visible') === 'NO' || cell('Ignored') === 'YES',
  };
}

/** InnoDB stores the rows in the order of the primary key, else of the first unique key without NULL. */
function clusteredIndex(
  indexes: readonly (readonly IndexPart[])[],
  columns: ReadonlyMap<string, NativeColumn>,
): string | null {
  if (indexes.some(([part]) => part?.index === 'PRIMARY')) return 'PRIMARY';
  const usable = (part: IndexPart): boolean =>
    part.unique && part.prefix === null && part.column !== null && columns.get(part.column)?.notNull === true;
  return indexes.find((parts) => parts.every(usable))?.[0]?.index ?? null;
}

function candidateOf(
  parts: readonly IndexPart[],
  columns: ReadonlyMap<string, NativeColumn>,
  clustered: string | null,
): readonly CandidateKey[] {
  const [first] = parts as readonly [IndexPart, ...IndexPart[]];
  const over = parts.map((part) => columns.get(part.column ?? ''));
  if (over.some((column) => column === undefined)) return [];
  const known = over as readonly NativeColumn[];
  return [
    {
      name: first.index,
      columns: known.map((column) => column.name),
      kind: !first.unique ? 'index' : first.index === 'PRIMARY' ? 'primary' : 'unique',
      unique: first.unique && parts.every((part) => part.prefix === null),
      nullable: known.some((column) => !column.notNull),
      integer: known.length === 1 && isInteger((known[0] as NativeColumn).native),
      scattered: first.index !== clustered,
      refused: refusalOf(parts, known),
    },
  ];
}

function refusalOf(parts: readonly IndexPart[], columns: readonly NativeColumn[]): string | null {
  const [first] = parts as readonly [IndexPart, ...IndexPart[]];
  if (first.type !== 'BTREE') return `it is a ${first.type} index, which has no order to cut ranges from`;
  if (first.hidden) return 'the index is hidden from queries (invisible or ignored)';
  const prefix = parts.find((part) => part.prefix !== null);
  if (prefix !== undefined)
    return `the index holds only the first ${prefix.prefix} characters of column ${prefix.column}`;
  if (parts.some((part) => part.descending !== first.descending)) return 'its columns run in different directions';
  const unread = columns.find((column) => !column.readable);
  if (unread !== undefined) return `this user may not read its column ${unread.name}`;
  return columns.map((column) => refusedAsKey(column.name, column.native)).find((reason) => reason !== null) ?? null;
}

function rank(key: CandidateKey): number {
  if (key.kind === 'primary') return 0;
  const kind = (key.unique ? 100 : 300) + (key.nullable ? 100 : 0);
  return kind + (key.scattered ? 20 : 0) + (key.integer ? 0 : 50) + Math.min(key.columns.length, 15);
}
