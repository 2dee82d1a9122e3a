import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { SqlextractError } from '../../../src/model/problem.ts';
import { mysqlOptions, parseMysql } from '../../../src/sources/mysql/config.ts';

const home = mkdtempSync(join(tmpdir(), 'sqlextract-home-'));
const file = join(home, '.my.cnf');

afterAll(() => rmSync(home, { recursive: true, force: true }));

function optionsOf(url: string, environment: Readonly<Record<string, string>> = {}) {
  return mysqlOptions(parseMysql({ url, environment }));
}

function refusal(url: string): SqlextractError {
  try {
    parseMysql({ url, environment: {} });
  } catch (error) {
    if (error instanceof SqlextractError) return error;
  }
  throw new Error(`${url} was taken`);
}

describe('the URL of MySQL and MariaDB', () => {
  it('says all there is to say', () => {
    const url =
      'mariadb://us%40er:p%2Fw@db.example:3307/sh%20op?ssl-mode=VERIFY_CA&ssl-ca=ca.pem&ssl-cert=c.pem&ssl-key=k.pem&connect_timeout=3&watchdog=60s';
    expect(optionsOf(url)).toEqual({
      host: 'db.example',
      port: 3307,
      socket: null,
      user: 'us@er',
      password: 'p/w',
      database: 'sh op',
      tls: 'verify_ca',
      rootCertificate: 'ca.pem',
      clientCertificate: 'c.pem',
      clientKey: 'k.pem',
      connectTimeoutMs: 3000,
      watchdogMs: 60_000,
    });
    const config = parseMysql({ url, environment: {} });
    expect(config.displayUrl).toBe('mysql://us%40er@db.example:3307/sh%20op');
  });

  it('verifies the host name of other machines unless told otherwise', () => {
    expect(optionsOf('mysql://u@db.example/d').tls).toBe('verify_identity');
    expect(optionsOf('mysql://u@10.0.0.1/d').tls).toBe('verify_identity');
    for (const host of ['localhost', '127.0.0.1', '127.9.9.9', '[::1]'])
      expect(optionsOf(`mysql://u@${host}/d`).tls, host).toBe('disabled');
    expect(optionsOf('mysql://u@/d?socket=/run/mysqld/mysqld.sock').tls).toBe('disabled');
    for (const [word, mode] of [
      ['REQUIRED', 'required'],
      ['verify-full', 'verify_identity'],
      ['preferred', 'preferred'],
    ]) {
      expect(optionsOf(`mysql://u@h/d?ssl-mode=${word}`).tls).toBe(mode);
      expect(optionsOf(`mysql://u@h/d?sslmode=${word}`).tls).toBe(mode);
    }
  });

  it('leaves to the surroundings what it does not say', () => {
    const environment = { MYSQL_HOST: 'env.example', MYSQL_TCP_PORT: '3310', MYSQL_PWD: 'env-pw', USER: 'me' };
    expect(optionsOf('mysql:///d', environment)).toMatchObject({
      host: 'env.example',
      port: 3310,
      user: 'me',
      password: 'env-pw',
    });
    expect(optionsOf('mysql://you:own@h:1/d', environment)).toMatchObject({
      host: 'h',
      port: 1,
      user: 'you',
      password: 'own',
    });
    expect(optionsOf('mysql://h', environment).database).toBe('');
  });

  it('reads the client section of ~/.my.cnf, but not when others may read it too', () => {
    writeFileSync(
      file,
      '[mysqld]\nuser=server\n[client]\nuser = filer # who\npassword="a#b\\\\c"\nport=3333\nsocket=/run/s.sock\n[mysql]\nhost=no\n',
    );
    chmodSync(file, 0o600);
    expect(optionsOf('mysql:///d', { HOME: home })).toMatchObject({
      user: 'filer',
      password: 'a#b\\c',
      port: 3333,
      socket: '/run/s.sock',
      host: 'localhost',
    });
    expect(optionsOf('mysql://h/d', { HOME: home }), 'a host is not overruled by a socket').toMatchObject({
      host: 'h',
      socket: null,
    });
    chmodSync(file, 0o640);
    expect(optionsOf('mysql:///d', { HOME: home, USER: 'me' })).toMatchObject({ user: 'me', password: null });
  });

  it('is refused without showing it', () => {
    const bad = [
      'mysql://u:hunter2@h:99999/d',
      'mysql://u:hunter2@h/d?colour=red',
      'mysql://u:hunter2@h/d?ssl-mode=MAYBE',
      'mysql://u:hunter2@h/d?watchdog=0',
      'mysql://u:hunter2@h/%zz',
      'mysql://u:hunter2@@h h/d',
    ];
    for (const url of bad) {
      const error = refusal(url);
      expect(error.problem, url).toMatchObject({ code: 'SOURCE_URL_INVALID', fault: 'configuration' });
      expect(JSON.stringify(error.problem)).not.toContain('hunter2');
    }
  });
});
