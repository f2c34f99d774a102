/** The mutants by name, in the order of the contract. */
import { Owner } from '../../memory/sga.ts';
import { enableResetAtClose } from '../../native/sockets.ts';
import { NO_SLOT } from '../../tokens.ts';
import { type Queue, QueueState, TransportHost } from '../../transport.ts';
import { acceptPending, discardUnread, forgetReceived, isAtItsEnd } from './kernel-sockets.ts';
import type { Mutant } from './mutant.ts';
import { accepting, ahead, completing, connecting, cut, datagrams, fdOf, takeLast } from './patches.ts';

const everywhere = ['kernel', 'uring', 'inet', 'rdma', 'xdp'] as const;
const kernel = ['kernel'] as const;
/** Those over sockets of the kernel's. */
const sockets = ['kernel', 'uring'] as const;
/** Those whose peer acknowledges, as TCP's does, and that have options of a stream. */
const overTcp = ['kernel', 'uring', 'inet', 'xdp'] as const;
const CUT_BYTES = 1000;
const LATE_MS = 100;

export const mutants: Readonly<Record<string, Mutant>> = {
  // Addresses

  'bind-hides-port': {
    rule: 'bind sets localPort to what was bound',
    bases: sockets,
    patch(libos) {
      const real = libos.transport.bind.bind(libos.transport);
      libos.transport.bind = (queue, address, port) => {
        real(queue, address, port);
        queue.localPort = port;
      };
    },
  },
  'bind-anywhere': {
    rule: 'bind fixes the local address, or fails',
    bases: everywhere,
    patch(libos) {
      const real = libos.transport.bind.bind(libos.transport);
      libos.transport.bind = (queue, _address, port) => real(queue, 0, port);
    },
  },
  'connect-hides-local-end': {
    rule: 'localAddress and localPort are set when a connect succeeds',
    bases: everywhere,
    patchAll: connecting((queue, error) => {
      queue.localAddress = 0;
      return error;
    }),
  },
  'accept-without-peer-address': {
    rule: 'all four address fields of an accepted connection are set',
    bases: everywhere,
    patchAll: accepting((connection) => {
      connection.peerAddress = 0;
    }),
  },
  'accept-without-peer-port': {
    rule: 'all four address fields of an accepted connection are set',
    bases: everywhere,
    patchAll: accepting((connection) => {
      connection.peerPort = 0;
    }),
  },
  'accept-without-local-end': {
    rule: 'all four address fields of an accepted connection are set',
    bases: everywhere,
    patchAll: accepting((connection) => {
      connection.localAddress = 0;
    }),
  },

  // Connecting and listening

  'connect-never-times-out': {
    rule: 'a connect that is not answered completes as TIMED_OUT after connectTimeoutMs',
    bases: everywhere,
    options: (options) => ({ ...options, connectTimeoutMs: 1e8 }),
  },
  'refused-as-timed-out': {
    rule: 'where nobody listens a connect completes as CONNECTION_REFUSED',
    bases: everywhere,
    patchAll: connecting((_queue, error) => (error === 'CONNECTION_REFUSED' ? 'TIMED_OUT' : error)),
  },
  'backlog-ignored': {
    rule: 'no more connections than the backlog wait for an accept',
    bases: everywhere,
    patch(libos) {
      const real = libos.transport.listen.bind(libos.transport);
      libos.transport.listen = (queue) => real(queue, 511);
    },
  },
  'backlog-of-one': {
    rule: 'as many connections as the backlog may wait for an accept',
    bases: everywhere,
    patch(libos) {
      const real = libos.transport.listen.bind(libos.transport);
      libos.transport.listen = (queue) => real(queue, 1);
    },
  },
  'nagle-sockets': {
    rule: 'a push leaves at once, whatever has not been acknowledged',
    bases: sockets,
    sockets: () => ({ enableNoDelay: () => undefined }),
  },
  'nagle-inet': {
    rule: 'a push leaves at once, whatever has not been acknowledged',
    bases: ['inet', 'xdp'],
    nagle: true,
  },

  // Data

  'pops-last-first': {
    rule: 'the slots of a list complete from its head',
    bases: everywhere,
    patch({ tokens }) {
      tokens.completePop = (pops, sga) => {
        const slot = pops.head === pops.tail ? tokens.shift(pops) : takeLast(tokens, pops);
        tokens.sga[slot] = sga;
        tokens.complete(slot, null);
      };
    },
  },
  'acknowledged-at-hand-over': {
    rule: 'a push until acknowledged completes when the peer has acknowledged it',
    bases: overTcp,
    patch: (libos) =>
      ahead(libos, 'push', ({ pushes }) => {
        libos.tokens.acknowledged[pushes.tail] = 0;
      }),
  },
  'half-close-drops-pushes': {
    rule: 'shutdownWrite ends the stream behind all that was pushed',
    bases: kernel,
    patch: (libos) => ahead(libos, 'shutdownWrite', ({ pushes }) => libos.tokens.completeAll(pushes, null)),
  },
  'half-close-closes-both': {
    rule: 'after shutdownWrite data can still be popped',
    bases: sockets,
    sockets: (real) => ({ shutdown: (fd) => real.shutdown(fd, real.SHUT_RDWR) }),
  },
  'user-timeout-of-the-backend': {
    rule: 'setOptions gives a stream a user timeout of its own',
    bases: overTcp,
    patch({ transport }) {
      const real = transport.setOptions!.bind(transport);
      transport.setOptions = (queue) => {
        queue.userTimeoutMs = null;
        real(queue);
      };
    },
  },
  'options-not-inherited': {
    rule: 'connections that a listener accepts begin with its options',
    bases: ['inet', 'xdp'],
    patch: ({ transport }) => {
      const real = transport.setOptions!.bind(transport);
      transport.setOptions = (queue) => {
        if (queue.state !== QueueState.Listening) real(queue);
        else queue.userTimeoutMs = null;
      };
    },
  },
  'end-of-stream-once': {
    rule: 'every pop at the end of the stream completes without data',
    bases: everywhere,
    patch(libos) {
      const { tokens } = libos;
      const ended = new Set<number>();
      const real = tokens.complete.bind(tokens);
      tokens.complete = (slot, error) => {
        const atEnd = tokens.operation[slot] === 'pop' && error === null && tokens.sga[slot] === null;
        const qd = tokens.qd[slot];
        if (atEnd && ended.has(qd)) return;
        if (atEnd) ended.add(qd);
        else ended.delete(qd);
        real(slot, error);
      };
    },
  },
  'end-of-stream-as-reset': {
    rule: 'a pop at the end of the stream completes without an error',
    bases: everywhere,
    patch: (libos) =>
      completing(libos, (slot, error) => {
        const atEnd = libos.tokens.operation[slot] === 'pop' && libos.tokens.sga[slot] === null;
        return atEnd && error === null ? 'CONNECTION_RESET' : error;
      }),
  },
  'reset-as-end-of-stream': {
    rule: 'a pop of a connection that was reset completes as CONNECTION_RESET',
    bases: everywhere,
    patch: (libos) =>
      completing(libos, (slot, error) =>
        libos.tokens.operation[slot] === 'pop' && error === 'CONNECTION_RESET' ? null : error,
      ),
  },
  'failed-push-as-sent': {
    rule: 'a push that cannot be delivered any more fails with the connection',
    bases: everywhere,
    patch: (libos) =>
      completing(libos, (slot, error) =>
        libos.tokens.operation[slot] === 'push' && error === 'CONNECTION_RESET' ? null : error,
      ),
  },

  // Datagrams

  'datagram-without-sender': {
    rule: 'a pop of a datagram has its sender',
    bases: everywhere,
    patch({ tokens }) {
      const real = tokens.completePopFrom.bind(tokens);
      tokens.completePopFrom = (pops, sga) => real(pops, sga, 0, 0);
    },
  },
  'empty-datagram-swallowed': {
    rule: 'an empty datagram is one',
    bases: everywhere,
    patch: (libos) => datagrams(libos, (sga) => (sga.byteLength === 0 ? 'swallow' : 'deliver')),
  },
  'datagrams-cut': {
    rule: 'a datagram arrives whole or not at all',
    bases: everywhere,
    patch: (libos) =>
      datagrams(libos, (sga) => {
        cut(sga, CUT_BYTES);
        return 'deliver';
      }),
  },
  'datagrams-cut-at-a-buffer': {
    rule: 'a datagram arrives whole or not at all',
    bases: sockets,
    patch: (libos) =>
      datagrams(libos, (sga) => {
        cut(sga, libos.transport.pool.bufferBytes);
        return 'deliver';
      }),
  },
  'long-datagrams-dropped': {
    rule: 'a datagram that is too long completes as MESSAGE_TOO_LONG',
    bases: everywhere,
    patch: (libos) => completing(libos, (_slot, error) => (error === 'MESSAGE_TOO_LONG' ? null : error)),
  },
  'refusal-ends-datagram-queue': {
    rule: 'an error about an earlier datagram is reported by one pop, and the queue lives on',
    bases: everywhere,
    patch(libos) {
      const { tokens } = libos;
      const dead = new Set<number>();
      completing(libos, (slot, error) => {
        const ofData = tokens.operation[slot] === 'pop' || tokens.operation[slot] === 'push';
        if (ofData && error === 'CONNECTION_REFUSED') dead.add(tokens.qd[slot]);
        return ofData && dead.has(tokens.qd[slot]) ? 'CONNECTION_REFUSED' : error;
      });
    },
  },

  // Memory

  'wait-throws-without-memory': {
    rule: 'poll never throws; a pop without memory stays pending',
    bases: kernel,
    patch({ transport: { pool } }) {
      pool.hasBuffers = () => true;
    },
  },
  'pop-lost-without-memory': {
    rule: 'a pop without memory stays pending until there is some',
    bases: sockets,
    patch({ tokens, transport }) {
      const real = transport.pool.hasBuffers.bind(transport.pool);
      let dry = false;
      transport.pool.hasBuffers = (count) => {
        const has = real(count);
        if (!has) dry = true;
        return has;
      };
      const take = transport.pool.tryTake.bind(transport.pool);
      transport.pool.tryTake = () => {
        const taken = take();
        if (taken === null) dry = true;
        return taken;
      };
      const poll = transport.poll.bind(transport);
      const waiting: Queue[] = [];
      const pop = transport.pop.bind(transport);
      transport.pop = (queue) => {
        waiting.push(queue);
        pop(queue);
      };
      transport.poll = () => {
        poll();
        if (!dry) return;
        dry = false;
        for (const { pops } of waiting.splice(0)) if (pops.head !== NO_SLOT) tokens.shift(pops);
      };
    },
  },
  'buffer-leaked-by-each-pop': {
    rule: 'the transport keeps no buffer that it has no use for',
    bases: sockets,
    patch({ tokens, transport }) {
      const real = tokens.completePop.bind(tokens);
      tokens.completePop = (pops, sga) => {
        transport.pool.tryTake();
        real(pops, sga);
      };
    },
  },
  'unawaited-pushes-unbounded': {
    rule: 'more than MAX_UNAWAITED_PUSHES pushes that nobody has waited for are NO_BUFFERS',
    bases: everywhere,
    patch: (libos) =>
      ahead(libos, 'push', (queue) => {
        queue.unawaited = 0;
      }),
  },
  'lent-buffers-forgotten': {
    rule: "buffers that a pop has lent are the application's leak when it is shut down",
    bases: everywhere,
    patch({ transport: { pool } }) {
      const real = pool.giveToApplication.bind(pool);
      pool.giveToApplication = (array) => {
        if (array.owner === Owner.Libos) array.owner = Owner.Application;
        else real(array);
      };
    },
  },

  // Closing

  'close-drops-pushes': {
    rule: 'the pushes of a connection that is closed are delivered',
    bases: kernel,
    patch: (libos) =>
      ahead(libos, 'close', ({ pushes, unacknowledged }) => {
        libos.tokens.completeAll(pushes, 'CANCELLED');
        libos.tokens.completeAll(unacknowledged, 'CANCELLED');
      }),
  },
  'close-says-sent': {
    rule: 'a push that lingers completes when it is delivered',
    bases: everywhere,
    patch(libos) {
      const { transport } = libos;
      const real = transport.close.bind(transport);
      transport.close = (queue) => {
        real(queue);
        if (queue.lingers) libos.tokens.completeAll(queue.pushes, null);
      };
    },
  },
  'close-resets-pushes': {
    rule: 'the pushes of a connection that is closed are delivered',
    bases: everywhere,
    patch(libos) {
      const real = libos.close.bind(libos);
      libos.close = (qd) => real(qd, 'reset');
    },
  },
  'reset-is-a-clean-end': {
    rule: 'the peer reads no clean end of the stream before all that was pushed',
    bases: sockets,
    sockets: () => ({ enableResetAtClose: () => undefined }),
  },
  'close-forgets-unread': {
    rule: 'a close with data that nobody has read resets the connection',
    bases: sockets,
    patch: (libos) =>
      ahead(libos, 'close', (queue) => {
        if (queue.kind !== 'stream') return;
        forgetReceived(queue);
        discardUnread(fdOf(queue));
      }),
  },
  'unread-end-resets': {
    rule: "a close resets nothing for the end of the peer's stream, though nobody has popped it",
    bases: kernel,
    patch: (libos) =>
      ahead(libos, 'close', (queue) => {
        if (queue.state !== QueueState.Connected || queue.kind !== 'stream') return;
        const { fd, endOfStream } = queue as Queue & { fd: number; endOfStream: boolean };
        if (!endOfStream && isAtItsEnd(fd)) enableResetAtClose(fd);
      }),
  },
  'descriptor-given-away': {
    rule: 'nobody gets the descriptor of a queue that lingers',
    bases: everywhere,
    patchAll() {
      const real = TransportHost.prototype.hide;
      const { unregister } = TransportHost.prototype;
      TransportHost.prototype.hide = function (queue) {
        unregister.call(this, queue);
        real.call(this, queue);
      };
    },
  },
  'unaccepted-connections-leaked': {
    rule: 'the connections of a closed listener that nobody has accepted are reset',
    bases: sockets,
    patch: (libos) =>
      ahead(libos, 'close', (queue) => {
        if (queue.state === QueueState.Listening) acceptPending(fdOf(queue));
      }),
  },
  'listener-stays': {
    rule: 'a closed listener has given up its address',
    bases: everywhere,
    patch(libos) {
      const { transport } = libos;
      const real = transport.close.bind(transport);
      transport.close = (queue) => {
        if (queue.state !== QueueState.Listening) real(queue);
      };
    },
  },
  'shutdown-keeps-descriptors': {
    rule: 'shutdown gives back descriptors',
    bases: sockets,
    patch({ transport }) {
      transport.shutdown = () => transport.pool.destroy();
    },
  },
  'shutdown-keeps-memory': {
    rule: 'shutdown gives back memory, and throws LEAK',
    bases: everywhere,
    patch({ transport: { pool } }) {
      pool.destroy = () => undefined;
    },
  },

  // Sleeping

  'sleep-returns-at-once': {
    rule: 'sleep does not use the core',
    bases: everywhere,
    patch({ transport }) {
      transport.sleep = () => undefined;
    },
  },
  'sleep-spins': {
    rule: 'sleep does not use the core',
    bases: everywhere,
    patch({ transport }) {
      transport.sleep = (timeoutMs) => {
        const until = performance.now() + Math.min(timeoutMs, 1);
        while (performance.now() < until);
      };
    },
  },
  'sleep-takes-too-long': {
    rule: 'sleep ends when timeoutMs have passed',
    bases: everywhere,
    patch({ transport }) {
      const real = transport.sleep.bind(transport);
      const word = new Int32Array(new SharedArrayBuffer(4));
      transport.sleep = (timeoutMs) => {
        real(timeoutMs);
        Atomics.wait(word, 0, 0, LATE_MS);
      };
    },
  },
};
