import { SqlextractError } from '../model/problem.ts';
import { nearestName } from '../model/nearest-names.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

const REFERENCE = /\$(\$?)\{([^}]*)\}/g;

/**
 * Replaces `${NAME}` and `${NAME:-default}` (the default also for an empty variable); `$${` stands for `${` itself. `where`
 * names the place for the error: a variable that is not set and has no default throws CONFIG_VARIABLE_MISSING.
 */
export function expandReferences(text: string, environment: Environment, where: string): string {
  return text.replaceAll(REFERENCE, (whole: string, escaped: string, body: string) => {
    if (escaped !== '') return whole.slice(1);
    const match = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s.exec(body);
    if (match === null) throw unreadable(whole, where);
    const [, name = '', fallback] = match;
    const value = environment[name];
    if (value !== undefined && (value !== '' || fallback === undefined)) return value;
    if (fallback !== undefined) return fallback;
    throw missing(name, environment, where);
  });
}

/** The text as it has to be written so that `expandReferences` gives it back. */
export function escapeReferences(text: string): string {
  return text.replaceAll(/\$\{[^}]*\}/g, (reference) => `$${reference}`);
}

function unreadable(reference: string, where: string): SqlextractError {
  return new SqlextractError({
    code: 'CONFIG_REFERENCE',
    message: `${where}: ${reference} is not a reference to an environment variable`,
    hint: 'write ${NAME} or ${NAME:-default}; $${ stands for ${ itself',
    fault: 'configuration',
  });
}

function missing(name: string, environment: Environment, where: string): SqlextractError {
  const near = nearestName(name, Object.keys(environment));
  const meant = near === null ? '' : ` (did you mean ${near}?)`;
  return new SqlextractError({
    code: 'CONFIG_VARIABLE_MISSING',
    message: `${where}: the environment variable ${name} is not set${meant}`,
    hint: `export ${name}=…, or write \${${name}:-default}`,
    fault: 'configuration',
  });
}
