/**
 * Servers with stamps on a data path of this process, each request as much slower as asked for, and loads
 * against them.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import type { ServerExit } from '../kvserver/frontends/serve.ts';
import { parseServeOptions } from '../kvserver/options.ts';
import {
  type Backend,
  type BackendOptions,
  type BackendPair,
  backendNamed,
  type Endpoint,
  startDataPath,
} from '../libos/index.ts';
import { type Pauses, pausesFormat } from '../results/formats/index.ts';
import { breakdownAt } from '../results/summary/stages/breakdown.ts';
import type { StagedRequests } from '../results/summary/stages/join.ts';
import { joinStampsOf } from '../results/summary/stages/stages-file.ts';
import type { SlowServeOptions } from './stages-slow-server.ts';

export const bypassbench = path.join(import.meta.dirname, '..', 'bin', 'bypassbench');

/**
 * Of so many requests the stages can be split; how long they take is a matter of the machine. A load that spins while
 * it waits takes a core from the server, and from other tests.
 */
export const ENOUGH = ['--requests', '1000', '--idle', 'sleep'];

export interface StampedServer {
  target: string;
  stamps: string;
  pauses: string;
  /** May be called again. */
  stop(): Promise<void>;
}

const LOOPBACK = '127.0.0.1';

export class StampedLoads {
  /** Of stamps and of what loads write. */
  readonly folder = mkdtempSync(path.join('/dev/shm', 'stages-test-'));
  readonly #servers: StampedServer[] = [];

  /** Each request takes `extraUs` longer. */
  async serve(
    name: string,
    extraUs: number,
    backend: Backend,
    { backendOption = {}, idle = 'poll' }: { backendOption?: BackendOptions; idle?: 'poll' | 'sleep' } = {},
  ): Promise<StampedServer> {
    const stamps = path.join(this.folder, `${name}.stamps`);
    const pauses = path.join(this.folder, `${name}.pauses.json`);
    const { address: bind } = this.#ends(backend);
    const options: SlowServeOptions = {
      ...parseServeOptions({
        frontend: 'libos',
        backend,
        backendOption,
        idle,
        bind,
        // With a network of its own all ports are free.
        port: bind === LOOPBACK ? '0' : '6379',
        core: '0',
        maxClients: '100',
        requirepass: '',
        clientOutputBufferLimit: '0 0 0',
        stamps,
        pauses,
      }),
      extraUs,
    };
    const url = new URL('./stages-slow-server.ts', import.meta.url);
    const dataPath = startDataPath<SlowServeOptions, Endpoint, ServerExit>(url, options, options.core);
    const { port } = await dataPath.ready;
    // A busy machine may take a while to let it close.
    const server = {
      target: `${bind}:${port}`,
      stamps,
      pauses,
      stop: () => dataPath.stop({ graceMs: 60_000 }),
    };
    this.#servers.push(server);
    return server;
  }

  serveOver(backend: Backend, { idle }: { idle?: 'poll' | 'sleep' } = {}): Promise<StampedServer> {
    return this.serve(backend, 0, backend, { backendOption: this.#ends(backend).server, idle });
  }

  /** Words for a load against a server of serveOver. */
  clientOptions(backend: Backend): string[] {
    const ofDevice = Object.entries(this.#ends(backend).client);
    return ['--backend', backend, ...ofDevice.flatMap(([key, value]) => ['-o', `${key}=${value}`])];
  }

  /** Starts a server and has it asked: the requests of the load, split into stages. */
  async joinedOf(backend: Backend, connections: string, pipeline: string): Promise<StagedRequests> {
    const server = await this.serveOver(backend);
    const given = [...this.clientOptions(backend), '--connections', connections, '--pipeline', pipeline];
    return joinStampsOf(await this.stamped('joined-out', server, ...ENOUGH, ...given));
  }

  /** Returns the folder that it wrote to. `options` say how much is measured: for how long, or how many requests. */
  async load(name: string, server: StampedServer, ...options: string[]): Promise<string> {
    const out = path.join(this.folder, name);
    const core = String(os.availableParallelism() - 1);
    const given = ['--target', server.target, '--keys', '1000', '--populate', '--core', core];
    await execa(bypassbench, ['load', ...given, '--warmup-s', '0.02', '--out', out, ...options]);
    return out;
  }

  stamped(name: string, server: StampedServer, ...options: string[]): Promise<string> {
    return this.load(name, server, '--stamps-every', '1', '--server-stamps', server.stamps, ...options);
  }

  async stopServers(): Promise<void> {
    for (const server of this.#servers.splice(0)) await server.stop();
  }

  #ends(backend: Backend): BackendPair {
    const ends = backendNamed(backend).pairing?.ends(this.folder, {}) ?? 'it has no two ends on one machine';
    if (typeof ends === 'string') throw new Error(ends);
    return ends;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export function readPauses(file: string): Pauses {
  return pausesFormat.read(readFileSync(file, 'utf8'));
}

export function medians(joined: StagedRequests): Record<string, number> {
  return breakdownAt(joined.requests, joined.stages, 'p50', null)!.stages_us;
}
