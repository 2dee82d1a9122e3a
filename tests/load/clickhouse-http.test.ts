import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fileBytes } from '../../src/load/file-bytes.ts';
import { guardError } from '../../src/load/guard-error.ts';
import { ClickHouseHttp, ClickHouseRefusal } from '../../src/load/loaders/clickhouse-http.ts';
import { parseClickHouseUrl } from '../../src/load/loaders/clickhouse-url.ts';

/** The protocol's side of ClickHouse's loader, over a stand-in that answers as each test says. */
interface Heard {
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

async function withServer<T>(
  answer: Answer | null,
  work: (url: string, heard: readonly Heard[]) => Promise<T>,
): Promise<T> {
  const heard: Heard[] = [];
  const server = createServer((request, response) => {
    if (answer !== null) return answer(request, response);
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      heard.push({ url: request.url ?? '', headers: request.headers, body: Buffer.concat(pieces) });
      response.end('["1",null,true,"9007199254740993"]\n');
    });
    return undefined;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  try {
    return await work(`clickhouse://l%C3%B6ader:p%40ss@127.0.0.1:${port}/my%20db`, heard);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

async function* pieces(count: number, bytes = 65_536): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < count; at += 1) yield Buffer.alloc(bytes, 65 + (at % 26));
}

describe('statements over HTTP', () => {
  it('tell user, password and database in headers, and wait for the end', async () => {
    await withServer(null, async (url, heard) => {
      const http = new ClickHouseHttp(parseClickHouseUrl(url, {}), 2);
      expect(await http.rows('SELECT 1')).toEqual([['1', null, 'true', '9007199254740993']]);
      const [request] = heard;
      expect(request?.url).toBe('/?wait_end_of_query=1');
      expect(request?.body.toString()).toMatch(/^SELECT 1 SETTINGS .* FORMAT JSONCompactEachRow$/);
      expect(Buffer.from(String(request?.headers['x-clickhouse-user']), 'latin1').toString()).toBe('löader');
      expect(request?.headers).toMatchObject({ 'x-clickhouse-key': 'p@ss', 'x-clickhouse-database': 'my db' });
      http.close();
    });
  });

  it('send a file as it lies on the disk, behind the statement', async () => {
    await withServer(null, async (url, heard) => {
      const http = new ClickHouseHttp(parseClickHouseUrl(url, {}), 1);
      const zipped = gzipSync('"a"\n1\n');
      const bytes = (async function* () {
        yield zipped;
      })();
      await http.insert("INSERT INTO t SETTINGS a = '&=+' FORMAT CSV", { bytes, encoding: 'gzip' });
      const [request] = heard;
      expect(new URL(request?.url ?? '', url.replace('clickhouse', 'http')).searchParams.get('query')).toBe(
        "INSERT INTO t SETTINGS a = '&=+' FORMAT CSV",
      );
      expect(request?.headers['content-encoding']).toBe('gzip');
      expect(request?.body.equals(zipped)).toBe(true);
      http.close();
    });
  });

  it.each([
    ['a status', 500, {}],
    ['a header beside status 200', 200, { 'X-ClickHouse-Exception-Code': '395' }],
  ])(
    'end with the server’s words by %s, also when it answers before the body is through',
    async (_, status, headers) => {
      const words =
        'Code: 395. DB::Exception: sqlextract: t: a later run than r is loaded already; nothing was changed';
      const answer: Answer = (_request, response) => void response.writeHead(status, headers).end(words);
      await withServer(answer, async (url) => {
        const http = new ClickHouseHttp(parseClickHouseUrl(url, {}), 1);
        const failed = await http.run('SELECT 1').catch((error: unknown) => error);
        expect(failed).toBeInstanceOf(ClickHouseRefusal);
        expect(guardError(failed, 'ClickHouse').problem).toMatchObject({ code: 'LOAD_REFUSED' });
        const long = http.insert('INSERT', { bytes: pieces(400), encoding: null });
        await expect(long).rejects.toBeInstanceOf(ClickHouseRefusal);
        http.close();
      });
    },
  );

  it('ask for a file’s bytes only as fast as the server takes them', async () => {
    let taken = 0;
    const answer: Answer = (request, response) => {
      setTimeout(() => {
        expect(taken).toBeLessThan(400);
        request.resume();
        request.on('end', () => response.end());
      }, 300);
    };
    await withServer(answer, async (url) => {
      const http = new ClickHouseHttp(parseClickHouseUrl(url, {}), 1);
      const counted = async function* () {
        for await (const piece of pieces(1000)) {
          taken += 1;
          yield piece;
        }
      };
      await http.insert('INSERT', { bytes: counted(), encoding: null });
      expect(taken).toBe(1000);
      http.close();
    });
  });

  it('say TARGET_CONNECT, a fault that keeps what is staged, when the connection is cut or not made', async () => {
    const answer: Answer = (request) => void request.socket.destroy();
    const closed = await withServer(answer, async (url) => {
      const http = new ClickHouseHttp(parseClickHouseUrl(url, {}), 1);
      await expect(http.run('SELECT 1')).rejects.toMatchObject({
        problem: { code: 'TARGET_CONNECT', fault: 'source' },
      });
      http.close();
      return url;
    });
    const http = new ClickHouseHttp(parseClickHouseUrl(closed, {}), 1);
    await expect(http.run('SELECT 1')).rejects.toMatchObject({
      problem: { code: 'TARGET_CONNECT', message: expect.not.stringContaining('p@ss') as unknown },
    });
    http.close();
  });
});

describe('a file that is not the manifest’s', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'clickhouse-http-'));
  });
  afterAll(async () => await rm(folder, { recursive: true, force: true }));

  it('is told before the server has the end of the request', async () => {
    const path = join(folder, 'part');
    await writeFile(path, '"a"\n1\n');
    const sha256 = createHash('sha256').update('"a"\n2\n').digest('hex');
    await withServer(null, async (url, heard) => {
      const http = new ClickHouseHttp(parseClickHouseUrl(url, {}), 1);
      const file = { number: 1, name: 'part', path, rows: 1, bytes: 6, sha256 };
      const insert = http.insert('INSERT', { bytes: fileBytes(file, () => undefined), encoding: null });
      await expect(insert).rejects.toMatchObject({ problem: { code: 'LOAD_FILE' } });
      expect(heard).toEqual([]);
      http.close();
    });
  });
});

describe('URLs', () => {
  it.each([
    ['clickhouse://host', { secure: false, host: 'host', port: 8123, user: 'default', password: '', database: null }],
    ['clickhouse://u@host/db?secure=true', { secure: true, port: 8443, user: 'u', database: 'db' }],
    ['clickhouse://u:p@[::1]:9/a%2Fb', { host: '::1', port: 9, password: 'p', database: 'a/b' }],
  ])('%s', (url, wanted) => {
    expect(parseClickHouseUrl(url, {})).toMatchObject(wanted);
  });

  it('take what they leave out from the environment of clickhouse-client', () => {
    const environment = { CLICKHOUSE_USER: 'u', CLICKHOUSE_PASSWORD: 'p' };
    expect(parseClickHouseUrl('clickhouse://host', environment)).toMatchObject({ user: 'u', password: 'p' });
  });

  it.each(['clickhouse://h?tls=1', 'clickhouse://h?secure=yes', 'clickhouse://h/%zz', 'clickhouse://h?ca=/no/such'])(
    '%s is refused',
    (url) => {
      expect(() => parseClickHouseUrl(url, {})).toThrow("the target's URL is none of ClickHouse");
    },
  );
});
