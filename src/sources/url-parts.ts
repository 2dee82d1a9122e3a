import { SqlextractError } from '../model/problem.ts';

/** What the URL of a source has wrong, and what to write instead. */
export function invalidUrl(message: string, hint: string): SqlextractError {
  return new SqlextractError({ code: 'SOURCE_URL_INVALID', message, hint, fault: 'configuration' });
}

/** Throws SOURCE_URL_INVALID for anything but digits of a number from `least` to `most`. */
export function integerOf(name: string, text: string, least: number, most: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : -1;
  if (value >= least && value <= most) return value;
  throw invalidUrl(`${name} must be a number from ${least} to ${most}`, `write for example ${name}=${least}`);
}

/** Throws SOURCE_URL_INVALID. */
export function decodePart(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalidUrl('the source URL has a % that is not followed by two hex digits', 'write %25 for a percent sign');
  }
}

/** What is empty was not given. */
export function nonEmpty(text: string | null | undefined): string | null {
  return text === undefined || text === null || text === '' ? null : text;
}
