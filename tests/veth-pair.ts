/**
 * Two network namespaces with a veth pair between them, for processes that a test starts in either: two machines and a
 * wire, as far as their programs can tell.
 *
 * A namespace has no name: it is that of a process which reads from this one, and ends with it, however that ends. The
 * kernel removes it with the last process in it.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { makeVethPair } from '../experiments/wire/veth.ts';

/** With a view of /sys that is the namespace's. */
const HOLD = 'mount -t sysfs sysfs /sys && ip link set lo up && echo ready && exec cat >/dev/null';

export class VethEnd {
  /** Of the wire, in this end's namespace. */
  readonly interface: string;
  /** The words in front of a command that is to run there. */
  readonly inside: readonly [string, ...string[]];

  constructor(name: string, holder: number) {
    this.interface = name;
    this.inside = ['nsenter', '--target', `${holder}`, '--net', '--mount'];
  }

  /** Runs a command in the namespace; what it printed. */
  run(...command: string[]): string {
    const [program, ...words] = [...this.inside, ...command];
    return execFileSync(program as string, words, { encoding: 'utf8', stdio: 'pipe' });
  }

  /** Whether an XDP program is on the interface. */
  get hasProgram(): boolean {
    return /\bprog\/xdp\b|\bxdp(generic|offload)?\b/.test(this.run('ip', 'link', 'show', this.interface));
  }
}

export class VethPair {
  readonly a: VethEnd;
  readonly b: VethEnd;
  readonly #holders: readonly ChildProcess[];

  private constructor(holders: readonly ChildProcess[]) {
    this.#holders = holders;
    const [a, b] = holders.map(({ pid }) => pid as number) as [number, number];
    this.a = new VethEnd('wire0', a);
    this.b = new VethEnd('wire1', b);
    makeVethPair({ interface: this.a.interface, network: a }, { interface: this.b.interface, network: b });
    for (const end of [this.a, this.b]) end.run('ip', 'link', 'set', end.interface, 'up');
  }

  static async make(): Promise<VethPair> {
    const holders = [0, 1].map(() =>
      spawn('unshare', ['--net', '--mount', 'sh', '-c', HOLD], { stdio: 'pipe' }),
    );
    try {
      await Promise.all(holders.map(ready));
      return new VethPair(holders);
    } catch (error) {
      for (const holder of holders) holder.kill('SIGKILL');
      throw error;
    }
  }

  /** Processes that were started inside must have ended. */
  close(): void {
    for (const holder of this.#holders) holder.kill('SIGKILL');
  }
}

async function ready(holder: ChildProcess): Promise<void> {
  let said = '';
  holder.stderr!.on('data', (text) => {
    said += text;
  });
  const ended = once(holder, 'close').then(() => {
    throw new Error(`no network namespace: ${said}`);
  });
  await Promise.race([once(holder.stdout!, 'data'), ended]);
  ended.catch(() => {});
}
