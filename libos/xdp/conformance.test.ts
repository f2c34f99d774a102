/**
 * Of the conformance suite on XDP sockets what the device has a part in: what is carried, what waits, what there is no
 * room for. How connections end and what their options do is the stack's, and held where that runs over other devices
 * (libos/sim, libos/dpdk); here it is in the long test.
 */
import { completionCases } from '../conformance/cases/completions.ts';
import { connectionCases } from '../conformance/cases/connections.ts';
import { dataCases } from '../conformance/cases/data.ts';
import { datagramCases } from '../conformance/cases/datagrams.ts';
import { limitCases } from '../conformance/cases/limits.ts';
import { xdpConformance } from './test-conformance.ts';

xdpConformance([...connectionCases, ...dataCases, ...datagramCases, ...limitCases, ...completionCases]);
