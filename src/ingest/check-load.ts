import type { Manifest } from '../model/manifest.ts';
import { SqlextractError } from '../model/problem.ts';
import { displayName } from '../model/table.ts';
import type { TableLoad } from './ingest-plan.ts';
import { needsKey } from './load-mode.ts';
import { checkNul } from './check-nul.ts';
import { checkState } from './check-state.ts';
import type { LoadOrder, ManifestPlace } from './load-order.ts';
import type { IngestTarget } from './target.ts';

/**
 * Everything that can be told from the manifest alone. Throws INGEST_MIXED, INGEST_CHUNK, INGEST_WINDOW, INGEST_MODE, INGEST_TYPE,
 * INGEST_MARKER, INGEST_NUL, INGEST_OPTION. What a target's own client cannot read is asked by `checkReads`, since `load` reads more than clients do.
 */
export function checkLoad(load: TableLoad, place: ManifestPlace, order: LoadOrder, target: IngestTarget): void {
  checkState(load, place, order);
  checkWindow(load, order);
  checkTypes(load, target, order.flavor);
  checkMarker(load, place.manifest, target);
  checkNul(place.manifest, order, target);
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
function checkMarker(
  { format, source, incremental }: TableLoad,
  manifest: Pick<Manifest, 'totals'>,
  target: IngestTarget,
): void {
  const cells = manifest.totals.markerCells ?? 'nobody counted how many';
  if (format.name !== 'csv' || cells === 0 || target.capabilities.tellsQuotedMarker) return;
  const table = displayName(source.table);
  const are = cells === 1 ? `1 cell of ${table} is` : `${cells} cells of ${table} are`;
  throw new SqlextractError({
    code: 'INGEST_MARKER',
    message: `${are} the text ${JSON.stringify(format.nullMarker)}, which ${target.title} would read as NULL`,
    hint: `${incremental?.previous ? `begin anew (sqlextract watermark reset --table ${table})` : 'extract'} with another marker, for example --null '~NULL~', or with --format parquet`,
    fault: 'data',
  });
}
