# Read by the shell before each block of the guide: the few things that a test cannot do as shown.
# Everything else is what a user would type.

napari-npm() {
    case "$1" in
        # A window, which tests/viewer opens: here what its user does there.
        open) "$GUIDE_PYTHON" "$GUIDE_TESTS/by_hand.py" "$2" ;;
        new)
            command napari-npm "$@"
            "$GUIDE_PYTHON" "$GUIDE_TESTS/by_hand.py" "$2"
            ;;
        # Minutes; .ci/run times it.
        demo) cp -r "$GUIDE_FINISHED" "$2" ;;
        *) command napari-npm "$@" ;;
    esac
}

# What .ci/run does in a fresh clone, before and after the tests.
make() { :; }

python() {
    case "$*" in
        "-m pip install "*) : ;; # as tools/setup.sh did
        *) command python "$@" ;;
    esac
}
