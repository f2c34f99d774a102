/**
 * How the workers of tests run V8. Maglev, the compiler between Sparkplug and TurboFan, compiles on threads of its own,
 * and in Node 24 one of them may end the process by SIGSEGV where many programs want few cores (nodejs/node, issue
 * 64841: of 48 processes on two cores nine, and none without Maglev). A worker of vitest beside spinning threads is
 * such a program. Three of the heaviest files took the same CPU time without Maglev (16.4 s, and 16.8 s with it).
 */
export const v8Flags = ['--no-maglev'];
