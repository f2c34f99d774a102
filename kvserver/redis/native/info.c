/*
 * INFO has one section more, Backend: what the backend of the library OS counts, where it counts something. It is shown
 * as Redis shows its own: without a name, by its name, and where all are asked for.
 */
#include "inside.h"

static rp_count_function *count;
/* What the last call of it was answered. */
static sds counted;

void count_by(rp_count_function *given)
{
	count = given;
}

void rp_counted(const char *lines)
{
	sdsfree(counted);
	counted = sdsnew(lines);
}

static bool is_wanted(robj *const *names, int count_of_names)
{
	static const char *const shown_by[] = { "backend", "default", "all", "everything" };

	for (int i = 0; i < count_of_names; i++) {
		for (size_t j = 0; j < sizeof(shown_by) / sizeof(*shown_by); j++) {
			if (strcasecmp(names[i]->ptr, shown_by[j]) == 0)
				return true;
		}
	}
	return count_of_names == 0;
}

void __real_infoCommand(client *c);

void __wrap_infoCommand(client *c)
{
	robj **names = c->argv + 1;
	int count_of_names = c->argc - 1, all = 0, everything = 0;

	if (is_wanted(names, count_of_names))
		count();
	else
		rp_counted("");
	if (sdslen(counted) == 0) {
		__real_infoCommand(c);
		return;
	}
	dict *sections = genInfoSectionDict(names, count_of_names, NULL, &all, &everything);
	sds text = genRedisInfoString(sections, all, everything);
	text = sdscatfmt(text, "%s# Backend\r\n%S", sdslen(text) > 0 ? "\r\n" : "", counted);
	addReplyVerbatim(c, text, sdslen(text), "txt");
	sdsfree(text);
	releaseInfoSectionDict(sections);
}
