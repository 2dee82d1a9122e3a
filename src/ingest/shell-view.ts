import { dirname } from 'node:path/posix';
import { SqlextractError } from '../model/problem.ts';
import { displayName } from '../model/table.ts';
import type { TableLoad } from './ingest-plan.ts';
import type { Quoted } from './quoted.ts';
import { commentText, shellWord } from './quoted.ts';
import type { View } from './render.ts';
import type { ScriptPlace } from './target.ts';

/** What run.sh and upload.sh say of a table: nothing in it moves the terminal's cursor. */
export function shellTitle({ target: { schema, name }, mode }: TableLoad): View {
  return { shellTitle: shellWord(String(commentText(`${displayName({ schema: schema ?? '', name })} (${mode})`))) };
}

/** The files' folder for `cd`: it begins with a point or a slash, so that CDPATH is not searched. */
export function shellFolder({ files: [first] }: TableLoad, place: ScriptPlace): Quoted {
  const folder = first === undefined ? '.' : dirname(place.pathOf(first));
  return shellWord(/^[./]/.test(folder) ? folder : `./${folder}`);
}

/** `.csv.gz` of `part-000001.csv.gz`. Throws INGEST_NAME for what no extract writes. */
export function endingOf(name: string): string {
  const ending = /^part-[\d-]+(\.[a-z.]+)$/.exec(name)?.[1];
  if (ending !== undefined) return ending;
  throw new SqlextractError({
    code: 'INGEST_NAME',
    message: `${JSON.stringify(name)} is no name of a file that an extract writes`,
    hint: 'generate the scripts from the manifest as the extract wrote it',
    fault: 'data',
  });
}
