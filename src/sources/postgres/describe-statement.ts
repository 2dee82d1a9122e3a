import type pg from 'pg';

/** A column of a result as the server's RowDescription has it. */
export interface ResultField {
  readonly name: string;
  readonly typeOid: number;
  readonly typmod: number;
  /** 0 when the column is an expression. */
  readonly tableOid: number;
  /** 1-based; 0 when the column is an expression. */
  readonly attnum: number;
}

interface PgConnection {
  parse(query: { text: string; name: string }): void;
  describe(message: { type: 'S'; name: string }): void;
  sync(): void;
}

interface PgField {
  readonly name: string;
  readonly dataTypeID: number;
  readonly dataTypeModifier: number;
  readonly tableID: number;
  readonly columnID: number;
}

/**
 * Parse, Describe, Sync: the server analyses a statement and tells its columns, and plans and runs nothing. Inside a transaction the
 * relations that it names stay locked (ACCESS SHARE) to its end.
 * https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-EXT-QUERY
 */
export async function describeStatement(client: pg.Client, text: string): Promise<readonly ResultField[]> {
  const statement = new DescribeStatement(text);
  client.query(statement);
  return statement.answered;
}

class DescribeStatement implements pg.Submittable {
  readonly answered: Promise<readonly ResultField[]>;
  private readonly text: string;
  private readonly settle: PromiseWithResolvers<readonly ResultField[]>;
  private fields: readonly ResultField[] = [];

  constructor(text: string) {
    this.text = text;
    this.settle = Promise.withResolvers();
    this.answered = this.settle.promise;
  }

  submit(connection: PgConnection | pg.Connection): void {
    const wire = connection as PgConnection;
    wire.parse({ text: this.text, name: '' });
    wire.describe({ type: 'S', name: '' });
    wire.sync();
  }

  handleRowDescription({ fields }: { readonly fields: readonly PgField[] }): void {
    this.fields = fields.map((field) => ({
      name: field.name,
      typeOid: field.dataTypeID,
      typmod: field.dataTypeModifier,
      tableOid: field.tableID,
      attnum: field.columnID,
    }));
  }

  handleReadyForQuery(): void {
    this.settle.resolve(this.fields);
  }

  handleError(error: Error): void {
    this.settle.reject(error);
  }
}
