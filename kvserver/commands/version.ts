/** The version of Redis whose behaviour and error texts this server follows. */
export const REDIS_VERSION = '7.0.15';
