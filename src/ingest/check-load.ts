import type { Manifest } from '../model/manifest.ts';
import { SqlextractError } from '../model/problem.ts';
import { displayName } from '../model/table.ts';
import type { TableLoad } from './ingest-plan.ts';
import { needsKey } from './load-mode.ts';
import type { LoadOrder } from './plan-table.ts';
import type { IngestTarget } from './target.ts';

/**
 * Everything that can be told from the manifest alone. Throws INGEST_MIXED, INGEST_CHUNK, INGEST_WINDOW, INGEST_MODE, INGEST_TYPE,
 * INGEST_MARKER. What a target's own client cannot read is asked by `checkReads`, since `load` reads more than clients do.
 */
export function checkLoad(
  load: TableLoad,
  manifest: Pick<Manifest, 'totals'>,
  order: LoadOrder,
  target: IngestTarget,
): void {
  checkState(load, order);
  checkWindow(load, order);
  checkTypes(load, target, order.flavor);
  checkMarker(load, manifest, target);
}

/** Throws INGEST_FORMAT when the target's client does not read files of that format and compression. */
export function checkReads(load: TableLoad, target: IngestTarget, flavor: string | null): void {
  const { name, compression } = load.format;
  const read = target.capabilities.reads[name];
  const table = displayName(load.source.table);
  if (read === undefined) {
    throw new SqlextractError({
      code: 'INGEST_FORMAT',
      message: `the client of ${flavor ?? target.title} does not read ${name} files, and those of ${table} are`,
      hint: `extract with --format csv, or use \`sqlextract load\`, which reads ${name} itself`,
      fault: 'usage',
    });
  }
  if (read.includes(compression)) return;
  throw new SqlextractError({
    code: 'INGEST_FORMAT',
    message: `${target.title} does not read ${name} files compressed with ${compression}, and those of ${table} are`,
    hint: `extract with --format ${name} --compression ${read.join(', or ')}`,
    fault: 'usage',
  });
}

/**
 * A window of an incremental job may be of several instants: whoever changes a row meanwhile stamps it beyond the window's end, which was fixed
 * before the first of them, so that no row is in it twice, and what it has of an old state the next window brings anew. Refused, it would stand
 * in the way of all windows after it.
 */
function checkState({ source, incremental }: TableLoad, { allowMixed }: LoadOrder): void {
  const table = displayName(source.table);
  if (allowMixed || incremental !== null || source.consistency === 'snapshot' || source.consistency === 'unchanged')
    return;
  const chunked = source.consistency === 'chunk';
  throw new SqlextractError({
    code: 'INGEST_MIXED',
    message: chunked
      ? `run ${source.run} of ${table} was read without a snapshot: each file is as the table was at another instant`
      : `run ${source.run} of ${table} is mixed: its files are of more than one instant, and may miss rows or have them twice`,
    hint: 'extract again with --fresh --consistency require, or load it as it is with --allow-mixed',
    fault: 'data',
  });
}

function checkWindow(load: TableLoad, order: LoadOrder): void {
  if (order.window !== null && load.mode !== 'delete-insert') {
    throw new SqlextractError({
      code: 'INGEST_WINDOW',
      message: `--window is of --mode delete-insert, not of ${load.mode}`,
      hint: 'add --mode delete-insert, or leave --window out',
      fault: 'usage',
    });
  }
  if (load.dedupeBy === null || needsKey(load.mode, load.window)) return;
  throw new SqlextractError({
    code: 'INGEST_MODE',
    message: `--dedupe-by needs a mode that goes by keys, and ${load.mode} does not`,
    hint: 'use --mode merge or --mode delete-insert, or leave --dedupe-by out',
    fault: 'usage',
  });
}

/** All that are refused, so that one call tells all. */
function checkTypes(load: TableLoad, target: IngestTarget, flavor: string | null): void {
  const refused = load.columns.flatMap((column) => {
    const type = target.columnType(column, flavor);
    return type.kind === 'refusal' ? [{ name: column.source.name, ...type }] : [];
  });
  const [first] = refused;
  if (first === undefined) return;
  throw new SqlextractError({
    code: 'INGEST_TYPE',
    message: refused
      .map(({ name, reason }) => `column ${name} of ${displayName(load.source.table)}: ${reason}`)
      .join('; '),
    hint: first.hint,
    fault: 'data',
  });
}

/** A text that is equal to the NULL marker is quoted in our files; a target that cannot tell would make NULL of it. */
function checkMarker({ format, source }: TableLoad, manifest: Pick<Manifest, 'totals'>, target: IngestTarget): void {
  const cells = manifest.totals.markerCells ?? 'nobody counted how many';
  if (format.name !== 'csv' || cells === 0 || target.capabilities.tellsQuotedMarker) return;
  throw new SqlextractError({
    code: 'INGEST_MARKER',
    message: `${cells} cells of ${displayName(source.table)} are the text ${JSON.stringify(format.nullMarker)}, which ${target.title} would read as NULL`,
    hint: "extract with another marker, for example --null '~NULL~'",
    fault: 'data',
  });
}
