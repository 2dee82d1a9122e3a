import { RecyclingSocket } from '../recycling-socket.ts';

/** What mysql2 would connect by itself, with a socket of this class. `path` is that of a Unix socket, used instead of host and port. */
export function openRecyclingSocket(host: string, port: number, path: string | null): RecyclingSocket {
  const socket = new RecyclingSocket();
  socket.on('connect', () => socket.setKeepAlive(true, KEEP_ALIVE_MS));
  socket.setNoDelay(true);
  return path === null ? socket.connect(port, host) : socket.connect(path);
}

const KEEP_ALIVE_MS = 30_000;
