import type { Connection } from 'mysql2';

/**
 * Closes a connection at once. mysql2's own `destroy` only ends our half of it: the socket of a server that has fallen silent would stay, and
 * the process with it.
 */
export function dropConnection(connection: Connection): void {
  connection.destroy();
  (connection as unknown as { readonly stream?: { destroy?(): void } }).stream?.destroy?.();
}
