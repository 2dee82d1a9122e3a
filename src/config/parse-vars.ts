import { refused, type ValuePlace } from './value-place.ts';

/** A JSON object of texts and numbers, as texts. Throws USAGE_VARS. */
export function parseVars(text: string, place: ValuePlace): Readonly<Record<string, string>> {
  const found = readJson(text);
  const entries = typeof found === 'object' && found !== null && !Array.isArray(found) ? Object.entries(found) : null;
  if (entries?.every(([, value]) => typeof value === 'string' || typeof value === 'number') === true)
    return Object.fromEntries(entries.map(([name, value]) => [name, String(value)]));
  throw refused('USAGE_VARS', place, text, 'this is no JSON object of texts', `'{"name": "2024-01-01"}'`);
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
