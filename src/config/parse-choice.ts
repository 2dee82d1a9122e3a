import { nearestName } from '../model/nearest-names.ts';
import { refused, type ValueParser, type ValuePlace } from './value-place.ts';

/** A parser of one of a few words. Throws USAGE_CHOICE with the nearest word. */
export function choiceParser<T extends string>(words: readonly T[]): ValueParser<T> {
  return (text, place) => {
    const found = words.find((word) => word === text);
    if (found !== undefined) return found;
    const near = nearestName(text, words);
    const meant = near === null ? '' : `; did you mean ${near}?`;
    throw refused('USAGE_CHOICE', place, text, `it is one of ${words.join(', ')}${meant}`, words.join(' or '));
  };
}

const YES = ['true', 'yes', '1', 'on'];
const NO = ['false', 'no', '0', 'off'];

/** Throws USAGE_CHOICE. */
export function parseBoolean(text: string, place: ValuePlace): boolean {
  const word = text.toLowerCase();
  if (YES.includes(word)) return true;
  if (NO.includes(word)) return false;
  throw refused('USAGE_CHOICE', place, text, 'it is true or false', 'true or false');
}

/** Any text but an empty one. Throws USAGE_EMPTY. */
export function parseText(text: string, place: ValuePlace): string {
  if (text === '') throw refused('USAGE_EMPTY', place, text, 'a value is missing', `${place.label} <value>`);
  return text;
}
