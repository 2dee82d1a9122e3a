import { nearestName } from '../model/nearest-names.ts';
import { SqlextractError } from '../model/problem.ts';
import type { TargetKey } from './config-file.ts';
import { choiceParser, parseText } from './parse-choice.ts';
import { countParser } from './parse-count.ts';
import { namedTarget } from './named-target.ts';
import { fractionParser } from './parse-fraction.ts';
import { parseNames } from './parse-names.ts';
import { parseSize } from './parse-size.ts';
import type { FlagValues } from './flag-values.ts';
import type { Settings, SourceSetting } from './settings.ts';
import { resolveTargetUrl } from './resolve-source.ts';
import type { ValueParser, ValuePlace } from './value-place.ts';

export const MODES = ['replace', 'full-refresh', 'append', 'merge', 'delete-insert'] as const;
export const IDENTIFIER_CASES = ['preserve', 'lower', 'upper'] as const;
export const ON_ERROR = ['abort', 'skip'] as const;
export const NUL_POLICIES = ['fail', 'remove'] as const;

const MAX_DELETES = fractionParser('USAGE_MAX_DELETE_FRACTION', '--max-delete-fraction 0.5');

/** What the commands that load may want to know, merged: flags > the named target of the file > defaults. */
export interface TargetSettings {
  /** As typed: a name of the file, a kind of target, or a URL. What ledgers and messages call it. */
  readonly name: string;
  /** The kind when it is said; null: the URL tells. */
  readonly type: string | null;
  /** Null: nothing to connect to. */
  readonly url: SourceSetting | null;
  readonly flavor: string | null;
  readonly schema: string | null;
  /** Null: what the manifest says, see ingest/plan-window.ts. */
  readonly mode: (typeof MODES)[number] | null;
  readonly key: readonly string[];
  readonly dedupeBy: string | null;
  readonly window: { readonly column: string; readonly from: string; readonly to: string } | null;
  readonly renames: ReadonlyMap<string, string>;
  readonly identifierCase: (typeof IDENTIFIER_CASES)[number];
  readonly measure: boolean;
  readonly allowMixed: boolean;
  readonly allowOlder: boolean;
  /** Rows that are gone in the source are marked in it; null: they are deleted. */
  readonly deletedColumn: string | null;
  /** 0 to 1: more of the rows are not deleted. */
  readonly maxDeleteFraction: number;
  /** Texts that hold U+0000, where the target cannot. */
  readonly nul: (typeof NUL_POLICIES)[number];
  readonly create: boolean;
  readonly onError: (typeof ON_ERROR)[number];
  readonly maxErrors: number;
  /** Loads at the same time. */
  readonly parallel: number;
  readonly stage: string | null;
  readonly bucket: string | null;
  readonly volume: string | null;
  readonly serverPath: string | null;
  readonly catalog: string | null;
  readonly iamRole: string | null;
}

/**
 * `--target` is a name of `targets:` in the file, a kind (`snowflake`), a URL or a path. `kinds` are the kinds there are. Throws
 * TARGET_MISSING, TARGET_UNKNOWN, USAGE_… and CONFIG_… like all settings.
 */
export function targetSettings(
  flags: FlagValues,
  settings: Settings,
  kinds: readonly string[],
  fallback: string | null,
): TargetSettings {
  const name = namedTarget(flags, settings.environment)?.text ?? fallback;
  if (name === null) throw missing(settings, kinds);
  const known = settings.file?.targetNames().includes(name) === true;
  const written = (key: TargetKey) => (known ? (settings.file?.target(name, key) ?? null) : null);
  const pick = <T>(flag: string, key: TargetKey, parse: ValueParser<T>, otherwise: T): T => {
    const typed = textFlag(flags, flag);
    if (typed !== null) return parse(typed, placeOf(flag));
    const value = written(key);
    return value === null ? otherwise : parse(value.text, value.place);
  };
  const one = <T>(flag: string, parse: ValueParser<T>, otherwise: T): T => {
    const typed = textFlag(flags, flag);
    return typed === null ? otherwise : parse(typed, placeOf(flag));
  };
  const place = (flag: string, key: TargetKey) => pick<string | null>(flag, key, parseText, null);
  return {
    name,
    ...whereOf(name, known, settings, kinds),
    flavor: place('flavor', 'flavor'),
    schema: place('schema', 'schema'),
    mode: pick<TargetSettings['mode']>('mode', 'mode', choiceParser(MODES), null),
    key: one('key', parseNames, []),
    dedupeBy: one<string | null>('dedupe-by', parseText, null),
    window: windowOf(flags),
    renames: renamesOf(flags),
    identifierCase: pick('identifier-case', 'identifier_case', choiceParser(IDENTIFIER_CASES), 'preserve'),
    measure: flags['measure'] === true,
    allowMixed: flags['allow-mixed'] === true,
    allowOlder: flags['allow-older'] === true,
    deletedColumn: place('deleted-column', 'deleted_column'),
    maxDeleteFraction: pick('max-delete-fraction', 'max_delete_fraction', MAX_DELETES, 0.1),
    nul: pick('nul', 'nul', choiceParser(NUL_POLICIES), 'fail'),
    create: flags['create'] !== false,
    onError: one('on-error', choiceParser(ON_ERROR), 'abort'),
    maxErrors: one('max-errors', countParser('USAGE_MAX_ERRORS', 1_000_000_000, '--max-errors 100', 0), 0),
    parallel: parallelOf(flags, settings),
    stage: place('stage', 'stage'),
    bucket: place('bucket', 'bucket'),
    volume: place('volume', 'volume'),
    serverPath: place('server-path', 'server_path'),
    catalog: place('catalog', 'catalog'),
    iamRole: place('iam-role', 'iam_role'),
  };
}

/** Bytes of files that one statement takes: `--chunk-size`, else what fits the warehouses' advice. */
export function statementBytes(flags: FlagValues): number {
  const typed = textFlag(flags, 'chunk-size');
  return typed === null ? 10_000_000_000 : parseSize(typed, placeOf('chunk-size'));
}

function whereOf(
  name: string,
  known: boolean,
  settings: Settings,
  kinds: readonly string[],
): Pick<TargetSettings, 'type' | 'url'> {
  const { file } = settings;
  if (known && file !== null) {
    const url = file.target(name, 'url') === null ? null : resolveTargetUrl(name, 'file', file, '.');
    return { type: file.target(name, 'type')?.text ?? null, url };
  }
  if (kinds.includes(name)) return { type: name, url: null };
  if (!/[:/\\.]/.test(name)) throw unknown(name, settings, kinds);
  return { type: null, url: resolveTargetUrl(name, 'flag', file, process.cwd()) };
}

/** `--parallel-load` alone: as many as there are workers. */
function parallelOf(flags: FlagValues, settings: Settings): number {
  const typed = textFlag(flags, 'parallel');
  if (typed !== null) return countParser('USAGE_PARALLEL', 256, '--parallel 8')(typed, placeOf('parallel'));
  return flags['parallel-load'] === true ? settings.workers : 1;
}

function windowOf(flags: FlagValues): TargetSettings['window'] {
  const typed = flags['window'];
  if (!Array.isArray(typed)) return null;
  const [column, from, to, ...more] = typed as readonly string[];
  if (column !== undefined && from !== undefined && to !== undefined && more.length === 0) return { column, from, to };
  throw new SqlextractError({
    code: 'USAGE_WINDOW',
    message: '--window takes three words: a column, the first value that is in it, and the first that no longer is',
    hint: '--window updated_at 2024-01-01 2024-02-01',
    fault: 'usage',
  });
}

function renamesOf(flags: FlagValues): ReadonlyMap<string, string> {
  const typed = flags['rename'];
  if (!Array.isArray(typed)) return new Map();
  return new Map(
    (typed as readonly string[]).map((text): [string, string] => {
      const at = text.lastIndexOf('=');
      if (at > 0 && at < text.length - 1) return [text.slice(0, at), text.slice(at + 1)];
      throw new SqlextractError({
        code: 'USAGE_RENAME',
        message: `--rename ${text}: a rename is old=new`,
        hint: '--rename "Order No=order_no"; the flag is repeated for another column',
        fault: 'usage',
      });
    }),
  );
}

function textFlag(flags: FlagValues, name: string): string | null {
  const value = flags[name];
  return typeof value === 'string' ? value : null;
}

function placeOf(flag: string): ValuePlace {
  return { label: `--${flag}`, fault: 'usage' };
}

function missing(settings: Settings, kinds: readonly string[]): SqlextractError {
  const names = [...(settings.file?.targetNames() ?? []), ...kinds];
  return new SqlextractError({
    code: 'TARGET_MISSING',
    message: 'no target is named',
    hint: `--target ${names.join(', or ')}`,
    fault: 'usage',
  });
}

function unknown(name: string, settings: Settings, kinds: readonly string[]): SqlextractError {
  const names = [...(settings.file?.targetNames() ?? []), ...kinds];
  const near = nearestName(name, names);
  return new SqlextractError({
    code: 'TARGET_UNKNOWN',
    message: `there is no target ${name}${near === null ? '' : `; did you mean ${near}?`}`,
    hint: `the targets are ${names.join(', ')}; for a file write ./${name}`,
    fault: 'usage',
  });
}
