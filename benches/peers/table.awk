# Reads "round scenario workers peer key=value…" (or "… -", "… FAILED"), one line a measurement, and prints a
# markdown table for each key. A cell is the median of its rounds; the ratios are medians of the ratios in
# each round, since machines drift from round to round. One failure in any round is the whole cell's. `goals`
# names a file of what is to be reached; `peers` gives the order of the columns, and
# `second` is the name of the second column, if it is not the workers.

BEGIN {
    # Key, what one of its numbers is divided by, digits, title. The others follow as they come.
    know("wall", 1, 0, "Wall time, ns an operation")
    know("cpu", 1, 0, "CPU time, ns an operation")
    know("memory", 1024, 1, "Peak memory, MiB")
    know("bytes", 1, 0, "Memory, bytes each")
    know("spawn", 1, 0, "Spawning, ns each")
    know("release", 1, 0, "Releasing and joining, ns each")
    know("late_median", 1, 0, "How late, median, µs")
    know("late_p99", 1, 0, "How late, 99th percentile, µs")
    know("late_most", 1, 0, "How late at most, µs")
    know("requests", 1, 0, "Requests a second (more is better)")
    know("request_cpu", 1, 0, "The server's CPU time a request, ns")
    know("latency_median", 1, 0, "Median latency, µs")
    know("latency_p99", 1, 0, "99th percentile of latency, µs")
    know("server_memory", 1024, 1, "The server's memory, MiB")
    more["requests"] = 1
    # What the machine itself would need is no peer's, and an idle server's memory before is no aim.
    untold["ideal"] = untold["before"] = 1
    if (second == "") second = "workers"
    width = split(peers, name, " ")
}

function know(key, by, figures, text) {
    if (key in title) return
    title[key] = text
    unit[key] = by
    digits[key] = figures
    keys[++kinds] = key
}

{
    row = $2 " " $3
    if (!(row in seen)) { seen[row] = 1; rows[++height] = row }
    if ($1 > last) last = $1 + 0
    cell = row SUBSEP $4
    if ($5 == "FAILED") { failed[cell] = 1; lost[row] = 1; next }
    for (field = 5; field <= NF; field++) {
        if (split($field, part, "=") != 2 || beside_the_point($2, part[1])) continue
        know(part[1], 1, 1, part[1])
        value[cell, part[1], $1 + 0] = part[2]
        present[cell, part[1]] = 1
        used[$4, part[1]] = 1
        has[row, part[1]] = told[row] = 1
    }
}

# A ticker lasts as long on every peer, and who is beside it computes for as long.
function beside_the_point(scenario, key) {
    return scenario ~ /^ticker/ && key == "wall" || scenario ~ /^ticker_/ && key == "cpu"
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

function stands(cell, key) { return (cell, key) in present && !(cell in failed) }

function middle(cell, key,    round, n, list) {
    for (round = 1; round <= last; round++)
        if ((cell, key, round) in value) list[++n] = value[cell, key, round] + 0
    return median(list, n)
}

# What chango has of a peer's, round by round; -1 where there is nothing to compare.
function ratio(row, peer, key,    round, own, other, n, list) {
    own = row SUBSEP "chango"
    other = row SUBSEP peer
    if (!stands(own, key) || !stands(other, key)) return -1
    for (round = 1; round <= last; round++)
        if ((own, key, round) in value && value[other, key, round] + 0 > 0)
            list[++n] = value[own, key, round] / value[other, key, round]
    return n ? median(list, n) : -1
}

# The peer that chango compares worst with; empty where there is none.
function best_peer(row, key,    p, x, best, who) {
    for (p = 1; p <= width; p++) {
        if (name[p] == "chango" || (x = ratio(row, name[p], key)) < 0) continue
        if (who == "" || (key in more ? x < best : x > best)) { best = x; who = name[p] }
    }
    return who
}

function shown(x) { return x < 0 ? "–" : sprintf("%.2f", x) }

function ahead(x, key) { return key in more ? x > 1 : x >= 0 && x < 1 }

# Whether a peer has a column: it has a figure, or failed where others have one.
function takes_part(peer, key,    r) {
    if ((peer, key) in used) return 1
    for (r = 1; r <= height; r++) if ((rows[r], key) in has && (rows[r] SUBSEP peer) in failed) return 1
    return 0
}

function table(key,    r, p, cell, line, rule, who, x, rival, good, all, shows) {
    line = "| scenario | " second " |"
    rule = "|---|---:|"
    for (p = 1; p <= width; p++) if (shows[p] = takes_part(name[p], key)) {
        line = line " " name[p] " |"
        rule = rule "---:|"
    }
    print "\n" title[key] "\n\n" line " best peer | chango ÷ it | ÷ go |\n" rule "---|---:|---:|"
    for (r = 1; r <= height; r++) {
        if (!((rows[r], key) in has)) continue
        split(rows[r], part, " ")
        line = "| " part[1] " | " part[2] " |"
        rival = 0
        for (p = 1; p <= width; p++) {
            if (!shows[p]) continue
            cell = rows[r] SUBSEP name[p]
            if (cell in failed) line = line " FAILED |"
            else if (!stands(cell, key)) line = line " – |"
            else {
                line = line sprintf(" %." digits[key] "f |", middle(cell, key) / unit[key])
                rival += name[p] != "chango"
            }
        }
        who = best_peer(rows[r], key)
        x = who == "" ? -1 : ratio(rows[r], who, key)
        print line " " (who == "" ? "–" : who) " | " shown(x) " | " shown(ratio(rows[r], "go", key)) " |"
        # A failure of chango's own is a row that it lost.
        if (rival && (who != "" || (rows[r] SUBSEP "chango") in failed)) { all++; good += ahead(x, key) }
    }
    if (all) printf "\nAhead of the best peer in %d of %d rows.\n", good, all
}

# One line of the file: scenario, workers (or any), key, against what (best, a peer, ideal, or `most` for a
# figure of its own), and the ratio or figure.
function goal(row, key, against, wanted,    own, who, x, good) {
    own = row SUBSEP "chango"
    if (!((row, key) in has) || !(stands(own, key) || own in failed)) return
    who = against == "best" ? best_peer(row, key) : against
    if (against == "most") x = stands(own, key) ? middle(own, key) / unit[key] : -1
    else if (against == "ideal") x = stands(own, "ideal") ? middle(own, key) / middle(own, "ideal") : -1
    else x = who == "" ? -1 : ratio(row, who, key)
    if (x < 0 && !(own in failed)) return
    if (!((row, key) in asked)) { asked[row, key] = 1; aims++; reached[row, key] = 1 }
    good = key in more ? x >= wanted : x >= 0 && x <= wanted
    if (!good) reached[row, key] = 0
    split(row, part, " ")
    list_of_goals[++wishes] = "| " part[1] " | " part[2] " | " key " | " \
        (against == "most" ? "–" : "÷ " (who == "" ? against : who)) " | " (x < 0 ? "FAILED" : sprintf("%.3g", x)) " | " \
        (key in more ? "≥ " : "≤ ") wanted " | " (good ? "yes" : "no") " |"
    if ((row, key) in compared) return
    compared[row, key] = 1
    rivals++
    in_front += ahead(ratio(row, best_peer(row, key), key), key)
}

function all_goals(    line, part, r, pair, hit) {
    while ((getline line < goals) > 0) {
        if (line ~ /^#/ || split(line, part, " ") < 5) continue
        aim[++aimed] = line
    }
    for (line = 1; line <= aimed; line++) {
        split(aim[line], part, " ")
        for (r = 1; r <= height; r++) {
            split(rows[r], pair, " ")
            if (pair[1] == part[1] && (part[2] == "any" || pair[2] == part[2]))
                goal(rows[r], part[3], part[4], part[5])
        }
    }
    if (!wishes) return
    print "\nThe project's own goals (" goals ")\n"
    print "| scenario | workers | figure | against | is | goal | reached |"
    print "|---|---:|---|---|---:|---:|---|"
    for (line = 1; line <= wishes; line++) print list_of_goals[line]
    for (line in reached) hit += reached[line]
    printf "\nAhead of the best peer in %d of %d of their rows; at the goal in %d of %d.\n", in_front, rivals,
        hit, aims
}

END {
    for (k = 1; k <= kinds; k++) {
        for (r = 1; r <= height && !((rows[r], keys[k]) in has); r++);
        if (r <= height && !(keys[k] in untold)) table(keys[k])
    }
    for (r = 1; r <= height; r++)
        if (rows[r] in lost && !(rows[r] in told)) print "\nEvery peer FAILED in " rows[r] "."
    if (goals != "") all_goals()
}
