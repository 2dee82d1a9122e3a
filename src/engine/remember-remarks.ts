import type { RunWatcher } from './events.ts';

/** Passes everything on, and keeps the texts of the remarks in order. */
export function rememberRemarks(listener: RunWatcher): {
  readonly watcher: RunWatcher;
  readonly said: readonly string[];
} {
  const said: string[] = [];
  const watcher: RunWatcher = {
    attach: (view) => listener.attach(view),
    event(event) {
      if (event.kind === 'remark') said.push(event.table === null ? event.text : `${event.table}: ${event.text}`);
      listener.event(event);
    },
  };
  return { watcher, said };
}
