/**
 * One end of a TCP stream for impaired-tcp.ts: sends without end, or takes what comes for some seconds from the first
 * byte on and prints how much that was.
 *
 *     node timed-stream.ts send|sink END SECONDS
 *
 * END is LibosEnd as JSON (libos-peer.ts). It says `open` when its libOS is, and begins when a line comes; a sink says
 * `listening` then. Over the kernel it sleeps while nothing comes, so that both of Linux's ends have one core.
 */
import { once } from 'node:events';
import { type Libos, nowNs, openLibos } from '../../libos/index.ts';
import type { LibosEnd } from './libos-peer.ts';

const PUSH_BYTES = 64 * 1024;
const PUSHES_PENDING = 16;
const POPS_PENDING = 4;
const COMPLETIONS = 64;

const [role, endText, seconds] = process.argv.slice(2);
const { backend, backendOptions, server }: LibosEnd = JSON.parse(endText);
const idle = backend === 'kernel' ? 'sleep' : 'poll';
const libos = await openLibos({ backend, backendOptions, idle });
say('open');
await once(process.stdin, 'data');
process.stdin.destroy();
if (role === 'sink') sink(libos, Number(seconds) * 1e9);
else send(libos);
libos.shutdown();

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function sink(libos: Libos, forNs: number): void {
  const listener = libos.socket('stream');
  libos.bind(listener, server);
  libos.listen(listener, 1);
  const accepting = libos.accept(listener);
  say('listening');
  const qd = libos.wait(accepting)?.newQd ?? listener;
  for (let i = 0; i < POPS_PENDING; i++) libos.pop(qd);
  let bytes = 0;
  let startNs = 0;
  while (startNs === 0 || nowNs() - startNs < forNs) {
    const count = libos.waitNext(COMPLETIONS, 10);
    for (let i = 0; i < count; i++) {
      const { sga, error } = libos.completions[i];
      if (sga === null) throw new Error(`the stream ended: ${error}`);
      if (startNs === 0) startNs = nowNs();
      else bytes += sga.byteLength;
      libos.free(sga);
      libos.pop(qd);
    }
  }
  say(JSON.stringify({ bytes, elapsed_ns: nowNs() - startNs, counters: libos.counters() }));
}

function send(libos: Libos): void {
  const qd = libos.socket('stream');
  const error = libos.wait(libos.connect(qd, server))?.error;
  if (error) throw new Error(`connect: ${error}`);
  for (let pending = 0; ; ) {
    for (; pending < PUSHES_PENDING; pending++) {
      const sga = libos.alloc(PUSH_BYTES);
      libos.push(qd, sga);
      libos.free(sga);
    }
    const count = libos.waitNext(COMPLETIONS);
    for (let i = 0; i < count; i++) if (libos.completions[i].error !== null) return;
    pending -= count;
  }
}
