import type { Manifest } from '../model/manifest.ts';
import { formatByName } from '../formats/registry.ts';
import type { TableRun } from './table-run.ts';

/** What the manifest of a run will say, as far as it is known before a row is read. */
export interface RunDraft
  extends Pick<Manifest, 'run' | 'job' | 'table' | 'schema' | 'format' | 'startedAt' | 'incremental'> {
  /** Absolute: where the files lie. */
  readonly folder: string;
}

export async function draftOf(run: TableRun): Promise<RunDraft> {
  const { table, settings } = run;
  const format = await formatByName(settings.format);
  return {
    run: run.runId,
    job: run.jobId,
    table: { schema: table.schema, name: table.name, kind: table.kind, nativeName: run.name },
    schema: { columns: table.columns, primaryKey: table.primaryKey },
    format: {
      name: settings.format,
      compression: settings.compression,
      ...(format.dialect === null ? {} : { dialect: { ...format.dialect, nullMarker: settings.nullMarker } }),
      nullMarker: format.dialect === null ? null : settings.nullMarker,
    },
    startedAt: run.startedAt,
    ...(run.increment === null ? {} : { incremental: run.increment.window }),
    folder: run.folder,
  };
}
