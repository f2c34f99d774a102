#!/bin/bash
# Goes on where init.sh ends, as process 1 on the host's root: makes the RDMA device, runs the steps one after the other
# and powers the guest off.
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

# QEMU 7.2 does not always notice code that one emulated processor writes and the other one runs, and V8 compiles on
# threads of its own: about one Node of five ends by SIGSEGV or SIGTRAP, whatever it does, over kernel sockets as well. The
# kernel's log tells such an end, and where it was: in no library of ours and none of RDMA's. Then the step is run again.
spoiled() {
  dmesg | grep -E ' segfault at | trap (int3|invalid opcode) ' |
    grep -cvE ' in (rdma|dpdk)\.so| in lib(fabric|ibverbs|rdmacm|rxe)'
}

# In a process namespace of its own: whatever a step leaves behind ends with it, and lets go of the pipe.
run() { unshare --pid --fork --mount-proc sh "/run/guest/steps/$1" </dev/null 3>&- 2>&1 | cat >&3; }

step=1
while [ "$step" -le "$STEPS" ]; do
  mark begin "$step"
  attempt=1
  while :; do
    before=$(spoiled)
    run "$step"
    status=$?
    [ "$status" -ne 0 ] && [ "$attempt" -lt "$ATTEMPTS" ] && [ "$(spoiled)" -gt "$before" ] || break
    attempt=$((attempt + 1))
    echo "-- the emulation made Node crash (the kernel's log names none of our libraries): attempt $attempt of $ATTEMPTS" >&3
  done
  mark end "$step $status"
  step=$((step + 1))
done
mark stage powering off
$busybox poweroff -f
