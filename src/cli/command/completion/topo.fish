# Completion of topo for fish: topo itself is asked at every Tab.
function __topo_complete
    set --local words (commandline --current-process --tokenize --cut-at-cursor)
    set --local typed (commandline --current-token --cut-at-cursor)
    set --local word $typed
    # A quote may still be open.
    for quote in '' '"' "'"
        if set --local plain (string unescape -- $typed$quote)
            set word $plain
            break
        end
    end
    TOPO_COMPLETE=fish TOPO_COMPLETE_INDEX=(count $words) topo -- $words "$word" 2>/dev/null
end
complete --command topo --keep-order --no-files --arguments '(__topo_complete)'
