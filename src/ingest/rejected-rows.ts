import type { ColumnType } from '../model/column-type.ts';
import type { IngestPlan, TableLoad } from './ingest-plan.ts';
import type { Quoted } from './quoted.ts';

/** Rows that a target does not take, `--on-error skip`: kept with their reason in a table beside the ledger, those of all runs in one. */
export const REJECTED = '_sqlextract_rejected';

export function rejectedTable({ target }: TableLoad, qualify: (schema: string | null, name: string) => Quoted): Quoted {
  return qualify(target.schema, REJECTED);
}

/** A delete set holds keys: one that the table does not take stops it, since the row it is of would stay without a word. */
export function skipsRows({ mode }: TableLoad, { options }: IngestPlan): boolean {
  return options.onError === 'skip' && mode !== 'delete';
}

export function messageTooMany(table: string, { options }: IngestPlan): string {
  return `sqlextract: ${table}: more rows than the ${options.maxErrors} of --max-errors do not fit the table; nothing was changed; the first: `;
}

/**
 * A regular expression (whole text) of the cells of our CSV that a cast takes without rounding; null: casts of this type round nothing. Our own
 * files have no other, but rows are left out of files that somebody else has changed.
 */
export function exactText(type: ColumnType): string | null {
  switch (type.kind) {
    case 'int32':
    case 'int64':
      return '-?[0-9]+';
    case 'decimal':
      return type.scale === 0 ? '-?[0-9]+' : `-?[0-9]+([.][0-9]{1,${type.scale}})?`;
    case 'time':
    case 'timestamp':
      return '[^.]*([.][0-9]{1,6}([^0-9.].*)?)?';
    default:
      return null;
  }
}
