/** The conformance suite over two hosts of a simulated network, for the tests of both kinds of networks. */
import { conformanceSuite } from '../conformance/suite.ts';
import { SimulatedNetwork } from './test-network.ts';

export function simulatedConformance({ reorder }: { reorder: boolean }): void {
  conformanceSuite(`rdma, simulated${reorder ? ', reordered' : ''}`, {
    create(poolLimitBytes) {
      const network = new SimulatedNetwork({ maxDelayUs: 4, reorder });
      const options = { bufferBytes: 16 * 1024, receiveLimit: 1024, maxWindow: 64, poolLimitBytes };
      const server = network.createHost(options);
      const client = network.createHost(options);
      return {
        server: server.libos,
        client: client.libos,
        serverAddress: server.address,
        clientAddress: client.address,
      };
    },
  });
}
