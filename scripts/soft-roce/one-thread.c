/*
 * Loaded before each program in the guest (LD_PRELOAD): gives node the option --single-threaded, which NODE_OPTIONS does
 * not take. QEMU 7.2 does not always notice code that one emulated processor writes and the other one runs, and V8
 * compiles on threads of its own: about one Node of five ended by SIGSEGV or SIGTRAP, whatever it did.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#define OPTION "--single-threaded"

typedef int main_function(int, char **, char **);
typedef int start_function(main_function *, int, char **, void (*)(void), void (*)(void), void (*)(void), void *);

static main_function *real_main;

/* The strings lie one behind the other, as the kernel lays them: who changes the title of a process counts on that. */
static int main_with_option(int argc, char **argv, char **environment)
{
	size_t bytes = sizeof(OPTION);
	char **with, *at;

	for (int i = 0; i < argc; i++)
		bytes += strlen(argv[i]) + 1;
	with = malloc((size_t)(argc + 2) * sizeof(char *) + bytes);
	at = (char *)(with + argc + 2);
	for (int from = 0, to = 0; from < argc; from++) {
		with[to++] = at;
		at = stpcpy(at, argv[from]) + 1;
		if (from == 0) {
			with[to++] = at;
			at = stpcpy(at, OPTION) + 1;
		}
	}
	with[argc + 1] = NULL;
	return real_main(argc + 1, with, environment);
}

int __libc_start_main(main_function *start, int argc, char **argv, void (*init)(void), void (*fini)(void),
		      void (*rtld_fini)(void), void *stack_end)
{
	start_function *real = (start_function *)dlsym(RTLD_NEXT, "__libc_start_main");
	const char *name = argc > 0 && strrchr(argv[0], '/') != NULL ? strrchr(argv[0], '/') + 1 : argv[0];

	real_main = start;
	if (argc > 0 && strcmp(name, "node") == 0)
		start = main_with_option;
	return real(start, argc, argv, init, fini, rtld_fini, stack_end);
}
