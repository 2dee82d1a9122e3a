import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** A folder of certificates, made here with openssl: `name.pem` of authorities, `name.crt` and `name.key` of servers. */
export class Certificates implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'sqlextract-tls-'));

  constructor() {
    chmodSync(this.folder, 0o755);
  }

  file(name: string): string {
    return join(this.folder, name);
  }

  authority(name: string): void {
    this.#openssl('req', '-x509', ...KEY, '-days', '2', '-subj', `/CN=${name}`, ...out(name, 'pem'));
  }

  /** Of the authority, for exactly these names: `DNS:localhost`, `IP:127.0.0.1`. */
  certificate(name: string, subjectAltName: string, authority: string): void {
    writeFileSync(this.file(`${name}.ext`), `subjectAltName=${subjectAltName}\n`);
    this.#openssl('req', ...KEY, '-subj', `/CN=${name}`, ...out(name, 'csr'));
    const by = ['-CA', `${authority}.pem`, '-CAkey', `${authority}.key`, '-CAcreateserial'];
    const files = ['-in', `${name}.csr`, '-out', `${name}.crt`, '-extfile', `${name}.ext`];
    this.#openssl('x509', '-req', '-days', '2', ...by, ...files);
  }

  /** Puts one where a server is told to look: `server.crt`, `server.key`. */
  show(name: string): void {
    for (const kind of ['crt', 'key']) {
      copyFileSync(this.file(`${name}.${kind}`), this.file(`server.${kind}`));
      // The server reads it as another user; it protects nothing.
      chmodSync(this.file(`server.${kind}`), 0o644);
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  #openssl(...args: readonly string[]): void {
    execFileSync('openssl', args, { cwd: this.folder, stdio: ['ignore', 'ignore', 'pipe'] });
  }
}

function out(name: string, kind: string): readonly string[] {
  return ['-keyout', `${name}.key`, '-out', `${name}.${kind}`];
}
