/*
 * What each of a floor's two processes is beside its exchange: it ends on a signal, does not outlive
 * whoever started it, and says in one line why it cannot go on.
 */
#ifndef BYPASSBENCH_FLOOR_SIDE_H
#define BYPASSBENCH_FLOOR_SIDE_H

#include <signal.h>
#include <stdint.h>

/* Whether a signal has asked the process to end. */
extern volatile sig_atomic_t stopped;

/* Says it on standard error and exits with code 1. */
__attribute__((noreturn, format(printf, 1, 2))) void fail(const char *format, ...);

/* From now on SIGTERM and SIGINT set `stopped`, and the end of the parent ends this process. */
void end_when_told(void);

/* Fails where this process may not run on the core. */
void check_core(uint32_t core);

/* Has this thread run on the core alone. Fails where it may not. */
void pin(uint32_t core);

/* The number in an argument, which is called `what` where it is none from `least` to `most`. */
uint32_t number(const char *text, const char *what, uint32_t least, uint32_t most);

#endif
