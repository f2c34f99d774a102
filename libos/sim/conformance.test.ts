/** The conformance suite on our network stack over the simulated link. */
import { conformanceSuite } from '../conformance/suite.ts';
import { defaultTcpOptions } from '../inet/tcp/options.ts';
import { createPair, pairAddresses } from './pair.ts';

conformanceSuite('sim', {
  unreadBytes: defaultTcpOptions.receiveWindowBytes,
  create(poolLimitBytes) {
    const { a, b } = createPair({ checked: true, poolLimitBytes, stepUs: 2, link: { mtu: 9000 } });
    return { server: a, client: b, serverAddress: pairAddresses[0], clientAddress: pairAddresses[1] };
  },
});
