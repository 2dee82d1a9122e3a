import { displayCommandLine, faultSpec } from '../config/process-environment.ts';
import type { Settings } from '../config/settings.ts';
import { tableSettings } from '../config/table-settings.ts';
import type { ExtractRequest, TableSettings } from '../engine/request.ts';
import type { Compression, FileFormat } from '../formats/format.ts';
import { FORMAT_NAMES, formatByName } from '../formats/registry.ts';
import { SqlextractError } from '../model/problem.ts';
import { sourceOf } from './open-source.ts';

export interface CallFacts {
  readonly argv: readonly string[];
  readonly toolVersion: string;
  readonly stop: AbortSignal;
}

/** What `extract` and `plan` ask of the engine. Throws what `sourceOf` does, and USAGE_COMPRESSION. */
export async function extractRequest(settings: Settings, facts: CallFacts): Promise<ExtractRequest> {
  const { driver, source } = await sourceOf(settings);
  const formats = await Promise.all(FORMAT_NAMES.map(formatByName));
  const secrets = settings.secrets;
  return {
    driver,
    source,
    tables: { include: settings.tables, exclude: settings.excludeTables },
    tableSettings: (schema, name) => settingsOf(settings, formats, schema, name),
    out: settings.out,
    stateDir: settings.stateDir,
    jobName: settings.job,
    runKey: settings.runKey,
    fresh: settings.fresh,
    consistency: settings.consistency,
    holdMs: settings.holdMs,
    keepSnapshot: settings.keepSnapshot,
    onTableError: settings.onTableError,
    workers: settings.workers,
    batchRows: settings.batchRows,
    bufferBytes: settings.bufferBytes,
    parallelWrite: settings.parallelWrite,
    toolVersion: facts.toolVersion,
    commandLine: displayCommandLine(facts.argv, secrets),
    faultPoint: faultSpec(),
    stop: facts.stop,
    memoryLimitBytes: settings.resources.memoryBytes,
  };
}

function settingsOf(settings: Settings, formats: readonly FileFormat[], schema: string, name: string): TableSettings {
  const found = tableSettings(settings, schema, name);
  const { columns, excludeColumns, asText, compression, ...rest } = found;
  const format = formats.find((one) => one.name === found.format);
  if (format === undefined) throw new Error(`no format is registered as ${found.format}`);
  return {
    ...rest,
    selection: { include: columns, exclude: excludeColumns, asText },
    compression: compressionOf(format, compression),
  };
}

function compressionOf(format: FileFormat, asked: Compression | null): Compression {
  if (asked === null) return format.defaultCompression;
  if (format.compressions.includes(asked)) return asked;
  throw new SqlextractError({
    code: 'USAGE_COMPRESSION',
    message: `${format.name} files cannot be compressed with ${asked}`,
    hint: `--compression ${format.compressions.join(', or ')}`,
    fault: 'usage',
  });
}
