/** Whether XDP sockets can be had here, over a pair of devices: else tests are left out, which is reported. */
import { examineXdp } from './doctor.ts';
import { LINK_FINDING } from './options.ts';

export const hasLink = [...examineXdp()].some(({ what, works }) => what === LINK_FINDING && works === true);
