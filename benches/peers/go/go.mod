module chango-peers

go 1.25
