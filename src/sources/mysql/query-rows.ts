import type { Connection, FieldPacket, TypeCastField } from 'mysql2';

/** Cells as the server wrote them; a BLOB is read as UTF-8. */
export type TextRow = readonly (string | null)[];

type Watch = <T>(answer: Promise<T>) => Promise<T>;

const watches = new WeakMap<Connection, Watch>();

/** Every answer that this connection is asked for from now on goes through `watch`, which may end it. */
export function watchAnswers(connection: Connection, watch: Watch): void {
  watches.set(connection, watch);
}

export function watched<T>(connection: Connection, answer: Promise<T>): Promise<T> {
  return watches.get(connection)?.(answer) ?? answer;
}

/** The rows of one statement of our own, as text. Rejects with what mysql2 gives, and never hangs on a cut connection: its callback is called then. */
export function queryRows(connection: Connection, sql: string): Promise<readonly TextRow[]> {
  const answer = new Promise<readonly TextRow[]>((resolve, reject) => {
    const asText = (field: TypeCastField): string | null => field.string('utf8');
    connection.query({ sql, rowsAsArray: true, typeCast: asText }, (error, rows) => {
      if (error === null) resolve(Array.isArray(rows) ? (rows as unknown as TextRow[]) : []);
      else reject(error);
    });
  });
  return watched(connection, answer);
}

/** The rows by the names of their columns, for SHOW statements, whose columns differ between servers and versions. */
export function queryRecords(
  connection: Connection,
  sql: string,
): Promise<readonly ReadonlyMap<string, string | null>[]> {
  const answer = new Promise<readonly ReadonlyMap<string, string | null>[]>((resolve, reject) => {
    const asText = (field: TypeCastField): string | null => field.string('utf8');
    connection.query({ sql, rowsAsArray: true, typeCast: asText }, (error, rows, fields: FieldPacket[] | undefined) => {
      if (error !== null) return reject(error);
      const names = (fields ?? []).map((field) => field.name);
      const records = (rows as unknown as TextRow[]).map(
        (row) => new Map(names.map((name, at) => [name, row[at] ?? null])),
      );
      resolve(records);
    });
  });
  return watched(connection, answer);
}

export async function queryRow(connection: Connection, sql: string): Promise<TextRow> {
  return (await queryRows(connection, sql))[0] ?? [];
}

/** The first cell of the first row; null when there is none. */
export async function queryCell(connection: Connection, sql: string): Promise<string | null> {
  return (await queryRow(connection, sql))[0] ?? null;
}

/** For statements without rows. */
export async function execute(connection: Connection, sql: string): Promise<void> {
  await queryRows(connection, sql);
}
