import { boolean, string } from '@oclif/core/flags';
import { COLUMNS_HELP } from './columns-help.ts';

/** What becomes of the rows, and of names and types. */
export const loadFlags = {
  flavor: string({ summary: 'mariadb, of mysql.', helpValue: '<name>' }),
  mode: string({
    summary: 'replace (default), full-refresh, append, merge or delete-insert.',
    description:
      'replace: all rows are taken out and ours put in, the table stays; full-refresh: the table is made anew; append: ours are added; merge: rows with a key of ours get our values; delete-insert: rows with a key of ours, or of --window, are taken out, and ours put in. Without it, windows of incremental runs are loaded by their strategy.',
    helpValue: '<mode>',
  }),
  key: string({
    summary: 'Columns that tell rows apart (default: the primary key).',
    description: COLUMNS_HELP,
    helpValue: '<a,b>',
  }),
  'dedupe-by': string({
    summary: 'Column whose largest value wins where a key stands in the files more than once.',
    helpValue: '<column>',
  }),
  window: string({
    multiple: true,
    summary: 'With delete-insert: rows with from <= column < to are taken out.',
    helpValue: '<column> <from> <to>',
  }),
  schema: string({
    summary: "Schema of the tables in the target (default: the target's own, or the source's).",
    helpValue: '<name>',
  }),
  rename: string({
    multiple: true,
    summary: 'Another name for a column, or for the table; repeatable.',
    helpValue: '<old=new>',
  }),
  'identifier-case': string({ summary: 'preserve (default), lower or upper.', helpValue: '<case>' }),
  create: boolean({ allowNo: true, summary: 'Create a missing schema and table (default).' }),
  measure: boolean({
    summary:
      'Columns as wide as their largest value: texts where the target has widths, numbers that are texts as decimals.',
  }),
  'on-error': string({ summary: 'abort (default), or skip rows that the target refuses.', helpValue: '<action>' }),
  'max-errors': string({ summary: 'With --on-error skip: at most so many rows of a table.', helpValue: '<rows>' }),
  'allow-mixed': boolean({ summary: 'Load also a run whose files are of more than one instant.' }),
  'allow-older': boolean({ summary: 'Load also a run that is older than the newest one loaded.' }),
  'deleted-column': string({
    summary: 'Mark rows that are gone in the source in this column, instead of deleting them.',
    description:
      'It gets the time of the load, and is added to the table where it is missing; a row that comes back has NULL there again.',
    helpValue: '<column>',
  }),
  'max-delete-fraction': string({
    summary: "More of a table's rows than this are not deleted at once (default 0.1).",
    helpValue: '<0..1>',
  }),
  nul: string({
    summary: 'Texts that hold U+0000, where the target cannot: fail (default), or remove the character.',
    helpValue: '<action>',
  }),
};

/** For commands that reach the target themselves. */
export const reachFlags = {
  parallel: string({ summary: 'Loads at the same time (default 1).', helpValue: '<n>' }),
  'parallel-load': boolean({ summary: 'As many loads at the same time as extract has workers.' }),
  evolve: string({
    summary: 'When the table lacks columns of the files: fail (default), add-columns or ignore.',
    helpValue: '<action>',
  }),
};
