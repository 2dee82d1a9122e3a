/**
 * The dialect of every CSV file, as data: it goes into the manifest, and the scripts that load the files are made from it.
 * A value is quoted by its column's kind, never by its content, so that an unquoted NULL marker can mean nothing but NULL.
 */
export const CSV_DIALECT = {
  version: '1',
  encoding: 'utf-8',
  byteOrderMark: false,
  delimiter: ',',
  lineEnd: '\n',
  quote: '"',
  /** A quote inside a quoted cell is doubled; there is no other escape, and line ends inside stay as they are. */
  escape: '"',
  /** The names in the header are always quoted. */
  header: true,
  /** Cells of these kinds are always quoted; all others never are. */
  quotedKinds: 'string json uuid binary',
  /** The NULL marker itself is a setting (`--null`, by default \N) and stands beside the dialect in the manifest. */
  nullQuoted: false,
  emptyText: '""',
  true: 'true',
  false: 'false',
  /** Proleptic Gregorian; years before 0001 as ISO 8601 counts them (0000 is 1 BC) with a minus, years beyond 9999 with more digits. */
  date: 'YYYY-MM-DD',
  /** 00:00:00 up to and including 24:00:00. */
  time: 'HH:MM:SS[.ffffff]',
  timestamp: 'YYYY-MM-DDTHH:MM:SS[.ffffff]',
  timestampZoned: 'YYYY-MM-DDTHH:MM:SS[.ffffff]+00:00',
  /** Left out when zero. */
  fraction: 'none or six digits',
  /** Exactly `scale` digits after the point, no point when the scale is 0. */
  decimal: 'plain, all digits of the scale',
  /** The fewest digits that give the same float again, with an exponent where that is shorter. */
  float: 'shortest',
  nan: 'NaN',
  infinity: 'Infinity',
  negativeInfinity: '-Infinity',
  binary: 'lower-case hex',
} as const satisfies Readonly<Record<string, string | boolean>>;
