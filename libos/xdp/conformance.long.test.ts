/** All of the conformance suite on XDP sockets. */
import { conformanceCases } from '../conformance/suite.ts';
import { xdpConformance } from './test-conformance.ts';

xdpConformance(conformanceCases);
