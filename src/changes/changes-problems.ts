import { SqlextractError } from '../model/problem.ts';

export function incomplete(table: string, why: string): SqlextractError {
  return new SqlextractError({
    code: 'CHANGES_INCOMPLETE',
    message: `${table}: what changed cannot be told: ${why}`,
    hint: 'nothing was written; the same command again reads and compares all rows anew',
    fault: 'source',
  });
}

export function unknown(table: string, path: string): SqlextractError {
  return new SqlextractError({
    code: 'CHANGES_UNKNOWN',
    message: `${table}: what was delivered before is not known, as ${path} is gone`,
    hint: `begin anew: sqlextract watermark reset --table ${table}, then the same command`,
    fault: 'state',
  });
}

export function otherKey(table: string, before: readonly string[], now: readonly string[]): SqlextractError {
  return new SqlextractError({
    code: 'CURSOR_CHANGED',
    message: `${table}: its rows were told apart by ${before.join(', ')}, and are now by ${now.join(', ')}`,
    hint: '--on-change restart reads all of it anew, or type --unique-key as it was',
    fault: 'state',
  });
}

export function ambiguousKey(
  table: string,
  key: readonly string[],
  values: readonly (string | null)[],
): SqlextractError {
  const shown = key.map((name, index) => `${name} ${values[index] ?? 'NULL'}`).join(', ');
  const what = values.includes(null) ? 'a row without a value in its key' : 'more than one row of one key';
  return new SqlextractError({
    code: 'CHANGES_KEY',
    message: `${table} has ${what}: ${shown}`,
    hint: 'name columns that tell all rows apart, none of them empty: --unique-key tenant,id; or leave such rows out with --where',
    fault: 'data',
  });
}
