import { createHash } from 'node:crypto';
import type { TableName } from '../model/table.ts';

/** Room for the longest suffix a folder's files may need; file systems allow 255 bytes a name. */
const LONGEST = 200;
const HASH_DIGITS = 12;
const PLAIN = /^[a-z0-9_][a-z0-9_-]*$/;
/** Windows reserves these also before a dot: `con.users` is the console. */
const RESERVED = /^(con|prn|aux|nul|com[0-9]|lpt[0-9])$/i;

/**
 * The folder of a table below the output folder. `public.users` and `users` stay as they are; every other name is
 * percent-encoded (UTF-8, outside `[A-Za-z0-9_-]`), cut to fit, and ends in `~` and twelve hex digits of its SHA-256, so that
 * `A` and `a` differ on a file system without regard to case, and long names with one beginning stay apart.
 *
 * The result has 1–200 bytes of `[A-Za-z0-9_%~.-]`, is never `.` or `..`, starts neither with `-` nor `.` nor `~`, and is no
 * reserved device name.
 */
export function folderNameOf(table: TableName): string {
  const parts = table.schema === '' ? [table.name] : [table.schema, table.name];
  const plain = parts.join('.');
  const first = parts[0] ?? '';
  if (parts.every((part) => PLAIN.test(part)) && !RESERVED.test(first) && plain.length <= LONGEST) return plain;
  return `${cut(readable(parts, RESERVED.test(first)))}~${hashOf(table)}`;
}

function readable(parts: readonly string[], encodeFirst: boolean): string {
  const encoded = parts.map(percentEncode).join('.');
  if (encoded === '') return '_';
  if (!encodeFirst && /^[A-Za-z0-9_%]/.test(encoded)) return encoded;
  return `${percentByte(encoded.charCodeAt(0))}${encoded.slice(1)}`;
}

function percentEncode(text: string): string {
  return [...Buffer.from(text, 'utf8')]
    .map((byte) => (/[A-Za-z0-9_-]/.test(String.fromCharCode(byte)) ? String.fromCharCode(byte) : percentByte(byte)))
    .join('');
}

function percentByte(byte: number): string {
  return `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
}

/** Never ends inside a `%XX`. */
function cut(encoded: string): string {
  return encoded.slice(0, LONGEST - HASH_DIGITS - 1).replace(/%[0-9A-F]?$/, '');
}

/** Over JSON, which keeps lone surrogates apart and schema from name. */
function hashOf(table: TableName): string {
  return createHash('sha256')
    .update(JSON.stringify([table.schema, table.name]))
    .digest('hex')
    .slice(0, HASH_DIGITS);
}
