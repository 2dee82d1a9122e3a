/** How the text of a cell is asked for, the same from every reader. */
export type CellKind = 'plain' | 'moment';

export interface ShopTable {
  readonly name: string;
  readonly columns: readonly (readonly [name: string, kind: CellKind])[];
  /** What the target has: the rows as they are, or every version that was delivered. */
  readonly keeps: 'rows' | 'versions';
  /** The block `incremental:` of the configuration. */
  readonly incremental: Readonly<Record<string, string>>;
  /** Rows are taken out of it when deletes are found. */
  readonly deletes: boolean;
}

/**
 * Writers delete rows, and move keys, and the keys are read as well. Without it a deleted row is marked, and a moved key leaves a marked row at
 * its old place.
 */
export const DETECT_DELETES = true;

const MERGE: ShopTable = {
  name: 'customers',
  columns: [
    ['id', 'plain'],
    ['name', 'plain'],
    ['credit', 'plain'],
    ['deleted', 'plain'],
    ['updated_at', 'moment'],
  ],
  keeps: 'rows',
  incremental: { by: 'updated_at', strategy: 'merge' },
  deletes: true,
};

/** Stamps of whole seconds, on the server's clock and without a zone: many rows have the same. */
const DELETE_INSERT: ShopTable = {
  name: 'orders',
  columns: [
    ['shop', 'plain'],
    ['number', 'plain'],
    ['state', 'plain'],
    ['deleted', 'plain'],
    ['changed', 'moment'],
  ],
  keeps: 'rows',
  incremental: { by: 'changed', strategy: 'delete_insert' },
  deletes: true,
};

/** Whole numbers that are drawn in order and committed out of order. */
const LOG: ShopTable = {
  name: 'log',
  columns: [
    ['id', 'plain'],
    ['message', 'plain'],
  ],
  keeps: 'rows',
  incremental: { by: 'id', strategy: 'append', cursor_wait: '3s' },
  deletes: false,
};

const VERSIONS: ShopTable = {
  name: 'prices',
  columns: [
    ['id', 'plain'],
    ['price', 'plain'],
    ['updated_at', 'moment'],
  ],
  keeps: 'versions',
  incremental: { by: 'updated_at', strategy: 'append' },
  deletes: false,
};

/** No key: its windows are taken out and put in. Stamps come up to three seconds late. */
const WINDOWS: ShopTable = {
  name: 'visits',
  columns: [
    ['page', 'plain'],
    ['seen_at', 'moment'],
  ],
  keeps: 'rows',
  incremental: { by: 'seen_at', strategy: 'delete_insert', lookback: '10 seconds' },
  deletes: false,
};

/** The application stamps with a clock of whole seconds, so up to one second before the transaction began. */
const STAMPED: ShopTable = {
  name: 'stock',
  columns: [
    ['id', 'plain'],
    ['pieces', 'plain'],
    ['updated_at', 'moment'],
  ],
  keeps: 'rows',
  incremental: { by: 'updated_at', strategy: 'merge', cursor_lag: '1500ms' },
  deletes: false,
};

export const SHOP_TABLES: readonly ShopTable[] = [MERGE, DELETE_INSERT, LOG, VERSIONS, WINDOWS, STAMPED];

/** `sqlextract.yaml` of one source. */
export function configOf(source: string, schema: string, chunkSize: string): string {
  const tables = SHOP_TABLES.map(({ name, incremental, deletes }) => {
    const settings = { ...incremental, ...(deletes && DETECT_DELETES ? { detect_deletes: 'true' } : {}) };
    const lines = Object.entries(settings).map(([key, value]) => `      ${key}: ${value}\n`);
    return `  ${schema}.${name}:\n    incremental:\n${lines.join('')}`;
  });
  return `source: ${source}\ndefaults:\n  workers: 2\n  chunk_size: ${chunkSize}\n  hold: 10s\ntables:\n${tables.join('')}`;
}
