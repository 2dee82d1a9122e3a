import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { checkServerIdentity, type TLSSocket } from 'node:tls';
import type { Connection, SslOptions } from 'mysql2';
import { SqlextractError } from '../../model/problem.ts';
import type { MysqlOptions } from './config.ts';

/** What mysql2 is given; undefined is no TLS at all. */
export function tlsOptions(options: MysqlOptions): SslOptions | undefined {
  if (options.tls === 'disabled' || options.socket !== null) return undefined;
  const files = {
    ...pem('ca', options.rootCertificate),
    ...pem('cert', options.clientCertificate),
    ...pem('key', options.clientKey),
  };
  switch (options.tls) {
    case 'preferred':
    case 'required':
      return { ...files, rejectUnauthorized: false };
    case 'verify_ca':
      return { ...files, rejectUnauthorized: true };
    case 'verify_identity':
      // Without it mysql2 takes any certificate of the authority. It knows no addresses: see `verifyAddress`.
      return { ...files, rejectUnauthorized: true, verifyIdentity: isIP(options.host) === 0 };
    default:
      return options.tls satisfies never;
  }
}

interface Handshaking {
  startTLS(onSecure: (error?: Error) => void): void;
  readonly stream: TLSSocket;
}

/**
 * For a host that is given as an address mysql2 would compare the certificate with `localhost`. It is compared here, after the TLS handshake and
 * before the password is sent.
 */
export function verifyAddress(connection: Connection, options: MysqlOptions): void {
  if (options.tls !== 'verify_identity' || options.socket !== null || isIP(options.host) === 0) return;
  const handshaking = connection as unknown as Handshaking;
  const start = handshaking.startTLS.bind(connection);
  handshaking.startTLS = (onSecure) => {
    start((error) => {
      if (error !== undefined && error !== null) return onSecure(error);
      return onSecure(checkServerIdentity(options.host, handshaking.stream.getPeerCertificate()));
    });
  };
}

function pem(name: 'ca' | 'cert' | 'key', path: string | null): SslOptions {
  if (path === null) return {};
  try {
    return { [name]: readFileSync(path, 'utf8') };
  } catch (error) {
    throw new SqlextractError(
      {
        code: 'SOURCE_TLS',
        message: `the TLS file ${path} cannot be read`,
        hint: 'check ssl-ca, ssl-cert and ssl-key of the source URL',
        fault: 'configuration',
      },
      error,
    );
  }
}
