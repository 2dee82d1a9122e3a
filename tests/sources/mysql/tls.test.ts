import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SqlextractError } from '../../../src/model/problem.ts';
import { mysqlDriver } from '../../../src/sources/mysql/index.ts';
import { Certificates } from '../../support/certificates.ts';
import { connectMariadb, type MariadbServer, startOwnMariadb } from '../../support/mariadb-server.ts';

/* A server with a certificate of an authority that is made here. The programs it needs: openssl, and a server on this machine (no Docker). */

const certificates = new Certificates();
const file = (name: string) => certificates.file(name);
let server: MariadbServer;

/** Makes the server show another certificate to new connections. */
async function show(name: string): Promise<void> {
  certificates.show(name);
  if (server === undefined) return;
  const client = await connectMariadb(server.url);
  await client.query('FLUSH SSL').catch(() => client.query('ALTER INSTANCE RELOAD TLS'));
  await client.end();
}

beforeAll(async () => {
  certificates.authority('trusted');
  certificates.authority('stranger');
  certificates.certificate('local', 'DNS:localhost', 'trusted');
  certificates.certificate('numbered', 'IP:127.0.0.1', 'trusted');
  certificates.certificate('elsewhere', 'DNS:db.example.org', 'trusted');
  await show('local');
  server = await startOwnMariadb({
    'ssl-ca': file('trusted.pem'),
    'ssl-cert': file('server.crt'),
    'ssl-key': file('server.key'),
  });
});

afterAll(async () => {
  await server?.stop();
  certificates[Symbol.dispose]();
});

/** 'in', with the cipher that the session has, or the code of the refusal. */
async function attempt(host: string, options: string): Promise<string> {
  const url = new URL(server.url);
  url.hostname = host;
  url.search = options;
  try {
    await using session = await mysqlDriver.open(mysqlDriver.parse({ url: url.href, environment: {} }), 'coordinator');
    await session.listTables();
    return 'in';
  } catch (error) {
    if (!(error instanceof SqlextractError)) throw error;
    return error.problem.code;
  }
}

const IDENTITY = `?ssl-mode=VERIFY_IDENTITY&ssl-ca=${encodeURIComponent(file('trusted.pem'))}`;
const CA = IDENTITY.replace('VERIFY_IDENTITY', 'VERIFY_CA');
const STRANGER = IDENTITY.replace('trusted.pem', 'stranger.pem');

describe('a certificate for localhost', () => {
  beforeAll(async () => show('local'));

  it('is taken for localhost, and for no other name of the same machine', async () => {
    expect(await attempt('localhost', IDENTITY)).toBe('in');
    expect(await attempt('127.0.0.1', IDENTITY)).toBe('SOURCE_TLS');
  });

  it('is taken for any name where only the authority counts', async () => {
    expect(await attempt('127.0.0.1', CA)).toBe('in');
  });

  it('is not taken when the authority is not known', async () => {
    expect(await attempt('localhost', STRANGER)).toBe('SOURCE_TLS');
    expect(await attempt('localhost', '?ssl-mode=VERIFY_IDENTITY')).toBe('SOURCE_TLS');
    expect(await attempt('localhost', '?ssl-mode=REQUIRED')).toBe('in');
  });
});

describe('a certificate for an address', () => {
  beforeAll(async () => show('numbered'));

  it('is taken for the address, and not for localhost', async () => {
    expect(await attempt('127.0.0.1', IDENTITY)).toBe('in');
    expect(await attempt('localhost', IDENTITY)).toBe('SOURCE_TLS');
  });
});

describe('a certificate for another machine', () => {
  beforeAll(async () => show('elsewhere'));

  it('is refused, although its authority is trusted', async () => {
    expect(await attempt('localhost', IDENTITY)).toBe('SOURCE_TLS');
    expect(await attempt('127.0.0.1', IDENTITY)).toBe('SOURCE_TLS');
    expect(await attempt('localhost', CA)).toBe('in');
  });

  it('whose password has not been sent then', async () => {
    const url = new URL(server.url);
    url.hostname = 'localhost';
    url.password = 'never-right';
    url.search = IDENTITY;
    const config = mysqlDriver.parse({ url: url.href, environment: {} });
    // A password that reached the server would be refused as one (SOURCE_AUTH).
    await expect(mysqlDriver.open(config, 'coordinator')).rejects.toMatchObject({ problem: { code: 'SOURCE_TLS' } });
  });
});

it('a session over TLS is encrypted', async () => {
  await show('local');
  const client = await connectMariadb(server.url.replace('127.0.0.1', 'localhost'), {
    ssl: { rejectUnauthorized: false },
  });
  const [rows] = await client.query("SHOW STATUS LIKE 'Ssl_cipher'");
  expect(JSON.stringify(rows)).toMatch(/TLS|AES|CHACHA/);
  await client.end();
});
