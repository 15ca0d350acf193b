# What several scripts need; they source it.

# The Vulkan loader and Mesa complain on stderr without it.
if [[ -z "${XDG_RUNTIME_DIR:-}" ]]; then
    XDG_RUNTIME_DIR="$(mktemp -d)"
    export XDG_RUNTIME_DIR
    trap 'rm -rf "$XDG_RUNTIME_DIR"' EXIT
fi

as_root() {
    if [[ "$(id -u)" == 0 ]]; then "$@"; else sudo "$@"; fi
}

# Unpacks a package of Debian's into "$folder/unpacked", for a script that has set folder.
unpack() {
    mkdir -p "$folder/packages"
    if ! compgen -G "$folder/packages/$1_*.deb" >/dev/null; then
        echo "Fetching $1."
        # A fresh machine may not know yet what there is.
        (cd "$folder/packages" && { apt-get download -qq "$1" || { as_root apt-get update -qq && apt-get download -qq "$1"; }; })
    fi
    dpkg -x "$folder/packages/$1"_*.deb "$folder/unpacked"
}
