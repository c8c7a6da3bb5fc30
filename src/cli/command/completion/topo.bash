# Completion of topo for bash: topo itself is asked at every Tab.
_topo() {
    local value quote=${COMP_WORDS[COMP_CWORD]:0:1}
    COMPREPLY=()
    while IFS= read -r value; do
        # What is typed within quotes is taken as it is; elsewhere blanks and the like are escaped.
        if [[ $quote != [\"\'] ]]; then
            case $value in
                '~/'*) printf -v value '~/%q' "${value:2}" ;;
                *) printf -v value '%q' "$value" ;;
            esac
        fi
        COMPREPLY+=("$value")
    done < <(TOPO_COMPLETE=bash TOPO_COMPLETE_INDEX=$COMP_CWORD topo -- "${COMP_WORDS[@]}" 2>/dev/null)
    # More is to be typed behind these.
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[=/:] ]]; then
        compopt -o nospace 2>/dev/null
    fi
}
# Older releases of bash sort.
complete -o bashdefault -o nosort -F _topo topo 2>/dev/null || complete -o bashdefault -F _topo topo
