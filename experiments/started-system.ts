/**
 * A system of the library, started for a program that measures what no experiment can: memory, a heap, idle
 * connections. It is started and asked as in an experiment that names it.
 */
import { mkdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { type LoadResult, loadResultFormat, RESULT_FILE } from '../results/formats/index.ts';
import { chooseCoresOf } from './choose-cores.ts';
import { readLibrary } from './config/library.ts';
import { fillPlaceholders, optionWords } from './config/placeholders.ts';
import { resolveNamed } from './config/resolve.ts';
import { type ConfiguredSystem, configSchema, type System } from './config/schema.ts';
import { ExperimentError } from './errors.ts';
import { commandPath, OWN_COMMAND, ownCheckout } from './machine/checkout.ts';
import { LocalHost } from './machine/local-host.ts';
import { freePort } from './machine/ports.ts';
import { Supervisor } from './machine/process.ts';
import type { TrialProcess } from './machine/trial-host.ts';
import { type Address, waitUntilReady } from './trial/readiness.ts';
import { HOST, startServer } from './trial/server.ts';
import { lastWords } from './trial/trial-folder.ts';
import { plain, problemLines } from './written/placed.ts';

const STOP_GRACE_MS = 5000;

interface StartOptions {
  /** More words of the server's command line. */
  args?: readonly string[];
  /** Words for Node, for a server that is bypassbench's own. */
  nodeArgs?: readonly string[];
}

/**
 * Starts a system of the library and waits until it is ready. Everything of it ends with this process at the
 * latest.
 */
export async function startSystem(
  name: string,
  { args = [], nodeArgs = [] }: StartOptions = {},
): Promise<StartedSystem> {
  const named = await chooseCoresOf(systemNamed(name), console.error);
  const program =
    nodeArgs.length > 0
      ? [process.execPath, ...nodeArgs, `${commandPath(OWN_COMMAND, undefined)}.ts`]
      : named.start.slice(0, 1);
  const start = [...program, ...named.start.slice(1), ...args] as System['start'];
  const system: System = { ...named, start };
  const supervisor = new Supervisor();
  process.on('exit', () => supervisor.killAll());
  const dir = supervisor.createFolder();
  const logs = { stdoutFile: path.join(dir, 'stdout.log'), stderrFile: path.join(dir, 'stderr.log') };
  const port = await freePort(HOST);
  const files = { dir, stamps: path.join(dir, 'stamps'), pauses: path.join(dir, 'pauses.json') };
  const values = { host: HOST, port: String(port), core: String(system.server_cores[0]), ...files };
  const host = new LocalHost(supervisor);
  const server = await startServer({
    ...{ system, checkout: undefined, values, hostEnv: {} },
    ...{ cwd: dir, logs, host },
  });
  const never = new Promise<never>(() => {});
  const address = await waitUntilReady({
    ...{ server, host, client: host, ready: system.ready },
    address: { host: HOST, port },
    interrupted: never,
    ...{ written: logs, kept: logs, collect: () => host.collect() },
  });
  return new StartedSystem({ system, supervisor, server, address, dir, stdoutFile: logs.stdoutFile });
}

function systemNamed(name: string): ConfiguredSystem {
  const library = readLibrary(null);
  const place = { at: name, path: '', rank: 0 };
  const { root, problems } = resolveNamed('systems', { place, value: name }, library);
  const found = [...library.problems, ...problems];
  if (found.length > 0) throw new ExperimentError('SYSTEM_UNKNOWN', problemLines(found).join('\n'));
  return configSchema.shape.systems.element.parse(plain(root));
}

interface Parts {
  system: System;
  supervisor: Supervisor;
  server: TrialProcess;
  address: Address;
  dir: string;
  stdoutFile: string;
}

export class StartedSystem {
  readonly address: Address;
  readonly stdoutFile: string;
  readonly #parts: Parts;
  #loads = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.address = parts.address;
    this.stdoutFile = parts.stdoutFile;
  }

  /** For a client that is not `load`. */
  get clientCore(): number {
    return this.#parts.system.client.core;
  }

  /** Runs no more until goOn(), so that another server can have its core. */
  standStill(): void {
    process.kill(this.#parts.server.pid, 'SIGSTOP');
  }

  goOn(): void {
    process.kill(this.#parts.server.pid, 'SIGCONT');
  }

  /** Resident memory of the server in bytes (proc(5), VmRSS). */
  async residentBytes(): Promise<number> {
    const status = await readFile(`/proc/${this.#parts.server.pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
  }

  /** Runs `bypassbench load` on it with these words. Throws where a reply was anything but a hit. */
  async load(...words: string[]): Promise<LoadResult> {
    const { system, supervisor, address, dir } = this.#parts;
    const { client, options } = system;
    const out = path.join(dir, `load-${++this.#loads}`);
    mkdirSync(out);
    const core = String(client.core);
    const ofBackend = optionWords({ ...options, ...client.options });
    const stderrFile = path.join(out, 'stderr.log');
    const end = await supervisor.start({
      argv: [
        commandPath(OWN_COMMAND, undefined),
        'load',
        ...[
          '--target',
          `${address.host}:${address.port}`,
          '--backend',
          client.backend,
          '--idle',
          client.idle,
        ],
        ...['--core', core, '--out', out],
        ...ofBackend.map((word) =>
          fillPlaceholders(word, { host: address.host, port: String(address.port), core, dir }),
        ),
        ...words,
      ],
      cores: [client.core],
      cwd: ownCheckout,
      env: {},
      stdoutFile: path.join(out, 'stdout.log'),
      stderrFile,
    }).ended;
    if (end !== 'exited with code 0') {
      throw new Error(`the load generator ${end}: ${(await lastWords([stderrFile])) ?? 'it said nothing'}`);
    }
    const result = loadResultFormat.read(await readFile(path.join(out, RESULT_FILE), 'utf8'));
    for (const { operation, hits, requests } of result.operations) {
      if (hits !== requests) throw new Error(`${requests - hits} replies to ${operation} were no hits`);
    }
    return result;
  }

  async stop(): Promise<void> {
    const { server, supervisor, dir } = this.#parts;
    await server.stop(STOP_GRACE_MS);
    supervisor.removeFolder(dir);
  }
}
