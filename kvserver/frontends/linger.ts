/**
 * How long a connection that the server has closed waits for its peer to take more of what was sent to it. As
 * Linux does with a socket that no process has any more: it gives up after one to two minutes of probing a
 * closed window in vain. Without an end, peers that never read would keep their replies in memory for good. The
 * longer of the two, since the kernel tells of progress only by the third of a socket's buffer, megabytes perhaps.
 */
export const LINGER_MS = 120_000;
