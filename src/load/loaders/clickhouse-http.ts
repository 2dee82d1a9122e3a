import { request as httpRequest, Agent as HttpAgent } from 'node:http';
import type { IncomingMessage, RequestOptions } from 'node:http';
import { request as httpsRequest, Agent as HttpsAgent } from 'node:https';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { SqlextractError } from '../../model/problem.ts';
import type { ClickHousePlace } from './clickhouse-url.ts';

/** What the server answered instead of doing it; its words, with the number of its error. */
export class ClickHouseRefusal extends Error {}

/** Bytes that follow a statement, and how they are compressed. */
export interface StatementBody {
  readonly bytes: AsyncIterable<Uint8Array>;
  readonly encoding: 'gzip' | 'zstd' | null;
}

/**
 * ClickHouse's HTTP interface, clickhouse.com/docs/interfaces/http: one statement a request, in `?query=` when data follow in the body, else
 * as the body. User and password travel in headers, where no log of addresses has them. `wait_end_of_query` holds the answer back until the
 * statement is done, so that an error is in the status and not in the middle of a result.
 */
export class ClickHouseHttp {
  readonly #place: ClickHousePlace;
  readonly #agent: HttpAgent | HttpsAgent;

  constructor(place: ClickHousePlace, connections: number) {
    this.#place = place;
    const options = { keepAlive: true, maxSockets: connections + 1 };
    const trust = place.ca === null ? {} : { ca: place.ca };
    this.#agent = place.secure ? new HttpsAgent({ ...options, ...trust }) : new HttpAgent(options);
  }

  /** Throws ClickHouseRefusal, and TARGET_CONNECT (fault source) when the connection is not made or lost. */
  async run(statement: string): Promise<string> {
    const text = Buffer.from(statement);
    return this.#send('', Readable.from([text], { objectMode: false }), { 'content-length': String(text.length) });
  }

  /** Back-pressure reaches from the server's socket to `bytes`; what `bytes` throws cuts the request and is thrown. */
  async insert(statement: string, { bytes, encoding }: StatementBody): Promise<void> {
    const headers = encoding === null ? {} : { 'content-encoding': encoding };
    let failure: { readonly error: unknown } | null = null;
    const heard = async function* (): AsyncGenerator<Uint8Array> {
      try {
        yield* bytes;
      } catch (error) {
        failure = { error };
        throw error;
      }
    };
    const query = `&query=${encodeURIComponent(statement)}`;
    try {
      await this.#send(query, Readable.from(heard(), { objectMode: false }), headers);
    } catch (error) {
      throw failure === null ? error : (failure as { readonly error: unknown }).error;
    }
  }

  /** Rows of texts; NULL is null. */
  async rows(statement: string): Promise<readonly (readonly (string | null)[])[]> {
    const settings = 'SETTINGS output_format_json_quote_64bit_integers = 1';
    const answer = await this.run(`${statement} ${settings} FORMAT JSONCompactEachRow`);
    return answer
      .split('\n')
      .filter((line) => line !== '')
      .map((line) =>
        (JSON.parse(line) as (string | number | boolean | null)[]).map((cell) => (cell === null ? null : String(cell))),
      );
  }

  close(): void {
    this.#agent.destroy();
  }

  async #send(query: string, body: Readable, headers: Readonly<Record<string, string>>): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const sent = this.#request(query, headers);
    sent.on('response', resolve);
    sent.on('error', reject);
    // a server that refuses answers before the body is through: the answer counts, not the cut pipe
    const piped = pipeline(body, sent).then(
      () => null,
      (error: unknown) => ({ error }),
    );
    try {
      const response = await promise;
      const answer = await textOf(response);
      const code = response.headers['x-clickhouse-exception-code'];
      if (response.statusCode !== 200 || code !== undefined) throw refusal(answer, response.statusCode, code);
      const cut = await piped;
      if (cut !== null) throw cut.error;
      return answer;
    } catch (error) {
      sent.destroy();
      body.destroy();
      throw error instanceof ClickHouseRefusal ? error : lost(this.#place, error);
    }
  }

  #request(query: string, headers: Readonly<Record<string, string>>) {
    const { host, port, user, password, database, secure } = this.#place;
    const options: RequestOptions = {
      host,
      port,
      method: 'POST',
      path: `/?wait_end_of_query=1${query}`,
      agent: this.#agent,
      headers: {
        'x-clickhouse-user': encodeHeader(user),
        'x-clickhouse-key': encodeHeader(password),
        ...(database === null ? {} : { 'x-clickhouse-database': encodeHeader(database) }),
        ...headers,
      },
    };
    return secure ? httpsRequest(options) : httpRequest(options);
  }
}

/** Headers hold bytes; Node takes each character of a text for one. */
function encodeHeader(text: string): string {
  return Buffer.from(text).toString('latin1');
}

async function textOf(response: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of response) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString();
}

function refusal(answer: string, status: number | undefined, code: string | string[] | undefined): ClickHouseRefusal {
  const words = answer.trim();
  return new ClickHouseRefusal(words === '' ? `HTTP status ${status}, error ${String(code)}` : words);
}

function lost({ host, port }: ClickHousePlace, error: unknown): SqlextractError {
  return new SqlextractError(
    {
      code: 'TARGET_CONNECT',
      message: `ClickHouse at ${host}:${port} cannot be reached, or cut the connection`,
      hint: 'check host and port (8123, or 8443 with ?secure=true); the same command goes on',
      fault: 'source',
      causes: [
        error instanceof Error ? `${(error as { code?: string }).code ?? ''} ${error.message}`.trim() : String(error),
      ],
    },
    error,
  );
}
