/**
 * The part of a shell's script that copies private caches: once for all programs of a session, the first copy that is done counts. It takes
 * `FROM TO … --` from its arguments. It runs with the operator's rights in a folder that an agent may write, so `command -p`: PATH may
 * name that folder.
 */
export const copyScript =
  'while [ "$1" != -- ]; do [ -e "$2" ] || ' +
  '{ { command -p cp -aH --reflink=auto -- "$1" "$2.$$" 2>/dev/null || command -p cp -aH -- "$1" "$2.$$"; } && command -p mv -T -- "$2.$$" "$2" 2>/dev/null; } || ' +
  '{ command -p rm -rf -- "$2.$$"; [ -e "$2" ] || exit 126; }; shift 2; done; shift; ';
