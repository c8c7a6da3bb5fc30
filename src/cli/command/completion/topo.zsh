#compdef topo
# Completion of topo for zsh: topo itself is asked at every Tab.
_topo() {
    local line value home=''
    local -a closed open
    # What stands behind `~/` is escaped where it is inserted, and the tilde must not be.
    if compset -P '\~/'; then home='~/'; fi
    while IFS= read -r line; do
        value=${${line%%$'\t'*}#$home}
        # In what is described, a colon ends the value.
        value=${${value//\\/\\\\}//:/\\:}
        if [[ $line == *$'\t'* ]]; then value+=":${line#*$'\t'}"; fi
        # More is to be typed behind some.
        if [[ ${line%%$'\t'*} == *[=/:] ]]; then open+=("$value"); else closed+=("$value"); fi
    done < <(TOPO_COMPLETE=zsh TOPO_COMPLETE_INDEX=$((CURRENT - 1)) topo -- "${words[@]}" 2>/dev/null)
    (( $#open )) && _describe -V topo open -S ''
    (( $#closed )) && _describe -V topo closed
}
# Found in a folder of `fpath`, this file is the function; else it was read by a `source`.
if [[ $funcstack[1] == _topo ]]; then
    _topo "$@"
else
    compdef _topo topo
fi
