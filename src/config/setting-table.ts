import { choiceParser, parseBoolean, parseText } from './parse-choice.ts';
import { countParser } from './parse-count.ts';
import { parseDuration } from './parse-duration.ts';
import { parseLookback } from './parse-lookback.ts';
import { parseSize } from './parse-size.ts';
import { parseVars } from './parse-vars.ts';
import { STRATEGIES, type Lookback } from '../model/cursor.ts';
import type { ValueParser } from './value-place.ts';

/** Where the value of a setting came from; 'chosen' from the cores and the memory there are. */
export type Origin = 'flag' | 'environment' | 'file' | 'default' | 'chosen';

/** A setting with one value: how it is written at its three places, and what holds when it is at none. */
export interface Setting<T> {
  /** Without the dashes; the environment's name follows from it: `chunk-size` is SQLEXTRACT_CHUNK_SIZE. */
  readonly flag: string;
  /** Where it stands in sqlextract.yaml; null: nowhere, because it belongs to one call and not to a project. */
  readonly file: { readonly section: 'top' | 'defaults'; readonly key: string } | null;
  readonly parse: ValueParser<T>;
  readonly fallback: T;
}

export const CONSISTENCY = ['snapshot', 'require', 'chunk'] as const;
export const ON_TABLE_ERROR = ['stop', 'continue'] as const;
export const ZERO_DATES = ['fail', 'null', 'text'] as const;
export const TINYINT1 = ['integer', 'boolean'] as const;
export const NULL_CURSORS = ['fail', 'read'] as const;
export const DETECT_CHANGES = ['hash'] as const;
export const ON_CHANGE = ['warn', 'fail', 'restart'] as const;
export const ON_DRIFT = ['fail', 'add-columns', 'freeze'] as const;
export const FORMATS = ['parquet', 'csv'] as const;
export const COMPRESSIONS = ['zstd', 'snappy', 'gzip', 'none'] as const;

function inDefaults<T>(flag: string, parse: ValueParser<T>, fallback: T, key = flag.replaceAll('-', '_')): Setting<T> {
  return { flag, file: { section: 'defaults', key }, parse, fallback };
}

function atTop<T>(flag: string, parse: ValueParser<T>, fallback: T): Setting<T> {
  return { flag, file: { section: 'top', key: flag.replaceAll('-', '_') }, parse, fallback };
}

function ofCall<T>(flag: string, parse: ValueParser<T>, fallback: T): Setting<T> {
  return { flag, file: null, parse, fallback };
}

type Choice<Words extends readonly string[]> = Words[number];

/** Every setting that has one value. The lists of names (tables, columns) are in load-settings.ts. */
export const SETTINGS = {
  out: atTop<string>('out', parseText, 'export'),
  stateDir: atTop<string>('state-dir', parseText, '.sqlextract'),
  format: inDefaults<Choice<typeof FORMATS>>('format', choiceParser(FORMATS), 'parquet'),
  /** Null: the format's own default. */
  compression: inDefaults<Choice<typeof COMPRESSIONS> | null>('compression', choiceParser(COMPRESSIONS), null),
  workers: inDefaults<number | null>('workers', countParser('USAGE_WORKERS', 256, '--workers 4'), null),
  batchRows: inDefaults<number | null>(
    'batch-size',
    countParser('USAGE_BATCH_SIZE', 10_000_000, '--batch-size 32768 (rows)'),
    null,
  ),
  bufferBytes: inDefaults<number | null>('buffer-size', parseSize, null),
  chunkBytes: inDefaults<number>('chunk-size', parseSize, 100_000_000),
  parallelWrite: inDefaults<boolean>('parallel-write', parseBoolean, true),
  consistency: inDefaults<Choice<typeof CONSISTENCY>>('consistency', choiceParser(CONSISTENCY), 'snapshot'),
  holdMs: inDefaults<number>('hold', parseDuration, 15 * 60_000),
  keepSnapshot: inDefaults<boolean>('keep-snapshot', parseBoolean, false),
  onTableError: inDefaults<Choice<typeof ON_TABLE_ERROR>>('on-table-error', choiceParser(ON_TABLE_ERROR), 'stop'),
  zeroDates: inDefaults<Choice<typeof ZERO_DATES>>('zero-dates', choiceParser(ZERO_DATES), 'fail'),
  tinyint1: inDefaults<Choice<typeof TINYINT1>>('tinyint1', choiceParser(TINYINT1), 'integer'),
  allowLocks: inDefaults<boolean>('allow-locks', parseBoolean, false),
  /** Null, here and of the three below: no limit. */
  maxConnections: inDefaults<number | null>(
    'max-connections',
    countParser('USAGE_MAX_CONNECTIONS', 1000, '--max-connections 5'),
    null,
  ),
  maxRowsPerSecond: inDefaults<number | null>(
    'max-rows-per-second',
    countParser('USAGE_MAX_ROWS', 1_000_000_000, '--max-rows-per-second 20000'),
    null,
  ),
  maxBytesPerSecond: inDefaults<number | null>('max-bytes-per-second', parseSize, null),
  maxQuerySeconds: inDefaults<number | null>(
    'max-query-seconds',
    countParser('USAGE_MAX_QUERY', 1_000_000, '--max-query-seconds 60'),
    null,
  ),
  /** Tries of one chunk after the first. */
  retries: inDefaults<number>('retries', countParser('USAGE_RETRIES', 1000, '--retries 5', 0), 5),
  maxFailures: inDefaults<number>(
    'max-failures',
    countParser('USAGE_MAX_FAILURES', 1_000_000, '--max-failures 200'),
    200,
  ),
  /** May be empty: then NULL is written as nothing at all. */
  nullMarker: inDefaults<string>('null', (text) => text, '\\N', 'null_marker'),
  job: ofCall<string | null>('job', parseText, null),
  runKey: ofCall<string | null>('run-key', parseText, null),
  where: ofCall<string | null>('where', parseText, null),
  /** Over that of a query in the file. */
  splitBy: ofCall<string | null>('split-by', parseText, null),
  limit: ofCall<number | null>('limit', countParser('USAGE_LIMIT', Number.MAX_SAFE_INTEGER, '--limit 1000'), null),
  /** From here on: of incremental runs, and in the file in the `incremental:` block of a table or query. */
  incrementalBy: ofCall<string | null>('incremental-by', parseText, null),
  strategy: ofCall<Choice<typeof STRATEGIES>>('strategy', choiceParser(STRATEGIES), 'merge'),
  start: ofCall<string | null>('start', parseText, null),
  end: ofCall<string | null>('end', parseText, null),
  lookback: ofCall<Lookback | null>('lookback', parseLookback, null),
  cursorZone: ofCall<string | null>('cursor-zone', parseText, null),
  cursorLagMs: ofCall<number | null>('cursor-lag', parseDuration, null),
  cursorWaitMs: ofCall<number>('cursor-wait', parseDuration, 60_000),
  nullCursors: ofCall<Choice<typeof NULL_CURSORS>>('null-cursors', choiceParser(NULL_CURSORS), 'fail'),
  detectDeletes: ofCall<boolean>('detect-deletes', parseBoolean, false),
  detectChanges: ofCall<Choice<typeof DETECT_CHANGES> | null>('detect-changes', choiceParser(DETECT_CHANGES), null),
  vars: ofCall<Readonly<Record<string, string>> | null>('vars', parseVars, null),
  onChange: inDefaults<Choice<typeof ON_CHANGE>>('on-change', choiceParser(ON_CHANGE), 'warn'),
  onDrift: inDefaults<Choice<typeof ON_DRIFT>>('on-drift', choiceParser(ON_DRIFT), 'fail'),
};

export type SettingName = keyof typeof SETTINGS;
export type ValueOf<Name extends SettingName> = (typeof SETTINGS)[Name] extends Setting<infer T> ? T : never;

export function environmentName(flag: string): string {
  return `SQLEXTRACT_${flag.replaceAll('-', '_').toUpperCase()}`;
}

/** The keys of `defaults:` in the file. */
export const FILE_DEFAULTS: readonly string[] = Object.values(SETTINGS).flatMap(({ file }) =>
  file?.section === 'defaults' ? [file.key] : [],
);
