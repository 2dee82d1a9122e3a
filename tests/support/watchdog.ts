import { spawn } from 'node:child_process';

export interface Watchdog {
  /** The work is done already: nothing will be run. */
  disarm(): void;
}

/**
 * Runs a shell script when this process has ended, by whatever means: the shell waits for the end of a pipe whose other end only
 * this process holds, and the kernel closes it on SIGKILL too. The shell is in a session of its own, so Ctrl-C does not reach it.
 *
 * @param script reads `args` as "$1", "$2" …
 */
export function whenThisProcessEnds(script: string, args: readonly string[]): Watchdog {
  const shell = spawn('/bin/sh', ['-c', `read -r never; ${script}`, 'watchdog', ...args], {
    detached: true,
    cwd: '/',
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  shell.unref();
  const pipe = shell.stdin as typeof shell.stdin & { unref?(): void };
  pipe.unref?.();
  return { disarm: () => void shell.kill('SIGKILL') };
}
