/**
 * The backend "unix": streams between processes of one machine, over Unix sockets. It is small, it is whole, and it is
 * there to be copied: docs/add-a-backend.md of bypassbench builds it step by step.
 */
import { randomUUID } from 'node:crypto';
import {
  type BackendDescriptor,
  type BackendOptions,
  type BackendSetup,
  type DoctorFinding,
  OptionReader,
  type TransportHost,
} from 'bypassbench/backend-api';
import { glueFile, unixGlue } from './glue.ts';
import { UnixTransport } from './transport.ts';

const SOCKETS = 'Unix sockets';
/** A name of a Unix socket has 108 bytes, and more than the network stands in it. */
const NETWORK_BYTES = 80;

const options = {
  network: {
    help: `name of what joins both ends, the same at both, of ${NETWORK_BYTES} bytes at most`,
    default: 'default',
  },
};

function create(host: TransportHost, setup: BackendSetup): UnixTransport {
  const reader = new OptionReader('unix', setup.options);
  reader.checkKnown(Object.keys(options));
  const network = reader.text('network', options.network.default);
  if (Buffer.byteLength(network) > NETWORK_BYTES) {
    reader.refuse('network', `it must have ${NETWORK_BYTES} bytes at most`);
  }
  return new UnixTransport(host, setup, network);
}

/** What of it works here is found by trying. */
function* examine(): Generator<DoctorFinding> {
  try {
    const glue = unixGlue();
    const watcher = glue.watcher();
    const fd = glue.open(watcher);
    glue.close(watcher);
    if (fd >= 0) glue.close(fd);
    yield fd >= 0
      ? { what: SOCKETS, works: true, found: 'a socket could be opened', remedy: null }
      : { what: SOCKETS, works: false, found: 'no socket could be opened', remedy: 'raise ulimit -n' };
  } catch (error) {
    yield { what: SOCKETS, works: false, found: (error as Error).message, remedy: 'npm run build' };
  }
}

const backend: BackendDescriptor = {
  name: 'unix',
  apiVersion: 1,
  title: SOCKETS,
  create,
  capabilities: { datagrams: false, moments: true, wakes: true, threads: true, connectionsAreFiles: true },
  defaultBind: '127.0.0.1',
  acknowledges: 'device',
  options,
  pairing: {
    about: SOCKETS,
    ends(_folder: string, given: BackendOptions) {
      const both = { network: randomUUID(), ...given };
      return { address: '127.0.0.1', server: both, client: both };
    },
  },
  needs: () => SOCKETS,
  examine,
  files: [glueFile],
};

export default backend;
