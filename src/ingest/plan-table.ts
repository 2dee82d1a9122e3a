import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { SqlextractError } from '../model/problem.ts';
import { displayName } from '../model/table.ts';
import { checkLoad } from './check-load.ts';
import { remarksOfNul } from './check-nul.ts';
import { remarksOfState } from './check-state.ts';
import type { LoadColumn, LoadFile, TableLoad } from './ingest-plan.ts';
import { deletedColumnOf, deletesOf } from './deleted-rows.ts';
import { needsKey } from './load-mode.ts';
import type { LoadOrder, ManifestPlace, PlannedManifest } from './load-order.ts';
import { type MeasuredColumn, measuredNumber } from './measured-number.ts';
import { incrementOf, ledgerRun, plannedMode } from './plan-window.ts';
import { columnNames, foldedName, targetName } from './target-names.ts';
import type { IngestTarget } from './target.ts';

/**
 * The load of one manifest. Throws INGEST_… (fault usage or data) for what cannot be loaded as asked, before anything is written: see
 * check-load.ts; INGEST_KEY, INGEST_COLUMN for names that no column has, INGEST_NAME for what the target cannot name.
 */
export function planTable(place: ManifestPlace, number: number, order: LoadOrder, target: IngestTarget): TableLoad {
  const { manifest, folder } = place;
  const { mode, windowed, ...chosen } = plannedMode(manifest, order, target);
  const table = displayName(manifest.table);
  const sources = manifest.schema.columns;
  const choice = { identifierCase: order.identifierCase, renames: renamesOf(manifest, order) };
  const names = columnNames(
    table,
    sources.map(({ name }) => name),
    choice,
    target,
  );
  const named = (name: string, flag: string): string => columnNamed(name, flag, manifest, names);
  const window = windowed(named);
  const key = keyOf(manifest, { mode, window, chosen: chosen.key }, named);
  const measured = sources.map((source, index): MeasuredColumn => {
    return order.measure ? measuredNumber(manifest, index, target) : { source, remark: null };
  });
  const columns = measured.map(({ source, inFile }, index): LoadColumn => {
    const name = names[index] ?? source.name;
    const measuredBytes = order.measure ? (manifest.totals.maxBytes[index] ?? null) : null;
    const column = { source, name, isKey: key.includes(name), measuredBytes, ignored: false };
    return inFile === undefined ? column : { ...column, inFile };
  });
  const tableTarget = targetOf(manifest, order, target);
  const load: TableLoad = {
    number,
    source: {
      table: { schema: manifest.table.schema, name: manifest.table.name },
      job: manifest.job,
      run: manifest.run,
      extractedAt: manifest.startedAt,
      consistency: manifest.consistency.level,
      ...identityOf(manifest),
    },
    target: tableTarget,
    ledger: ledgerOf(manifest, tableTarget, target),
    mode,
    columns,
    key,
    dedupeBy: order.dedupeBy === null || mode === 'delete' ? null : named(order.dedupeBy, '--dedupe-by'),
    window,
    incremental: incrementOf(manifest, order),
    deletes: deletesOf(manifest, order),
    deletedColumn: deletedColumnOf(manifest, order, names, target),
    format: manifest.format,
    ...(order.nul === 'remove' ? { removesNul: true } : {}),
    files: filesOf(manifest, folder),
    rows: manifest.totals.rows,
    tag: tagOf(manifest, tableTarget),
    remarks: [
      ...remarksOf(manifest, names, tableTarget),
      ...measured.flatMap(({ remark }) => remark ?? []),
      ...remarksOfNul(manifest, order),
    ],
  };
  checkLoad(load, place, order, target);
  return { ...load, remarks: [...load.remarks, ...remarksOfState(load, place)] };
}

/**
 * Of the server whose table of the run's name the rows were read from. The name of a query is anybody's choice: it is that of a table that
 * was read only where the query speaks of it. (A run that is not finished has no text yet; its load comes later, with the text.)
 */
function identityOf({ source, table, query }: PlannedManifest): Pick<TableLoad['source'], 'identity'> {
  const isRead = table.kind !== 'query' || (query?.sql.toLowerCase().includes(table.name.toLowerCase()) ?? false);
  return source === undefined || !isRead ? {} : { identity: source.identity };
}

/** Those of columns. A delete set has but the key of the table's columns: another's new name is none of it. */
function renamesOf(manifest: PlannedManifest, { renames }: LoadOrder): LoadOrder['renames'] {
  const { deletes, schema } = manifest;
  const there = new Set(schema.columns.map(({ name }) => name.toLowerCase()));
  return new Map(
    [...renames].filter(
      ([from]) => there.has(from.toLowerCase()) || (deletes === undefined && !isTable(manifest, from)),
    ),
  );
}

/** A name that a column has is the column's; with its schema the table has it all the same. */
function newTableName(manifest: PlannedManifest, { renames }: LoadOrder): string {
  const columns = new Set(manifest.schema.columns.map(({ name }) => name.toLowerCase()));
  const found = [...renames].find(([from]) => isTable(manifest, from) && !columns.has(from.toLowerCase()));
  return found?.[1] ?? manifest.table.name;
}

function isTable({ table }: PlannedManifest, name: string): boolean {
  return [table.name, displayName(table)].some((each) => each.toLowerCase() === name.toLowerCase());
}

function filesOf(manifest: PlannedManifest, folder: string): readonly LoadFile[] {
  return manifest.files.map(({ path, rows, bytes, sha256, maxBytes }, index) => ({
    number: index + 1,
    name: path,
    path: join(folder, path),
    rows,
    bytes,
    sha256,
    widestRow: widestRow(maxBytes),
  }));
}

/** Every byte may be doubled (a quote, two hex digits); what is not text has its room. */
function widestRow(maxBytes: readonly number[]): number {
  return maxBytes.reduce((sum, bytes) => sum + 2 * bytes + 64, 0);
}

function targetOf(manifest: PlannedManifest, order: LoadOrder, target: IngestTarget): TableLoad['target'] {
  const { schema } = manifest.table;
  const { defaultSchema, schemaIsDatabase } = target.capabilities;
  const isDefault = schema === '' || schemaIsDatabase === true || ['public', 'dbo', 'main'].includes(schema);
  const wanted = order.schema ?? (isDefault ? defaultSchema : schema);
  const cased = (text: string): string =>
    targetName(`table ${displayName(manifest.table)}`, text, order.identifierCase, target);
  return {
    schema: wanted === null || wanted === '' ? null : cased(wanted),
    name: cased(newTableName(manifest, order)),
  };
}

function keyOf(
  manifest: PlannedManifest,
  order: Pick<TableLoad, 'mode' | 'window'> & { readonly chosen: readonly string[] },
  named: (name: string, flag: string) => string,
): readonly string[] {
  if (order.chosen.length > 0) return [...new Set(order.chosen.map((name) => named(name, '--key')))];
  const { primaryKey, columns } = manifest.schema;
  const there = primaryKey.every((name) => columns.some((column) => column.name === name));
  if (primaryKey.length > 0 && there) return primaryKey.map((name) => named(name, 'the primary key'));
  if (!needsKey(order.mode, order.window)) return [];
  throw new SqlextractError({
    code: 'INGEST_KEY',
    message: `${order.mode} needs a key, and ${displayName(manifest.table)} has no primary key in its files`,
    hint: `name the columns that tell its rows apart: --key ${columns[0]?.name ?? 'id'}`,
    fault: 'usage',
  });
}

/** By the file's name or the target's, exactly, else without regard to case. */
function columnNamed(typed: string, flag: string, manifest: PlannedManifest, names: readonly string[]): string {
  const pairs = manifest.schema.columns.map(({ name }, index) => ({ source: name, target: names[index] ?? name }));
  const same = (one: string): boolean => one.toLowerCase() === typed.toLowerCase();
  const found =
    pairs.find(({ source, target }) => source === typed || target === typed) ??
    pairs.find(({ source, target }) => same(source) || same(target));
  if (found !== undefined) return found.target;
  throw new SqlextractError({
    code: 'INGEST_COLUMN',
    message: `${flag} ${typed}: the files of ${displayName(manifest.table)} have no column of that name`,
    hint: `their columns are ${names.join(', ')}`,
    fault: 'usage',
  });
}

function ledgerOf({ job, run }: PlannedManifest, into: TableLoad['target'], target: IngestTarget): TableLoad['ledger'] {
  return {
    table: foldedName(displayName({ schema: into.schema ?? '', name: into.name }), target),
    run: ledgerRun(job, run),
  };
}

/** The same run into the same table always has the same one: a load that was killed finds what it staged. */
function tagOf({ job, run }: PlannedManifest, target: TableLoad['target']): string {
  return createHash('sha256')
    .update(JSON.stringify([job, run, target.schema, target.name]))
    .digest('hex')
    .slice(0, 12);
}

function remarksOf(
  manifest: PlannedManifest,
  names: readonly string[],
  target: TableLoad['target'],
): readonly string[] {
  const changed = manifest.schema.columns.flatMap(({ name }, index) =>
    names[index] === name ? [] : [`column ${name} is ${names[index]} in the target`],
  );
  const { name } = manifest.table;
  return target.name === name ? changed : [`table ${name} is ${target.name} in the target`, ...changed];
}
