#!/bin/sh
# The server under another configuration: TM_BINARY with TM_CONFIG for `serve`, unless the caller names one itself.
case "$1 $*" in
  serve\ *--config*) exec "$TM_BINARY" "$@" ;;
  serve\ *) exec "$TM_BINARY" "$@" --config "$TM_CONFIG" ;;
  *) exec "$TM_BINARY" "$@" ;;
esac
