import type { CandidateKey } from '../../model/table.ts';
import type { Relation } from './catalog.ts';
import { type CatalogTable, type NativeColumn, objectNumber } from './columns.ts';
import type { SqlServerConnection } from './connection.ts';
import { keyCodec } from './key-values.ts';

/** One column of one usable index. */
interface IndexColumn {
  readonly index: string;
  readonly name: string;
  readonly clustered: boolean;
  readonly primary: boolean;
  readonly unique: boolean;
  readonly descending: boolean;
  readonly column: NativeColumn;
}

export interface TableKeys {
  readonly primaryKey: readonly string[];
  readonly candidates: readonly CandidateKey[];
}

/**
 * Rowstore B-trees (type 1 clustered, 2 nonclustered) over all rows: not disabled, hypothetical or filtered; XML, spatial, columnstore
 * and hash indexes have other types. Included columns, and the partition column that the server adds, have key_ordinal 0.
 */
function indexes(table: CatalogTable): string {
  return `/* sqlextract:indexes */
    SELECT i.index_id, i.name, i.type, i.is_primary_key, i.is_unique, ic.column_id, ic.is_descending_key
    FROM sys.indexes i JOIN sys.index_columns ic ON ic.object_id = i.object_id AND ic.index_id = i.index_id
    WHERE i.object_id = ${objectNumber(table)} AND i.type IN (1, 2) AND i.is_disabled = 0 AND i.is_hypothetical = 0
      AND COALESCE(i.has_filter, 0) = 0 AND ic.is_included_column = 0 AND ic.key_ordinal > 0
    ORDER BY i.index_id, ic.key_ordinal`;
}

const INTEGERS = ['bigint', 'int', 'smallint', 'tinyint'];

/**
 * Best first: primary key, unique keys without NULL, unique keys with NULL, plain indexes over NOT NULL columns, the others; of equals
 * the clustered one, in whose order the rows lie.
 */
export async function tableKeys(
  connection: SqlServerConnection,
  relation: Relation,
  columns: readonly NativeColumn[],
): Promise<TableKeys> {
  const rows = await connection.rows(indexes(relation));
  const byId = new Map(columns.map((column) => [String(column.id), column]));
  const parts = rows.map((row): IndexColumn | null => {
    const column = byId.get(String(row['column_id']));
    if (column === undefined) return null;
    return {
      index: String(row['index_id']),
      name: String(row['name'] ?? 'index'),
      clustered: row['type'] === '1',
      primary: row['is_primary_key'] === '1',
      unique: row['is_unique'] === '1',
      descending: row['is_descending_key'] === '1',
      column,
    };
  });
  const whole = [...Map.groupBy(parts, (_, at) => String(rows[at]?.['index_id'])).values()].filter(
    (group): group is IndexColumn[] => group.every((part) => part !== null),
  );
  const primary = whole.find((group) => group[0]?.primary);
  return {
    primaryKey: primary?.map(({ column }) => column.name) ?? [],
    candidates: whole
      .filter((group) => group.every((part) => part.descending === group[0]?.descending))
      .map((group) => ({ key: candidateOf(group), clustered: group[0]?.clustered === true }))
      .sort((one, other) => rank(one) - rank(other) || (one.key.name < other.key.name ? -1 : 1))
      .map(({ key }) => key),
  };
}

function candidateOf(parts: readonly IndexColumn[]): CandidateKey {
  const [first] = parts as readonly [IndexColumn, ...IndexColumn[]];
  return {
    name: first.name,
    columns: parts.map(({ column }) => column.name),
    kind: first.primary ? 'primary' : first.unique ? 'unique' : 'index',
    unique: first.unique,
    nullable: parts.some(({ column }) => !column.notNull),
    integer: parts.length === 1 && INTEGERS.includes(first.column.native.name),
    scattered: !first.clustered && first.column.native.name === 'uniqueidentifier',
    refused: parts.map(({ column }) => refusal(column)).find((reason) => reason !== null) ?? null,
  };
}

/** Why a column's values cannot be boundaries; null when they can. */
export function refusal(column: NativeColumn): string | null {
  const { name, native } = column;
  if (!column.readable || column.hidden !== null) return `column ${name} may not be read as it is by this login`;
  return keyCodec(native) === null
    ? `column ${name} has the type ${native.display}, whose order or text is not exact`
    : null;
}

function rank({ key, clustered }: { key: CandidateKey; clustered: boolean }): number {
  const kind = key.kind === 'primary' ? 0 : (key.unique ? 100 : 300) + (key.nullable ? 100 : 0);
  return kind + (clustered ? 0 : 10) + (key.integer ? 0 : 50) + Math.min(key.columns.length, 40) / 10;
}
