import type { JobSelection } from '../checkpoint/job.ts';
import { describeColumnType } from '../model/column-type.ts';
import type { Manifest } from '../model/manifest.ts';
import type { ColumnSchema, TableSchema } from '../model/table.ts';
import { DEFAULT_POLICIES } from '../model/value-policies.ts';
import type { ColumnSelection, SourceSession } from '../sources/source.ts';
import type { Difference } from './verification.ts';

export interface ComparedSchema {
  /** With the columns of the manifest, in its order; null when the source cannot give them any more. */
  readonly table: TableSchema | null;
  readonly differences: readonly Difference[];
  readonly remarks: readonly string[];
}

/**
 * The table as the source describes it now, with the columns that the files have. A column that is gone or has another type is a
 * difference; one that was added since is a remark, when the state still knows that all columns were asked for. Throws what `describe`
 * throws, TABLE_NOT_FOUND among it.
 */
export async function compareSchema(
  session: SourceSession,
  manifest: Manifest,
  selection: JobSelection | null,
): Promise<ComparedSchema> {
  const { columns } = manifest.schema;
  const policies = manifest.selection.policies ?? DEFAULT_POLICIES;
  const all = await describeAsThen(session, manifest, { include: null, exclude: [], asText: [], policies });
  const columnNow = new Map(all.columns.map((column) => [column.name, column]));
  const gone = columns.filter(({ name }) => !columnNow.has(name));
  if (gone.length > 0) return { table: null, differences: gone.map((column) => changed(column, null)), remarks: [] };
  const names = columns.map(({ name }) => name);
  const asText = columns.filter((column) => wasReadAsText(column, columnNow.get(column.name)));
  const table = await describeAsThen(session, manifest, {
    include: names,
    exclude: [],
    asText: asText.map(({ name }) => name),
    policies,
  });
  const differences = columns.flatMap((column, index) => {
    const now = table.columns[index];
    return now !== undefined && shape(now) === shape(column) ? [] : [changed(column, now ?? null)];
  });
  const wantedAll = selection !== null && selection.include === null && selection.exclude.length === 0;
  const added = wantedAll ? all.columns.filter(({ name }) => !names.includes(name)) : [];
  const remarks = added.map(({ name }) => `the source has a column ${name} now, which the files do not have`);
  return { table: differences.length === 0 ? table : null, differences, remarks };
}

function describeAsThen(session: SourceSession, manifest: Manifest, selection: ColumnSelection): Promise<TableSchema> {
  const { table, query } = manifest;
  if (query === undefined) return session.describe(table, selection);
  return session.describeQuery({ name: table.name, sql: query.sql, splitBy: null, selection });
}

/** The manifest does not say it; but what became text is text by itself, or with another note, only when it was asked for. */
function wasReadAsText(column: ColumnSchema, now: ColumnSchema | undefined): boolean {
  return column.type.kind === 'string' && (now?.type.kind !== 'string' || now.note !== column.note);
}

function changed(before: ColumnSchema, now: ColumnSchema | null): Difference {
  const found = now === null ? 'no such column' : shape(now);
  return { kind: 'source schema', file: null, column: before.name, expected: shape(before), found };
}

function shape(column: ColumnSchema): string {
  return `${column.name} ${column.nativeType} (${describeColumnType(column.type)})`;
}
