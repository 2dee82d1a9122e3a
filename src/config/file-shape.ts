import { FILE_DEFAULTS } from './setting-table.ts';

/** What may stand in sqlextract.yaml. schema/config.schema.json says the same to editors; a test compares the two. */
export type Shape =
  /** A text, number or boolean; references to the environment are replaced in it. */
  | { readonly kind: 'scalar' }
  /** A list of scalars, or one scalar with names separated by commas. */
  | { readonly kind: 'names' }
  /** A mapping with these keys only. */
  | { readonly kind: 'record'; readonly keys: Readonly<Record<string, Shape>> }
  /** A mapping with keys of the person's choice. */
  | { readonly kind: 'dictionary'; readonly of: Shape }
  /** A scalar, or a mapping in its place. */
  | { readonly kind: 'either'; readonly record: Shape & { readonly kind: 'record' } };

const SCALAR: Shape = { kind: 'scalar' };
const NAMES: Shape = { kind: 'names' };

/** What an incremental job of a table or query is. */
export const INCREMENTAL_KEYS = {
  by: SCALAR,
  strategy: SCALAR,
  unique_key: NAMES,
  start: SCALAR,
  end: SCALAR,
  lookback: SCALAR,
  cursor_zone: SCALAR,
  cursor_lag: SCALAR,
  cursor_wait: SCALAR,
  null_cursors: SCALAR,
  detect_deletes: SCALAR,
  detect_changes: SCALAR,
} as const satisfies Readonly<Record<string, Shape>>;

export const TABLE_KEYS = {
  columns: NAMES,
  exclude_columns: NAMES,
  as_text: NAMES,
  where: SCALAR,
  format: SCALAR,
  compression: SCALAR,
  chunk_size: SCALAR,
  null_marker: SCALAR,
  incremental: { kind: 'record', keys: INCREMENTAL_KEYS },
} as const satisfies Readonly<Record<string, Shape>>;

/** A query of the file: its text, and what a table has. */
export const QUERY_KEYS = { sql: SCALAR, split_by: SCALAR, ...TABLE_KEYS } as const satisfies Readonly<
  Record<string, Shape>
>;

/** A named target: what `--target` and the flags of loading say, said once. */
export const TARGET_KEYS = {
  type: SCALAR,
  url: SCALAR,
  password: SCALAR,
  flavor: SCALAR,
  schema: SCALAR,
  mode: SCALAR,
  identifier_case: SCALAR,
  deleted_column: SCALAR,
  max_delete_fraction: SCALAR,
  nul: SCALAR,
  stage: SCALAR,
  bucket: SCALAR,
  volume: SCALAR,
  server_path: SCALAR,
  catalog: SCALAR,
  iam_role: SCALAR,
} as const satisfies Readonly<Record<string, Shape>>;

export const FILE_SHAPE = {
  kind: 'record',
  keys: {
    source: SCALAR,
    sources: {
      kind: 'dictionary',
      of: { kind: 'either', record: { kind: 'record', keys: { url: SCALAR, password: SCALAR } } },
    },
    out: SCALAR,
    state_dir: SCALAR,
    exclude_tables: NAMES,
    defaults: { kind: 'record', keys: Object.fromEntries(FILE_DEFAULTS.map((key) => [key, SCALAR])) },
    tables: { kind: 'dictionary', of: { kind: 'record', keys: TABLE_KEYS } },
    queries: { kind: 'dictionary', of: { kind: 'record', keys: QUERY_KEYS } },
    targets: { kind: 'dictionary', of: { kind: 'either', record: { kind: 'record', keys: TARGET_KEYS } } },
  },
} as const satisfies Shape;
