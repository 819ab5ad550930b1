# Reads "scenario workers peer wall cpu memory" (or "… -", "… FAILED"), one line a measurement, and
# prints three markdown tables of medians. One failure in any round is the whole cell's.

{
    row = $1 " " $2
    if (!(row in seen)) { seen[row] = 1; rows[++height] = row }
    cell = row SUBSEP $3
    if ($4 == "-" || $4 == "FAILED" || NF < 6) { word[cell] = $4 == "-" ? "–" : "FAILED"; next }
    n = ++count[cell]
    for (field = 1; field <= 3; field++) value[cell, field, n] = $(field + 3)
}

# The median of one field of a cell, by insertion sort: a cell has a handful of rounds.
function median(cell, field,    n, i, j, x, sorted) {
    n = count[cell]
    for (i = 1; i <= n; i++) {
        x = value[cell, field, i] + 0
        for (j = i - 1; j >= 1 && sorted[j] > x; j--) sorted[j + 1] = sorted[j]
        sorted[j + 1] = x
    }
    return n % 2 ? sorted[(n + 1) / 2] : (sorted[n / 2] + sorted[n / 2 + 1]) / 2
}

function ratio(own, other) { return own && other ? sprintf("%.2f", own / other) : "–" }

# `unit` is what one of the field's numbers is divided by.
function table(title, field, unit, digits,    r, p, cell, x, own, best, go, line) {
    print "\n" title "\n"
    line = "| scenario | workers |"
    for (p = 1; p <= width; p++) line = line " " name[p] " |"
    print line " chango ÷ best peer | ÷ go |"
    line = "|---|---:|"
    for (p = 1; p <= width; p++) line = line "---:|"
    print line "---:|---:|"
    for (r = 1; r <= height; r++) {
        split(rows[r], part, " ")
        line = "| " part[1] " | " part[2] " |"
        own = best = go = 0
        for (p = 1; p <= width; p++) {
            cell = rows[r] SUBSEP name[p]
            if (cell in word || !count[cell]) {
                line = line " " (cell in word ? word[cell] : "–") " |"
                continue
            }
            x = median(cell, field) / unit
            line = line sprintf(" %." digits "f |", x)
            if (name[p] == "chango") own = x
            else if (!best || x < best) best = x
            if (name[p] == "go") go = x
        }
        print line " " ratio(own, best) " | " ratio(own, go) " |"
    }
}

END {
    width = split(peers, name, " ")
    table("Wall time, ns an operation", 1, 1, 0)
    table("CPU time, ns an operation", 2, 1, 0)
    table("Peak memory, MiB", 3, 1024, 1)
}
