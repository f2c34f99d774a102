/** A redis-server for the loads of a file of tests: with a client beside them, and a folder for what they write. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll } from 'vitest';
import { type RunningServer, startRedis } from './redis-server.ts';

export class LoadedRedis {
  readonly folder = mkdtempSync(join(tmpdir(), 'bypassbench-load-'));
  #server: RunningServer | null = null;
  #client: Redis | null = null;
  #outs = 0;

  /** To be made where hooks are: the server runs from before the first test until behind the last. */
  constructor(options: string[] = [], password?: string) {
    beforeAll(async () => {
      this.#server = await startRedis(options);
      this.#client = new Redis(this.port, '127.0.0.1', { password });
    });
    afterAll(async () => {
      this.#client?.disconnect();
      await this.#server?.stop();
      rmSync(this.folder, { recursive: true });
    });
  }

  get port(): number {
    return this.#server!.port;
  }

  get pid(): number {
    return this.#server!.pid;
  }

  /** HOST:PORT */
  get target(): string {
    return `127.0.0.1:${this.port}`;
  }

  get client(): Redis {
    return this.#client!;
  }

  /** A folder that is not there yet, for what one load writes. */
  nextOut(): string {
    return join(this.folder, `run-${this.#outs++}`);
  }

  /** How often it was asked for a command, by its name in small letters. */
  async calls(name: string): Promise<number> {
    const stats = await this.client.info('commandstats');
    return Number(new RegExp(`^cmdstat_${name}:calls=(\\d+)`, 'm').exec(stats)?.[1] ?? 0);
  }

  /** Clients that are connected, the one beside the loads included. */
  async clients(): Promise<number> {
    return Number(/^connected_clients:(\d+)/m.exec(await this.client.info('clients'))![1]);
  }
}
