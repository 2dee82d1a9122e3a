import type { Manifest } from '../model/manifest.ts';
import { formatByName } from '../formats/registry.ts';
import type { ExtractRequest, TableSettings } from './request.ts';
import type { TableRun } from './table-run.ts';

/** What the manifest of a run will say, as far as it is known before a row is read. */
export interface RunDraft
  extends Pick<Manifest, 'run' | 'job' | 'source' | 'table' | 'schema' | 'format' | 'startedAt' | 'incremental'> {
  /** Absolute: where the files lie. */
  readonly folder: string;
}

export async function draftOf(run: TableRun, request: ExtractRequest): Promise<RunDraft> {
  const { table, settings } = run;
  return {
    run: run.runId,
    job: run.jobId,
    source: { url: request.source.displayUrl, identity: run.identity },
    table: { schema: table.schema, name: table.name, kind: table.kind, nativeName: run.name },
    schema: { columns: table.columns, primaryKey: table.primaryKey },
    format: await formatOf(settings),
    startedAt: run.startedAt,
    ...(run.increment === null ? {} : { incremental: run.increment.window }),
    folder: run.folder,
  };
}

/** What a manifest says of files that are written with these settings. */
export async function formatOf({
  format: name,
  compression,
  nullMarker,
}: Pick<TableSettings, 'format' | 'compression' | 'nullMarker'>): Promise<Manifest['format']> {
  const { dialect } = await formatByName(name);
  return {
    name,
    compression,
    ...(dialect === null ? {} : { dialect: { ...dialect, nullMarker } }),
    nullMarker: dialect === null ? null : nullMarker,
  };
}
