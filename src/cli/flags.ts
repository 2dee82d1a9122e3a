import { boolean, string } from '@oclif/core/flags';
import { COLUMNS_HELP } from './columns-help.ts';
import { incrementalFlags } from './incremental-flags.ts';

/**
 * The flags that commands share. They hold texts only: `loadSettings` parses them by the same rules as the environment and
 * the file, so that `--workers 0` and SQLEXTRACT_WORKERS=0 are refused in the same words. Nothing else is imported here, and
 * none has a default of oclif's: --help must be quick, and a default would hide the file's value.
 */

export const sourceFlags = {
  source: string({
    char: 's',
    summary: 'Where to read: a URL, a file, or a name from `sources:` in sqlextract.yaml.',
    description:
      'Without it SQLEXTRACT_SOURCE, then `source:` of the file. A password in it can be seen in `ps`: better give it by SQLEXTRACT_SOURCE or the file.',
    helpValue: '<url|name>',
  }),
  config: string({
    char: 'c',
    summary: 'The configuration file (default sqlextract.yaml, when it is there).',
    helpValue: '<file>',
  }),
};

export const tableFlags = {
  table: string({
    char: 't',
    multiple: true,
    summary: "Table, with or without schema; globs like 'sales.*' take several.",
    description: 'Repeatable. Without it the keys of `tables:` in sqlextract.yaml.',
    helpValue: '<name>',
  }),
  'exclude-table': string({ multiple: true, summary: 'Table or glob to leave out; repeatable.', helpValue: '<name>' }),
};

export const queryFlags = {
  query: string({
    summary: 'One SELECT in place of a table, or @file with its text; needs --name.',
    description: 'It runs in a read-only transaction. --where, --columns and the like are meant for its result.',
    helpValue: '<sql|@file>',
  }),
  name: string({
    summary: 'Name of the query: of its folder, state and manifest.',
    description: 'Without --query: the query of that name in `queries:` of sqlextract.yaml.',
    helpValue: '<name>',
  }),
  'split-by': string({
    summary: 'Column of the query that ranges are cut by.',
    description:
      'Without it the query is read in one stream. With it it runs once for every range, and must give the same rows each time.',
    helpValue: '<column>',
  }),
};

export const selectionFlags = {
  columns: string({ multiple: true, summary: 'Only these columns.', description: COLUMNS_HELP, helpValue: '<a,b>' }),
  'exclude-columns': string({
    multiple: true,
    summary: 'All but these columns.',
    description: COLUMNS_HELP,
    helpValue: '<a,b>',
  }),
  'as-text': string({
    multiple: true,
    summary: 'Write these columns as text, whatever their type.',
    description: COLUMNS_HELP,
    helpValue: '<a,b>',
  }),
  where: string({ summary: 'Only rows for which this SQL condition holds.', helpValue: '<condition>' }),
  limit: string({ summary: 'At most this many rows in all.', helpValue: '<rows>' }),
};

/** Values that no file type holds as they are. */
export const policyFlags = {
  'zero-dates': string({
    summary: 'Dates that no calendar has (0000-00-00): fail (default), null or text.',
    description:
      'fail: the run ends at the first, which is named; null: they are written as NULL, and counted; text: all date columns are written as text.',
    helpValue: '<policy>',
  }),
  tinyint1: string({
    summary: 'TINYINT(1) as integer (default) or boolean.',
    description: 'With boolean any value but 0 and 1 is an error.',
    helpValue: '<type>',
  }),
};

/** What the run may ask of the server, and how often it tries again. */
export const gentleFlags = {
  'max-connections': string({
    summary: 'Sessions at a time, all counted; workers are lowered to fit.',
    helpValue: '<n>',
  }),
  'max-rows-per-second': string({ summary: 'Rows read in a second, over all workers.', helpValue: '<rows>' }),
  'max-bytes-per-second': string({ summary: 'Bytes read in a second, over all workers.', helpValue: '<size>' }),
  'max-query-seconds': string({
    summary: 'A range for which the server needs longer is given up and cut in two.',
    helpValue: '<seconds>',
  }),
  'allow-locks': boolean({
    allowNo: true,
    summary: 'Locks that keep others from writing may be taken, for moments, to align the readers.',
  }),
  retries: string({ summary: 'Tries of one range after the first (default 5).', helpValue: '<n>' }),
  'max-failures': string({
    summary: 'Failed tries of all ranges until the run gives up (default 200).',
    helpValue: '<n>',
  }),
};

export const formatFlags = {
  format: string({ char: 'f', summary: 'parquet (default) or csv.', helpValue: '<format>' }),
  compression: string({
    summary: 'zstd, snappy, gzip or none.',
    description: "Without it the format's own default. Parquet takes all four, csv all but snappy.",
    helpValue: '<name>',
  }),
  null: string({ summary: 'How CSV writes NULL (default \\N).', helpValue: '<text>' }),
  out: string({ char: 'o', summary: 'Folder of the files (default export).', helpValue: '<folder>' }),
};

export const speedFlags = {
  workers: string({
    char: 'w',
    summary: 'Connections that read at the same time.',
    description: 'Without it one a core, at least 2 and at most 8.',
    helpValue: '<n>',
  }),
  'batch-size': string({ summary: 'Rows of one record batch in memory (default 32768).', helpValue: '<rows>' }),
  'chunk-size': string({ summary: 'Bytes that one file aims at (default 100MB).', helpValue: '<size>' }),
  'buffer-size': string({
    summary: 'Memory for batches over all workers.',
    description: 'It throttles the readers. Without it 64MB for each worker, at most an eighth of the memory.',
    helpValue: '<size>',
  }),
  'parallel-write': boolean({
    allowNo: true,
    summary: 'Several workers may write at the same time (default).',
  }),
};

export const runFlags = {
  consistency: string({
    summary: 'snapshot (default), require or chunk.',
    description:
      'snapshot: all rows of one instant where the source can, and the report says when not; require: fail rather than mix instants; chunk: every range as it is when it is read.',
    helpValue: '<level>',
  }),
  hold: string({
    summary: 'How long the snapshot outlives a killed run (default 15m).',
    description: 'The same command, run again in that time, goes on in the same snapshot. 0: not at all.',
    helpValue: '<duration>',
  }),
  'keep-snapshot': boolean({
    allowNo: true,
    summary: 'Hold the snapshot also after the run has finished.',
    description: 'For --hold; `verify --against-source` then compares inside it.',
  }),
  job: string({
    summary: 'Name of the job whose state this is, instead of one made of source, table and selection.',
    helpValue: '<name>',
  }),
  'run-key': string({
    summary: 'Name of this run: once it is finished, the same key does nothing.',
    description: 'For schedulers that may call twice.',
    helpValue: '<key>',
  }),
  fresh: boolean({ summary: 'Discard an unfinished run and begin anew.' }),
  'on-table-error': string({ summary: 'stop (default) or continue with the other tables.', helpValue: '<action>' }),
  'dry-run': boolean({ summary: 'Show the plan, read no rows.' }),
};

export const stateFlags = {
  'state-dir': string({ summary: 'Folder of the states (default .sqlextract).', helpValue: '<folder>' }),
};

export const jsonFlag = { json: boolean({ summary: 'One JSON document on stdout, nothing else.' }) };
export const quietFlag = { quiet: boolean({ char: 'q', summary: 'No progress; errors and results only.' }) };

/** Everything that `extract` and `plan` take. */
export const extractFlags = {
  ...sourceFlags,
  ...tableFlags,
  ...queryFlags,
  ...selectionFlags,
  ...incrementalFlags,
  ...formatFlags,
  ...policyFlags,
  ...speedFlags,
  ...gentleFlags,
  ...runFlags,
  ...stateFlags,
  ...jsonFlag,
  ...quietFlag,
};

/** Of `extract` alone. */
export const catchUpFlag = {
  'catch-up': boolean({
    summary: 'Bring the last run, whose files are of more than one instant, to one snapshot.',
    description:
      'With the flags of that run. Reads what was written since it began, and all keys, where the source can tell (PostgreSQL, a primary key); else all rows again, and says why. load takes both.',
  }),
};

/** Which finished run of which tables is loaded. */
export const manifestFlags = {
  table: string({
    char: 't',
    multiple: true,
    summary: 'Table whose last finished run is taken, or a glob; repeatable. Without it all below --out.',
    helpValue: '<name>',
  }),
  run: string({ summary: 'That run, instead of the last finished one.', helpValue: '<id>' }),
  out: string({
    char: 'o',
    summary: 'Folder that extract wrote the files into (default export).',
    helpValue: '<folder>',
  }),
  config: sourceFlags.config,
};

/** For commands that reach the target themselves. */
export const targetFlag = {
  target: string({
    summary: 'Where to load: a URL, a file, or a name from `targets:` in sqlextract.yaml (default warehouse.duckdb).',
    description:
      'Without it SQLEXTRACT_TARGET. A password in it can be seen in `ps`: better give it by SQLEXTRACT_TARGET or the file.',
    helpValue: '<url|name>',
  }),
};

/** As generate-ingest and load have it; `extract`'s own is in `runFlags`. */
export const dryRunFlag = { 'dry-run': boolean({ summary: 'Say what would be done, do nothing.' }) };
