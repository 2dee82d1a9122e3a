import { boolean, string } from '@oclif/core/flags';
import { COLUMNS_HELP } from './columns-help.ts';

/** Only what changed since the last run. */
export const incrementalFlags = {
  'incremental-by': string({
    summary: 'Only rows that are new in this column since the last run; xmin on PostgreSQL.',
    description:
      'The first run reads all. The upper bound comes from the transactions that the server has in flight, so that none can commit a row below it later.',
    helpValue: '<column>',
  }),
  strategy: string({
    summary: 'merge (default), append or delete_insert: what becomes of the rows in the target.',
    helpValue: '<name>',
  }),
  'unique-key': string({
    multiple: true,
    summary: 'Columns that tell rows apart (default: the primary key).',
    description: COLUMNS_HELP,
    helpValue: '<a,b>',
  }),
  start: string({
    summary: 'Where the first run begins: auto (default), a value, or @name of --vars.',
    helpValue: '<value>',
  }),
  end: string({
    summary: 'With --start: read the closed range [start, end) again; the watermark stays.',
    helpValue: '<value>',
  }),
  lookback: string({
    summary: 'Read so much again before the watermark, for rows that come late.',
    description: 'Repeated rows are marked in the manifest, and no load doubles them.',
    helpValue: '<"3 hours"|500>',
  }),
  'cursor-zone': string({
    summary: "Zone of a column without one, where its values are not on the server's clock.",
    helpValue: '<zone>',
  }),
  'cursor-lag': string({
    summary: "Stay so far behind the server's clock; for values that the application stamps itself.",
    helpValue: '<duration>',
  }),
  'cursor-wait': string({
    summary: 'How long open transactions are waited for, where the column has no clock (default 60s).',
    helpValue: '<duration>',
  }),
  'null-cursors': string({
    summary: 'Rows without a value: fail (default), or read with every run.',
    helpValue: '<policy>',
  }),
  'detect-deletes': boolean({
    allowNo: true,
    summary: 'Read the keys of all rows as well, and write those that are gone as a delete set.',
    description: 'Loads take them out of the target, or mark them with --deleted-column.',
  }),
  'detect-changes': string({
    summary: 'For tables without a cursor: hash compares all rows with those of the last run.',
    description:
      'Every row is read from the source; only those that are new, changed or gone are delivered. Needs a key.',
    helpValue: '<hash>',
  }),
  vars: string({ summary: 'Values for @name in --start and --end, as a JSON object.', helpValue: '<json>' }),
  'on-change': string({
    summary: 'When settings of the job changed since its last run: warn (default), fail or restart.',
    helpValue: '<action>',
  }),
  'on-drift': string({
    summary: "When the table's columns changed since the last run: fail (default), add-columns or freeze.",
    helpValue: '<action>',
  }),
};
