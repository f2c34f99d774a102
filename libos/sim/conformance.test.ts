/** The conformance suite on our network stack over the simulated link. */
import { conformanceSuite } from '../conformance/test-suite.ts';
import { defaultTcpOptions } from '../inet/tcp/options.ts';
import { createPair, pairAddresses } from './pair.ts';

conformanceSuite('sim', {
  unreadBytes: defaultTcpOptions.receiveWindowBytes,
  datagramBytes: 9000 - 28,
  acknowledges: 'libos',
  socketOptions: true,
  create({ poolLimitBytes, idle, connectTimeoutMs }) {
    const tcp = { connectTimeoutUs: connectTimeoutMs * 1000 };
    const options = { checked: true, idle, poolLimitBytes, tcp, stepUs: 2, link: { mtu: 9000 } };
    const { a, b } = createPair(options);
    return { server: a, client: b, serverAddress: pairAddresses[0], clientAddress: pairAddresses[1] };
  },
});
