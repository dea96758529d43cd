# Install what the tests need and PyPI lacks, where it is missing and we may: Debian's Chromium for the lessons in a
# browser, and Mesa's EGL, with which MuJoCo draws without a display. Elsewhere say how to get it.

egl() { ldconfig -p 2>/dev/null | grep -q 'libEGL\.so'; }

if [ -x /usr/bin/chromium ] && egl; then exit 0; fi

if [ "$(id -u)" = 0 ]; then as_root=""; else as_root="sudo -n"; fi
if grep -qs '^ID=debian' /etc/os-release && $as_root true 2>/dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    $as_root apt-get update &&
        $as_root apt-get install -y --no-install-recommends chromium libegl1 libgl1-mesa-dri </dev/null && exit 0
fi
if [ ! -x /usr/bin/chromium ]; then
    echo "No Chromium at /usr/bin/chromium: the browser tests can't run. On Debian: sudo apt-get install chromium"
fi
