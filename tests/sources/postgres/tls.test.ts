import { chmodSync, chownSync, statSync } from 'node:fs';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SqlextractError } from '../../../src/model/problem.ts';
import { postgresDriver } from '../../../src/sources/postgres/index.ts';
import { Certificates } from '../../support/certificates.ts';
import { findBinaries } from '../../support/postgres-binaries.ts';
import { startCluster } from '../../support/postgres-cluster.ts';
import type { PostgresServer } from '../../support/postgres-server.ts';

/* A server with certificates of an authority that is made here. The programs it needs: openssl, and a server on this machine (no Docker). */

const binaries = findBinaries();

describe.skipIf(binaries === null)('a server with TLS', () => {
  const certificates = new Certificates();
  let server: PostgresServer;
  let admin: Client;

  const show = async (name: string, on = true) => {
    certificates.show(name);
    // The server takes no key that others can read.
    const { rows } = await admin.query<{ data_directory: string }>('SHOW data_directory');
    const { uid, gid } = statSync(rows[0]?.data_directory ?? '');
    chmodSync(certificates.file('server.key'), 0o600);
    chownSync(certificates.file('server.key'), uid, gid);
    await admin.query(`ALTER SYSTEM SET ssl = ${on}`);
    await admin.query('SELECT pg_reload_conf()');
    const changed = () => admin.query<{ ssl: string }>('SHOW ssl').then(({ rows }) => rows[0]?.ssl);
    await expect.poll(changed, { timeout: 5000 }).toBe(on ? 'on' : 'off');
  };

  beforeAll(async () => {
    if (binaries === null) return;
    certificates.authority('trusted');
    certificates.authority('stranger');
    certificates.certificate('local', 'DNS:localhost', 'trusted');
    certificates.certificate('elsewhere', 'DNS:db.example.org', 'trusted');
    server = await startCluster(binaries);
    admin = new Client({ connectionString: server.url });
    await admin.connect();
    for (const [setting, name] of [
      ['ssl_cert_file', 'server.crt'],
      ['ssl_key_file', 'server.key'],
    ]) {
      await admin.query(`ALTER SYSTEM SET ${setting} = '${certificates.file(name ?? '')}'`);
    }
  });

  afterAll(async () => {
    await admin?.end();
    await server?.stop();
    certificates[Symbol.dispose]();
  });

  /** 'TLSv1.3', 'plain', or what is said. */
  async function attempt(host: string, mode: string, authority = 'trusted', password?: string): Promise<string> {
    const url = new URL(server.url);
    url.hostname = host;
    url.search = `?sslmode=${mode}&sslrootcert=${encodeURIComponent(certificates.file(`${authority}.pem`))}`;
    if (password !== undefined) url.password = password;
    try {
      await using session = await postgresDriver.open(
        postgresDriver.parse({ url: url.href, environment: {} }),
        'reader',
      );
      await session.identity();
      const { rows } = await admin.query<{ version: string | null }>(
        'SELECT version FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE pid <> pg_backend_pid() AND usename IS NOT NULL ORDER BY backend_start DESC LIMIT 1',
      );
      return rows[0]?.version ?? 'plain';
    } catch (error) {
      if (!(error instanceof SqlextractError)) throw error;
      const { code, message, causes } = error.problem;
      expect(JSON.stringify([message, causes])).not.toContain(url.password);
      return `${code}: ${message}`;
    }
  }

  it('whose certificate is for localhost is verified by that name and by no other', async () => {
    await show('local');
    expect(await attempt('localhost', 'verify-full')).toMatch(/^TLS/);
    expect(await attempt('127.0.0.1', 'verify-full')).toMatch(/^SOURCE_TLS: .*127\.0\.0\.1/);
    expect(await attempt('127.0.0.1', 'verify-ca')).toMatch(/^TLS/);
    expect(await attempt('localhost', 'verify-full', 'stranger')).toMatch(/^SOURCE_TLS/);
    expect(await attempt('localhost', 'verify-ca', 'stranger')).toMatch(/^SOURCE_TLS/);
    expect(await attempt('localhost', 'verify-full', 'system')).toMatch(/^SOURCE_TLS/);
    expect(await attempt('127.0.0.1', 'prefer', 'stranger')).toMatch(/^TLS/);
    expect(await attempt('127.0.0.1', 'disable')).toBe('plain');
  });

  it('whose certificate is for another machine hears no password', async () => {
    await show('elsewhere');
    // A password that reached the server would be refused as one (SOURCE_AUTH).
    expect(await attempt('localhost', 'verify-full', 'trusted', 'never-right')).toMatch(/^SOURCE_TLS: .*localhost/);
    expect(await attempt('localhost', 'verify-ca', 'trusted', 'never-right')).toMatch(/^SOURCE_AUTH/);
  });

  it('that has none is refused by every mode but `prefer` and `disable`', async () => {
    await show('local', false);
    for (const mode of ['require', 'verify-ca', 'verify-full']) {
      expect(await attempt('localhost', mode), mode).toMatch(/^SOURCE_TLS/);
    }
    expect(await attempt('localhost', 'prefer')).toBe('plain');
  });
});
