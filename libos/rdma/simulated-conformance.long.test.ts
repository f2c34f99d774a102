/** The same suite over a network that reports messages in another order than they were sent in. */
import { simulatedConformance } from './test-network-conformance.ts';

simulatedConformance({ reorder: true });
