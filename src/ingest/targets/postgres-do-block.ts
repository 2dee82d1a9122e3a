import { Quoted } from '../quoted.ts';

/**
 * A body of PL/pgSQL as a DO statement, between dollar quotes (PostgreSQL manual, 4.1.2.4) whose tag does not stand in it, whatever the
 * names and values in it are.
 */
export function doBlock(body: string): Quoted {
  let tag = '$sqlextract$';
  for (let number = 1; body.includes(tag.slice(0, -1)); number++) tag = `$sqlextract${number}x$`;
  return new Quoted(`DO LANGUAGE plpgsql ${tag}\n${body}${tag};`);
}
