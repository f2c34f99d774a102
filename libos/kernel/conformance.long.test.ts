/** All of the conformance suite on the kernel backend with both sides in one process, polling and asleep. */
import { conformanceSuite } from '../conformance/test-suite.ts';
import { inOneProcess } from './test-traits.ts';

conformanceSuite('kernel, one process', inOneProcess(null));
conformanceSuite('kernel, asleep', inOneProcess('sleep'));
