#!/bin/sh
# Fetches a source package into the current folder, with apt and lists of its own:
#   sh fetch.sh APT.CONF SOURCE VERSION
# apt checks each file against the lists, and the lists against the keys of the machine.
set -eu
# A list that cannot be read may be of another archive than the one that has the package.
apt-get -q -c "$1" update || echo "not all lists could be read"
apt-get -q -c "$1" source --only-source --download-only "$2=$3"
