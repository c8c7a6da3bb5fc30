# Completion of topo for Elvish: topo itself is asked at every Tab.
set edit:completion:arg-completer[topo] = {|@words|
    var index = (to-string (- (count $words) 1))
    env TOPO_COMPLETE=elvish TOPO_COMPLETE_INDEX=$index topo -- $@words 2>/dev/null | from-lines
}
