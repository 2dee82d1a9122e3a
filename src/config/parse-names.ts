import { refused, type ValuePlace } from './value-place.ts';

/**
 * Names separated by commas: `id, email`. A name that holds a comma or blanks at its ends stands in double quotes, a quote
 * inside of it doubled: `"a,b","say ""hi"""`. Throws USAGE_NAMES on an empty name or an open quote.
 */
export function parseNames(text: string, place: ValuePlace): readonly string[] {
  const pattern = /\s*(?:"((?:[^"]|"")*)"|([^",]*?))\s*(,|$)/y;
  const names: string[] = [];
  for (;;) {
    const match = pattern.exec(text);
    const name = match?.[1]?.replaceAll('""', '"') ?? match?.[2] ?? '';
    if (match === null || name === '') {
      const examples = 'id,email or "a name, with a comma",id';
      throw refused('USAGE_NAMES', place, text, 'these are not names separated by commas', examples);
    }
    names.push(name);
    if (match[3] === '') return names;
  }
}
