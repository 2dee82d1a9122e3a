const HIDDEN = '***';
/** Query parameters that may be shown; all others go, because any of them may be a key or a token. */
const HARMLESS = new Set(['sslmode', 'tls', 'mode', 'copy', 'schema', 'connect_timeout']);

/**
 * The URL without password and without query parameters that may be secret. A text that is not a URL and holds no `@` is a
 * path and shown as it is; one that cannot be read as a URL is not shown at all, because nobody can tell what in it is secret.
 */
export function displayUrl(url: string): string {
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(url)?.[1];
  if (scheme === undefined) return url.includes('@') && url.includes(':') ? HIDDEN : url;
  if (!URL.canParse(url)) return `${scheme}://${HIDDEN}`;
  const parsed = new URL(url);
  if (parsed.host === '') return withoutQuery(url);
  parsed.password = '';
  parsed.hash = '';
  const secret = [...parsed.searchParams.keys()].filter((name) => !HARMLESS.has(name));
  for (const name of secret) parsed.searchParams.delete(name);
  return parsed.href;
}

/** Every spelling of the passwords in a URL: as typed, and percent-decoded. */
export function secretsOfUrl(url: string): readonly string[] {
  if (!URL.canParse(url)) return wildGuess(url);
  const parsed = new URL(url);
  const inQuery = [...parsed.searchParams].filter(
    ([name]) => !HARMLESS.has(name) && /pass|secret|token|key/i.test(name),
  );
  const typed = /^[^:]+:\/\/[^:@/]*:([^@/]*)@/.exec(url)?.[1] ?? '';
  return [typed, parsed.password, decoded(parsed.password), ...inQuery.map(([, value]) => value)].filter(
    (text) => text !== '',
  );
}

/** Whether a password stands in the URL itself, where `ps` shows it when the URL was an argument. */
export function holdsPassword(url: string): boolean {
  return secretsOfUrl(url).length > 0;
}

/** The text with every known secret replaced; longer secrets first, so that no rest of one stays. */
export function scrubSecrets(text: string, secrets: readonly string[]): string {
  return [...secrets]
    .filter((secret) => secret !== '')
    .toSorted((one, other) => other.length - one.length)
    .reduce((rest, secret) => rest.replaceAll(patternOf(secret), HIDDEN), text);
}

/** A password of one to three letters is looked for as a word only: inside of words it would make every message unreadable. */
function patternOf(secret: string): RegExp {
  const literal = secret.replaceAll(/[.*+?^${}()|[\]\\/-]/g, '\\$&');
  return new RegExp(secret.length < 4 ? `(?<!\\w)${literal}(?!\\w)` : literal, 'g');
}

function withoutQuery(url: string): string {
  const end = url.indexOf('?');
  return end === -1 ? url : url.slice(0, end);
}

/** What stands between the first colon after `//` and the last `@` of a URL that cannot be parsed. */
function wildGuess(url: string): readonly string[] {
  const guess = /^[a-z][a-z0-9+.-]+:\/\/[^:]*:(.+)@[^@]*$/i.exec(url)?.[1];
  return guess === undefined ? [] : [guess, decoded(guess)];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a lone % is a legal character of a password that was typed without encoding
  }
}
