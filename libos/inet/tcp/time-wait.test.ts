/** More connections to one server than there are ports, while those of before stand in TIME-WAIT: in virtual time. */
import { describe, expect, it } from 'vitest';
import { type Host, TestHosts } from '../../sim/test-hosts.ts';
import { TcpState } from './states.ts';

const PORT = 7000;
/** RFC 6335, section 6. */
const EPHEMERAL_PORTS = 16_384;
const AT_A_TIME = 512;
const CONNECTIONS = EPHEMERAL_PORTS + 2 * AT_A_TIME;
/** Until all ends of a batch have been said and acknowledged. */
const CLOSING_US = 30_000;

function timeWaits({ stack }: Host): number {
  let count = 0;
  stack.tcp.connections.forEach(({ state }) => {
    if (state === TcpState.TimeWait) count++;
  });
  return count;
}

function worldWithListener() {
  const hosts = new TestHosts({ checked: false });
  const listener = hosts.a.libos.socket('stream');
  hosts.a.libos.bind(listener, { address: hosts.a.address, port: PORT });
  hosts.a.libos.listen(listener, 4 * AT_A_TIME);
  return { hosts, listener };
}

/** Opens connections from b to a; the queues of each end. Throws what a connect ends with. */
function openSome({ hosts, listener }: ReturnType<typeof worldWithListener>, count: number) {
  const { a, b } = hosts;
  const accepted: number[] = [];
  const connected: number[] = [];
  const failed: string[] = [];
  for (let i = 0; i < count; i++) {
    a.when(a.libos.accept(listener), ({ newQd }) => accepted.push(newQd));
    const token = b.libos.connect(b.libos.socket('stream'), { address: a.address, port: PORT });
    b.when(token, ({ qd, error }) => {
      if (error === null) connected.push(qd);
      else failed.push(error);
    });
  }
  const done = hosts.run(10e6, () => failed.length > 0 || connected.length + accepted.length === 2 * count);
  if (!done || failed.length > 0) throw new Error(failed[0] ?? 'no connection');
  return { accepted, connected };
}

describe('TIME-WAIT', () => {
  it('a client opens more connections to one server within a minute than there are ports', () => {
    const world = worldWithListener();
    const { hosts } = world;
    const { a, b } = hosts;
    for (let opened = 0; opened < CONNECTIONS; opened += AT_A_TIME) {
      const { accepted, connected } = openSome(world, AT_A_TIME);
      // The client closes first, and so has what waits.
      for (const qd of connected) b.libos.close(qd);
      hosts.run(CLOSING_US);
      for (const qd of accepted) a.libos.close(qd);
      hosts.run(CLOSING_US);
    }
    expect(hosts.nowUs).toBeLessThan(60e6);
    expect(timeWaits(b)).toBe(EPHEMERAL_PORTS);
    expect(a.stack.tcp.connections.size).toBe(0);
    // What one says over a port that was used before arrives.
    const { accepted, connected } = openSome(world, 1);
    const said = b.libos.alloc(5);
    said.fill(Buffer.from('hello'));
    b.when(b.libos.push(connected[0], said), ({ sga }) => b.libos.free(sga!));
    let heard = '';
    a.when(a.libos.pop(accepted[0]), ({ sga }) => {
      heard = Buffer.from(sga!.copyOut()).toString();
      a.libos.free(sga!);
    });
    expect(hosts.run(1e6, () => heard !== '' && b.pending === 0)).toBe(true);
    expect(heard).toBe('hello');
  });
});
