# Gives the guest's NICs to vfio-pci, unless it has them, and runs a command.
#
#     NICS='0000:00:10.0 0000:00:11.0' sh with-nics.sh COMMAND...
set -eu
bus=/sys/bus/pci
for nic in $NICS; do
  echo vfio-pci >"$bus/devices/$nic/driver_override"
  case $(readlink "$bus/devices/$nic/driver" || true) in
  */vfio-pci) continue ;;
  ?*) echo "$nic" >"$bus/devices/$nic/driver/unbind" ;;
  esac
  echo "$nic" >"$bus/drivers_probe"
done
exec "$@"
