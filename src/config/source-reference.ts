import { escapeReferences } from './expand-references.ts';
import { secretsOfUrl } from './redact.ts';

/** A source as it may stand in a file that others read: what could be secret is a reference to the environment. */
export interface SourceReference {
  /** As the value of `url:`. */
  readonly url: string;
  /** As the value of `password:`; null: the URL had none. */
  readonly password: string | null;
  /** Variables that have to be set, with what each stands for: `SHOP_PASSWORD`, `the password`. */
  readonly variables: readonly { readonly name: string; readonly of: string }[];
}

/** Harmless whatever the parameter's name: a number, a switch, a path. */
const HARMLESS_VALUE = /^(?:\d{1,9}|true|false|yes|no|on|off|\/.*)$/i;
/** Words of TLS modes and the like; a key or a token is no word of that kind. */
const HARMLESS_PARAMETER = /^(?:ssl-?mode|tls|mode|copy|schema|encrypt|instance|hostNameInCertificate)$/i;

/** `name` is what the source is called in the file; the variables begin with it. */
export function referenceSource(url: string, name: string): SourceReference {
  const prefix = variablePrefix(name);
  if (!URL.canParse(url)) {
    if (secretsOfUrl(url).length === 0 && !url.includes('@'))
      return { url: escapeReferences(url), password: null, variables: [] };
    const whole = `${prefix}_URL`;
    return { url: `\${${whole}}`, password: null, variables: [{ name: whole, of: 'the whole URL' }] };
  }
  const parsed = new URL(url);
  const password = parsed.password === '' ? null : `${prefix}_PASSWORD`;
  const start = startOf(url, parsed);
  const query = queryOf(parsed, prefix);
  return {
    url: `${escapeReferences(start)}${query.text}`,
    password: password === null ? null : `\${${password}}`,
    variables: [...(password === null ? [] : [{ name: password, of: 'the password' }]), ...query.variables],
  };
}

/** Without password and query. A URL without a host is a path, and stays as it is written. */
function startOf(url: string, parsed: URL): string {
  if (parsed.host === '') return url.replace(/[?#].*$/s, '');
  const bare = new URL(parsed);
  bare.password = '';
  bare.search = '';
  bare.hash = '';
  return bare.href;
}

function queryOf(parsed: URL, prefix: string): Pick<SourceReference, 'variables'> & { readonly text: string } {
  const parts = parsed.search
    .slice(1)
    .split('&')
    .filter((part) => part !== '');
  const pairs = parts.map((part) => {
    const [[key, value] = ['', '']] = new URLSearchParams(part);
    const harmless = HARMLESS_PARAMETER.test(key) || HARMLESS_VALUE.test(value);
    if (harmless) return { text: escapeReferences(part), variable: null };
    const name = `${prefix}_${variablePrefix(key)}`;
    return { text: `${encodeURIComponent(key)}=\${${name}}`, variable: { name, of: `the option ${key}` } };
  });
  const text = pairs.length === 0 ? '' : `?${pairs.map((pair) => pair.text).join('&')}`;
  return { text, variables: pairs.flatMap(({ variable }) => (variable === null ? [] : [variable])) };
}

/** A name of the environment: `shop-eu` is SHOP_EU. */
function variablePrefix(name: string): string {
  const plain = name
    .toUpperCase()
    .replaceAll(/[^A-Z0-9]+/g, '_')
    .replaceAll(/^_+|_+$/g, '');
  return /^[A-Z]/.test(plain) ? plain : `SOURCE${plain === '' ? '' : `_${plain}`}`;
}
