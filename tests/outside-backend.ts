/**
 * A backend that is no part of this project, in plain JavaScript: streams over Unix sockets of a folder, found by their
 * ports. Written to a folder of its own, as its author has it.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const TRANSPORT = `
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  codeOfErrno, Errno, errno, libc, LibosError, LINGER_US, mapAnonymous, NO_SLOT, nowNs, Owner, Queue, systemError,
} from 'bypassbench/backend-api';

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const FLAGS = 0o2004000; // SOCK_CLOEXEC | SOCK_NONBLOCK
const SHUT_WR = 1;
const DONTWAIT = 0x40;
const NOSIGNAL = 0x4000;
const ENOENT = 2;
const PATH_BYTES = 108;
const FIRST_PORT = 1024;
const PORTS = 60_000;

const socket = libc.func('int socket(int, int, int)');
const bind = libc.func('int bind(int, const void *, uint32_t)');
const listen = libc.func('int listen(int, int)');
const connect = libc.func('int connect(int, const void *, uint32_t)');
const accept4 = libc.func('int accept4(int, void *, void *, int)');
const getpeername = libc.func('int getpeername(int, void *, void *)');
const shutdown = libc.func('int shutdown(int, int)');
const close = libc.func('int close(int)');
const send = libc.func('int64_t send(int, uintptr_t, size_t, int)');
const recv = libc.func('int64_t recv(int, uintptr_t, size_t, int)');

function sockaddr(path) {
  const bytes = Buffer.alloc(2 + PATH_BYTES);
  bytes.writeUInt16LE(AF_UNIX, 0);
  bytes.write(path, 2);
  return bytes;
}

class PipeQueue extends Queue {
  path = '';
  sent = 0;
  ended = false;

  constructor(kind, fd) {
    super(kind);
    this.fd = fd;
  }
}

export class PipesTransport {
  name = 'pipes';
  #host;
  #folder;
  #moments;
  #open = new Set();

  constructor(host, setup, folder) {
    this.pool = setup.createPool(mapAnonymous);
    this.#host = host;
    this.#moments = setup.moments;
    this.#folder = folder;
  }

  open(kind) {
    if (kind !== 'stream') throw new LibosError('NOT_SUPPORTED', 'socket', -1, 'pipes have no datagrams');
    const fd = socket(AF_UNIX, SOCK_STREAM | FLAGS, 0);
    if (fd < 0) throw systemError('socket', -1, kind);
    return new PipeQueue(kind, fd);
  }

  bind(queue, address, port) {
    queue.localAddress = address;
    queue.localPort = port;
    if (port === 0) {
      while (!this.#bindTo(queue, FIRST_PORT + Math.floor(Math.random() * PORTS)));
    } else if (!this.#bindTo(queue, port)) throw systemError('bind', queue.qd, queue.path);
  }

  #bindTo(queue, port) {
    queue.localPort = port;
    queue.path = join(this.#folder, String(port));
    return bind(queue.fd, sockaddr(queue.path), 2 + PATH_BYTES) === 0;
  }

  listen(queue, backlog) {
    if (listen(queue.fd, backlog) < 0) throw systemError('listen', queue.qd, queue.path);
    this.#open.add(queue);
  }

  connect(queue, address, port) {
    if (queue.path === '') this.bind(queue, address, 0);
    this.#open.add(queue);
    this.#connect(queue, port);
  }

  #connect(queue, port) {
    if (connect(queue.fd, sockaddr(join(this.#folder, String(port))), 2 + PATH_BYTES) === 0) {
      this.#host.connectEnded(queue, null);
      return;
    }
    const error = errno();
    // The backlog is full: again with the next poll.
    if (error === Errno.EAGAIN) return;
    this.#host.connectEnded(queue, error === ENOENT ? 'CONNECTION_REFUSED' : codeOfErrno(error));
  }

  shutdownWrite(queue) {
    if (queue.pushes.head === NO_SLOT) shutdown(queue.fd, SHUT_WR);
  }

  close(queue) {
    queue.lingers = queue.pushes.head !== NO_SLOT && queue.error === null;
    if (!queue.lingers) this.reset(queue);
  }

  reset(queue) {
    this.#open.delete(queue);
    close(queue.fd);
    if (queue.path !== '') rmSync(queue.path, { force: true });
  }

  #lingered(queue) {
    this.reset(queue);
    this.#host.lingered(queue);
  }

  accept() {}
  pop() {}

  push(queue) {
    this.#send(queue);
  }

  poll() {
    for (const queue of this.#open) {
      while (queue.accepts.head !== NO_SLOT && this.#accept(queue));
      if (queue.connects.head !== NO_SLOT) this.#connect(queue, queue.peerPort);
      if (queue.pushes.head !== NO_SLOT) this.#send(queue);
      while (queue.pops.head !== NO_SLOT && this.#receive(queue));
    }
  }

  #accept(listener) {
    const fd = accept4(listener.fd, null, null, FLAGS);
    if (fd < 0) return false;
    const queue = new PipeQueue('stream', fd);
    const peer = Buffer.alloc(2 + PATH_BYTES);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(peer.length);
    getpeername(fd, peer, length);
    const path = peer.toString('latin1', 2).replace(/\\0.*$/s, '');
    queue.localAddress = queue.peerAddress = listener.localAddress;
    queue.localPort = listener.localPort;
    queue.peerPort = Number(path.slice(path.lastIndexOf('/') + 1));
    this.#open.add(queue);
    this.#host.accepted(listener, queue);
    return true;
  }

  #send(queue) {
    const { tokens } = this.#host;
    while (queue.pushes.head !== NO_SLOT) {
      const sga = tokens.pushed(queue.pushes.head);
      let before = 0;
      for (let i = 0; i < sga.segmentCount; i++) {
        const segment = sga.segments[i];
        while (queue.sent - before < segment.length) {
          const done = queue.sent - before;
          const at = segment.address + (segment.offset - segment.base) + done;
          this.#moments?.handing();
          const sent = Number(send(queue.fd, at, segment.length - done, DONTWAIT | NOSIGNAL));
          const error = sent < 0 ? errno() : 0;
          this.#moments?.handed();
          if (error === Errno.EAGAIN) return;
          if (sent < 0) {
            queue.error = 'CONNECTION_RESET';
            tokens.completeAll(queue.pushes, queue.error);
            if (queue.lingers) this.#lingered(queue);
            return;
          }
          queue.sent += sent;
        }
        before += segment.length;
      }
      queue.sent = 0;
      tokens.complete(tokens.shift(queue.pushes), null);
    }
    if (queue.writeShut) shutdown(queue.fd, SHUT_WR);
    if (queue.lingers) this.#lingered(queue);
  }

  #receive(queue) {
    const { tokens } = this.#host;
    if (queue.ended || queue.error !== null) {
      tokens.complete(tokens.shift(queue.pops), queue.error);
      return true;
    }
    const sga = this.pool.alloc(this.pool.bufferBytes, Owner.Libos);
    const [segment] = sga.segments;
    this.#moments?.delivering();
    const bytes = Number(recv(queue.fd, segment.address, segment.capacity, DONTWAIT));
    const error = bytes < 0 ? errno() : 0;
    this.#moments?.delivered();
    if (bytes > 0) {
      segment.length = bytes;
      tokens.completePop(queue.pops, sga);
      return true;
    }
    this.pool.release(sga);
    if (error === Errno.EAGAIN || error === Errno.EINTR) return false;
    if (bytes === 0) queue.ended = true;
    else queue.error = codeOfErrno(error);
    return true;
  }

  counters() {
    return { open: this.#open.size };
  }

  sleep(timeoutMs) {
    this.#host.sleep(timeoutMs);
  }

  linger() {
    const untilNs = nowNs() + LINGER_US * 1000;
    const lingers = () => [...this.#open].some((queue) => queue.lingers);
    while (lingers() && nowNs() < untilNs) this.poll();
  }

  shutdown() {
    this.pool.destroy();
  }
}
`;

const DESCRIPTOR = `
import { OptionReader } from 'bypassbench/backend-api';
import { PipesTransport } from './transport.js';

const options = { folder: { help: 'where the sockets lie', default: null } };

export default {
  name: 'pipes',
  apiVersion: 1,
  title: 'Pipes',
  capabilities: { datagrams: false, moments: true, wakes: false, threads: true, connectionsAreFiles: true },
  defaultBind: '127.0.0.1',
  options,
  create(host, setup) {
    const reader = new OptionReader('pipes', setup.options);
    reader.checkKnown(Object.keys(options));
    return new PipesTransport(host, setup, reader.required('folder', 'a folder, the same at both ends'));
  },
  pairing: {
    about: 'Unix sockets',
    ends(folder, given) {
      const both = { folder, ...given };
      return { address: '127.0.0.1', server: both, client: both };
    },
  },
  needs: () => 'Unix sockets',
  *examine() {
    yield { what: 'Unix sockets', works: true, found: 'they are part of Linux', remedy: null };
  },
  versions: () => ({ pipes: '7' }),
};
`;

/** Writes the package to `folder`, which is made; returns the path of its module. */
export function writeOutsideBackend(folder: string): string {
  mkdirSync(folder, { recursive: true });
  const manifest = { name: 'pipes-backend', version: '1.2.0', type: 'module', exports: './index.js' };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
  writeFileSync(join(folder, 'transport.js'), TRANSPORT);
  writeFileSync(join(folder, 'index.js'), DESCRIPTOR);
  return join(folder, 'index.js');
}
