#!/bin/sh
# A machine for tests, made of this one's /usr and a folder with everything else.
#
#   machine.sh inside FOLDER rw|ro COMMAND...    a command in there, in the mount namespace that this was started in
#   machine.sh boot FOLDER rw|ro GROUP           systemd as process 1 of namespaces of its own, in a cgroup of its own
#
# Nothing of this machine's can be changed from in there: /usr, /sys and /proc/sys are read-only, the clock is nobody's to
# set, and device nodes are new ones (a getty that changes the mode of a bound one changes the machine's).
set -eu
verb=$1 folder=$2 writable=$3
shift 3

inside() {
    mount --make-rprivate /
    mount --bind "$folder" "$folder"
    cd "$folder"
    mount -t overlay overlay -o "lowerdir=$folder/installed/usr:/usr" usr
    mount -t proc -o nosuid,nodev,noexec proc proc
    mount --bind proc/sys proc/sys
    mount -o remount,bind,ro proc/sys
    mount -t sysfs -o ro,nosuid,nodev,noexec sysfs sys
    mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 sys/fs/cgroup
    mount -t tmpfs -o mode=0755,nosuid tmpfs dev
    for node in null:3 zero:5 full:7 random:8 urandom:9; do
        mknod -m 0666 "dev/${node%:*}" c 1 "${node#*:}"
    done
    mknod -m 0666 dev/tty c 5 0
    mknod -m 0600 dev/console c 1 3
    mkdir dev/pts dev/shm
    mount -t devpts -o newinstance,ptmxmode=0666,mode=0620 devpts dev/pts
    ln -s pts/ptmx dev/ptmx
    ln -s /proc/self/fd dev/fd
    mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs dev/shm
    mount -t tmpfs -o mode=0755,nosuid,nodev tmpfs run
    mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs tmp
    [ "$writable" = rw ] || mount -o remount,bind,ro .
    pivot_root . mnt
    cd /
    umount -l /mnt
    mount --make-rshared /  # as a container's manager must: systemd hands credentials over by it
    exec "$@"
}

boot() {
    tree=$(mktemp -d)
    mount --make-rprivate /
    mount -t cgroup2 cgroup2 "$tree"
    mkdir "$tree/$1"
    echo $$ >"$tree/$1/cgroup.procs"
    umount "$tree"
    rmdir "$tree"
    exec unshare --cgroup --pid --net --uts --ipc --mount --fork --kill-child \
        sh "$0" inside "$folder" "$writable" \
        env -i PATH=/usr/sbin:/usr/bin container=dotlocal \
        setpriv --bounding-set=-sys_time,-sys_module,-sys_rawio,-syslog,-sys_boot \
        /lib/systemd/systemd --system --show-status=no
}

"$verb" "$@"
