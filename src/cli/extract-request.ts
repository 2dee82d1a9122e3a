import { displayCommandLine, faultSpec } from '../config/process-environment.ts';
import { withVars } from '../config/incremental-settings.ts';
import type { Settings } from '../config/settings.ts';
import { querySettings, tableSettings } from '../config/table-settings.ts';
import type { ExtractRequest, TableSettings } from '../engine/request.ts';
import type { Compression, FileFormat } from '../formats/format.ts';
import { FORMAT_NAMES, formatByName } from '../formats/registry.ts';
import { SqlextractError } from '../model/problem.ts';
import type { ValuePolicies } from '../model/value-policies.ts';
import { checkFlags } from './check-flags.ts';
import { sourceOf } from './open-source.ts';

export interface CallFacts {
  readonly argv: readonly string[];
  readonly toolVersion: string;
  readonly stop: AbortSignal;
}

/** What `extract` and `plan` ask of the engine. Throws what `sourceOf` and `checkFlags` do, and USAGE_COMPRESSION. */
export async function extractRequest(settings: Settings, facts: CallFacts): Promise<ExtractRequest> {
  const { driver, source } = await sourceOf(settings);
  checkFlags(settings, driver);
  const formats = await Promise.all(FORMAT_NAMES.map(formatByName));
  const secrets = settings.secrets;
  return {
    driver,
    source,
    tables: { include: settings.tables, exclude: settings.excludeTables },
    policies: policiesOf(settings),
    queries: settings.queries,
    tableSettings: (schema, name) => settingsOf(settings, formats, tableSettings(settings, schema, name)),
    querySettings: (name) => settingsOf(settings, formats, querySettings(settings, name)),
    out: settings.out,
    stateDir: settings.stateDir,
    jobName: settings.job,
    runKey: settings.runKey,
    fresh: settings.fresh,
    consistency: settings.consistency,
    holdMs: settings.holdMs,
    keepSnapshot: settings.keepSnapshot,
    allowLocks: settings.allowLocks,
    onTableError: settings.onTableError,
    onChange: settings.onChange,
    onDrift: settings.onDrift,
    workers: settings.workers,
    maxConnections: settings.maxConnections,
    rates: { rowsPerSecond: settings.maxRowsPerSecond, bytesPerSecond: settings.maxBytesPerSecond },
    maxQueryMs: settings.maxQuerySeconds === null ? null : settings.maxQuerySeconds * 1000,
    budget: { attemptsPerChunk: settings.retries + 1, failuresPerRun: settings.maxFailures },
    batchRows: settings.batchRows,
    bufferBytes: settings.bufferBytes,
    parallelWrite: settings.parallelWrite,
    toolVersion: facts.toolVersion,
    commandLine: displayCommandLine(facts.argv, secrets),
    faultPoint: faultSpec(),
    stop: facts.stop,
    sync: null,
    memoryLimitBytes: settings.resources.memoryBytes,
  };
}

function settingsOf(
  settings: Settings,
  formats: readonly FileFormat[],
  found: ReturnType<typeof tableSettings>,
): TableSettings {
  const { columns, excludeColumns, asText, compression, ...rest } = found;
  const format = formats.find((one) => one.name === found.format);
  if (format === undefined) throw new Error(`no format is registered as ${found.format}`);
  return {
    ...rest,
    incremental: rest.incremental === null ? null : withVars(rest.incremental, settings.vars),
    selection: { include: columns, exclude: excludeColumns, asText, policies: policiesOf(settings) },
    compression: compressionOf(format, compression),
  };
}

export function policiesOf({ zeroDates, tinyint1 }: Settings): ValuePolicies {
  return { zeroDates, tinyint1 };
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
