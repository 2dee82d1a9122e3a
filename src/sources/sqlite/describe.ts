import { SqlextractError } from '../../model/problem.ts';
import { displayName } from '../../model/table.ts';
import type { ColumnSchema, TableName, TableSchema } from '../../model/table.ts';
import type { ColumnSelection } from '../source.ts';
import { columnsOf, objectIdOf, resolveRelation, tableRef } from './catalog.ts';
import type { CatalogColumn, Relation } from './catalog.ts';
import { scanCellClasses } from './cell-classes.ts';
import { fromClause } from './from-clause.ts';
import { candidateKeys, hasPrimaryIndex, rowidAlias } from './keys.ts';
import { didYouMean } from '../../model/nearest-names.ts';
import type { Connection } from './query.ts';
import { AS_TEXT_NOTE, planByCells, planDeclaredType } from './types.ts';
import type { CellClasses, TypePlan } from './types.ts';

/** See SourceSession.describe. Columns whose declaration says nothing cost one scan of the table. */
export function describeTable(connection: Connection, table: TableName, selection: ColumnSelection): TableSchema {
  const relation = resolveRelation(connection, table);
  const all = columnsOf(connection, relation);
  const name: TableName = { schema: '', name: relation.name };
  const selected = selectColumns(name, all, selection);
  const asText = new Set(selection.asText.map((typed) => resolveColumn(name, all, typed).name));
  const alias = rowidAlias(relation, all, hasPrimaryIndex(connection, relation));
  const readable = { name: relation.name, from: fromClause(relation), untold: relation.kind === 'view' };
  const plans = planColumns(connection, readable, selected, asText);
  const keys = candidateKeys(connection, relation, all);
  const byRowid = keys[0]?.kind === 'rowid';
  return {
    ...tableRef(connection, relation),
    objectId: objectIdOf(connection, relation, byRowid),
    columns: selected.map((column, index) => ({
      ...(plans[index] as PlannedType),
      name: column.name,
      nativeType: column.declared,
      nullable: !column.notNull && column.name !== alias?.name,
    })),
    primaryKey: all
      .filter((column) => column.primaryKeyPlace > 0)
      .toSorted((a, b) => a.primaryKeyPlace - b.primaryKeyPlace)
      .map((column) => column.name),
    candidateKeys: keys,
    physicalParts: [],
    remarks: remarksOf(relation, byRowid),
  };
}

export type PlannedType = Pick<ColumnSchema, 'type' | 'note' | 'exact'>;

export function selectColumns(
  table: TableName,
  all: readonly CatalogColumn[],
  selection: ColumnSelection,
): readonly CatalogColumn[] {
  const excluded = new Set(selection.exclude.map((typed) => resolveColumn(table, all, typed).name));
  const included =
    selection.include === null ? all : selection.include.map((typed) => resolveColumn(table, all, typed));
  const selected = [...new Set(included)].filter((column) => !excluded.has(column.name));
  if (selected.length > 0) return selected;
  throw new SqlextractError({
    code: 'NO_COLUMNS',
    message: `no column of ${displayName(table)} is left to extract`,
    hint: 'check --columns and --exclude-columns',
    fault: 'usage',
  });
}

/** SQLite's own rule: names are equal without regard to the case of ASCII letters, and a table has no two such. */
export function resolveColumn(table: TableName, all: readonly CatalogColumn[], typed: string): CatalogColumn {
  const lower = typed.toLowerCase();
  const found =
    all.find((column) => column.name === typed) ?? all.find((column) => column.name.toLowerCase() === lower);
  if (found !== undefined) return found;
  throw new SqlextractError({
    code: 'COLUMN_NOT_FOUND',
    message: `${displayName(table)} has no column ${typed}`,
    hint: didYouMean(
      typed,
      all.map((column) => column.name),
    ),
    fault: 'usage',
  });
}

/** What columns are planned of: a table, a view or a query. */
interface Readable {
  readonly name: string;
  /** As it stands behind FROM. */
  readonly from: string;
  /** SQLite calls a column without declared type BLOB, as it does in a view. */
  readonly untold: boolean;
}

export function planColumns(
  connection: Connection,
  relation: Readable,
  columns: readonly CatalogColumn[],
  asText: ReadonlySet<string>,
): readonly PlannedType[] {
  const plans = columns.map((column) => (asText.has(column.name) ? null : declaredPlan(relation, column)));
  const scanned = columns.filter((_, index) => plans[index]?.kind === 'by-cells').map((column) => column.name);
  const classes = new Map<string, CellClasses>();
  scanCellClasses(connection, relation.from, scanned).forEach((each, index) => classes.set(scanned[index] ?? '', each));
  return plans.map((plan, index) => {
    const name = columns[index]?.name ?? '';
    if (plan === null) return { type: { kind: 'string' }, note: AS_TEXT_NOTE };
    if (plan.kind === 'by-cells') return planOrRefuse(relation, name, classes.get(name));
    const { kind: _, ...planned } = plan;
    return planned;
  });
}

function declaredPlan(relation: Readable, column: CatalogColumn): TypePlan {
  const untold = relation.untold && column.declared.toUpperCase() === 'BLOB';
  return planDeclaredType(untold ? '' : column.declared);
}

function planOrRefuse(relation: Readable, column: string, classes: CellClasses | undefined): PlannedType {
  const plan = classes === undefined ? null : planByCells(classes);
  if (plan !== null) return plan;
  throw new SqlextractError({
    code: 'TYPE_REFUSED',
    message: `column ${column} of ${relation.name} holds blobs beside ${[...(classes?.classes ?? [])].filter((each) => each !== 'blob').join(', ')} cells, which no one type takes`,
    hint: `add --as-text ${relation.name}.${column}, or leave the column out with --exclude-columns ${column}`,
    fault: 'data',
  });
}

function remarksOf(relation: Relation, keyedByRowid: boolean): readonly string[] {
  if (relation.kind === 'view') return ['a view has no key: it is read in one stream'];
  if (relation.kind === 'virtual') return ['a virtual table has no key: it is read in one stream'];
  return keyedByRowid ? ['ranges are cut by row id, which VACUUM gives anew: do not VACUUM while the run lasts'] : [];
}
