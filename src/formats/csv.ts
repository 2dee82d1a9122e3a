import { CSV_DIALECT } from './csv-dialect.ts';
import { CsvEncoder } from './csv-encoder.ts';
import type { DescribedType, FileFormat } from './format.ts';
import { refusesColumns } from './table-refusals.ts';

const EXTENSION = { none: 'csv', gzip: 'csv.gz', zstd: 'csv.zst', snappy: 'csv.snappy' } as const;

/** CSV in the one dialect of csv-dialect.ts, plain or as one gzip or zstd member. Holds every column type exactly. */
export const csvFormat: FileFormat = {
  name: 'csv',
  compressions: ['none', 'gzip', 'zstd'],
  defaultCompression: 'none',
  dialect: CSV_DIALECT,
  extension: (compression) => EXTENSION[compression],
  describe: ({ type }) => describeCsv(type),
  describes: describeCsv,
  refuses: () => null,
  refusesTable: refusesColumns,
  refusesMarker,
  open: async (schema, out, options) => {
    checkMarker(options.nullMarker, schema.columns.length);
    return new CsvEncoder(schema, out, options);
  },
};

function describeCsv(type: DescribedType): string {
  switch (type.kind) {
    case 'boolean':
      return 'true or false';
    case 'int32':
    case 'int64':
      return 'digits';
    case 'float32':
    case 'float64':
      return 'shortest digits';
    case 'decimal':
      return type.scale === 0 ? 'digits' : `digits, ${type.scale} after the point`;
    case 'date':
    case 'time':
      return CSV_DIALECT[type.kind];
    case 'timestamp':
      return type.zoned ? CSV_DIALECT.timestampZoned : CSV_DIALECT.timestamp;
    case 'binary':
      return 'quoted hex';
    case 'string':
    case 'json':
    case 'uuid':
      return 'quoted text';
    default:
      return type satisfies never;
  }
}

/** Unquoted cells that other values take, or that a reader would split. */
const TAKEN = /[",\r\n]|^(?:true|false|-?Infinity|NaN|[-+]?\d.*)$/;

/** An empty marker would make blank lines of a single column, which readers skip. */
function refusesMarker(marker: string, columns: number): string | null {
  if (TAKEN.test(marker)) return 'it cannot be told from a value';
  return marker === '' && columns === 1 ? 'it makes blank lines of the only column, which readers skip' : null;
}

function checkMarker(marker: string, columns: number): void {
  const reason = refusesMarker(marker, columns);
  if (reason !== null) throw new Error(`the NULL marker ${JSON.stringify(marker)}: ${reason}`);
}
