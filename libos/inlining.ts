/**
 * How much of what a function calls V8's optimizing compiler may compile into it. A message goes through some thirty
 * functions of the stack and the core, each called from one place or two, which is ten times what V8 inlines by itself:
 * the rest stay calls, whose arguments become objects where they are doubles.
 */
import { setFlagsFromString } from 'node:v8';

/** Of one function, in bytes of bytecode. V8's own limit is 460. */
const ONE_FUNCTION_BYTES = 1000;
/** Of all of them in one function. V8's own limit is 920; with twice as much as this it was slower again. */
const ALL_TOGETHER_BYTES = 4000;

/** For the whole process: V8 has one setting for all of its threads. What is compiled already stays as it is. */
export function inlineMore(): void {
  setFlagsFromString(`--max-inlined-bytecode-size=${ONE_FUNCTION_BYTES}`);
  setFlagsFromString(`--max-inlined-bytecode-size-cumulative=${ALL_TOGETHER_BYTES}`);
}
