import type { Settings } from '../config/settings.ts';
import type { IngestTarget } from '../ingest/target.ts';
import type { TargetPlace } from '../load/loader.ts';
import { SqlextractError } from '../model/problem.ts';
import { driverByName } from '../sources/registry.ts';

/** Looks at a target as at a source, once and only when it is asked for. */
export function targetIdentity(
  { name }: IngestTarget,
  url: string,
  { environment }: Pick<Settings, 'environment'>,
): TargetPlace['identity'] {
  let known: ReturnType<TargetPlace['identity']> | null = null;
  const look = async (): ReturnType<TargetPlace['identity']> => {
    const driver = await driverByName(name);
    try {
      await using session = await driver.open(driver.parse({ url, environment }), 'coordinator');
      return await session.identity();
    } catch (error) {
      // a file that the load will make
      if (error instanceof SqlextractError && error.problem.code === 'SOURCE_NOT_FOUND') return null;
      throw error;
    }
  };
  return (driver) => (driver === name ? (known ??= look()) : Promise.resolve(null));
}
