#!/bin/sh
# udhcpc's script: the address, and the way out.
[ "$1" = bound ] || exit 0
ip address add "$ip/${mask:-24}" dev "$interface"
[ -z "${router-}" ] || ip route add default via "${router%% *}" dev "$interface"
