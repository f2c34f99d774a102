#!/bin/busybox sh
# The first program of the guest: loads the modules, lays a writable layer over the host's root, which is read-only, and
# hands over to steps.sh there. Its output is the console; that of the steps is the second serial port.
/bin/busybox mkdir -p /proc /sys /dev /host /layer /root
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sysfs /sys
/bin/busybox mount -t devtmpfs devtmpfs /dev
while read -r module; do
	/bin/busybox insmod "/modules/$module" || echo "module $module cannot be loaded"
done < /modules/order
/bin/busybox mount -t 9p -o trans=virtio,version=9p2000.L,ro,cache=loose,msize=524288 host /host
/bin/busybox mount -t tmpfs tmpfs /layer
/bin/busybox mkdir /layer/upper /layer/work
/bin/busybox mount -t overlay -o lowerdir=/host,upperdir=/layer/upper,workdir=/layer/work overlay /root
for folder in proc sys dev; do /bin/busybox mount --move "/$folder" "/root/$folder"; done
/bin/busybox mkdir -p /root/dev/pts /root/dev/shm
/bin/busybox mount -t devpts devpts /root/dev/pts
/bin/busybox mount -t tmpfs tmpfs /root/dev/shm
/bin/busybox mount -t tmpfs tmpfs /root/run
/bin/busybox cp /steps.sh /root/run/steps.sh
exec /bin/busybox chroot /root /bin/sh -c 'exec sh /run/steps.sh < /dev/null > /dev/ttyS1 2>&1'
