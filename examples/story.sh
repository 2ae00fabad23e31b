#!/bin/sh
# The whole story in plain commands: a root, a station, two devices, booted.
#
#   examples/story.sh DIR
#
# Afterwards DIR/root/root.pem is what a customer imports, and DIR/press-07/run/current what a web server serves.
set -eu
dir=${1:?usage: story.sh DIR}
mkdir -p "$dir"

# The root's passphrase: from a random generator here, from two people's memories in a real ceremony.
(umask 077 && head -c 18 /dev/urandom | base64 > "$dir/passphrase")

# The vendor's ceremony, on a computer that is never online.
dotlocal root plan --out "$dir/plan.toml"
dotlocal root create "$dir/plan.toml" --rehearse
dotlocal root create "$dir/plan.toml" --home "$dir/root" --passphrase-file "$dir/passphrase"

# The production station asks, the root answers.
dotlocal factory init --name 'line 1' --home "$dir/factory" --out "$dir/station.pem"
dotlocal root sign "$dir/station.pem" --home "$dir/root" --passphrase-file "$dir/passphrase" --out "$dir/factory.pem"
dotlocal factory accept "$dir/factory.pem" --home "$dir/factory"

# Each device makes its own key, gets its device CA, and boots.
for number in 07 08; do
    device=$dir/press-$number
    mkdir -p "$device"
    printf 'hostnames = ["press-%s.local"]\naddresses = ["192.168.77.%d"]\n' "$number" "${number#0}" > "$device/device.toml"
    dotlocal device init --serial "SN00$number" --state "$device/state" --out "$device/request.pem"
    dotlocal factory provision "$device/request.pem" --home "$dir/factory" --out "$device/birth.pem"
    dotlocal device adopt "$device/birth.pem" --state "$device/state"
    dotlocal device boot --state "$device/state" --run "$device/run" --config "$device/device.toml"
done
