import { dirname, resolve } from 'node:path';
import { SqlextractError } from '../model/problem.ts';
import type { ConfigFile } from './config-file.ts';
import { nearestName } from '../model/nearest-names.ts';
import { displayUrl } from './redact.ts';
import type { Origin } from './setting-table.ts';
import type { SourceSetting } from './settings.ts';

/** What was named: by which place, and relative to which folder a path of it is. */
export interface NamedSource {
  readonly text: string;
  readonly origin: Origin;
  readonly folder: string;
}

/**
 * A name of `sources:` in the file, a URL, or a path. Throws CONFIG_SOURCE_UNKNOWN for a word that is neither (a path holds a
 * `/`, a `.` or is said with a scheme).
 */
export function resolveSource(named: NamedSource, file: ConfigFile | null): SourceSetting {
  const { text, origin } = named;
  if (file?.sourceNames().includes(text) === true) return namedSource(text, origin, file);
  if (!/[:/\\.]/.test(text)) throw unknownSource(text, file);
  const url = absolute(text, named.folder);
  return { name: null, url, displayUrl: displayUrl(url), origin };
}

/** The URL of a target: of `targets:` in the file (`origin` file), else the text itself, a path from `folder`. */
export function resolveTargetUrl(
  text: string,
  origin: 'file' | 'flag',
  file: ConfigFile | null,
  folder: string,
): SourceSetting {
  const written = origin === 'file' ? (file?.target(text, 'url') ?? null) : null;
  const plain = written === null ? absolute(text, folder) : absolute(written.text, dirname(file?.path ?? folder));
  const password = written === null ? null : (file?.target(text, 'password') ?? null);
  const url = password === null ? plain : withPassword(plain, password.text, password.place.label);
  return { name: written === null ? null : text, url, displayUrl: displayUrl(url), origin };
}

export function requireSource(source: SourceSetting | null): SourceSetting {
  if (source !== null) return source;
  throw new SqlextractError({
    code: 'CONFIG_SOURCE_MISSING',
    message: 'no source is named: not by --source, not by SQLEXTRACT_SOURCE, not by `source:` in sqlextract.yaml',
    hint: 'set SQLEXTRACT_SOURCE to a URL or a file, or write a configuration with `sqlextract init`',
    fault: 'configuration',
  });
}

function namedSource(name: string, origin: Origin, file: ConfigFile): SourceSetting {
  const found = file.source(name);
  if (found === null) {
    throw new SqlextractError({
      code: 'CONFIG_SOURCE_URL',
      message: `the source ${name} of ${file.path} has no url`,
      hint: `write \`${name}: <url or path>\` under \`sources:\``,
      fault: 'configuration',
    });
  }
  const plain = absolute(found.url.text, dirname(file.path));
  const url = found.password === null ? plain : withPassword(plain, found.password.text, found.password.place.label);
  return { name, url, displayUrl: displayUrl(url), origin };
}

/** A path becomes absolute, also behind a scheme without `//` (`scheme:data/file`); any other URL stays. */
function absolute(text: string, folder: string): string {
  const match = /^([a-z][a-z0-9+.-]+:)(.*)$/i.exec(text);
  if (match === null) return resolve(folder, text);
  const [, scheme = '', rest = ''] = match;
  if (/^(?:[/:]|$)/.test(rest)) return text;
  return `${scheme}${resolve(folder.replaceAll(/[%?#]/g, encodeURIComponent), rest)}`;
}

function withPassword(url: string, password: string, where: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed === null || parsed.host === '') {
    throw new SqlextractError({
      code: 'CONFIG_SOURCE_PASSWORD',
      message: `${where}: a password needs a URL with a host`,
      hint: 'leave `password:` out for a file',
      fault: 'configuration',
    });
  }
  // URL leaves a lone % as it is, which the source would then decode
  parsed.password = encodeURIComponent(password);
  return parsed.href;
}

function unknownSource(name: string, file: ConfigFile | null): SqlextractError {
  const names = file?.sourceNames() ?? [];
  const near = nearestName(name, names);
  const meant = near === null ? '' : `; did you mean ${near}?`;
  const place = file === null ? 'there is no sqlextract.yaml here' : `${file.path} names no such source`;
  return new SqlextractError({
    code: 'CONFIG_SOURCE_UNKNOWN',
    message: `there is no source ${name}: ${place}${meant}`,
    hint:
      names.length === 0
        ? `for a file write ./${name}`
        : `the sources are ${names.join(', ')}; for a file write ./${name}`,
    fault: 'configuration',
  });
}
