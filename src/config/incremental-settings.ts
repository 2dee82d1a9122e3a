import type { IncrementalSettings } from '../model/incremental-settings.ts';
import { SqlextractError } from '../model/problem.ts';
import type { FileValue, IncrementalKey } from './config-file.ts';
import { type Origin, SETTINGS, type SettingName, type ValueOf } from './setting-table.ts';
import type { Settings } from './settings.ts';

/** What the file has in the `incremental:` block of one table or query. */
export interface IncrementalEntry {
  value(key: IncrementalKey): FileValue | null;
  uniqueKey(): readonly string[] | null;
}

const FROM_START = 'auto';

/**
 * The incremental job of one table: flags and environment over the block in the file; null when neither names a column, nor says `detect_changes`. Throws
 * USAGE_INCREMENTAL for settings that need another.
 */
export function incrementalSettings(settings: Settings, entry: IncrementalEntry | null): IncrementalSettings | null {
  const one = <Name extends SettingName>(setting: Name, key: IncrementalKey): ValueOf<Name> => {
    const written = isTyped(settings.origins[setting]) ? null : (entry?.value(key) ?? null);
    if (written === null) return settings[setting] as ValueOf<Name>;
    return SETTINGS[setting].parse(written.text, written.place) as ValueOf<Name>;
  };
  const by = one('incrementalBy', 'by');
  const compares = one('detectChanges', 'detect_changes') !== null;
  if (by === null && !compares) {
    refuseWithout(settings);
    return null;
  }
  const start = one('start', 'start');
  const end = one('end', 'end');
  if (compares) {
    const lookback = one('lookback', 'lookback');
    const detectDeletes = one('detectDeletes', 'detect_deletes');
    const strategy = one('strategy', 'strategy');
    const ofCursor = { cursorZone: one('cursorZone', 'cursor_zone'), cursorLagMs: one('cursorLagMs', 'cursor_lag') };
    const bounds = { by, start: start === FROM_START ? null : start, end, lookback, ...ofCursor };
    refuseWithHash({ ...bounds, detectDeletes, strategy, nullCursors: one('nullCursors', 'null_cursors') });
  }
  if (end !== null && (start === null || start === FROM_START)) throw endWithoutStart();
  if (settings.limit !== null) throw withLimit();
  return {
    by,
    strategy: one('strategy', 'strategy'),
    uniqueKey: settings.uniqueKey ?? entry?.uniqueKey() ?? null,
    start: start === FROM_START ? null : start,
    end,
    lookback: one('lookback', 'lookback'),
    cursorZone: one('cursorZone', 'cursor_zone'),
    cursorLagMs: one('cursorLagMs', 'cursor_lag'),
    cursorWaitMs: one('cursorWaitMs', 'cursor_wait'),
    nullCursors: one('nullCursors', 'null_cursors'),
    detectDeletes: one('detectDeletes', 'detect_deletes'),
  };
}

function isTyped(origin: Origin): boolean {
  return origin === 'flag' || origin === 'environment';
}

const NEED_CURSOR = [
  'strategy',
  'start',
  'end',
  'lookback',
  'cursorZone',
  'cursorLagMs',
  'nullCursors',
  'detectDeletes',
] as const;

/** An option that does nothing is a mistake that nobody sees. */
function refuseWithout(settings: Settings): void {
  const idle = NEED_CURSOR.find((name) => settings.origins[name] === 'flag');
  const flag = idle === undefined ? (settings.uniqueKey === null ? null : 'unique-key') : SETTINGS[idle].flag;
  if (flag === null || settings.file?.hasIncremental() === true) return;
  throw new SqlextractError({
    code: 'USAGE_INCREMENTAL',
    message: `--${flag} is of incremental runs, and this one has no cursor`,
    hint: 'add --incremental-by <column>, or leave it out',
    fault: 'usage',
  });
}

/** All rows are compared: nothing bounds them, what is gone is found as well, and only merge takes a row a second time. */
function refuseWithHash(found: Omit<IncrementalSettings, 'uniqueKey' | 'cursorWaitMs'>): void {
  const { by, start, end, lookback, cursorZone, cursorLagMs, nullCursors, detectDeletes, strategy } = found;
  if (strategy !== 'merge') throw notWithHash(`--strategy ${strategy}`, 'leave it out: the strategy is merge');
  if (detectDeletes) throw notWithHash('--detect-deletes', 'leave it out: rows that are gone are found as well');
  const flags = { 'incremental-by': by, start, end, lookback, 'cursor-zone': cursorZone, 'cursor-lag': cursorLagMs };
  const nulls = nullCursors === 'read' ? nullCursors : null;
  const other = Object.entries({ ...flags, 'null-cursors': nulls }).find(([, value]) => value !== null);
  if (other === undefined) return;
  throw notWithHash(`--${other[0]}`, 'choose one: a cursor and what belongs to it, or --detect-changes hash');
}

function notWithHash(flag: string, hint: string): SqlextractError {
  return new SqlextractError({
    code: 'USAGE_INCREMENTAL',
    message: `--detect-changes hash compares all rows, and does not go with ${flag}`,
    hint,
    fault: 'usage',
  });
}

function endWithoutStart(): SqlextractError {
  return new SqlextractError({
    code: 'USAGE_INCREMENTAL',
    message: '--end closes a range that --start opens, and there is no --start',
    hint: 'add --start <value>: the range is read again, and the watermark stays where it is',
    fault: 'usage',
  });
}

function withLimit(): SqlextractError {
  return new SqlextractError({
    code: 'USAGE_INCREMENTAL',
    message: '--limit leaves out rows of a window that no later window would bring',
    hint: 'leave --limit out, or try with a plain extract',
    fault: 'usage',
  });
}

/** `@name` in `start` and `end` as the value that --vars has for it; `@@x` is the text `@x`. Throws USAGE_VARS for a name it has not. */
export function withVars(incremental: IncrementalSettings, vars: Settings['vars']): IncrementalSettings {
  const { start, end } = incremental;
  return { ...incremental, start: resolved(start, vars), end: resolved(end, vars) };
}

function resolved(text: string | null, vars: Settings['vars']): string | null {
  if (text === null || !text.startsWith('@')) return text;
  if (text.startsWith('@@')) return text.slice(1);
  const value = vars?.[text.slice(1)];
  if (value !== undefined) return value;
  throw new SqlextractError({
    code: 'USAGE_VARS',
    message: `${text} is not in --vars`,
    hint: `--vars '{"${text.slice(1)}": "2024-01-01"}'`,
    fault: 'usage',
  });
}
