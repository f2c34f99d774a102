/**
 * Clients of kvserver over shm that are killed at random moments, while others go on: one that has been connected all
 * the time and must notice nothing, and one that connects anew after each kill.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect } from 'vitest';
import { createLibos } from '../libos/every-backend.ts';
import type { Libos } from '../libos/index.ts';
import type { Random } from '../libos/inet/devices/random.ts';
import { type ServerProcess, startKvServer } from './kvserver-processes.ts';
import { NO_CONNECT_TIMEOUT_MS, waitPatiently } from './patience.ts';

const VALUE_BYTES = [1, 64, 500, 3000, 4096, 5000, 16_384, 40_000, 65_536];
/** Of a victim that runs. */
const LONGEST_LIFE_MS = 25;
const PATIENCE_MS = 5000;

export interface Kills {
  /** The longest that a request, and a connection with its request, took after a kill. */
  requestMs: number;
  connectMs: number;
}

export class KilledClients {
  readonly #server: ServerProcess;
  readonly #libos: Libos;
  readonly #qd: number;
  readonly #children = new Set<ChildProcess>();

  constructor(server: ServerProcess) {
    this.#server = server;
    this.#libos = createLibos({ backend: 'rdma', idle: 'sleep', connectTimeoutMs: NO_CONNECT_TIMEOUT_MS });
    this.#qd = this.#connect();
  }

  /** Throws when a request goes wrong. Each core starts victims: to start one takes far longer than it lives. */
  async kill(count: number, random: Random): Promise<Kills> {
    const longest = { requestMs: 0, connectMs: 0 };
    let left = count;
    const killAll = async () => {
      while (left > 0) await this.#killOne(left--, random, longest);
    };
    await Promise.all(Array.from({ length: availableParallelism() }, killAll));
    return longest;
  }

  async #killOne(name: number, random: Random, longest: Kills): Promise<void> {
    const victim = await this.#startVictim(random);
    await sleep(random.below(LONGEST_LIFE_MS * 1000) / 1000);
    victim.kill('SIGKILL');
    const begunMs = performance.now();
    this.#ask(this.#qd, `after-${name}`);
    const askedMs = performance.now();
    const qd = this.#connect();
    this.#ask(qd, `new-${name}`);
    this.#libos.close(qd);
    longest.requestMs = Math.max(longest.requestMs, askedMs - begunMs);
    longest.connectMs = Math.max(longest.connectMs, performance.now() - askedMs);
  }

  /** MB that the server has, shared memory too; and how many files of victims lie in /dev/shm. */
  left(): { residentMb: number; files: number } {
    const status = readFileSync(`/proc/${this.#server.process.pid}/status`, 'utf8');
    const residentMb = Number(/^VmRSS:\s+(\d+)/m.exec(status)![1]) / 1024;
    const mine = [this.#server.process.pid, process.pid].map((pid) => `-${pid}-`);
    const files = readdirSync('/dev/shm').filter(
      (name) => name.startsWith('bypassbench-4') && !mine.some((part) => name.includes(part)),
    );
    return { residentMb, files: files.length };
  }

  end(): void {
    for (const child of this.#children) child.kill('SIGKILL');
    this.#libos.shutdown();
  }

  async #startVictim(random: Random): Promise<ChildProcess> {
    const bytes = VALUE_BYTES[random.below(VALUE_BYTES.length)];
    const operation = random.below(2) === 0 ? 'get' : 'set';
    const program = join(import.meta.dirname, 'rdma-victim.ts');
    const child = spawn(process.execPath, [program, `${this.#server.port}`, `${bytes}`, operation], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#children.add(child);
    child.once('exit', () => this.#children.delete(child));
    const [said] = await Promise.race([once(child.stdout!, 'data'), once(child, 'exit')]);
    if (`${said}` !== 'running\n') throw new Error('a victim ended by itself');
    return child;
  }

  #connect(): number {
    const libos = this.#libos;
    const qd = libos.socket('stream');
    const token = libos.connect(qd, { address: '127.0.0.1', port: this.#server.port });
    const connected = waitPatiently(libos, token, PATIENCE_MS);
    if (connected?.error !== null) throw new Error(`connect: ${connected?.error ?? 'no answer'}`);
    return qd;
  }

  /** Sets a value and reads it. */
  #ask(qd: number, value: string): void {
    const key = 'probe';
    const bulk = (text: string) => `$${text.length}\r\n${text}\r\n`;
    this.#exchange(qd, `*3\r\n${bulk('SET')}${bulk(key)}${bulk(value)}`, '+OK\r\n');
    this.#exchange(qd, `*2\r\n${bulk('GET')}${bulk(key)}`, bulk(value));
  }

  #exchange(qd: number, request: string, expected: string): void {
    const libos = this.#libos;
    const sga = libos.alloc(request.length);
    sga.fill(Buffer.from(request));
    const push = libos.push(qd, sga);
    libos.free(sga);
    let reply = '';
    while (reply.length < expected.length) {
      const completion = waitPatiently(libos, libos.pop(qd), PATIENCE_MS);
      if (completion === null) throw new Error(`no reply, but '${reply}'`);
      if (completion.error !== null) throw new Error(`a reply ended with ${completion.error}`);
      reply += Buffer.from(completion.sga!.copyOut()).toString('latin1');
      libos.free(completion.sga!);
    }
    libos.wait(push);
    if (reply !== expected) throw new Error(`the reply is '${reply}', not '${expected}'`);
  }
}

/** Clients of a server over shm that serves all tests of a file, and must have ended well behind them. */
export function killedClients(): () => KilledClients {
  let server: ServerProcess;
  let clients: KilledClients;
  beforeAll(async () => {
    server = await startKvServer('libos', ['--backend', 'rdma']);
    clients = new KilledClients(server);
  });
  afterAll(async () => {
    clients.end();
    expect((await server.stop()).code).toBe(0);
  });
  return () => clients;
}
