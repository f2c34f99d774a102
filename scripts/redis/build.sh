#!/bin/sh
# Unpacks the source package of Redis into the folder source and builds it there:
#   sh build.sh PACKAGE.dsc FOLDER CURRENT-DIR.c
# FOLDER is where the current folder is moved afterwards, for debuggers. The C file is linked to the programs, and takes
# the calls of get_current_dir_name. Flags come through the environment: CFLAGS, LDFLAGS, OPTIMIZATION, JOBS.
set -eu
# It checks the files against the sums in the package's description, and applies the distribution's patches.
dpkg-source -x "$1" source
SOURCE_DATE_EPOCH=$(dpkg-parsechangelog -l source/debian/changelog -S Timestamp)
# No repository around the folder is taken for that of Redis.
GIT_CEILING_DIRECTORIES=$PWD
CFLAGS="$CFLAGS -ffile-prefix-map=$PWD=$2"
# A library that is loaded late has little room for thread-local storage at fixed offsets.
JEMALLOC_CONFIGURE_OPTS=--disable-initial-exec-tls
cp "$3" current-dir.c
gcc $CFLAGS $OPTIMIZATION -c current-dir.c
# Unlike LDFLAGS, these are not for what Redis depends on.
REDIS_LDFLAGS="-Wl,--wrap=get_current_dir_name ../../current-dir.o"
export SOURCE_DATE_EPOCH GIT_CEILING_DIRECTORIES CFLAGS LDFLAGS REDIS_LDFLAGS JEMALLOC_CONFIGURE_OPTS
cd source/src
make -j"$JOBS" V=1 CC=gcc MALLOC=jemalloc USE_SYSTEMD=no BUILD_TLS=no OPTIMIZATION="$OPTIMIZATION" \
  redis-server redis-cli redis-benchmark redis-check-aof
# In a library main is called by another name.
objcopy --redefine-sym main=redis_main server.o server-library.o
