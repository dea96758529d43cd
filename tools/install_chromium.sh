# Install Debian's Chromium, for the browser tests, where it is missing and we may; elsewhere say how to get it.

if [ -x /usr/bin/chromium ]; then exit 0; fi

if [ "$(id -u)" = 0 ]; then as_root=""; else as_root="sudo -n"; fi
if grep -qs '^ID=debian' /etc/os-release && $as_root true 2>/dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    $as_root apt-get update &&
        $as_root apt-get install -y --no-install-recommends chromium </dev/null && exit 0
fi
echo "No Chromium at /usr/bin/chromium: the browser tests can't run. On Debian: sudo apt-get install chromium"
