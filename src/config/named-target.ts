import type { ConfigFile } from './config-file.ts';
import type { Environment } from './expand-references.ts';
import { holdsPassword, secretsOfUrl } from './redact.ts';
import type { FlagValues } from './flag-values.ts';

export interface NamedTarget {
  /** A name of `targets:`, a kind, a URL or a path: as typed. May hold a password. */
  readonly text: string;
  readonly origin: 'flag' | 'environment';
}

/** `--target`, else SQLEXTRACT_TARGET; null when neither is there. */
export function namedTarget(flags: FlagValues, env: Environment): NamedTarget | null {
  const typed = flags['target'];
  if (typeof typed === 'string') return { text: typed, origin: 'flag' };
  const variable = env['SQLEXTRACT_TARGET'];
  return variable === undefined || variable === '' ? null : { text: variable, origin: 'environment' };
}

/** Every password that the target's URL, or its entry in the file, holds. */
export function targetSecrets(named: NamedTarget | null, file: ConfigFile | null): readonly string[] {
  if (named === null) return [];
  if (file?.targetNames().includes(named.text) !== true) return secretsOfUrl(named.text);
  try {
    const url = file.target(named.text, 'url')?.text ?? '';
    return [...secretsOfUrl(url), file.target(named.text, 'password')?.text ?? ''].filter((text) => text !== '');
  } catch (error) {
    // A variable that the entry refers to is not set: whoever needs the target is told; others need no target.
    if (named.origin === 'flag') throw error;
    return [];
  }
}

export function targetWarning(named: NamedTarget | null, file: ConfigFile | null): readonly string[] {
  if (named?.origin !== 'flag' || file?.targetNames().includes(named.text) === true) return [];
  if (!holdsPassword(named.text)) return [];
  return [
    'the password in --target can be seen by everyone on this machine (`ps`); ' +
      'use SQLEXTRACT_TARGET or `targets:` in sqlextract.yaml instead',
  ];
}
