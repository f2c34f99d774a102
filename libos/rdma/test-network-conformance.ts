/** The conformance suite over two hosts of a simulated network, for the tests of both kinds of networks. */
import { conformanceSuite } from '../conformance/test-suite.ts';
import type { TestedBackend } from '../conformance/world.ts';
import { SimulatedNetwork } from './test-network.ts';

const BUFFER_BYTES = 16 * 1024;
const WINDOW = 64;

export function simulatedConformance({ reorder }: { reorder: boolean }): void {
  conformanceSuite(`rdma, simulated${reorder ? ', reordered' : ''}`, simulatedBackend({ reorder }));
}

export function simulatedBackend({ reorder, seed }: { reorder: boolean; seed?: number }): TestedBackend {
  return {
    unreadBytes: WINDOW * BUFFER_BYTES,
    datagramBytes: BUFFER_BYTES,
    acknowledges: 'device',
    create({ poolLimitBytes, idle, connectTimeoutMs }) {
      const network = new SimulatedNetwork({ maxDelayUs: 4, reorder, seed });
      const options = {
        bufferBytes: BUFFER_BYTES,
        receiveLimit: 1024,
        maxWindow: WINDOW,
        poolLimitBytes,
        idle,
        connectTimeoutUs: connectTimeoutMs * 1000,
      };
      const server = network.createHost(options);
      const client = network.createHost(options);
      return {
        server: server.libos,
        client: client.libos,
        serverAddress: server.address,
        clientAddress: client.address,
      };
    },
  };
}
