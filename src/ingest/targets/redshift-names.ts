import { SqlextractError } from '../../model/problem.ts';
import { Quoted, sql } from '../quoted.ts';

/** Names and identifiers, "Delimited identifiers": a quote inside is doubled. */
export function quoteIdentifier(name: string): Quoted {
  return new Quoted(`"${name.replaceAll('"', '""')}"`);
}

export function qualify(schema: string | null, name: string): Quoted {
  return schema === null ? quoteIdentifier(name) : sql`${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
}

/** A text in an expression. Whether a backslash in quotes is one depends on server and settings, so none is written in quotes. */
export function quoteLiteral(text: string): Quoted {
  const parts = text.split('\\').map((part) => `'${part.replaceAll("'", "''")}'`);
  return new Quoted(parts.length === 1 ? parts.join('') : `(${parts.join(' || CHR(92) || ')})`);
}

/** A text where no expression may stand (COPY). Throws INGEST_OPTION for one with a backslash. */
export function plainLiteral(text: string, flag: string): Quoted {
  if (!text.includes('\\') && !/\p{Cc}/u.test(text)) return quoteLiteral(text);
  throw new SqlextractError({
    code: 'INGEST_OPTION',
    message: `${flag}: Redshift's COPY cannot be given ${JSON.stringify(text)}`,
    hint: 'use one without backslashes and control characters',
    fault: 'usage',
  });
}

/** A comment, where no expression may stand and a backslash does no harm. */
export function commentLiteral(text: string): Quoted {
  return quoteLiteral(text.replaceAll('\\', '/'));
}

/** COPY, "IAM_ROLE": one role or a chain of them; null: the cluster's default. */
export function roleLiteral(role: string | null): Quoted {
  if (role === null) return new Quoted('default');
  if (/^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=.@/-]+(?:,arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=.@/-]+)*$/.test(role)) {
    return quoteLiteral(role);
  }
  throw new SqlextractError({
    code: 'INGEST_OPTION',
    message: `--iam-role: ${JSON.stringify(role)} is no role`,
    hint: '--iam-role arn:aws:iam::123456789012:role/RedshiftLoad, or leave it out for the default role of the cluster',
    fault: 'usage',
  });
}
