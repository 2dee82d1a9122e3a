import type { Connection } from 'tedious';
import type { ColumnMetadata } from './wire-column.ts';

/** A value as it came, but numbers are digits and bits `1` or `0`. */
export type Cell = string | Uint8Array | null;

export type Row = Readonly<Record<string, Cell>>;

/** One session of the server. Statements run one after the other: whoever starts one waits for its end first. */
export interface SqlServerConnection {
  /** For streaming. */
  readonly tedious: Connection;
  /** The server's own number of the session (@@SPID), for whoever looks at it from outside. */
  readonly spid: number;
  /** One batch; the rows of its last result, by column name. No parameters: values are constants of quote.ts. */
  rows(sql: string): Promise<readonly Row[]>;
  /** One batch, row by row, with the values as `tedious` has them. */
  each(sql: string, onRow: (values: readonly unknown[]) => void): Promise<void>;
  /** One batch with one result: how the server describes its columns. */
  describe(sql: string): Promise<readonly ColumnMetadata[]>;
  /** Resolves when the session is closed; never rejects. */
  close(): Promise<void>;
}
