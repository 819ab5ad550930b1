package main

func pingpong(capacity int, rounds uint64) {
	ping := make(chan uint64, capacity)
	pong := make(chan uint64, capacity)
	sum := make(chan uint64, 1)
	go func() {
		total := uint64(0)
		for value := range ping {
			total += value
			pong <- value + 1
		}
		sum <- total
	}()
	for round := range rounds {
		ping <- round
		check(<-pong == round+1, "an answer is wrong")
	}
	close(ping)
	check(<-sum == sumBelow(rounds), "a value was lost or doubled")
}

func spsc(capacity int, messages uint64) {
	channel := make(chan uint64, capacity)
	go func() {
		for value := range messages {
			channel <- value
		}
		close(channel)
	}()
	expected := uint64(0)
	for value := range channel {
		check(value == expected, "a value was lost, doubled or out of order")
		expected++
	}
	check(expected == messages, "the last values were lost")
}

// The sum of what was sent and of what was received must be the same.
func many(capacity int, senders, receivers, messages uint64) {
	each := messages / senders
	channel := make(chan uint64, capacity)
	received := make(chan uint64, receivers)
	for range receivers {
		go func() { received <- consumer(channel, senders) }()
	}
	sent := make(chan uint64, senders)
	for number := range senders {
		go func() {
			sum := uint64(0)
			for count := uint64(1); count <= each; count++ {
				channel <- number<<32 | count
				sum += number<<32 | count
			}
			sent <- sum
		}()
	}
	sum := uint64(0)
	for range senders {
		sum += <-sent
	}
	close(channel)
	for range receivers {
		sum -= <-received
	}
	check(sum == 0, "a value was lost or doubled")
}

// What comes from the same sender must come in order.
func consumer(channel chan uint64, senders uint64) uint64 {
	latest := make([]uint64, senders)
	sum := uint64(0)
	for value := range channel {
		sender, count := value>>32, value&0xFFFF_FFFF
		check(count > latest[sender], "a value came twice or out of order")
		latest[sender] = count
		sum += value
	}
	return sum
}
