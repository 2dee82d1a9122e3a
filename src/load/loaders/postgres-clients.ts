import type pg from 'pg';

/** Connections that take turns; a new one is made when all are in use and there may be more. */
export class ClientPool {
  readonly #idle: pg.Client[];
  readonly #all: pg.Client[];
  readonly #waiting: ((client: pg.Client) => void)[] = [];
  readonly #most: number;
  readonly #connect: () => Promise<pg.Client>;
  #connecting = 0;

  constructor(first: pg.Client, most: number, connect: () => Promise<pg.Client>) {
    this.#idle = [first];
    this.#all = [first];
    this.#most = Math.max(1, most);
    this.#connect = connect;
  }

  async use<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
    const client = await this.#take();
    try {
      return await work(client);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#idle.push(client);
      else next(client);
    }
  }

  async #take(): Promise<pg.Client> {
    const idle = this.#idle.pop();
    if (idle !== undefined) return idle;
    if (this.#all.length + this.#connecting >= this.#most) {
      return new Promise((resolve) => {
        this.#waiting.push(resolve);
      });
    }
    this.#connecting += 1;
    try {
      const client = await this.#connect();
      this.#all.push(client);
      return client;
    } finally {
      this.#connecting -= 1;
    }
  }

  async end(close: (client: pg.Client) => Promise<void>): Promise<void> {
    await Promise.all(this.#all.map(close));
  }
}
