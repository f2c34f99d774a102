#!/bin/bash
# Goes on where init.sh ends, as process 1 on the host's root: makes the RDMA device, sets hugepages aside, runs
# the steps one after the other and powers the guest off.
. /run/guest/settings
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
busybox=/run/guest/busybox
set -o pipefail

mark() { printf '\036%s %s\n' "$KEY" "$*" >&3; }

fail() {
  echo "guest: $1"
  mark failed "$1"
  $busybox poweroff -f
}

mark stage making the RDMA device
$busybox hostname localhost
# Soft-RoCE sits on an Ethernet device that has a carrier; the other end of the pair is there to give it one.
ip link set lo up &&
  ip link add "$NETWORK_DEVICE" type veth peer name "$NETWORK_DEVICE-peer" &&
  ip link set "$NETWORK_DEVICE-peer" up &&
  ip addr add "$ADDRESS/24" dev "$NETWORK_DEVICE" &&
  ip link set "$NETWORK_DEVICE" up || fail 'the network device cannot be made'
rdma link add "$RDMA_DEVICE" type rxe netdev "$NETWORK_DEVICE" || fail 'the RDMA device cannot be made'
ulimit -l unlimited
echo "$HUGEPAGES" >/proc/sys/vm/nr_hugepages

# Each node on one processor, see there.
gcc -shared -fPIC -o /run/guest/one-processor.so "$PROJECT/scripts/guest/one-processor.c" ||
  fail 'one-processor.c cannot be compiled'

step=1
while [ "$step" -le "$STEPS" ]; do
  mark begin "$step"
  # In a process namespace of its own: whatever a step leaves behind ends with it, and lets go of the pipe.
  unshare --pid --fork --mount-proc sh "/run/guest/steps/$step" </dev/null 3>&- 2>&1 | cat >&3
  mark end "$step $?"
  step=$((step + 1))
done
mark stage powering off
$busybox poweroff -f
