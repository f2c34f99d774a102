/**
 * Loaded before each Node in the guest (NODE_OPTIONS=--require): V8 then compiles and collects on the thread that runs the
 * program. QEMU's emulation does not always notice code that one processor writes and another one runs: with V8's own
 * threads one program of four ended by SIGSEGV or SIGTRAP, whatever it did.
 */
const { setFlagsFromString } = require('node:v8');

for (const flag of [
  '--single-threaded',
  '--single-threaded-gc',
  '--no-concurrent-recompilation',
  '--no-concurrent-sparkplug',
]) {
  setFlagsFromString(flag);
}
