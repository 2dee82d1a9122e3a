import { isAbsolute, relative, sep } from 'node:path';
import { pathToFileURL } from 'node:url';

/** The text of a new sqlextract.yaml. `source` null leaves the source as a comment to fill in. */
export function configTemplate(options: { readonly schema: string; readonly source: string | null }): string {
  const source = options.source === null ? UNNAMED_SOURCE : sampleSource(options.source);
  return `${schemaLine(options.schema)}${source}${FOLDERS_AND_DEFAULTS}${TABLES}${QUERIES_AND_TARGETS}`;
}

/** The same for a source that is there, with its own `sources:` and `tables:`, which are YAML. */
export function configOfSource(options: {
  readonly schema: string;
  readonly sources: string;
  readonly tables: string;
}): string {
  const { schema, sources, tables } = options;
  return `${schemaLine(schema)}${HEAD}${sources}${FOLDERS_AND_DEFAULTS}\n${tables}${QUERIES_AND_TARGETS}`;
}

function schemaLine(schema: string): string {
  return `# yaml-language-server: $schema=${schema}\n`;
}

/** Relative where the package lies below the folder, so that the file can be committed; else a file: URL. */
export function schemaReference(folder: string, schemaPath: string): string {
  const path = relative(folder, schemaPath);
  const below = !path.startsWith('..') && !isAbsolute(path);
  return below ? `./${path.split(sep).join('/')}` : pathToFileURL(schemaPath).href;
}

function sampleSource(source: string): string {
  return `${HEAD}source: sample

sources:
  sample: ${source}
  # production:
  #   url: postgres://reader@db.example.com:5432/shop?sslmode=verify-full
  #   password: \${SHOP_PASSWORD}      # from the environment; \${NAME:-default} is possible everywhere
`;
}

const HEAD = `# Read by every sqlextract command that is called in this folder.
# Flags and environment variables (SQLEXTRACT_SOURCE, SQLEXTRACT_WORKERS, …) go before what is written here.

# The source of calls without --source: a name from the list below, a URL, or a file.
`;

const UNNAMED_SOURCE = `${HEAD}# source: production

# sources:
#   production:
#     url: postgres://reader@db.example.com:5432/shop?sslmode=verify-full
#     password: \${SHOP_PASSWORD}      # from the environment; \${NAME:-default} is possible everywhere
#   archive: data/archive.sqlite      # a path is meant beside this file
`;

const FOLDERS_AND_DEFAULTS = `
# Where the files go, and where sqlextract remembers what is done (a local disk). Both are meant beside this file.
out: export
state_dir: .sqlextract

# What is the same for all tables. Workers and memory choose themselves when they are not set.
defaults:
  format: parquet                    # or csv
  # compression: zstd                # zstd, snappy, gzip or none
  # chunk_size: 100MB                # what one file aims at
  # workers: 4
  # batch_size: 32768                # rows of one batch in memory
  # buffer_size: 128MB               # memory for batches over all workers
  # parallel_write: true
  # consistency: snapshot            # or require, or chunk
  # hold: 15m                        # how long the snapshot outlives a killed run
  # keep_snapshot: false             # hold it also after the run has finished, for verify --against-source
  # on_table_error: stop             # or continue
  # null_marker: '\\N'                # how CSV writes NULL
  # zero_dates: fail                 # dates that no calendar has; or null, or text
  # tinyint1: integer                # or boolean
  # max_connections: 5               # sessions at a time, all counted
  # max_rows_per_second: 50000
  # max_bytes_per_second: 20MB
  # max_query_seconds: 60            # a range that takes longer is cut in two
  # allow_locks: false               # keep others from writing for moments, to align the readers
  # retries: 5                       # of one range
  # max_failures: 200                # of all ranges
  # on_change: warn                  # an incremental job has other settings than before; or fail, or restart
  # on_drift: fail                   # an incremental table has other columns than before; or add-columns, or freeze
`;

const TABLES = `
# The tables of \`sqlextract extract\` without --table, with what is special about them.
# tables:
#   public.users:
#     exclude_columns: [password_hash]
#   public.orders:
#     where: created_at >= '2026-01-01'
#     chunk_size: 250MB
#     incremental:                   # only what is new since the last run; sqlextract inspect --suggest
#       by: updated_at
#       strategy: merge              # or append, or delete_insert
#       unique_key: [id]             # default: the primary key
#       lookback: 3 hours
#       detect_deletes: true
#   'audit.*':
#     format: csv
#     compression: gzip

# exclude_tables: ['*_backup']
`;

const QUERIES_AND_TARGETS = `
# Queries, extracted with the tables; one alone with --name.
# queries:
#   active_users:
#     sql: SELECT id, email FROM users WHERE active
#     split_by: id                   # else one stream

# Where load and sync go, by --target warehouse; without a target into ./warehouse.duckdb.
# targets:
#   warehouse:
#     url: postgres://loader@dw.example.com/dw
#     password: \${WAREHOUSE_PASSWORD}
#     schema: raw
#     mode: merge                    # or replace, full-refresh, append, delete-insert
#   lake:
#     type: bigquery                 # for generate-ingest: nothing is connected to
#     bucket: gs://landing/shop
`;
