import { SqlextractError } from '../../model/problem.ts';
import { Quoted, sql } from '../quoted.ts';

/**
 * Schema Object Names, dev.mysql.com/doc/refman/8.4/en/identifiers.html: a backtick inside is doubled; U+0001 to U+FFFF; no blank at the
 * end. Throws INGEST_NAME for the others.
 */
export function quoteIdentifier(name: string): Quoted {
  if (name === '' || FORBIDDEN.test(name) || !name.isWellFormed()) {
    throw new SqlextractError({
      code: 'INGEST_NAME',
      message: `MySQL cannot have the name ${JSON.stringify(name)}`,
      hint: 'give the column or the table another name with --rename, the database with --schema',
      fault: 'data',
    });
  }
  return new Quoted(`\`${name.replaceAll('`', '``')}\``);
}

/** NUL, what lies beyond the Basic Multilingual Plane, and a blank at the end. */
export const FORBIDDEN = /\0|[\u{10000}-\u{10ffff}]| $/u;

export function qualify(schema: string | null, name: string): Quoted {
  return schema === null ? quoteIdentifier(name) : sql`${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
}

/**
 * A text that means the same under every sql_mode and in the client's own reading of a script: what has a backslash (an escape or not, as
 * NO_BACKSLASH_ESCAPES has it) or a control character (the client's lines) is written in hexadecimal.
 * String Literals, dev.mysql.com/doc/refman/8.4/en/string-literals.html; an introducer before a hexadecimal literal is in both servers.
 */
export function quoteLiteral(text: string): Quoted {
  if (/[\\\p{Cc}\p{Zl}\p{Zp}]/u.test(text)) return new Quoted(`_utf8mb4 X'${Buffer.from(text).toString('hex')}'`);
  return new Quoted(`'${text.replaceAll("'", "''")}'`);
}

/** Where the grammar takes no expression (COMMENT '…'): what could not stand there in plain quotes is left out. At most 1024 characters. */
export function plainLiteral(text: string): Quoted {
  const plain = text.replaceAll(/[\\\p{Cc}\p{Zl}\p{Zp}]/gu, ' ').slice(0, 1000);
  return new Quoted(`'${plain.toWellFormed().replaceAll("'", "''")}'`);
}
