import { createHash } from 'node:crypto';
import { SqlextractError } from '../model/problem.ts';
import type { IngestTarget } from './target.ts';

export type IdentifierCase = 'preserve' | 'lower' | 'upper';

export interface NameChoice {
  readonly identifierCase: IdentifierCase;
  /** Old names as the file has them (exactly, else without regard to case) to new ones. */
  readonly renames: ReadonlyMap<string, string>;
}

const HASH_DIGITS = 8;

/**
 * The names that columns get in the target, in their order: renamed, in the asked case, cut where they are too long (the name's beginning,
 * `_` and eight hex digits of its SHA-256: the same name each time). Throws INGEST_NAME for a name that the target cannot hold, that two
 * columns would have, and for a rename of no column.
 */
export function columnNames(
  table: string,
  sourceNames: readonly string[],
  choice: NameChoice,
  target: IngestTarget,
): readonly string[] {
  for (const from of choice.renames.keys()) {
    if (!sourceNames.some((name) => sameName(name, from))) throw unknownRename(table, from, sourceNames);
  }
  const names = sourceNames.map((name) => {
    const what = `column ${JSON.stringify(name)} of ${table}`;
    return targetName(what, renamed(name, choice.renames), choice.identifierCase, target);
  });
  const seen = new Map<string, string>();
  for (const [index, name] of names.entries()) {
    const source = sourceNames[index] ?? '';
    const folded = foldedName(name, target);
    const other = seen.get(folded);
    if (other !== undefined) throw sameNames(table, other, source, name, target);
    seen.set(folded, source);
  }
  return names;
}

/** One name as the target will have it; `what` has it, for the message: `column "a" of t`. Throws INGEST_NAME. */
export function targetName(what: string, name: string, identifierCase: IdentifierCase, target: IngestTarget): string {
  const { identifiers } = target.capabilities;
  const cased = inCase(name, identifierCase);
  if (cased === '' || cased.includes('\0') || !cased.isWellFormed() || identifiers.forbidden?.test(cased) === true) {
    throw new SqlextractError({
      code: 'INGEST_NAME',
      message: `${what}: ${target.title} cannot have the name ${JSON.stringify(name)}`,
      hint: `give another name with --rename ${JSON.stringify(`${name}=other_name`)}`,
      fault: 'data',
    });
  }
  return shortened(cased, identifiers.longest, identifiers.unit);
}

/** The name as the target compares it with others. */
export function foldedName(name: string, { capabilities }: IngestTarget): string {
  return capabilities.identifiers.caseSensitive && capabilities.identifiers.folds === null ? name : name.toLowerCase();
}

export function sizeOfName(name: string, unit: 'bytes' | 'characters'): number {
  return unit === 'bytes' ? Buffer.byteLength(name) : name.length;
}

function shortened(name: string, longest: number, unit: 'bytes' | 'characters'): string {
  if (sizeOfName(name, unit) <= longest) return name;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, HASH_DIGITS);
  let kept = '';
  for (const character of name) {
    if (sizeOfName(kept + character, unit) > longest - HASH_DIGITS - 1) break;
    kept += character;
  }
  return `${kept}_${hash}`;
}

function inCase(name: string, identifierCase: IdentifierCase): string {
  if (identifierCase === 'preserve') return name;
  return identifierCase === 'lower' ? name.toLowerCase() : name.toUpperCase();
}

function renamed(name: string, renames: ReadonlyMap<string, string>): string {
  const exact = renames.get(name);
  if (exact !== undefined) return exact;
  return [...renames].find(([from]) => sameName(name, from))?.[1] ?? name;
}

function sameName(name: string, other: string): boolean {
  return name.toLowerCase() === other.toLowerCase();
}

function unknownRename(table: string, from: string, names: readonly string[]): SqlextractError {
  return new SqlextractError({
    code: 'INGEST_RENAME',
    message: `--rename ${from}: it is neither ${table} nor a column of its files`,
    hint: `its columns are ${names.join(', ')}; with --table it is asked of one table alone`,
    fault: 'usage',
  });
}

function sameNames(table: string, one: string, other: string, name: string, target: IngestTarget): SqlextractError {
  return new SqlextractError({
    code: 'INGEST_NAME',
    message: `columns ${one} and ${other} of ${table} would both be ${name} in ${target.title}`,
    hint: `give one of them another name with --rename ${JSON.stringify(`${other}=${other}_2`)}`,
    fault: 'data',
  });
}
