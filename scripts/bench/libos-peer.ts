/**
 * One end of a libOS connection, for libos.ts: echoes, or sends and times; sinks a stream, or sends one.
 * Prints one line of JSON. Both ends run pinned to a core each.
 *
 *     node libos-peer.ts echo|ping|sink|stream END MESSAGE_BYTES COUNT
 *
 * END is LibosEnd as JSON: this end's libOS, and where the server listens.
 */
import { median } from 'simple-statistics';
import {
  type Backend,
  type BackendOptions,
  type Endpoint,
  type Libos,
  nowNs,
  openLibos,
  type QueueDescriptor,
} from '../../libos/index.ts';

export interface LibosEnd {
  backend: Backend;
  backendOptions: BackendOptions;
  server: Endpoint;
}

const [role, endText, messageText, countText] = process.argv.slice(2);
const { backend, backendOptions, server: SERVER }: LibosEnd = JSON.parse(endText);
const messageBytes = Number(messageText);
const count = Number(countText);
const COMPLETIONS = 64;

const libos = await openLibos({ backend, backendOptions });

function accepted(): QueueDescriptor {
  const listener = libos.socket('stream');
  libos.bind(listener, SERVER);
  libos.listen(listener, 1);
  const token = libos.accept(listener);
  console.log(JSON.stringify({ ready: true }));
  return libos.wait(token)!.newQd;
}

function connected(): QueueDescriptor {
  const qd = libos.socket('stream');
  const { error } = libos.wait(libos.connect(qd, SERVER))!;
  if (error !== null) throw new Error(`connect: ${error}`);
  return qd;
}

/** Sends back what comes until the stream ends. */
function echo(libos: Libos, qd: QueueDescriptor): void {
  libos.pop(qd);
  for (;;) {
    const completed = libos.waitNext(COMPLETIONS);
    for (let i = 0; i < completed; i++) {
      const { operation, sga } = libos.completions[i];
      if (operation !== 'pop') continue;
      if (sga === null) return;
      libos.push(qd, sga);
      libos.free(sga);
      libos.pop(qd);
    }
  }
}

/** One message at a time. Returns the nanoseconds of the second half's round trips. */
function ping(libos: Libos, qd: QueueDescriptor): Float64Array {
  const roundTripsNs = new Float64Array(count);
  libos.pop(qd);
  for (let sent = 0; sent < count; sent++) {
    const sga = libos.alloc(messageBytes);
    const sentNs = nowNs();
    libos.push(qd, sga);
    libos.free(sga);
    for (let left = messageBytes; left > 0; ) {
      const completed = libos.waitNext(COMPLETIONS);
      for (let i = 0; i < completed; i++) {
        const completion = libos.completions[i];
        if (completion.operation !== 'pop') continue;
        left -= completion.sga!.byteLength;
        libos.free(completion.sga!);
        libos.pop(qd);
      }
    }
    roundTripsNs[sent] = nowNs() - sentNs;
  }
  return roundTripsNs.subarray(count / 2);
}

/** Receives until the stream ends. Returns bytes and the nanoseconds between the first and the last. */
function sink(libos: Libos, qd: QueueDescriptor): { bytes: number; elapsed_ns: number } {
  let bytes = 0;
  let startNs = 0;
  let endNs = 0;
  libos.pop(qd);
  for (;;) {
    const completed = libos.waitNext(COMPLETIONS);
    for (let i = 0; i < completed; i++) {
      const { operation, sga } = libos.completions[i];
      if (operation !== 'pop') continue;
      if (sga === null) return { bytes, elapsed_ns: endNs - startNs };
      endNs = nowNs();
      if (bytes === 0) startNs = endNs;
      bytes += sga.byteLength;
      libos.free(sga);
      libos.pop(qd);
    }
  }
}

/** Pushes `count` messages, few at a time. */
function stream(libos: Libos, qd: QueueDescriptor): void {
  let waiting = 0;
  for (let sent = 0; sent < count || waiting > 0; ) {
    for (; sent < count && waiting < 8; sent++, waiting++) {
      const sga = libos.alloc(messageBytes);
      libos.push(qd, sga);
      libos.free(sga);
    }
    waiting -= libos.waitNext(COMPLETIONS);
  }
}

if (role === 'echo') {
  const qd = accepted();
  echo(libos, qd);
  libos.close(qd);
} else if (role === 'sink') {
  const qd = accepted();
  const { bytes, elapsed_ns } = sink(libos, qd);
  console.log(JSON.stringify({ bytes, elapsed_ns, gbit_per_s: (bytes * 8) / elapsed_ns }));
} else {
  const qd = connected();
  if (role === 'ping') {
    console.log(JSON.stringify({ p50_us: median([...ping(libos, qd)]) / 1000 }));
  } else stream(libos, qd);
  libos.close(qd);
}
libos.shutdown();
