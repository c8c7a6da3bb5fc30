# Completion of topo for PowerShell: topo itself is asked at every Tab.
Register-ArgumentCompleter -Native -CommandName topo -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    # The words up to the cursor as they are meant, without quotes; nothing in them is evaluated.
    $before = @($commandAst.CommandElements | Where-Object { $_.Extent.StartOffset -lt $cursorPosition })
    $words = @($before | ForEach-Object { if ($_.Value -is [string]) { $_.Value } else { $_.Extent.Text } })
    # Behind a blank, a new word begins. An empty one cannot be handed over by older releases of PowerShell.
    $index = $words.Count
    if ($before[-1].Extent.EndOffset -ge $cursorPosition) { $index -= 1 }

    $env:TOPO_COMPLETE = 'powershell'
    $env:TOPO_COMPLETE_INDEX = $index
    try {
        $lines = @(& topo -- $words 2>$null)
    } finally {
        Remove-Item Env:TOPO_COMPLETE, Env:TOPO_COMPLETE_INDEX
    }
    foreach ($line in $lines) {
        $value, $help = $line -split "`t", 2
        if (-not $help) { $help = $value }
        $typed = $value
        if ($value -match '[\s''"`;,|&(){}$@#<>]') { $typed = "'" + ($value -replace "'", "''") + "'" }
        [System.Management.Automation.CompletionResult]::new($typed, $value, 'ParameterValue', $help)
    }
}
