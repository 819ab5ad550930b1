# Reads "scenario peer number…" (or "… FAILED"), one line a measurement, and prints a markdown table for each
# kind of number. A cell is the median of its rounds; the ratios are medians of the ratios in each round, since
# machines drift from round to round. One failure in any round is the whole cell's.

{
    if (!($1 in seen)) { seen[$1] = 1; row[++height] = $1 }
    cell = $1 SUBSEP $2
    if ($3 == "FAILED" || NF < 5) { failed[cell] = 1; next }
    n = ++count[cell]
    for (field = 3; field <= NF; field++) value[cell, field - 2, n] = $field
}

# The median of the n first elements, by insertion sort: there are a handful.
function median(list, n,    i, j, x) {
    for (i = 2; i <= n; i++) {
        x = list[i]
        for (j = i - 1; j >= 1 && list[j] > x; j--) list[j + 1] = list[j]
        list[j + 1] = x
    }
    return n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2
}

function middle(cell, field,    i, list) {
    for (i = 1; i <= count[cell]; i++) list[i] = value[cell, field, i] + 0
    return median(list, count[cell])
}

# What chango has of a peer's, round by round.
function ratio(own, other, field,    i, n, list) {
    n = count[own] < count[other] ? count[own] : count[other]
    for (i = 1; i <= n; i++) list[i] = value[own, field, i] / value[other, field, i]
    return n ? median(list, n) : 0
}

# `rows` matches the scenarios of the table; `more` says that more is better.
function table(title, rows, field, more, digits,    r, p, cell, own, line, x, best, one) {
    for (r = 1; r <= height && row[r] !~ rows; r++);
    if (r > height) return
    print "\n" title "\n"
    line = "| scenario |"
    for (p = 1; p <= width; p++) line = line " " name[p] " |"
    print line " chango ÷ best peer | ÷ go |"
    line = "|---|"
    for (p = 1; p <= width; p++) line = line "---:|"
    print line "---:|---:|"
    for (r = 1; r <= height; r++) {
        if (row[r] !~ rows) continue
        line = "| " row[r] " |"
        own = row[r] SUBSEP "chango"
        best = one = 0
        for (p = 1; p <= width; p++) {
            cell = row[r] SUBSEP name[p]
            if (cell in failed || !count[cell]) {
                line = line " " (cell in failed ? "FAILED" : "–") " |"
                continue
            }
            line = line sprintf(" %." digits "f |", middle(cell, field))
            if (name[p] == "chango" || own in failed) continue
            x = ratio(own, cell, field)
            if (name[p] == "go") one = x
            if (!best || (more ? x < best : x > best)) best = x
        }
        print line " " (best ? sprintf("%.2f", best) : "–") " | " (one ? sprintf("%.2f", one) : "–") " |"
    }
}

END {
    width = split(peers, name, " ")
    table("Requests a second (more is better)", "^(echo|busy|http)", 1, 1, 0)
    table("The server's CPU time a request, ns", "^(echo|busy|http)", 2, 0, 0)
    table("Median latency, µs", "^(echo|busy|http)", 3, 0, 0)
    table("99th percentile of latency, µs", "^(echo|busy|http)", 4, 0, 0)
    table("The server's memory, KiB", "^(echo|busy|http)", 5, 0, 0)
    table("Idle connections: bytes each", "^idle", 3, 0, 0)
    table("Idle connections: the server's memory, KiB", "^idle", 2, 0, 0)
}
