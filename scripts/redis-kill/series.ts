/**
 * Rounds over one backend, which follow each other in one folder: the restart after a kill is the start of the next
 * round, on the files that the kill left.
 *
 *     start ─> check ─> load ─> kill ─> start ─> check ─> load ─> kill ─> ... ─> start ─> check ─> stop
 */
import { execFileSync } from 'node:child_process';
import { existsSync, type FSWatcher, mkdtempSync, rmSync, watch } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Backend, openLibos, PromiseLibos } from '../../libos/index.ts';
import { Ledger } from './ledger.ts';
import { KEY_DELAY_US, type Moment, type RoundPlan } from './plan.ts';
import { RespClient } from './resp-client.ts';
import { choosePlace, RedisProcess, type ServedPlace } from './server.ts';
import { readAll, writeUntilLost } from './writer.ts';

/** What the server had sent when it was killed may still come. Over dpdk no end of the connection follows it. */
const DRAIN_MS = 20;
/** A rewrite that Redis does not begin, since one is under way, makes fewer files than were to be awaited. */
const REWRITE_MS = 500;

/** Redis' name of it. */
const KEY_DELAY = 'rdb-key-save-delay';

const redisOptions = [
  // Over dpdk the clients have another address than this machine.
  ...['--protected-mode', 'no', '--save', ''],
  ...['--appendonly', 'yes', '--appendfsync', 'always'],
  // Small, so that Redis rewrites by itself as well.
  ...['--auto-aof-rewrite-percentage', '100', '--auto-aof-rewrite-min-size', '64kb'],
  ...[`--${KEY_DELAY}`, `${KEY_DELAY_US}`],
];

interface Running {
  server: RedisProcess;
  libos: PromiseLibos;
  /** For all that is not written. */
  client: RespClient;
}

export class KillSeries {
  readonly folder: string;
  readonly ledger = new Ledger();
  readonly #backend: Backend;
  readonly #logFile: string;
  #place: ServedPlace | null = null;
  #server: RedisProcess | null = null;
  /** The one that was killed last. */
  #killed: RedisProcess | null = null;
  #libos: PromiseLibos | null = null;
  #client: RespClient | null = null;

  constructor(backend: Backend) {
    this.#backend = backend;
    this.folder = mkdtempSync(join(tmpdir(), 'redis-kill-'));
    this.#logFile = join(this.folder, 'server.log');
  }

  /**
   * Starts the server on what is in the folder, for a round with this plan. What is wrong with what it holds; nothing
   * when nothing is.
   */
  async start({ slowLog }: Pick<RoundPlan, 'slowLog'>): Promise<string[]> {
    this.#place ??= await choosePlace(this.#backend, this.folder);
    const { words, endpoint } = this.#place;
    const options = ['--dir', this.folder, ...redisOptions];
    const env: Record<string, string> = slowLog ? { LD_PRELOAD: this.#slowLog() } : {};
    this.#server = new RedisProcess({ words, options, env, logFile: this.#logFile });
    await this.#server.ready();
    this.#libos = await this.#openLibos(this.#place);
    this.#client = await RespClient.connect(this.#libos, endpoint);
    const stored = await readAll(this.#client);
    const faults = this.ledger.check(stored);
    this.ledger.adopt(stored);
    await this.#killed?.endAll();
    this.#killed = null;
    return faults;
  }

  /** Lets the writers write, and kills the server at the plan's moment. */
  async loadAndKill({ flushes, writers, moment }: RoundPlan): Promise<void> {
    const { server, libos, client } = this.#running();
    if (flushes) {
      await client.command('FLUSHALL');
      this.ledger.adopt(new Map());
    }
    const { endpoint } = this.#place as ServedPlace;
    const clients = await Promise.all(writers.map(() => RespClient.connect(libos, endpoint)));
    const written = Promise.all(
      writers.map((plan, index) => writeUntilLost(clients[index], plan, this.ledger)),
    );
    const come = this.#untilMoment(moment);
    come.catch(() => {});
    await Promise.race([come, written]);
    if (server.hasEnded) throw new Error('the server ended by itself');
    await server.kill();
    this.#server = null;
    this.#killed = server;
    await sleep(DRAIN_MS);
    this.#leave();
    await written;
  }

  /** Starts the server a last time and ends it in good order. What is wrong, as start() says it. */
  async finish(): Promise<string[]> {
    const faults = await this.start({ slowLog: false });
    const { server } = this.#running();
    this.#leave();
    const code = await server.stop();
    return code === 0 ? faults : [...faults, `the server ended with exit code ${code}`];
  }

  /** Ends the server now: whatever is under way fails. */
  interrupt(): void {
    this.#server?.kill().catch(() => {});
  }

  /** Ends all that is left, and removes the folder unless it is to be looked at. */
  async cleanUp({ keepFolder = false } = {}): Promise<void> {
    this.#leave();
    await this.#server?.endAll();
    await this.#killed?.endAll();
    // The shared memory of a killed process is removed by the next one that opens an endpoint.
    if (this.#backend === 'rdma' && this.#place !== null) (await this.#openLibos(this.#place)).shutdown();
    if (!keepFolder) rmSync(this.folder, { recursive: true, force: true });
  }

  async #openLibos({ clientOptions }: ServedPlace): Promise<PromiseLibos> {
    return new PromiseLibos(await openLibos({ backend: this.#backend, backendOptions: clientOptions }));
  }

  /** What is loaded before the server. */
  #slowLog(): string {
    const library = join(this.folder, 'slow-log.so');
    if (!existsSync(library)) {
      execFileSync('gcc', ['-shared', '-fPIC', '-o', library, join(import.meta.dirname, 'slow-log.c')]);
    }
    return library;
  }

  #running(): Running {
    const [server, libos, client] = [this.#server, this.#libos, this.#client];
    if (server === null || libos === null || client === null) throw new Error('the server is not started');
    return { server, libos, client };
  }

  async #untilMoment(moment: Moment): Promise<void> {
    const { client } = this.#running();
    await this.ledger.acknowledgedMore(moment.writes);
    if (moment.during === 'rewrite') {
      const watcher = watch(join(this.folder, 'appendonlydir'));
      client.command('BGREWRITEAOF').catch(() => {});
      await Promise.race([seen(watcher, moment.changes), sleep(REWRITE_MS)]);
      watcher.close();
      return;
    }
    if (moment.during === 'save') {
      const requests = [['CONFIG', 'SET', KEY_DELAY, `${moment.keyDelayUs}`], ['BGSAVE']];
      for (const reply of client.send(requests)) reply.catch(() => {});
    }
    if (moment.afterMs > 0) await sleep(moment.afterMs);
  }

  #leave(): void {
    this.#libos?.shutdown();
    this.#libos = null;
    this.#client = null;
  }
}

/** Resolves when that many files were made, renamed or removed. */
function seen(watcher: FSWatcher, changes: number): Promise<void> {
  return new Promise((resolve) => {
    watcher.on('change', (event) => {
      if (event === 'rename' && --changes === 0) resolve();
    });
  });
}
