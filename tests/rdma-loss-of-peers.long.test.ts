/** Peers over RDMA that die: over shm, or what RDMA_OPTIONS says (libos/rdma/test-options.ts). */
import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import type { Libos, LibosOptions } from '../libos/index.ts';
import { rdmaOptions } from '../libos/rdma/test-options.ts';
import { SERVER, startAgent, startPair, stopAgents } from './rdma-pair.ts';

const options: LibosOptions = { backend: 'rdma', backendOptions: rdmaOptions, checked: true };

afterEach(stopAgents);

/** Waits for a completion of `libos` alone. */
function waitFor(libos: Libos, token: number) {
  const completion = libos.wait(token, 5000);
  if (completion === null) throw new Error('no completion within 5 s');
  return { ...completion };
}

/** The same, while another one makes progress. */
function waitForBoth(libos: Libos, token: number, other: Libos) {
  const giveUpMs = performance.now() + 10_000;
  for (;;) {
    const completion = libos.wait(token, 0);
    if (completion !== null) return { ...completion };
    other.waitNext(0, 0);
    if (performance.now() > giveUpMs) throw new Error('no completion within 10 s');
  }
}

describe('a peer that dies', () => {
  it('is noticed: what is pending completes with an error, other peers go on', { timeout: 60_000 }, () => {
    const doomed = startPair(options, options);
    const other = startAgent().create(options);
    const listener = other.socket('stream');
    other.bind(listener, { address: SERVER, port: 0 });
    other.listen(listener, 1);
    const accept = other.accept(listener);
    const { client, world } = doomed;
    const otherQd = client.socket('stream');
    expect(waitFor(client, client.connect(otherQd, other.localEndpoint(listener))).error).toBeNull();
    const acceptedQd = other.wait(accept, 5000)!.newQd;

    const pairs = [1, 2, 3].map(() => world.connect());
    const pops = pairs.map(({ clientQd }) => client.pop(clientQd));
    const large = world.buffer(client, randomBytes(8 * 1024 * 1024));
    const push = client.push(pairs[0].clientQd, large);
    client.waitNext(0, 0);
    process.kill(doomed.agent.pid!, 'SIGKILL');
    expect(pops.map((token) => waitFor(client, token).error)).toEqual(pops.map(() => 'CONNECTION_RESET'));
    expect(waitFor(client, push).error).toBe('CONNECTION_RESET');
    client.free(large);
    const late = world.pushFreeing(client, pairs[1].clientQd, 'into the void');
    expect(waitFor(client, late).error).toBe('CONNECTION_RESET');

    const pop = other.pop(acceptedQd);
    world.pushFreeing(client, otherQd, 'still here');
    const completion = waitForBoth(other, pop, client);
    expect(Buffer.from(completion.sga!.copyOut()).toString()).toBe('still here');
    other.free(completion.sga!);
    client.shutdown();
  });

  it('in the middle of any traffic leaves nobody waiting', { timeout: 120_000 }, () => {
    for (let round = 0; round < 12; round++) {
      const { agent, client, world } = startPair(options, options);
      const pair = world.connect();
      let left = 0;
      const killAtMs = performance.now() + 5 + round * 3;
      const pop = client.pop(pair.clientQd);
      let error: string | null = null;
      const giveUpMs = performance.now() + 5000;
      let killed = false;
      while (error === null) {
        for (; left < 16 && error === null; left++) {
          world.pushFreeing(client, pair.clientQd, randomBytes(1 + ((round * 5000) % 40_000)));
        }
        const count = client.waitNext(32, 1);
        for (let i = 0; i < count; i++) {
          const completion = client.completions[i];
          if (completion.token === pop) error = completion.error;
          else left--;
        }
        if (!killed && performance.now() > killAtMs) {
          process.kill(agent.pid!, 'SIGKILL');
          killed = true;
        }
        if (performance.now() > giveUpMs) throw new Error('the death was not noticed within 5 s');
      }
      expect(error).toBe('CONNECTION_RESET');
      client.shutdown();
    }
  });
});
