import { environmentName, type Origin, SETTINGS } from '../config/setting-table.ts';
import type { Settings } from '../config/settings.ts';
import { SqlextractError } from '../model/problem.ts';
import type { SourceDriver } from '../sources/source.ts';

/**
 * Refuses what was asked for and would be passed over: a policy for values that the source does not have, a column to split by without its query. The
 * file is for all sources and commands of a project, and may say what one of them does not know. Throws USAGE_OF_OTHER_SOURCE, USAGE_QUERY.
 */
export function checkFlags(settings: Settings, driver: SourceDriver): void {
  for (const name of ['zeroDates', 'tinyint1'] as const) {
    const { flag } = SETTINGS[name];
    if (!wasAsked(settings.origins[name]) || knows(driver, flag)) continue;
    throw refused(settings.origins[name], flag, {
      code: 'USAGE_OF_OTHER_SOURCE',
      message: `is not for ${driver.name}, which has no such values`,
      hint: 'leave it out; `defaults:` in sqlextract.yaml may have it for other sources',
    });
  }
  if (settings.origins.splitBy === 'environment' && !settings.namesQuery) {
    throw refused('environment', SETTINGS.splitBy.flag, {
      code: 'USAGE_QUERY',
      message: 'names a column of a query, and this command names none',
      hint: 'unset it, or add --query "SELECT …" --name some_name',
    });
  }
}

function wasAsked(origin: Origin): boolean {
  return origin === 'flag' || origin === 'environment';
}

/** A source tells of a flag where it tells of the types that the flag changes. */
function knows(driver: SourceDriver, flag: string): boolean {
  return driver.typeLines().some(({ note }) => note?.includes(`--${flag}`) ?? false);
}

function refused(
  origin: Origin,
  flag: string,
  problem: { readonly code: string; readonly message: string; readonly hint: string },
): SqlextractError {
  const flagged = origin === 'flag';
  return new SqlextractError({
    ...problem,
    message: `${flagged ? `--${flag}` : environmentName(flag)} ${problem.message}`,
    fault: flagged ? 'usage' : 'configuration',
  });
}
