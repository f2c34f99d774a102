/** The conformance suite on the engine of messages over a simulated network, in virtual time. */
import { simulatedConformance } from './test-network-conformance.ts';

simulatedConformance({ reorder: false });
