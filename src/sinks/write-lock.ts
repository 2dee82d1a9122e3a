/**
 * A lock over threads in one shared 32-bit word (0 free, 1 held), for `--no-parallel-write`: one file is written at a time.
 * It waits without blocking the thread. A thread that dies while it holds the lock leaves it held: the death of a worker
 * fails the run, so nobody waits for it for long.
 */
export async function holding<T>(lock: Int32Array | null, work: () => Promise<T>): Promise<T> {
  if (lock === null) return work();
  await acquire(lock);
  try {
    return await work();
  } finally {
    Atomics.store(lock, 0, 0);
    Atomics.notify(lock, 0, 1);
  }
}

async function acquire(lock: Int32Array): Promise<void> {
  while (Atomics.compareExchange(lock, 0, 0, 1) !== 0) {
    const wake = Atomics.waitAsync(lock, 0, 1);
    if (wake.async) await keepingAlive(wake.value);
  }
}

/** A promise of `waitAsync` alone does not keep a thread's event loop running: Node would end the thread in the middle. */
async function keepingAlive(wake: Promise<unknown>): Promise<void> {
  const alive = setInterval(() => undefined, 1_000);
  try {
    await wake;
  } finally {
    clearInterval(alive);
  }
}
