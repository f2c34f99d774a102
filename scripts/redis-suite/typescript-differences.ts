/**
 * Tests of Redis' suite that may come out otherwise with the engine in TypeScript than with redis-server, each with its
 * reason: what kvserver/README.md names as left out, never "it fails". Without --engine redis a user has none of these.
 */
export const typescriptDifferences: Readonly<Record<string, string>> = {};
