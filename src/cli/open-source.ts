import { requireSource } from '../config/resolve-source.ts';
import type { Settings } from '../config/settings.ts';
import { SqlextractError } from '../model/problem.ts';
import { driverForUrl, SOURCE_SCHEMES } from '../sources/registry.ts';
import type { SourceConfig, SourceDriver } from '../sources/source.ts';

/** The driver and its config for the source that the settings name. Throws CONFIG_SOURCE_MISSING, CONFIG_SOURCE_SCHEME. */
export async function sourceOf(
  settings: Settings,
): Promise<{ readonly driver: SourceDriver; readonly source: SourceConfig }> {
  const { url, displayUrl } = requireSource(settings.source);
  const driver = await driverForUrl(url);
  if (driver === null) {
    throw new SqlextractError({
      code: 'CONFIG_SOURCE_SCHEME',
      message: `${displayUrl}: no source has this scheme`,
      hint: `the schemes are ${SOURCE_SCHEMES.map((scheme) => `${scheme}:`).join(', ')}; a path is a file`,
      fault: 'configuration',
    });
  }
  return { driver, source: driver.parse({ url, environment: settings.environment }) };
}
