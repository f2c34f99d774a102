#!/bin/busybox sh
# The guest's first program, from its initial file system: loads modules, lays a writable file system over the host's
# root, and goes on there with steps.sh. Output goes to the console, which is shown when something fails; the channel
# (descriptor 3, see channel.ts) has the marks.
. /guest/settings

mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev

connected=
mark() { printf '\036%s %s\n' "$KEY" "$*" >&3; }

fail() {
  echo "guest: $1"
  [ -z "$connected" ] || mark failed "$1"
  poweroff -f
}

load() {
  while read -r module; do
    insmod "/guest/modules/$module.ko" || fail "module $module cannot be loaded"
  done <"$1"
}

load /guest/channel-modules
# The port appears a moment after its device does.
for _ in $(seq 200); do
  for channel in /dev/vport*p1; do
    [ -e "$channel" ] && break 2
  done
  sleep 0.05
done
[ -e "$channel" ] || fail 'the channel to the host does not appear'
exec 3>"$channel"
connected=yes

mark stage loading modules
load /guest/other-modules

mark stage "mounting the host's root"
# What the host changes while the guest runs need not be seen: files are cached without asking.
mount -t 9p -o trans=virtio,version=9p2000.L,ro,cache=loose,msize=512000 host /host ||
  fail "the host's root cannot be mounted"
mount -t tmpfs -o mode=755 written /written
mkdir /written/files /written/work
mount -t overlay -o lowerdir=/host,upperdir=/written/files,workdir=/written/work root /root ||
  fail "nothing can be laid over the host's root"

for folder in proc sys dev; do mount --move "/$folder" "/root/$folder"; done
cd /root/dev
mkdir -p pts shm
mount -t devpts -o mode=620,ptmxmode=666 devpts pts
mount -t tmpfs -o mode=1777 shm shm
ln -s /proc/self/fd fd
ln -s /proc/self/fd/0 stdin
ln -s /proc/self/fd/1 stdout
ln -s /proc/self/fd/2 stderr
mount -t tmpfs -o mode=755 run /root/run
mkdir /root/run/guest
cp -r /guest/settings /guest/steps.sh /guest/steps /bin/busybox /root/run/guest/
cd /
exec switch_root /root /bin/bash /run/guest/steps.sh
