import { SqlextractError } from '../model/problem.ts';

/** Where a text came from, for messages: `--workers`, `SQLEXTRACT_WORKERS`, `workers in sqlextract.yaml, line 7`. */
export interface ValuePlace {
  readonly label: string;
  readonly fault: 'usage' | 'configuration';
}

/** Turns the text of a setting into its value; throws `refused(…)`. */
export type ValueParser<T> = (text: string, place: ValuePlace) => T;

/** The error for a value that cannot be taken: `--chunk-size 5XB: there is no unit XB`. */
export function refused(
  code: string,
  place: ValuePlace,
  text: string,
  reason: string,
  examples: string,
): SqlextractError {
  const shown = text === '' ? "''" : text;
  return new SqlextractError({
    code,
    message: `${place.label} ${shown}: ${reason}`,
    hint: `for example ${examples}`,
    fault: place.fault,
  });
}
