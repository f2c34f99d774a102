/*
 * Debian's change to Redis frees the name of the current directory as memory of Redis' own allocator, which libc's is
 * not when jemalloc comes with the source. The port and the program redis-server are both linked with this, by --wrap.
 */
#include <limits.h>
#include <stddef.h>
#include <unistd.h>

/* Of zmalloc.h, which needs the headers of a jemalloc that is built already. */
char *zstrdup(const char *text);

char *__wrap_get_current_dir_name(void)
{
	char path[PATH_MAX];
	return getcwd(path, sizeof(path)) == NULL ? NULL : zstrdup(path);
}
